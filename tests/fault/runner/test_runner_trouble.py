import contextlib
import errno
import os
import sys
from pathlib import Path

import pytest

from autoresearch.engine.git.program import Refused
from autoresearch.engine.ports.jobs import Finished, JobExit, Lost, Running
from autoresearch.engine.runs.load import load
from autoresearch.engine.system.locks import holding, say, says
from autoresearch.engine.system.processes.process import hold_lock, this_process
from autoresearch.engine.system.processes.run_command import CommandTimedOut
from autoresearch.events import catalog as ev
from autoresearch.events.errors import (
    AutoresearchError,
    CorruptHistory,
    DiskTrouble,
    PositionVoided,
    WaitingForHuman,
)
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import read
from autoresearch.events.values import LOOP_STAGES, Request, why
from autoresearch.workflows.api.status import _trouble_of
from tests.fakes.world import RUN_ID, World, audited
from tests.fault.runner.measured_runs import a_run_that_consolidates


def failing(times: int, error: Exception, what: str = "effect"):
    """Let the first `times` effects, or appends, fail, but for the runner's very first."""
    left, begun = [times], set()

    def around(name, act):
        first = name not in begun
        begun.add(name)
        if name.startswith(what) and left[0] and not (first and what == "append"):
            left[0] -= 1
            raise error
        return act()

    return around


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr("autoresearch.engine.loop.patience.time.sleep", lambda _: None)


@pytest.mark.parametrize(
    "error",
    [
        AutoresearchError("git failed"),
        OSError(errno.ENOSPC, "No space left on device"),
        DiskTrouble("history.jsonl", doing="write", error=OSError(errno.ENOSPC, "full"), withdrawn=True),
    ],
)
def test_passing_trouble_costs_nothing(tmp_path: Path, error: Exception):
    """An effect that fails a few times is done again, and the run ends as if it had not failed."""
    world = World(tmp_path)
    world.start(loops=1)
    assert 0 == world.runner(failing(3, error)).run()
    assert 1 == load(world.paths).run.completed


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Refused("fatal: bad object"), "git failed: fatal: bad object"),
        (CommandTimedOut(["git", "gc"], Path("/x"), after_s=60), "git gc took longer than 60 s in /x"),
        (PermissionError(errno.EACCES, "Permission denied", "worktree"), "worktree: Permission denied"),
        (AutoresearchError("our own words"), "AutoresearchError; runner.out"),
    ],
)
def test_lasting_trouble_asks_a_human(tmp_path: Path, error: Exception, said: str):
    """An effect that keeps failing pauses the run with the reason, unless the disk may get room."""
    world = World(tmp_path)
    world.start(loops=1)
    with pytest.raises(WaitingForHuman, match=said):
        world.runner(failing(50, error)).run()


@pytest.mark.parametrize(
    "refused",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        DiskTrouble("history.jsonl", doing="writing", error=OSError(errno.ENOSPC, "full"), withdrawn=True),
    ],
)
def test_a_pause_that_the_disk_refuses_is_asked_for_again(tmp_path: Path, refused: Exception):
    """Lasting trouble on a full disk does not end the runner: it pauses the run once there is room."""
    world = World(tmp_path)
    world.start(loops=1)
    runner = world.runner(failing(999, Refused("fatal: bad object")))
    append, left = runner._log.append, [7]

    def full(events, **more):
        if isinstance(events[0], ev.RunPaused) and left[0]:
            left[0] -= 1
            raise refused
        return append(events, **more)

    runner._log.append = full
    with pytest.raises(WaitingForHuman, match="git failed: fatal: bad object"):
        runner.run()
    assert 0 == left[0]


@pytest.mark.parametrize("what", ["read", "views"])
def test_a_voided_position_on_a_bad_disk_is_waited_out(tmp_path: Path, monkeypatch, what: str):
    """Where a record was withdrawn, and the disk then refuses to be read or written, the runner goes on."""
    world = World(tmp_path)
    world.start(loops=1)
    runner = world.runner()
    step, rebuild, trouble, left = runner._step, runner._views.rebuild, OSError(errno.EIO, "bad disk"), [3]

    def failing_load(*words, **more):
        if left[0] < 3 and what == "read" and left[0]:
            left[0] -= 1
            raise trouble
        return load(*words, **more)

    def failing_rebuild(loaded):
        if left[0] < 3 and what == "views":
            raise trouble
        rebuild(loaded)

    def voided_once():
        if left[0] == 3:
            left[0] -= 1
            raise PositionVoided("withdrawn", seq=1, offset=0, hash_="")
        return step()

    monkeypatch.setattr("autoresearch.engine.loop.runner.load", failing_load)
    runner._views.rebuild, runner._step = failing_rebuild, voided_once
    assert 0 == runner.run()
    assert 1 == load(world.paths).run.completed


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("what", ["effect", "append"])
def test_a_disk_that_takes_nothing_is_waited_out(tmp_path: Path, what: str, number: int):
    """A disk that is full, read-only or broken for long ends nothing: the run goes on when it is mended."""
    world = World(tmp_path)
    world.start(loops=1)
    error: Exception = OSError(number, os.strerror(number))
    if what == "append":
        error = DiskTrouble("history.jsonl", doing="writing", error=error, withdrawn=True)
    assert 0 == world.runner(failing(50, error, what)).run()
    state = load(world.paths).run
    assert (1, 2, None) == (state.completed, len(world.trained), state.paused)


def test_what_the_runner_waits_for_is_said_while_it_does(tmp_path: Path, monkeypatch):
    """A quota, which no look at the disk tells, is told with its way out until there is room."""
    world = World(tmp_path)
    world.start(loops=1)
    told: list[str] = []
    monkeypatch.setattr(
        "autoresearch.engine.loop.patience.time.sleep",
        lambda _: told.append(_trouble_of(world.paths, os.getpid())),
    )
    refused = OSError(errno.EDQUOT, os.strerror(errno.EDQUOT), "history.jsonl")
    heard: list[str] = []

    def around(name, act):
        heard.append(_trouble_of(world.paths, os.getpid()))
        return failing_twice(name, act)

    failing_twice = failing(2, refused)
    assert 0 == world.runner(around).run()
    wanted = f"{refused}; the runner tries again: make room within the quota"
    assert [wanted, wanted] == told
    assert "" == heard[-1]


def test_a_job_whose_end_the_disk_does_not_take_is_named(tmp_path: Path, monkeypatch):
    """While a job is over and its end cannot be written, `status` says so; once it is read, no longer."""
    world = World(tmp_path)
    world.start(loops=0)
    look, left, told = world.jobs.look, [2], []

    def held_up(_, folder: Path):
        if left[0] and folder.name.startswith("train") and isinstance(look(folder), Finished):
            left[0] -= 1
            return Running(supervisor=this_process(), refused=os.strerror(errno.EDQUOT))
        return look(folder)

    def around(name, act):
        told.append(_trouble_of(world.paths, os.getpid()))
        return act()

    monkeypatch.setattr(type(world.jobs), "look", held_up)
    assert 0 == world.runner(around).run()
    said = "the end of 0000/train.1 cannot be written: Disk quota exceeded; make room, or mend the disk"
    assert "" == told[-1]
    assert 0 == left[0]
    assert said in told


def test_words_in_a_lock_are_its_holders(tmp_path: Path):
    """Only who holds a lock says more in it, in one block, and it is still known as who it is."""
    lock = tmp_path / "runner.lock"
    say(lock, "trouble", "nobody holds it")
    assert not lock.exists()
    with hold_lock(lock, role="runner") as me:
        say(lock, "trouble", "\x00" * 5000)
        assert 4096 > lock.stat().st_size
        say(lock, "trouble", "short")
        assert ("short", me.pid) == (says(lock, "trouble"), holding(lock, role="runner")[0])
        lock.write_text(lock.read_text().replace(f'"pid": {me.pid}', '"pid": 1'))
        say(lock, "trouble", "not ours")
        assert "short" == says(lock, "trouble")


def test_a_runner_that_may_not_lengthen_its_history_ends_on_a_stop(tmp_path: Path):
    """Under a limit on files the runner waits as on a full disk, and leaves a stop to who may record it."""
    world = World(tmp_path)
    world.start(loops=1)
    too_large, tries = OSError(errno.EFBIG, os.strerror(errno.EFBIG)), []

    def limited(name, act):
        if name.startswith("append"):
            tries.append(name)
            if len(tries) == 20:
                with EventLog(world.paths.history) as log:
                    log.append([ev.StopRequested(now=False)], by="cli")
            if len(tries) > 1:
                raise DiskTrouble("history.jsonl", doing="writing", error=too_large, withdrawn=True)
        return act()

    with pytest.raises(DiskTrouble) as raised:
        world.runner(limited).run()
    assert "ulimit -f" in str(raised.value.remedy)
    assert 20 <= len(tries) <= 22
    assert (None, None) == (load(world.paths).run.paused, load(world.paths).run.stopped)
    assert 0 == world.runner().run()
    assert "stopped" == load(world.paths).run.stopped


@pytest.mark.parametrize("gone", ["full disk", "closed"])
def test_a_runner_that_nobody_can_hear_goes_on(tmp_path: Path, monkeypatch, gone: str):
    """Where runner.out takes no more, telling of trouble is given up, and the run is not."""
    world = World(tmp_path)
    world.start(loops=1)
    nowhere = Path("/dev/full").open("w")  # noqa: SIM115 - its close fails, as its writes do
    if gone == "closed":
        nowhere.close()
    monkeypatch.setattr(sys, "stderr", nowhere)
    assert 0 == world.runner(failing(3, OSError(errno.ENOSPC, "no room"), "effect")).run()
    with contextlib.suppress(OSError):  # what it could not write is tried once more
        nowhere.close()
    assert 1 == load(world.paths).run.completed


def test_a_damaged_history_stops_the_runner_at_once(tmp_path: Path):
    """A runner refuses to work on a history that was changed."""
    world = World(tmp_path)
    world.start(loops=1)
    data = world.paths.history.read_bytes()
    world.paths.history.write_bytes(data.replace(b'"loops":1', b'"loops":9'))
    with pytest.raises(CorruptHistory):
        world.runner().run()
    assert world.paths.history.read_bytes() == data.replace(b'"loops":1', b'"loops":9')


@pytest.mark.parametrize("first", ["propose", "train"])
def test_a_foreign_commit_under_a_candidates_ref_is_left_alone(tmp_path: Path, first: str):
    """What stands under a candidate's ref and is not the candidate is neither trained nor overwritten."""
    world = World(tmp_path / "repo")
    world.start(loops=0)
    assert 0 == world.runner().run()
    base, ref, other = world.git.resolve("HEAD"), f"refs/autoresearch/{RUN_ID}/1", tmp_path / "other"
    world.git.ensure_worktree(other, base)
    (other / "train.py").write_bytes(b"foreign = 1\n")
    foreign = world.git.commit(other, base=base, message="foreign").hash
    assert world.git.set_ref(ref, foreign, old=None)
    stages = LOOP_STAGES[LOOP_STAGES.index(first) :]
    with EventLog(world.paths.history) as log:
        log.append([ev.LoopsRequested(request=Request(loops=1, loop_stages=stages))], by="cli")
    with pytest.raises(WaitingForHuman, match="is not this iteration's change"):
        world.runner().run()
    assert ["0000/train.1"] == world.trained
    assert foreign == world.git.resolve(ref)


def refusing(world: World, code: int, times: int):
    """Let the machine refuse to start a training of iteration 1 so many times, as a supervisor tells it."""
    train, left = world.jobs.on_start, [times]

    def start(jobs, folder: Path, spec) -> None:
        if folder.parent.name == "0001" and left[0]:
            left[0] -= 1
            jobs.finish(folder, reason="not_started", detail=os.strerror(code), errno=code)
        else:
            train(jobs, folder, spec)

    world.jobs.on_start = start


@pytest.mark.parametrize("name", ["ENOSPC", "EDQUOT", "EAGAIN", "ENOMEM", "EMFILE", "ENFILE", "EIO"])
def test_a_machine_that_starts_nothing_is_no_crash(tmp_path: Path, name: str):
    """A training that the disk or the kernel refuses begins again, and its idea is judged by its number."""
    world = World(tmp_path)
    world.start(loops=1)
    refusing(world, getattr(errno, name), times=2)
    assert 0 == world.runner().run()
    lost = [one.event for one in read(world.paths.history) if isinstance(one.event, ev.JobLost)]
    refused = why("machine_refused", os.strerror(getattr(errno, name)))
    assert [(1, refused), (2, refused)] == [(one.number, one.reason) for one in lost]
    assert "crash" not in [row.verdict for row in load(world.paths).timeline.rows]
    assert audited(world) is None


def test_a_machine_that_starts_nothing_for_long_asks_a_human(tmp_path: Path):
    """After three refusals in a row the run pauses; no loop is used up."""
    world = World(tmp_path)
    world.start(loops=5)
    refusing(world, errno.EAGAIN, times=99)
    with pytest.raises(WaitingForHuman, match="lost 3 times in a row"):
        world.runner().run()
    assert 5 == load(world.paths).run.loops_left


AT = "2026-03-09T00:00:00.000Z"
KILLED = Lost(
    reason=why("supervisor_killed"),
    unseen=JobExit(reason="exited", started_at=AT, ended_at=AT, seconds=1.0),
)
RESTARTED = Lost(reason=why("machine_restarted"))


def losing(world: World, *ends: Lost, of: str = "0001") -> None:
    """Let the first trainings of an iteration be lost in these ways."""
    train, left = world.jobs.on_start, list(ends)

    def start(jobs, folder: Path, spec) -> None:
        if folder.parent.name == of and left:
            jobs.jobs[folder].state = left.pop(0)
        else:
            train(jobs, folder, spec)

    world.jobs.on_start = start


@pytest.mark.parametrize("ends", [(RESTARTED, RESTARTED, KILLED), (KILLED, RESTARTED, KILLED)])
def test_what_the_world_lost_is_no_crash_of_an_idea(tmp_path: Path, ends: tuple[Lost, ...]):
    """Where a restart is among three losses, a human is asked, and the idea is judged by its number then."""
    world = World(tmp_path)
    world.start(loops=1)
    losing(world, *ends)
    with pytest.raises(WaitingForHuman, match="lost 3 times in a row"):
        world.runner().run()
    lost = [one.event.number for one in read(world.paths.history) if isinstance(one.event, ev.JobLost)]
    assert [1, 2, 3] == lost
    assert audited(world) is None


def test_what_measures_a_keep_again_never_crashes_for_its_supervisor(tmp_path: Path):
    """It tries no idea: at the third supervisor that is lost a human is asked."""
    world = a_run_that_consolidates(tmp_path)
    losing(world, KILLED, KILLED, KILLED, of="0002")
    with pytest.raises(WaitingForHuman, match="lost 3 times in a row"):
        world.runner().run()
    assert load(world.paths).run.iteration(2).measures is not None
    assert audited(world) is None


def test_an_idea_that_takes_its_supervisor_along_has_crashed(tmp_path: Path):
    """The third training in a row whose supervisor is killed is a crash, and the run goes on to the next."""
    world = World(tmp_path)
    world.start(loops=2)
    losing(world, KILLED, KILLED, KILLED)
    assert 0 == world.runner().run()
    assert ["keep", "crash"] == [row.verdict for row in load(world.paths).timeline.rows][:2]
    assert 2 == load(world.paths).run.completed
    lost = [one.event.number for one in read(world.paths.history) if isinstance(one.event, ev.JobLost)]
    assert [1, 2] == lost
    assert audited(world) is None


def test_a_command_that_is_not_there_crashes(tmp_path: Path):
    """What no machine could start is the fault of what was to be started."""
    world = World(tmp_path)
    world.start(loops=1)
    refusing(world, errno.ENOENT, times=1)
    world.runner().run()
    assert ["keep", "crash"] == [row.verdict for row in load(world.paths).timeline.rows]
