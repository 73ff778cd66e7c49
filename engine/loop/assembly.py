"""Put the real pieces of a runner together; the one place that names them all."""

from collections.abc import Sequence

from autoresearch.engine.agents.known import adapter
from autoresearch.engine.git.repository import RealGit
from autoresearch.engine.jobs.launcher import RealJobs
from autoresearch.engine.loop.effects import Effects
from autoresearch.engine.loop.runner import Mode, Observer, Runner
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.system.gpu import gpu_cards, gpu_names
from autoresearch.engine.system.version import program_version


def assemble(paths: RunPaths, *, mode: Mode, observers: Sequence[Observer] = ()) -> Runner:
    """Return a runner of the run."""
    effects = Effects(
        paths=paths,
        git=RealGit(paths.home),
        jobs=RealJobs(),
        adapter=adapter,
        gpus=gpu_names,
        cards=gpu_cards,
    )
    return Runner(paths, effects, mode=mode, observers=observers, version=program_version())
