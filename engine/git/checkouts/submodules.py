"""The submodules of a checkout: filled with the files of the commits that are recorded, from what is here.

Part of engine/git/checkouts/worktrees.py. Nothing is fetched, and the user's own checkout of them stays as it
is: their repository writes the files, filters and all, under an index of the checkout's. A folder that is
filled so has no `.git`: to the run's repository it is a submodule that nobody checked out, and no change is
found there.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path
from urllib.parse import quote

from attrs import frozen

from autoresearch.engine.git.calls import EXACTLY
from autoresearch.engine.git.checkouts.stray import may_have_submodules
from autoresearch.engine.git.objects import LFS, WHOLE_HASH, Objects, pointers_among
from autoresearch.engine.git.program import Refused, call, output
from autoresearch.events.errors import NotFound
from autoresearch.events.values import why
from autoresearch.projections.words.wording import stated


CHECKOUT_S = 900.0
INDEXES = "autoresearch-submodules"  # in the record of a worktree: an index for each of its submodules


@frozen(kw_only=True)
class Submodule:
    """One of a commit's submodules, also one inside another."""

    path: str  # from the top
    commit: str  # that is recorded
    store: Path | None  # the folder of its repository here; None: nothing here has that commit


class Submodules(Objects):
    """The submodules of one repository's commits and checkouts."""

    def __init__(self, top: Path) -> None:
        super().__init__(top)
        self._links_of = lru_cache(maxsize=64)(self._read_links)

    def lacking_submodules(self, commit: str) -> tuple[str, ...]:
        """Return the submodules of a commit whose files are not here, so that checkouts lack them, sorted."""
        return tuple(sorted(one.path for one in self._submodules(commit) if one.store is None))

    def in_submodule(self, commit: str, path: str) -> bool:
        """Say whether a path is that of a submodule of a commit, or lies in one."""
        return any(f"{path}/".startswith(f"{one.path}/") for one in self._submodules(commit))

    def lfs_pointers(self, commit: str) -> tuple[str, ...]:
        """Return the files of a commit and its submodules whose text only names what LFS keeps, sorted."""
        return tuple(sorted((*super().lfs_pointers(commit), *self._pointers_inside(commit))))

    def unserved_pointers(self, commit: str) -> tuple[str, ...]:
        """Return those of them that stay pointers in a checkout: git here has no filter for them."""
        own = () if self.has_filter(LFS) else super().lfs_pointers(commit)
        return tuple(sorted((*own, *self._pointers_inside(commit, unserved=True))))

    def _pointers_inside(self, commit: str, *, unserved: bool = False) -> Iterator[str]:
        for one in self._submodules(commit):
            store = one.store
            if store is None or (unserved and _has_filter(store)):
                continue
            listed = _ask(store, "ls-tree", "-r", "-l", "-z", "--full-tree", f"{one.commit}^{{commit}}")
            contents = partial(_contents, store)
            yield from (f"{one.path}/{path}" for path in pointers_among(listed, contents))

    def _fill(self, folder: Path, admin: Path, index: Path, commit: str, kept: tuple[str, ...]) -> None:
        """Make the submodules of a checkout what its commit records; those that are not here are empty."""
        for one in self._submodules(commit) if may_have_submodules(index) else ():
            place = folder / one.path
            spared = tuple(
                path.removeprefix(f"{one.path}/") for path in kept if path.startswith(f"{one.path}/")
            )
            if one.store is None:
                _empty(place, spared)
                continue
            if place.is_symlink() or not place.is_dir():
                place.unlink(missing_ok=True)
                place.mkdir(parents=True)
            _remove(place / ".git")
            self._inside(one, place, admin, "read-tree", "--reset", "-u", one.commit)
            excluded = (part for path in spared for part in ("-e", f"/{path}"))
            self._inside(one, place, admin, "clean", "-ffdqx", *excluded)

    def _listed_inside(self, folder: Path, admin: Path, index: Path, *how: str) -> Iterator[bytes]:
        """Yield what `ls-files` lists of the filled submodules of a checkout, from its top."""
        commit = (admin / "HEAD").read_text().strip()
        for one in self._submodules(commit) if may_have_submodules(index) else ():
            if one.store is not None:
                said = self._inside(one, folder / one.path, admin, "ls-files", *how, "-z")
                yield from (os.fsencode(f"{one.path}/") + path for path in said.split(b"\0") if path)

    def _changed_inside(self, folder: Path, admin: Path, index: Path, commit: str) -> Iterator[str]:
        """Yield what in the submodules of a checkout is not as a commit records it, and is not ignored."""
        for one in self._submodules(commit) if may_have_submodules(index) else ():
            place = folder / one.path
            if place.is_symlink() or not place.is_dir():  # to the run's repository that is a change
                continue
            if one.store is None:
                yield from (f"{one.path}/{entry.name}" for entry in place.iterdir())
                continue
            for how in (("--modified",), ("--others", "--exclude-standard", "--directory")):
                said = self._inside(one, place, admin, "ls-files", *how, "-z")
                yield from (f"{one.path}/{os.fsdecode(path)}" for path in said.split(b"\0") if path)

    def _inside(self, one: Submodule, place: Path, admin: Path, *command: str) -> bytes:
        index = admin / INDEXES / quote(one.path, safe="")
        index.parent.mkdir(exist_ok=True)
        assert one.store is not None  # the caller looked
        return _ask(
            one.store, *command, env={"GIT_WORK_TREE": str(place), "GIT_INDEX_FILE": str(index)}, cwd=place
        )

    def _submodules(self, commit: str) -> Iterator[Submodule]:
        """Yield the submodules of a commit, each before those inside it."""
        yield from self._below(self.common(), commit, "")

    def _below(self, store: Path, commit: str, above: str) -> Iterator[Submodule]:
        links = self._links_of if WHOLE_HASH.fullmatch(commit) else self._read_links
        for path, (recorded, name) in links(store, commit).items():
            whole = f"{above}{path}"
            places = (store / "modules" / name if name else None, _linked(self.top / whole))
            found = next((one for one in places if one is not None and _has(one, recorded)), None)
            yield Submodule(path=whole, commit=recorded, store=found)
            if found is not None:
                yield from self._below(found, recorded, f"{whole}/")

    def _read_links(self, store: Path, commit: str) -> Mapping[str, tuple[str, str]]:
        """Return the path of each submodule that a commit has, its commit, and its name ("": it has none)."""
        try:
            listed = _ask(store, "ls-tree", "-r", "-z", "--full-tree", f"{commit}^{{commit}}")
        except Refused:
            raise stated(NotFound, why("no_commit", commit=commit, top=str(self.top))) from None
        entries = (entry.partition(b"\t") for entry in listed.split(b"\0") if b" commit " in entry[:20])
        links = {os.fsdecode(path): about.split()[2].decode() for about, _, path in entries}
        return {path: (recorded, _names(store, commit).get(path, "")) for path, recorded in links.items()}


def _names(store: Path, commit: str) -> dict[str, str]:
    """Return the name of each submodule that .gitmodules tells of, by its path."""
    wanted = ("--null", "--get-regexp", r"^submodule\..*\.path$")
    try:
        said = _ask(store, "config", "--blob", f"{commit}:.gitmodules", *wanted)
    except Refused:
        return {}
    pairs = (entry.partition("\n") for entry in os.fsdecode(said).split("\0") if entry)
    named = {path: key.removeprefix("submodule.").removesuffix(".path") for key, _, path in pairs}
    return {path: name for path, name in named.items() if ".." not in name.split("/")}


def _linked(place: Path) -> Path | None:
    """Return the repository of a submodule that the user has checked out; None where they have not."""
    entry = place / ".git"
    if entry.is_dir():
        return entry
    try:
        target = entry.read_text().strip().removeprefix("gitdir: ")
    except (OSError, UnicodeDecodeError):
        return None
    return Path(os.path.realpath(place / target))


def _has(store: Path, commit: str) -> bool:
    if not (store / "objects").is_dir():
        return False
    try:
        _ask(store, "cat-file", "-e", f"{commit}^{{commit}}")
    except Refused:
        return False
    return True


def _has_filter(store: Path) -> bool:
    """Say whether git LFS is set up for a submodule, by the user's settings or its own."""
    try:
        return bool(_ask(store, "config", "--get-regexp", rf"^filter\.{LFS}\.(smudge|process)$"))
    except Refused:
        return False


def _contents(store: Path, names: bytes) -> bytes:
    return _ask(store, "cat-file", "--batch", stdin=names)


def _ask(
    store: Path,
    *command: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: bytes | None = None,
) -> bytes:
    """Ask a repository that is named by its own folder, whatever work tree its settings name."""
    where = {"GIT_DIR": str(store), "GIT_WORK_TREE": str(store), **(env or {})}
    own = (Path(f"{where['GIT_INDEX_FILE']}.lock"),) if "GIT_INDEX_FILE" in where else ()
    return output(
        call(
            command,
            cwd=cwd or store,
            env=where,
            settings=EXACTLY,
            stdin=stdin,
            timeout_s=CHECKOUT_S,
            own_locks=own,
        )
    )


def _empty(place: Path, spared: tuple[str, ...]) -> None:
    """Remove what a training left in the folder of a submodule that is not here."""
    for entry in place.iterdir() if place.is_dir() and not place.is_symlink() else ():
        if not any(path == entry.name or path.startswith(f"{entry.name}/") for path in spared):
            _remove(entry)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
