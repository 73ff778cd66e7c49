"""Trainings that write the curve of their loss, and a loser among them that ends only when it is stopped."""

import re
from collections.abc import Callable
from pathlib import Path

from autoresearch.engine.ports.jobs import JobSpec
from tests.fakes.jobs import FakeJobs
from tests.fakes.world import World, result_of


def on_curves(world: World) -> Callable[[FakeJobs, Path, JobSpec], None]:
    """Return trainings that write a curve a little above their number; one with a rate of 0.9 never ends."""

    def train(jobs: FakeJobs, folder: Path, spec: JobSpec) -> None:
        world.trained.append(f"{folder.parent.name}/{folder.name}")
        script = (Path(spec.cwd) / "train.py").read_text()
        result = result_of(script)
        found = re.match(rb"val_bpb: (\S+)", result["output"])
        assert found is not None
        far = "LR = 0.9" in script
        percents = range(1, 71 if far else 101, 2)
        lines = [
            b'{"kind": "progress", "percent": %d, "loss": %.4f}\n' % (percent, float(found[1]) + 10 / percent)
            for percent in percents
        ]
        files = {"progress.jsonl": b"".join(lines)}
        if far:
            jobs.jobs[folder].files = files
        else:
            jobs.finish(folder, **result, files=files)

    return train
