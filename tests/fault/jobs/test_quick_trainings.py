"""A training that is quicker than the runner's look around."""

from pathlib import Path

from autoresearch.engine.ports.jobs import JobSpec
from autoresearch.events import catalog as ev
from autoresearch.events.log.read import read
from tests.fakes.jobs import FakeJobs
from tests.fakes.world import World
from tests.fault.runner.measured_runs import proposal


def test_an_input_is_read_before_a_training_can_rewrite_it(tmp_path: Path):
    """Rewritten in the moment of the start, what is measured by is missed: nothing of that is kept."""
    world = World(tmp_path)
    data = world.home / "data.txt"
    data.write_text("as it was")
    world.start(loops=1, proposals=(proposal("wider", WIDTH=16),), inputs=("data.txt",))
    trains = world.jobs.on_start
    assert trains is not None

    def rewrites(jobs: FakeJobs, folder: Path, spec: JobSpec) -> None:
        if folder.parent.name == "0001":
            data.write_text(f"easier, by {folder.name}")
        trains(jobs, folder, spec)

    world.jobs.on_start = rewrites
    assert 0 == world.runner().run()
    events = [one.event for one in read(world.paths.history)]
    assert [0] == [one.iteration for one in events if isinstance(one, ev.CandidateKept)]
    assert [1] == [one.iteration for one in events if isinstance(one, ev.TrainingVoided)]
