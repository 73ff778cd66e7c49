"""A world with a clock of its own: jobs take their seconds of it, and it moves only while the runner waits.

So what a runner does while something else is running can be told exactly, and a night takes a second.
"""

from collections.abc import Callable
from pathlib import Path

from attrs import define, field, frozen

from autoresearch.engine.loop.runner import Runner
from autoresearch.engine.ports.jobs import JobSpec
from tests.fakes.jobs import FakeJobs
from tests.fakes.world import World, result_of


@frozen(kw_only=True)
class Due:
    """A job that ends at a time of the clock."""

    at: float
    folder: Path
    spec: JobSpec
    source: str  # of train.py, as the job found it


@define
class PacedWorld(World):
    """A world whose trainings and agents take time, one beside the other."""

    takes: dict[str, float] = field(factory=dict)  # simulated seconds of a job, by its step
    works: Callable[[str, int, Path], None] = lambda *_: None  # what an agent makes of the files
    visits: dict[float, Callable[[], None]] = field(factory=dict)  # what people do, and when
    clock: float = 0.0
    trainings: list[tuple[float, float]] = field(factory=list)  # when each began and ended
    _due: list[Due] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.jobs.on_start = self._begin

    def runner(self, around: Callable[[str, Callable[[], object]], object] | None = None) -> Runner:
        """Return a new runner of the run, which passes time where another one would sleep."""
        runner = super().runner(around)
        sleep = runner._wait
        runner._wait = lambda bell: self.pass_time() if self._due else sleep(bell)
        return runner

    @property
    def busy(self) -> float:
        """Return the share of the time, from the first training to the last, in which one ran."""
        first, last = self.trainings[0][0], self.trainings[-1][1]
        return sum(end - begin for begin, end in self.trainings) / (last - first)

    def _begin(self, _jobs: FakeJobs, folder: Path, spec: JobSpec) -> None:
        step = folder.name.partition(".")[0]
        if step == "train":
            self.trained.append(f"{folder.parent.name}/{folder.name}")
        source = (Path(spec.cwd) / "train.py").read_text()
        self._due.append(Due(at=self.clock + self.takes[step], folder=folder, spec=spec, source=source))

    def pass_time(self) -> None:
        """Go on to the next thing that happens: a job ends, or somebody comes by."""
        if not self._due:
            return
        first = min(self._due, key=lambda due: due.at)
        visit = min((at for at in self.visits if at < first.at), default=None)
        if visit is not None:
            self.clock = max(self.clock, visit)
            self.visits.pop(visit)()
            return
        self._due.remove(first)
        self.clock = first.at
        if first.folder in self.jobs.running:  # else it was called back
            self._end(first)

    def _end(self, due: Due) -> None:
        step, cwd = due.folder.name.partition(".")[0], Path(due.spec.cwd)
        if step != "train":
            self.works(step, int(due.folder.parent.name), cwd)
            self.jobs.finish(due.folder)
            return
        assert due.source == (cwd / "train.py").read_text(), f"{due.folder} was disturbed"
        self.trainings.append((self.clock - self.takes[step], self.clock))
        self.jobs.finish(due.folder, **result_of(due.source))
