"""What ended jobs left is packed, and read as before: killed at any instant, on any disk, however often."""

import os
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from autoresearch.engine.jobs import pack
from autoresearch.engine.jobs.launcher import RealJobs
from autoresearch.engine.loop.packing import AT_ONCE, Packing
from autoresearch.engine.paths import PACK
from autoresearch.engine.ports.jobs import Absent, Finished
from autoresearch.engine.runs.catalogue import run_named
from autoresearch.events.errors import InvalidInput
from autoresearch.projections.run_state import Iteration, Job, RunState, Setup
from tests.fakes.jobs import FakeJobs


EXIT = b'{"reason": "exited", "exit_code": 0, "started_at": "a", "ended_at": "b", "seconds": 1.0}\n'
LEFT = {
    "candidate.diff": b"-1\n+2\n",
    "propose.1/prompt.txt": b"propose\n" * 900,
    "propose.1/output.log": b"\0\xff answer\n",
    "propose.1/claim": b"{}",
    "propose.1/spec.json": b"{}",
    "propose.1/exit.json": EXIT,
    "train.2/spec.json": b"{}",
    "train.2/result.json": b'{"val_bpb": 1.0}',
    "train.2/exit.json": EXIT,
    "train.2/output.log": b"val_bpb: 1.0\n",
    "train.2/progress.jsonl": b"{}\n",
    "train.2/samples.txt": b"once upon a time\n",
}
STAY = {"train.2/output.log", "train.2/progress.jsonl", "train.2/samples.txt"}


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def iteration(tmp_path: Path) -> Path:
    """A closed iteration, with the files of an agent's job and of a training."""
    folder = tmp_path / "iterations" / "0001"
    for name, content in LEFT.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def read_back(folder: Path) -> dict[str, bytes | None]:
    return {name: pack.read(folder / name) for name in LEFT}


def test_what_is_packed_is_read_as_before(iteration: Path) -> None:
    """Files, logs, and how a job ended are the same; a training's log and foreign files stay files."""
    (iteration / "propose.1" / "tmp" / "folder").mkdir(parents=True)  # the agent's own, and nobody's now
    (iteration / "propose.1" / "tmp" / "left").write_bytes(b"x")
    jobs = RealJobs()
    before = jobs.look(iteration / "propose.1")
    jobs.pack(iteration)
    assert files_in(iteration) == {*STAY, PACK}
    assert read_back(iteration) == LEFT
    assert isinstance(before, Finished)
    assert jobs.look(iteration / "propose.1") == before == jobs.look(iteration / "train.2")
    assert b"".join(jobs.output(iteration / "propose.1").log()) == LEFT["propose.1/output.log"]
    told = jobs.output(iteration / "train.2").file("result.json")
    assert told is not None
    assert b"".join(told) == LEFT["train.2/result.json"]
    assert jobs.output(iteration / "train.2").file("no such file") is None
    assert jobs.look(iteration / "apply.3") == Absent()


def test_a_packed_job_is_not_started_again(iteration: Path) -> None:
    """A job whose exit.json is packed has run: start finds it, and makes no folder."""
    jobs = RealJobs()
    jobs.pack(iteration)
    assert jobs.start(iteration / "propose.1", None) is True  # type: ignore[arg-type] # it is not looked at
    assert not (iteration / "propose.1").exists()


def test_any_tar_reads_it(iteration: Path) -> None:
    """The pack is a .tar.gz as any tool reads it, of the files' own names."""
    pack.pack(iteration)
    with tarfile.open(iteration / PACK) as tar:
        assert set(tar.getnames()) == LEFT.keys() - STAY


def test_a_job_that_has_not_ended_is_left(iteration: Path) -> None:
    """Without an exit.json nothing is taken away from a job; a later call packs it beside the others."""
    late = iteration / "apply.3"
    late.mkdir()
    (late / "claim").write_bytes(b"held")
    pack.pack(iteration)
    assert (late / "claim").read_bytes() == b"held"
    (late / "exit.json").write_bytes(EXIT)
    pack.pack(iteration)
    assert files_in(iteration) == {*STAY, PACK}
    assert read_back(iteration) | {"late": pack.read(late / "claim")} == {**LEFT, "late": b"held"}


def _links_and_pipes(folder: Path) -> None:
    (folder / "harm.txt").symlink_to("/etc/hostname")
    os.mkfifo(folder / "stop")


def test_a_link_and_a_pipe_are_left_alone(iteration: Path) -> None:
    """What is no plain file is neither followed, waited for, nor taken away."""
    _links_and_pipes(iteration / "propose.1")
    pack.pack(iteration)
    assert {path.name for path in (iteration / "propose.1").iterdir()} == {"harm.txt", "stop"}
    assert pack.read(iteration / "propose.1" / "stop") is None


STEPS = ((Path, "replace"), (Path, "unlink"), (Path, "rmdir"), (os, "fsync"), (tarfile.TarFile, "addfile"))


@pytest.fixture(params=[Killed(), OSError(28, "No space left on device")], ids=["killed", "disk full"])
def ended_at(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[int, str], None]]:
    """Let the nth step of packing be the last: it is not done, or it is just done."""
    left: list[tuple[int, str]] = []

    def step(real: Callable[..., Any]) -> Callable[..., Any]:
        def do(*args: Any, **more: Any) -> Any:
            count, when = left.pop() if left else (0, "")
            left.append((count - 1, when))
            if count == 1 and when == "before":
                raise request.param
            said = real(*args, **more)
            if count == 1:
                raise request.param
            return said

        return do

    for place, name in STEPS:
        monkeypatch.setattr(place, name, step(getattr(place, name)))

    def set_to(count: int, when: str) -> None:
        left[:] = [(count, when)]

    yield set_to
    monkeypatch.undo()


@pytest.mark.parametrize("when", ["before", "after"])
def test_nothing_is_lost_at_any_instant(
    tmp_path: Path, ended_at: Callable[[int, str], None], when: str
) -> None:
    """Ended before or after each of its steps, all is still to be read, and the next call packs the rest."""
    instants = 0
    while True:
        instants += 1
        folder = tmp_path / str(instants) / "0001"
        for name, content in LEFT.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        ended_at(instants, when)
        try:
            pack.pack(folder)
        except (Killed, OSError):
            ended_at(0, "")
        else:
            break
        assert read_back(folder) == LEFT
        pack.pack(folder)
        assert read_back(folder) == LEFT
        assert files_in(folder) == {*STAY, PACK}
    assert instants > 2 * (len(LEFT) - len(STAY))  # each file was added, and taken away


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text"])
def test_a_damaged_pack_is_said_and_kept(iteration: Path, damage: str) -> None:
    """What cannot be read whole is no file: it is refused with the way out, and never written over."""
    pack.pack(iteration)
    whole = (iteration / PACK).read_bytes()
    middle = len(whole) // 2
    found = {
        "cut": whole[:middle],
        "flipped": whole[:middle] + bytes([whole[middle] ^ 0xFF]) + whole[middle + 1 :],
        "empty": b"",
        "text": b"no archive\n",
    }[damage]
    (iteration / PACK).write_bytes(found)
    with pytest.raises(InvalidInput, match="damaged"):
        pack.read(iteration / "train.2" / "exit.json")
    (iteration / "candidate.diff").write_bytes(b"new")
    with pytest.raises(InvalidInput, match="damaged"):
        pack.pack(iteration)
    assert (iteration / PACK).read_bytes() == found
    assert (iteration / "candidate.diff").read_bytes() == b"new"


class Packed(FakeJobs):
    """Takes note of what is packed, and refuses where it is told to."""

    numbers: list[int]
    error: Exception | None = None

    def pack(self, iteration: Path) -> None:
        if self.error is not None:
            raise self.error
        self.numbers.append(int(iteration.name))


def test_closed_iterations_are_packed_once_each() -> None:
    """Those that are open wait, the baseline comes again after preparing, and a full disk is tried again."""
    jobs = Packed()
    jobs.numbers = []
    packing = Packing(paths=run_named(Path("/home"), "a-r001"), jobs=jobs)
    first = Iteration(number=1, base_commit="", next_stage="train", since="")
    assert packing.some(RunState(last_iteration=1, open=(first,))) is False
    assert packing.some(RunState(last_iteration=1)) is False
    assert jobs.numbers == [0, 1]
    job = Job(step="prepare", number=2, since="", deadline_s=1.0)
    packing.some(RunState(last_iteration=1, setup=Setup(job=job)))
    assert jobs.numbers == [0, 1]
    packing.some(RunState(last_iteration=1))
    assert jobs.numbers == [0, 1, 0]
    jobs.error = OSError(28, "No space left on device")
    with pytest.raises(OSError, match="No space"):
        packing.some(RunState(last_iteration=2))
    jobs.error = None
    assert packing.some(RunState(last_iteration=2 + AT_ONCE)) is True
    assert packing.some(RunState(last_iteration=2 + AT_ONCE)) is False
    assert jobs.numbers == [0, 1, 0, *range(2, 3 + AT_ONCE)]
