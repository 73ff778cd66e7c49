"""Many commits and many diffs in one call each: what is asked of git, and how its answer is cut apart.

Part of engine/git/repository.py, which alone uses it. A call takes 2 to 5 ms, so a run of thousands of
commits is not read one by one.
"""

from collections.abc import Iterator, Sequence

from autoresearch.engine.git.program import parsed_diff
from autoresearch.engine.ports.repository import Commit, Diff


LONGEST = 1000  # characters of a revision: a full ref name


def commit_names(revisions: Sequence[str]) -> bytes:
    """Return what `cat-file --batch` reads; a revision that could not stand on one line names nothing."""
    plain = (one if one.isprintable() and len(one) <= LONGEST else "?" for one in revisions)
    return b"".join(b"%b^{commit}\n" % one.encode(errors="replace") for one in plain)


def commits(said: bytes) -> Iterator[Commit | None]:
    """Yield what `cat-file --batch` found for each revision, None where there is no such commit."""
    at = 0
    while at < len(said):
        head, _, _ = said[at : at + 4096].partition(b"\n")
        at += len(head) + 1
        words = head.split(b" ")
        if words[-1] in (b"missing", b"ambiguous"):
            yield None
            continue
        size = int(words[-1])
        yield _commit(words[0].decode(), said[at : at + size])
        at += size + 1


def tree_pairs(pairs: Sequence[tuple[str, str]]) -> bytes:
    """Return what `diff-tree --stdin` reads."""
    return b"".join(b"%b %b\n" % (old.encode(), new.encode()) for old, new in pairs)


def diffs(said: bytes, pairs: Sequence[tuple[str, str]]) -> Iterator[Diff]:
    """Yield the diff of each pair of trees; every one begins with the line that asked for it."""
    asked = tree_pairs(pairs).splitlines(keepends=True)
    at = 0
    for line, following in zip(asked, [*asked, b""][1:], strict=True):
        begin = at + len(line)
        at = begin if said.startswith(following, begin) else said.index(b"\n" + following, begin) + 1
        yield parsed_diff(said[begin : at if following else len(said)])


def _commit(name: str, content: bytes) -> Commit:
    head, _, message = content.partition(b"\n\n")
    lines = [line.decode(errors="replace").partition(" ") for line in head.splitlines()]
    return Commit(
        hash=name,
        tree=next(value for key, _, value in lines if key == "tree"),
        parents=tuple(value for key, _, value in lines if key == "parent"),
        message=message.decode(errors="replace"),
    )
