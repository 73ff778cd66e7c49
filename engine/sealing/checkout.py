"""The checkouts in which a run trains: each begins as its commit says, with links to what git does not know.

What one training leaves is not there for the next, ignored files included, but for what the settings keep.
Two kinds of files are linked into every checkout: `shared` ones of the user's checkout, and those that
preparing made, which are moved into the run's folder. Knows nothing of commits but their names.
"""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.worktrees import Worktrees
from autoresearch.engine.sealing.artifacts import matching
from autoresearch.engine.sealing.seal import Seal
from autoresearch.events.errors import AutoresearchError, InvalidInput
from autoresearch.projections.run_state import RunState


AGAIN = 3  # tries to find a checkout as its commit says, before somebody is asked who changes it
BYTECODE = "__pycache__"
IMPORTED = (".py", ".pyc", ".so", ".pyd", ".dll", ".dylib")  # by the name of a file beside a script
QUOTED = re.compile(r"""['"]([^'"\n\0]{1,1000})['"]""")  # as errors of most programs name a file


class KeepsChanging(AutoresearchError):
    """Somebody writes into a checkout faster than it can be put on its commit."""


class NoRoom(InvalidInput):
    """A link cannot be made, since something else stands in its place, or leads out of the checkout."""

    def __init__(self, path: str, folder: Path) -> None:
        super().__init__(f"{path} cannot be linked into {folder}: something else stands there")
        self.path = path


@frozen(kw_only=True)
class TrainCheckouts:
    """The train checkouts of one run."""

    paths: RunPaths
    git: Worktrees

    def clear(self, slot: int, commit: str, run: RunState) -> Path:
        """Put a slot's checkout on a commit, as every training finds it; return where it lies.

        Raises:
            NoRoom: of a link.
        """
        folder = self.paths.slot(slot)
        self.git.ensure_worktree(folder, commit)
        self.git.reset(folder, commit, kept=run.config.kept)
        self.link(folder, run)
        return folder

    def clear_and_seal(self, slot: int, commit: str, run: RunState, *, job: str) -> None:
        """Put a slot's checkout on a commit, and write down how its files stand for the training `job`.

        Raises:
            KeepsChanging: somebody changes its files meanwhile.
            NoRoom: of a link.
        """
        for _ in range(AGAIN):
            folder = self.clear(slot, commit, run)
            self.seal(slot).set(job, kept=run.config.kept)
            # Looked at after the seal: whatever is changed later has another status than the seal says.
            differing = self.git.differing(folder)
            if not differing:
                return
        raise KeepsChanging(f"{differing[0]} in {folder} is changed by somebody, again and again")

    def clear_added(self, slot: int, run: RunState) -> None:
        """Remove what a training added to its checkout, so that nothing of it is imported or read by others.

        Artifacts stay until they are moved where they are kept, but for those that an import would find.
        """
        folder = self.paths.slot(slot)
        stays = set(matching(run, folder))
        for path in self.seal(slot).added(run.config.kept):
            kept = not stays.isdisjoint((folder / path, *(folder / path).parents))
            if not kept or path.endswith(IMPORTED) or ".so." in path:
                (folder / path).unlink()

    def seal(self, slot: int) -> Seal:
        """Return the seal of what trains in a slot."""
        return Seal(file=self.paths.seal(slot), checkout=self.paths.slot(slot))

    def stand(self, slot: int, commit: str, run: RunState) -> Path:
        """Return a slot's checkout, with its links, and as it is; one that is not there is made."""
        folder = self.paths.slot(slot)
        self.git.ensure_worktree(folder, commit)
        self.link(folder, run)
        return folder

    def link(self, folder: Path, run: RunState) -> None:
        """Put the links into a checkout. Done twice, is done.

        Raises:
            NoRoom: of a link.
        """
        for path, target in self._links(run):
            place = folder / path
            if _is_link_to(place, target):
                continue
            if os.path.lexists(place) or not _is_inside(place, folder):
                raise NoRoom(path, folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(target)

    def gather(self, commit: str, run: RunState) -> tuple[str, ...]:
        """Move what preparing made out of the first checkout; return the paths, each linked there now.

        Done twice, also where a runner died in between, returns the same.
        """
        folder = self.paths.slot(1)
        self.git.ensure_worktree(folder, commit)
        beside = {*run.setup.shared, *run.config.kept}
        for path in self.git.untracked(folder):
            here, there = folder / path, self.paths.prepared / path
            if path in beside or here.is_symlink() or here.name == BYTECODE:
                continue
            _remove(there)
            there.parent.mkdir(parents=True, exist_ok=True)
            here.rename(there)
        made = tuple(sorted(_leaves(self.paths.prepared, folder)))
        for path in made:
            if not os.path.lexists(folder / path):
                (folder / path).symlink_to(self.paths.prepared / path)
        return made

    def unshared(self, slot: int, output: str) -> str | None:
        """Return a path that an output names and the user's checkout has, but a slot's has not."""
        folder = self.paths.slot(slot)
        for named in reversed(QUOTED.findall(output)):
            path = named.removeprefix(f"{folder}/")
            known = not path.startswith("/") and ".." not in path.split("/")
            if known and os.path.lexists(self.paths.home / path) and not os.path.lexists(folder / path):
                return str(path)
        return None

    def _links(self, run: RunState) -> Iterator[tuple[str, Path]]:
        for path in run.setup.shared:
            yield path, self.paths.home / path
        for path in run.setup.made:
            yield path, self.paths.prepared / path


def _is_link_to(place: Path, target: Path) -> bool:
    return place.is_symlink() and place.readlink() == target


def _is_inside(place: Path, folder: Path) -> bool:
    """Say whether a place is really in a folder: a committed link may lead out of it."""
    return Path(os.path.realpath(place.parent)).is_relative_to(os.path.realpath(folder))


def _leaves(prepared: Path, checkout: Path, below: str = "") -> Iterator[str]:
    """Yield what is to be linked: what the checkout has no folder of its own for."""
    if not (prepared / below).is_dir():
        return
    for entry in (prepared / below).iterdir():
        path = f"{below}{entry.name}"
        if (checkout / path).is_dir() and not (checkout / path).is_symlink():
            yield from _leaves(prepared, checkout, f"{path}/")
        else:
            yield path


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
