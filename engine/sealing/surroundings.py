"""What a training finds around its checkout and may be measured by: data, packages, versions, threads.

Each is one word or digest, taken when a training begins and stored with it; those of the setting `compare_on`
decide which results are compared.
"""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from attrs import define, field, frozen

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import Commits
from autoresearch.engine.ports.worktrees import Worktrees
from autoresearch.engine.sealing import environment, packages
from autoresearch.engine.sealing.inputs import Inputs
from autoresearch.engine.sealing.seal import Broken
from autoresearch.events.values import why
from autoresearch.projections.run_state import RunState


# So old may a look at the packages be: it costs 0.13 s with torch (2026-11), and many a training takes less.
AGAIN_S = 30.0


class SurroundingsGit(Commits, Worktrees, Protocol):
    """What looking around needs of git."""


@define
class _Look:
    """When the packages were looked at, which, and what came of it."""

    at: float = float("-inf")
    folders: tuple[str, ...] = ()
    digest: str = ""


@frozen(kw_only=True)
class Surroundings:
    """The surroundings of the trainings of one run."""

    paths: RunPaths
    git: SurroundingsGit
    _look: _Look = field(factory=_Look, eq=False)

    def taken(self, run: RunState, env: Mapping[str, str]) -> dict[str, str]:
        """Return them for a training that gets `env` beside the runner's own; what is not known is left out.

        Raises:
            OSError: an input cannot be read.
        """
        found = {
            "inputs": self.inputs(run).digest(),
            "filters": self.git.filters(run.base_commit),
            "packages": f"{self._packages(run.setup.libraries)}-{self._environment(run)}",
            "threads": _threads({**os.environ, **env}),
        }
        return {name: said for name, said in found.items() if said} | run.told

    def are_exposed(self, run: RunState) -> bool:
        """Say whether a training, held by nothing, could change what it is measured by, before it is read."""
        return not self.are_held(run) and bool(run.config.evaluate or run.setup.inputs or run.setup.made)

    def are_held(self, run: RunState) -> bool:
        """Say whether the kernel holds trainings back from all but places of their own."""
        return run.config.holds_trainings and run.landlock > 0

    def loaded_otherwise(self, run: RunState, before: str) -> Broken | None:
        """Return what an evaluation loads otherwise than its training did, when `packages` were so."""
        installed, told, inherited = before.partition("-")
        known = packages.is_told_so(installed)  # else an earlier program began the training
        if known and packages.digest(run.setup.libraries) != installed:
            return Broken(files=("packages",), reason=why("packages_changed_while_training"))
        if told and self._environment(run) != inherited:
            return Broken(files=(), reason=why("environment_changed_while_training"))  # nobody is to blame
        return None

    def _environment(self, run: RunState) -> str:
        paths = (*run.config.editable, *run.config.protected)
        scripts = (self.git.show(run.base_commit, path) for path in paths)
        return environment.digest(os.environ, run.config, (one for one in scripts if one is not None))

    def inputs(self, run: RunState) -> Inputs:
        """Return the files outside a checkout that count: those named, and those that preparing made."""
        roots = {named: self._place(named) for named in run.setup.inputs}
        if run.setup.made:
            roots["prepared"] = self.paths.prepared
        return Inputs(roots=roots, known=self.paths.inputs)

    def _place(self, named: str) -> Path:
        return self.paths.home / Path(named).expanduser()

    def _packages(self, folders: tuple[str, ...]) -> str:
        look = self._look
        if folders != look.folders or time.monotonic() - look.at > AGAIN_S:
            look.digest, look.folders = packages.digest(folders), folders
            look.at = time.monotonic()
        return look.digest


def _threads(env: Mapping[str, str]) -> str:
    """Return how many threads a training is given: what it makes of them is the candidate's own choice."""
    asked = env.get("OMP_NUM_THREADS")
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return asked or str(usable or "")
