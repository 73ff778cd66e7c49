"""Who has a job: its supervisor, another one, nobody any more, or a stranger."""

import errno
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from autoresearch.engine.jobs.claim_file import Claim, read_claim
from autoresearch.engine.jobs.launcher import RealJobs
from autoresearch.engine.ports.jobs import Absent, Finished, Lost, Running
from autoresearch.engine.system import locks
from autoresearch.engine.system.processes import process
from autoresearch.events.values import Process, why
from tests.fault.jobs.supervised import JOBS, PYTHON, child, finished, output, start, supervisor
from tests.processes import started
from tests.waiting import PATIENCE_S, until


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"reason": "exited"}', b'{"reason": 3}'])
def test_a_damaged_exit_loses_the_job(home: Path, data: bytes) -> None:
    """An exit.json that is not what a supervisor writes is no result."""
    folder = start(home, "true")
    finished(folder)
    (folder / "exit.json").write_bytes(data)
    assert JOBS.look(folder) == Lost(reason=why("exit_damaged"))


@pytest.mark.parametrize("ends", ["while it runs", "as it ends"])
def test_a_job_that_writes_its_own_exit_is_not_believed(home: Path, ends: str) -> None:
    """An exit.json that a job writes itself, long before its end or just then, is neither heard nor kept."""
    told = {"reason": "exited", "exit_code": 0, "started_at": "a", "ended_at": "b", "seconds": 1.0}
    says = f"Path({str(home / 'job' / 'exit.json')!r}).write_text({json.dumps(told)!r})"
    waits = f"Path({str(home / 'said')!r}).touch(); time.sleep(1)" if ends == "while it runs" else "pass"
    folder = start(
        home, *PYTHON, f"import time; from pathlib import Path; {says}; {waits}; raise SystemExit(3)"
    )
    if ends == "while it runs":
        until((home / "said").exists)
        assert isinstance(JOBS.look(folder), Running)
    assert 3 == finished(folder).exit_code


def test_supervisor_killed_job_goes_on(home: Path) -> None:
    """A supervisor's death breaks no pipe under its job: it runs on, is seen to run, and is then lost."""
    # What nobody reads has little room where neighbours of this user hold many pipes: 4 kB.
    script = """
import os, time
while not os.path.exists("go"):
    time.sleep(0.01)
print("x" * 900, flush=True)
open("done", "w")
"""
    folder = start(home, *PYTHON, script)
    assert process.send(supervisor(folder), signal.SIGKILL)
    until(lambda: JOBS.look(folder) == Running(supervisor=None))
    (home / "go").touch()
    until((home / "done").exists)
    until(lambda: JOBS.look(folder) == Lost(reason=why("supervisor_killed")))


def test_orphan_is_stopped(home: Path) -> None:
    """A job without a supervisor can be ended; it is lost then, and not run again."""
    folder = start(home, "sleep", "999")
    leader = child(folder)
    process.send(supervisor(folder), signal.SIGKILL)
    until(lambda: JOBS.look(folder) == Running(supervisor=None))
    JOBS.stop(folder)
    assert not process.alive(leader)
    assert JOBS.look(folder) == Lost(reason=why("supervisor_killed_ended"))
    assert JOBS.look(folder).unseen is None


def test_all_killed(home: Path) -> None:
    """A job whose every process was killed at once is lost."""
    folder = start(home, "sleep", "999")
    leader, above = child(folder), supervisor(folder)
    process.send(above, signal.SIGKILL)
    process.send(leader, signal.SIGKILL)
    until(lambda: JOBS.look(folder) == Lost(reason=why("supervisor_killed")))


def test_reboot(home: Path) -> None:
    """A claim of an earlier boot is lost to the restart, even where its pids are alive again."""
    folder = start(home, "sleep", "999")
    leader, above = child(folder), supervisor(folder)
    process.send(above, signal.SIGKILL)
    process.send(leader, signal.SIGKILL)
    until(lambda: isinstance(JOBS.look(folder), Lost))
    told = json.loads((folder / "claim").read_bytes().splitlines()[-1])
    stranger = process.this_process()
    for name in ("supervisor", "child"):
        told[name] |= {"pid": stranger.pid, "boot_id": "another-boot"}
    (folder / "claim").write_text(json.dumps(told))
    assert JOBS.look(folder) == Lost(reason=why("machine_restarted"))
    JOBS.stop(folder)  # we are still here


def test_end_before_a_reboot(home: Path) -> None:
    """A job that ended in an earlier boot is finished, and told to be of before the restart."""
    folder = start(home, "true")
    until(lambda: isinstance(JOBS.look(folder), Finished))
    ended = JOBS.look(folder)
    assert isinstance(ended, Finished)
    told = json.loads((folder / "claim").read_bytes().splitlines()[-1])
    told["supervisor"] |= {"boot_id": "another-boot"}
    (folder / "claim").write_text(json.dumps(told))
    assert (False, JOBS.look(folder)) == (ended.rebooted, Finished(exit=ended.exit, rebooted=True))


def test_strangers_are_not_signalled(home: Path) -> None:
    """Stopping a job whose pids now belong to somebody else leaves him alone."""
    with started("sleep", "999", start_new_session=True) as stranger:
        folder = home / "job"
        folder.mkdir()
        boot = process.boot_id()
        gone = {"pid": stranger.pid, "started": 1, "boot_id": boot}
        (folder / "claim").write_text(json.dumps({"supervisor": gone, "child": gone}))
        lock = locks.try_lock(folder / "claim")
        assert lock is not None
        JOBS.stop(folder)
        os.close(lock)
        assert stranger.poll() is None
        assert JOBS.look(folder) == Lost(reason=why("supervisor_killed"))


def test_ten_starts_at_once(home: Path) -> None:
    """Many starts of one folder at the same instant run one job."""
    command = ("sh", "-c", "echo x >> ../count; sleep 0.2")
    (home / "job").mkdir()
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: start(home, *command, cwd=str(home / "job")), range(10)))
    finished(home / "job")
    assert (home / "count").read_text() == "x\n"


def test_two_supervisors_by_hand(home: Path) -> None:
    """A supervisor that finds the claim taken, or the job ended, leaves without a word."""
    folder = start(home, "sh", "-c", "echo once; sleep 0.3")
    command = [sys.executable, "-m", "autoresearch.engine.jobs.supervisor", str(folder)]
    root = Path(process.__file__).absolute().parents[4]
    first = subprocess.run(command, cwd=root, capture_output=True, check=True, timeout=PATIENCE_S)
    finished(folder)
    second = subprocess.run(command, cwd=root, capture_output=True, check=True, timeout=PATIENCE_S)
    assert first.stdout + first.stderr + second.stdout + second.stderr == b""
    assert output(folder) == b"once\n"


def test_stopped_before_it_began(home: Path) -> None:
    """A stop that comes before the supervisor can be signalled is heard when it begins."""
    folder = start(home, "sh", "-c", "echo ran; sleep 999")
    JOBS.stop(folder)
    done = finished(folder)
    assert done.reason == "terminated"


def test_a_folder_that_takes_no_exit(home: Path) -> None:
    """A job whose end cannot be written down is lost, and says why; its supervisor does not wait for ever."""
    folder = start(home, "mkdir", "job/exit.json.tmp")
    state = until(lambda: None if isinstance(JOBS.look(folder), Running) else JOBS.look(folder))
    assert Lost(reason=why("exit_refused", os.strerror(errno.EISDIR))) == state


def test_deleted_folder(home: Path) -> None:
    """A job whose folder is deleted under it ends, and its supervisor with it."""
    folder = start(home, "sh", "-c", "until [ -e go ]; do sleep 0.02; done")
    above = supervisor(folder)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    (home / "go").touch()
    until(lambda: not process.alive(above))
    assert JOBS.look(folder) == Absent()


def test_survives_its_starter(home: Path) -> None:
    """A job goes on, and ends as it should, when who started it is killed with its whole group."""
    script = f"""
import sys, time
sys.path.insert(0, {str(Path(process.__file__).absolute().parents[4])!r})
from pathlib import Path
from autoresearch.engine.jobs.launcher import RealJobs
from autoresearch.engine.ports.jobs import JobSpec
command = ("sh", "-c", "until [ -e go ]; do sleep 0.02; done; echo on")
RealJobs().start(Path("job"), JobSpec(name="j", command=command, cwd=".", deadline_s={PATIENCE_S}))
print("started", flush=True)
time.sleep(999)
"""
    words = (sys.executable, "-c", script)
    with started(*words, cwd=home, stdout=subprocess.PIPE, start_new_session=True) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"started\n"
        os.killpg(starter.pid, signal.SIGKILL)
    (home / "go").touch()
    finished(home / "job")
    assert output(home / "job") == b"on\n"


def test_a_supervisor_starts_fast() -> None:
    """A supervisor imports nothing that takes time."""
    listed = "import sys; seen = set(sys.modules); import autoresearch.engine.jobs.supervisor\n"
    listed += "print(*set(sys.modules) - seen)"
    root = Path(process.__file__).absolute().parents[4]
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-c", listed],
        cwd=root,
        capture_output=True,
        check=True,
        timeout=PATIENCE_S,
    )
    slow = {
        "attr",
        "attrs",
        "orjson",
        "subprocess",
        "pathlib",
        "typing",
        "dataclasses",
        "threading",
        "autoresearch.events.values",
    }
    assert slow.isdisjoint(done.stdout.decode().split())


def test_a_claim_read_while_it_is_written_is_the_line_before(tmp_path: Path) -> None:
    """Cut at any byte of a later line, or with zeros in its place, a claim says what its first line said."""
    me = {"pid": 7, "started": 8, "boot_id": "now"}
    first = json.dumps({"supervisor": me, "child": None}).encode() + b"\n"
    later = json.dumps({"supervisor": me, "child": me}).encode() + b"\n"
    claim = tmp_path / "claim"
    for cut in range(len(later) - 1):
        for torn in (later[:cut], later[:cut] + bytes(len(later) - cut)):
            claim.write_bytes(first + torn)
            assert read_claim(tmp_path) == Claim(supervisor=Process(**me), child=None)
    claim.write_bytes(first + later)
    assert read_claim(tmp_path) == Claim(supervisor=Process(**me), child=Process(**me))


def test_a_job_that_somebody_else_put_there_is_none(home: Path) -> None:
    """A folder with an end in it, made before the job of that name was begun, is removed and says nothing."""
    forged = home / "job"
    forged.mkdir()
    told = {"reason": "exited", "exit_code": 0, "started_at": "now", "ended_at": "now", "seconds": 1.0}
    (forged / "exit.json").write_text(json.dumps(told))
    (forged / "output.log").write_text("loss: 0.001")
    assert isinstance(JOBS.look(forged), Finished)
    JOBS.drop_foreign(forged)
    assert isinstance(JOBS.look(forged), Absent)
    assert not forged.exists()


def test_a_job_that_an_earlier_runner_began_is_taken_on(home: Path) -> None:
    """What was begun before this runner, or by it, is not foreign, whether it runs still or has ended."""
    folder = start(home, "true")
    JOBS.drop_foreign(folder)
    assert finished(folder).exit_code == 0
    later = RealJobs()
    later.drop_foreign(folder)
    assert isinstance(later.look(folder), Finished)
