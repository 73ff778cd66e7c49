"""A run at one moment: its state, and what only the world can say of it; pages and objects are made of it."""

from attrs import frozen

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.as_of import moment
from autoresearch.engine.runs.runner_lock import living_runner
from autoresearch.engine.system.disk import silent
from autoresearch.events.values import Process
from autoresearch.projections.run_state import RunState
from autoresearch.projections.summary import Phase, standing
from autoresearch.workflows.api.status import Glance, LiveFacts, live_facts, phase


@frozen(kw_only=True)
class RunNow:
    """A run's state, and what only the world can say of it at one moment."""

    paths: RunPaths
    run: RunState
    runner: Process | None
    facts: LiveFacts
    silent: str = ""  # the kind of the folder's file system, where that tells of no changes

    @property
    def glance(self) -> Glance:
        """Return what its page is made of."""
        return Glance(
            folder=self.paths.folder,
            standing=standing(self.run),
            facts=self.facts,
            runner=self.runner.pid if self.runner else None,
            silent=self.silent,
        )

    @property
    def phase(self) -> Phase:
        """Return the one word for how the run stands."""
        return phase(standing(self.run), self.facts)


def run_now(paths: RunPaths, run: RunState, *, gpu: bool = True) -> RunNow:
    """Look at a run: its runner, the running training, the inbox, and the graphics card."""
    facts = live_facts(paths, standing(run), gpu=gpu)
    return RunNow(
        paths=paths,
        run=run,
        runner=living_runner(paths) if facts.runner_alive else None,
        facts=facts,
        silent=silent(paths.folder),
    )


def run_then(paths: RunPaths, at: str) -> RunNow:
    """Return a run as it stood then: of the world, only the runner is known, and that it was there.

    Raises:
        UsageRefused, NotFound: as `engine.runs.as_of.moment` does.
    """
    return as_it_stood(paths, moment(paths, at).loaded.run)


def as_it_stood(paths: RunPaths, run: RunState) -> RunNow:
    """Return a run by a state of its past, as `run_then` does."""
    facts = LiveFacts(
        runner_alive=run.runner is not None, progress=None, gpu=None, dropped=0, as_of=run.updated_at
    )
    return RunNow(paths=paths, run=run, runner=run.runner, facts=facts)
