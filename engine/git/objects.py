"""What a repository stores: commits, their files and their differences, also many in one call.

A call takes 2 to 5 ms, so a run of thousands of commits is not read one by one.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from autoresearch.engine.git import stored_refs
from autoresearch.engine.git.calls import EXACTLY, Calls, text
from autoresearch.engine.git.program import (
    AS_IT_IS,
    DIFF_FORMAT,
    Refused,
    call,
    output,
    parsed_diff,
    strip_level,
)
from autoresearch.engine.ports.repository import LFS_POINTER, Commit, Diff
from autoresearch.events.errors import NotFound
from autoresearch.events.values import why
from autoresearch.projections.words.wording import stated


LONGEST = 1000  # characters of a revision: a full ref name
SHOWN = 64  # files that are kept in memory: of one commit after the other, the same one or two are asked for
WHOLE_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
LFS = "lfs"  # its filter
LFS_SIZES = range(100, 1025)  # bytes; git LFS itself takes no longer text for a pointer
DIFF_SETTINGS = ("-c", "diff.suppressBlankEmpty=false")


class Objects(Calls):
    """Implements the port Commits."""

    def __init__(self, top: Path) -> None:
        super().__init__(top)
        self._shown = lru_cache(maxsize=SHOWN)(self._show)

    def resolve(self, revision: str) -> str | None:
        """Return the full commit hash, or None where there is no such commit."""
        if not revision or revision.startswith("-") or "\0" in revision:
            return None
        said = self.look("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        return None if said is None else text(said).strip()

    def show(self, commit: str, path: str) -> bytes | None:
        """Return a file's bytes at a commit, None where the commit has no such file.

        Raises: NotFound: there is no such commit.
        """
        # A whole hash means the same for ever.
        return self._shown(commit, path) if WHOLE_HASH.fullmatch(commit) else self._show(commit, path)

    def _show(self, commit: str, path: str) -> bytes | None:
        found = self.look("cat-file", "blob", f"{commit}:{path}")
        if found is None and self.resolve(commit) is None:
            raise stated(NotFound, why("no_commit", commit=commit, top=str(self.top)))
        return found

    def read_files(self, names: Sequence[tuple[str, str]]) -> tuple[bytes | None, ...]:
        """Return a file's bytes for each (commit, path), None where there is none; one call for all."""
        if not names:
            return ()
        revisions = [f"{commit}:{path}" for commit, path in names]
        objects = _objects(self.read("cat-file", "--batch", stdin=_lines(revisions)))
        together = [content if kind == b"blob" else None for _, kind, content in objects]
        return tuple(
            content if _is_line(revision) else self.look("cat-file", "blob", revision)
            for revision, content in zip(revisions, together, strict=True)
        )

    def missing(self, commit: str, paths: Sequence[str]) -> tuple[str, ...]:
        """Return those of the paths that are no files at a commit.

        Raises: NotFound: there is no such commit.
        """
        if not paths:
            return ()
        # Not recursive: a path that names a folder is then one entry, of type tree.
        said = self.look(
            "--literal-pathspecs", "ls-tree", "-z", "--full-tree", f"{commit}^{{commit}}", *paths
        )
        if said is None:
            raise stated(NotFound, why("no_commit", commit=commit, top=str(self.top)))
        entries = (entry.partition(b"\t") for entry in said.split(b"\0") if entry)
        files = {name.decode(errors="surrogateescape") for about, _, name in entries if b" blob " in about}
        return tuple(path for path in paths if path not in files)

    def descends(self, commit: str, ancestor: str) -> bool:
        """Say whether a commit is another one, or stands on it; False where there is no such commit."""
        said = self.look("rev-list", "--max-count=1", ancestor, f"^{commit}", "--")
        return said is not None and not said.strip()

    def committed(self, commit: str) -> tuple[str, ...]:
        """Return every file of a commit, sorted."""
        said = self.look("ls-tree", "-r", "-z", "--name-only", "--full-tree", f"{commit}^{{commit}}")
        if said is None:
            raise stated(NotFound, why("no_commit", commit=commit, top=str(self.top)))
        return tuple(sorted(name.decode(errors="surrogateescape") for name in said.split(b"\0") if name))

    def lfs_pointers(self, commit: str) -> tuple[str, ...]:
        """Return the files of a commit whose text only names what git LFS keeps elsewhere, sorted."""
        said = self.look("ls-tree", "-r", "-l", "-z", "--full-tree", f"{commit}^{{commit}}")
        if said is None:
            raise stated(NotFound, why("no_commit", commit=commit, top=str(self.top)))
        return pointers_among(said, lambda names: self.read("cat-file", "--batch", stdin=names))

    def has_filter(self, name: str) -> bool:
        """Say whether the user's git has this filter."""
        return bool(self.look("config", "--get-regexp", rf"^filter\.{name}\.(smudge|process)$"))

    def diff(self, old: str, new: str) -> Diff:
        """Return the difference between two commits or trees."""
        return parsed_diff(self.read(*DIFF_SETTINGS, "diff-tree", *DIFF_FORMAT, old, new, "--"))

    def read_commits(self, revisions: Sequence[str]) -> tuple[Commit | None, ...]:
        """Return the commit that each hash or ref names, None where there is none; one call for all."""
        if all(stored_refs.is_absent(self.common(), one) for one in revisions):
            return (None,) * len(revisions)  # as with each candidate before it is made
        objects = _objects(self.read("cat-file", "--batch", stdin=_lines(revisions, peel="^{commit}")))
        return tuple(_commit(name, content) if kind else None for name, kind, content in objects)

    def try_patch(self, commit: str, patch: bytes) -> str | None:
        """Return git's words against applying a unified diff to a commit; None where it fits. Writes nothing.

        Raises: NotFound: there is no such commit.
        """
        import tempfile  # noqa: PLC0415 - 5 ms for those who bring a patch alone

        if self.resolve(commit) is None:
            raise stated(NotFound, why("no_commit", commit=commit, top=str(self.top)))
        whole = patch.removesuffix(b"\n") + b"\n"
        with tempfile.TemporaryDirectory(prefix="autoresearch-") as folder:
            env = self._bounds | {"GIT_INDEX_FILE": f"{folder}/index"}
            output(call(("read-tree", commit), cwd=self.top, env=env))
            words = ("apply", "--cached", "--check", f"-p{strip_level(whole)}", *AS_IT_IS)
            try:
                output(call(words, cwd=self.top, env=env, stdin=whole))
            except Refused as error:
                return error.said
        return None

    def without(self, commit: str, *, base: str, on: str) -> Diff | tuple[str, ...]:
        """Return how `on` changes where what changed from `base` to `commit` is taken out of it, three ways.

        The files that others have changed there since, where it cannot be. The repository stays as it is.
        """
        import tempfile  # noqa: PLC0415 - as above

        back = self.diff(commit, base)
        with tempfile.TemporaryDirectory(prefix="autoresearch-") as folder:
            objects, checkout = Path(folder) / "objects", Path(folder) / "checkout"
            objects.mkdir()
            checkout.mkdir()
            env = self._bounds | {
                "GIT_DIR": str(self.common()),
                "GIT_WORK_TREE": str(checkout),
                "GIT_INDEX_FILE": f"{folder}/index",
                "GIT_OBJECT_DIRECTORY": str(objects),
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(self.common() / "objects"),
            }

            def work(*words: str, stdin: bytes | None = None) -> bytes:
                return output(call(words, cwd=checkout, env=env, stdin=stdin, settings=EXACTLY))

            work("read-tree", on)
            work("checkout-index", "--index", "--all")  # without the files git 2.31 does not merge
            try:
                work("apply", "-p1", "--3way", *AS_IT_IS, stdin=back.text)
            except Refused:
                unmerged = {
                    line.partition(b"\t")[2] for line in work("ls-files", "-u", "-z").split(b"\0") if line
                }
                return tuple(sorted(map(os.fsdecode, unmerged))) or back.files
            tree = text(work("write-tree")).strip()
            return parsed_diff(work(*DIFF_SETTINGS, "diff-tree", *DIFF_FORMAT, on, tree, "--"))

    def read_diffs(self, trees: Sequence[tuple[str, str]]) -> tuple[Diff, ...]:
        """Return the difference of each pair of trees, which must exist; one call for all."""
        said = self.read(*DIFF_SETTINGS, "diff-tree", "--stdin", *DIFF_FORMAT, stdin=_tree_pairs(trees))
        return tuple(_diffs(said, trees))


def _is_line(revision: str) -> bool:
    """Say whether a revision can stand on a line of what git reads."""
    return revision.isprintable() and len(revision) <= LONGEST


def _lines(revisions: Sequence[str], *, peel: str = "") -> bytes:
    """Return what `cat-file --batch` reads; a revision that could not stand on one line names nothing."""
    plain = (one if _is_line(one) else "?" for one in revisions)
    return b"".join(f"{one}{peel}\n".encode() for one in plain)


def pointers_among(listed: bytes, contents: Callable[[bytes], bytes]) -> tuple[str, ...]:
    """Return which files that `ls-tree -r -l -z` listed only name what git LFS keeps elsewhere, sorted."""
    entries = (entry.partition(b"\t") for entry in listed.split(b"\0") if b" blob " in entry[:12])
    sized = [(path, about.split()) for about, _, path in entries]
    small = [(path, words[2]) for path, words in sized if int(words[3]) in LFS_SIZES]
    found = _objects(contents(b"".join(name + b"\n" for _, name in small)))
    told = zip((path for path, _ in small), found, strict=True)
    return tuple(sorted(os.fsdecode(path) for path, (_, _, text) in told if text.startswith(LFS_POINTER)))


def _objects(said: bytes) -> Iterator[tuple[str, bytes, bytes]]:
    """Yield name, type and content of what `cat-file --batch` found for each; no type where it found none."""
    at = 0
    while at < len(said):
        head, _, _ = said[at : at + 4096].partition(b"\n")
        at += len(head) + 1
        words = head.split(b" ")
        if words[-1] in (b"missing", b"ambiguous", b"submodule"):
            yield "", b"", b""
            continue
        size = int(words[-1])
        yield words[0].decode(), words[1], said[at : at + size]
        at += size + 1


def _commit(name: str, content: bytes) -> Commit:
    head, _, message = content.partition(b"\n\n")
    lines = [line.decode(errors="replace").partition(" ") for line in head.splitlines()]
    return Commit(
        hash=name,
        tree=next(value for key, _, value in lines if key == "tree"),
        parents=tuple(value for key, _, value in lines if key == "parent"),
        message=message.decode(errors="replace"),
    )


def _tree_pairs(pairs: Sequence[tuple[str, str]]) -> bytes:
    """Return what `diff-tree --stdin` reads."""
    return b"".join(b"%b %b\n" % (old.encode(), new.encode()) for old, new in pairs)


def _diffs(said: bytes, pairs: Sequence[tuple[str, str]]) -> Iterator[Diff]:
    """Yield the diff of each pair of trees; every one begins with the line that asked for it."""
    asked = _tree_pairs(pairs).splitlines(keepends=True)
    at = 0
    for line, following in zip(asked, [*asked, b""][1:], strict=True):
        begin = at + len(line)
        at = begin if said.startswith(following, begin) else said.index(b"\n" + following, begin) + 1
        yield parsed_diff(said[begin : at if following else len(said)])
