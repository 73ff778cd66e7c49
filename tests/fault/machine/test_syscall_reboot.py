"""A machine that goes down in the middle of a training, with real processes; and a second runner."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoresearch.engine.jobs.claim_file import Claim, read_claim
from autoresearch.engine.system.processes.process import alive, identify
from autoresearch.events import catalog as ev
from autoresearch.events.log.read import read
from autoresearch.events.values import Process, why
from tests.crash_helpers import RUNNER, Scene
from tests.processes import end_everything
from tests.waiting import until


HANGS = "0001/train.1"  # the first training after the baseline
LOCKED = 7  # an exit code


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    yield Scene(tmp_path)
    end_everything(tmp_path)


@pytest.fixture
def stranger() -> Iterator[Process]:
    sleeper = subprocess.Popen(["sleep", "600"], start_new_session=True)
    found = identify(sleeper.pid)
    assert found is not None
    yield found
    sleeper.kill()
    sleeper.wait()


def trains(scene: Scene) -> bool:
    return scene.ledger.exists() and f"begun {HANGS}" in scene.ledger.read_text()


def test_a_reboot_is_a_new_training_and_no_stranger_is_signalled(scene: Scene, stranger: Process) -> None:
    """After a reboot the unfinished training is tried again, the log says why; its pid's new owner lives."""
    assert scene.finish(scene.runner()) == 0
    whole = scene.seen()
    scene.restore()
    scene.hang(HANGS)
    runner = scene.runner()
    until(lambda: trains(scene))
    claim = scene.paths.job(1, "train", 1).claim
    until(lambda: (read_claim(claim.parent) or Claim()).child)
    end_everything(scene.repo)
    runner.wait()
    said = json.loads(claim.read_bytes().splitlines()[-1])
    for role in ("supervisor", "child"):
        said[role] |= {"pid": stranger.pid, "boot_id": "of the boot before"}
    claim.write_text(json.dumps(said))

    scene.resume()
    scene.audit()
    assert alive(stranger)
    seen = scene.seen()
    assert whole.rows == seen.rows
    assert {"0001/train.2": 1} == seen.trained - whole.trained
    (lost,) = [one.event for one in read(scene.paths.history) if isinstance(one.event, ev.JobLost)]
    assert (1, "train", 1, why("machine_restarted")) == (lost.iteration, lost.step, lost.number, lost.reason)


def test_a_second_runner_is_told_who_holds_the_run(scene: Scene) -> None:
    """While a runner lives, another one and a `resume` in the foreground leave with code 7 and its pid."""
    scene.hang(HANGS)
    runner = scene.runner()
    until(lambda: trains(scene))
    assert LOCKED == scene.finish(scene.runner(RUNNER))
    said = scene.door("resume", "--no-background-train")
    assert LOCKED == said.returncode
    assert f"process {runner.pid}" in said.stderr
    scene.door("stop", "--now")
    assert 0 == scene.finish(runner)
    scene.resume()
    scene.audit()
