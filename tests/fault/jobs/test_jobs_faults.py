"""Real jobs under a supervisor, when things go wrong."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from attrs import asdict

from autoresearch.engine.jobs.claim_file import Claim, read_claim
from autoresearch.engine.jobs.launcher import RealJobs
from autoresearch.engine.ports.jobs import Absent, Finished, JobExit, JobSpec, Lost, Running
from autoresearch.engine.system import locks
from autoresearch.engine.system.processes import process, process_table
from autoresearch.events.values import Process, why
from tests.processes import started
from tests.waiting import PATIENCE_S, until


JOBS = RealJobs()
PYTHON = (sys.executable, "-S", "-c")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Give a folder for jobs, and end what still runs in it."""
    yield tmp_path
    for claim in tmp_path.rglob("claim"):
        told = read_claim(claim.parent) or Claim()
        for one in (told.supervisor, told.child):
            if one is not None:
                process.end_group(one, 0.0)


def start(home: Path, *command: str, name: str = "job", **facts: Any) -> Path:
    spec = {"deadline_s": PATIENCE_S, "grace_s": 0.3, "cwd": str(home), **facts}
    JOBS.start(home / name, JobSpec(name=name, command=command, **spec))
    return home / name


def finished(folder: Path) -> JobExit:
    state = until(lambda: None if isinstance(JOBS.look(folder), Running) else JOBS.look(folder))
    assert isinstance(state, Finished), state
    return state.exit


def child(folder: Path) -> Process:
    return until(lambda: (read_claim(folder) or Claim()).child)


def supervisor(folder: Path) -> Process:
    child(folder)
    state = JOBS.look(folder)
    assert isinstance(state, Running)
    assert state.supervisor is not None
    return state.supervisor


def output(folder: Path) -> bytes:
    path = folder / "output.log"
    return path.read_bytes() if path.exists() else b""


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"reason": "exited"}', b'{"reason": 3}'])
def test_a_damaged_exit_loses_the_job(home: Path, data: bytes) -> None:
    """An exit.json that is not what a supervisor writes is no result."""
    folder = start(home, "true")
    finished(folder)
    (folder / "exit.json").write_bytes(data)
    assert JOBS.look(folder) == Lost(reason=why("exit_damaged"))


# --- ways to end ---------------------------------------------------------------------------------


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


def test_deadline(home: Path) -> None:
    """A job that outlives its deadline is asked to end, and told apart from a crash."""
    done = finished(start(home, "sleep", "999", deadline_s=0.2))
    assert (done.reason, done.signal) == ("deadline", signal.SIGTERM)
    assert 0.2 <= done.seconds < PATIENCE_S


def test_deaf_to_sigterm(home: Path) -> None:
    """A job that ignores the polite signal is killed after its grace time."""
    folder = start(home, "sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.05; done", grace_s=0.3)
    until(lambda: output(folder))
    JOBS.stop(folder)
    done = finished(folder)
    assert (done.reason, done.signal) == ("terminated", signal.SIGKILL)
    assert 0.3 <= done.seconds


def test_stopped_process_still_ends(home: Path) -> None:
    """A job that stopped itself with SIGSTOP hears the polite signal."""
    script = "trap 'exit 7' TERM; kill -STOP $$; sleep 999"
    folder = start(home, "sh", "-c", script, grace_s=PATIENCE_S)
    stat = Path(f"/proc/{child(folder).pid}/stat")
    until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T")
    JOBS.stop(folder)
    assert finished(folder).exit_code == 7


def test_a_stopped_supervisor_is_woken(home: Path) -> None:
    """A supervisor that was stopped alone goes on and tells its job's end; with its job it is left so."""
    go = home / "go"
    folder = start(home, "sh", "-c", f"until [ -e '{go}' ]; do sleep 0.02; done; exit 3")
    leader, above = child(folder), supervisor(folder)
    for one in (leader, above):
        process.send(one, signal.SIGSTOP)
        until(lambda one=one: process.is_stopped(one))
    JOBS.wake(folder)
    assert process.is_stopped(above)
    process.send(leader, signal.SIGCONT)
    go.touch()
    until(lambda: not process.alive(leader))
    assert isinstance(JOBS.look(folder), Running)
    JOBS.wake(folder)
    assert 3 == finished(folder).exit_code


def test_a_stopped_supervisor_hears_that_its_job_shall_end(home: Path) -> None:
    """A job whose supervisor was stopped is ended all the same."""
    folder = start(home, "sleep", "999")
    process.send(supervisor(folder), signal.SIGSTOP)
    until(lambda: process.is_stopped(read_claim(folder).supervisor))
    JOBS.stop(folder)
    assert "terminated" == finished(folder).reason


def test_last_words_at_the_end_are_kept(home: Path) -> None:
    """What a job prints while it ends politely is in its log."""
    script = "trap 'echo last words; exit 3' TERM; echo ready; while :; do sleep 0.02; done"
    folder = start(home, "sh", "-c", script, grace_s=PATIENCE_S)
    until(lambda: b"ready" in output(folder))
    JOBS.stop(folder)
    done = finished(folder)
    assert (done.reason, done.exit_code) == ("terminated", 3)
    assert output(folder).endswith(b"last words\n")


def test_idle(home: Path) -> None:
    """A job that neither prints nor computes is ended as idle."""
    done = finished(start(home, "sleep", "999", idle_s=0.4))
    assert (done.reason, done.signal) == ("idle", signal.SIGTERM)


def test_a_line_that_tells_of_another_try_is_silence(home: Path) -> None:
    """A job that prints nothing but that it connects again is idle; one line of work among them is not."""
    begin = "from time import sleep, time; end = time() + 2.4\n"
    script = "while time() < end: print('Reconnecting... 1/5', flush=True); sleep(0.05)"
    tries = start(home, *PYTHON, begin + script, idle_s=1.0, no_work=("Reconnecting...",))
    among = script.replace("; sleep", "; print('step', flush=True); sleep")
    works = start(home, *PYTHON, begin + among, name="works", idle_s=1.0, no_work=("Reconnecting...",))
    assert "idle" == finished(tries).reason
    assert "exited" == finished(works).reason


@pytest.mark.parametrize(
    "script",
    ["while time() < end: print(1, flush=True); sleep(0.05)", "while time() < end: pass"],
)
def test_busy_is_not_idle(home: Path, script: str) -> None:
    """A job that prints, or that computes in silence, is not idle."""
    begin = "from time import sleep, time; end = time() + 2.4\n"
    assert finished(start(home, *PYTHON, begin + script, idle_s=1.0)).reason == "exited"


def test_killed_by_the_kernel(home: Path) -> None:
    """A job that is killed has a signal and no exit code."""
    done = finished(start(home, "sh", "-c", "kill -9 $$"))
    assert (done.reason, done.exit_code, done.signal) == ("exited", None, signal.SIGKILL)


def test_cpu_seconds_count_children(home: Path) -> None:
    """The CPU time of a job is its own and its children's."""
    burn = "import os, time\nif os.fork(): os.wait()\nelse:\n while time.process_time() < 0.3: pass"
    done = finished(start(home, *PYTHON, burn))
    assert done.cpu_seconds is not None
    assert 0.3 <= done.cpu_seconds < 5.0


@pytest.mark.parametrize(
    ("facts", "names"),
    [
        ({"command": ("no-such-program-here",)}, "no-such-program-here"),
        ({"cwd": "/no/such/folder"}, "/no/such/folder"),
        ({"stdin": "/no/such/file"}, "/no/such/file"),
        ({"command": ("/etc/passwd",)}, "/etc/passwd"),
        ({"command": ("a\0b",)}, "a\0b"),
        ({"command": ()}, ""),
    ],
)
def test_not_started(home: Path, facts: dict[str, Any], names: str) -> None:
    """A command, folder or input that is not there is told by its name, as an end like any other."""
    given = {"command": ("true",), **facts}
    done = finished(start(home, *given.pop("command"), **given))
    assert (done.reason, done.exit_code, done.signal) == ("not_started", None, None)
    assert names in done.detail
    assert done.errno not in (None, errno.EMFILE)


def test_a_machine_going_down(home: Path) -> None:
    """A job that is ended together with its supervisor was terminated, and did not crash."""
    folder = start(home, "sleep", "999")
    above, leader = supervisor(folder), child(folder)
    process.send(above, signal.SIGSTOP)
    process.send(leader, signal.SIGTERM)
    process.send(above, signal.SIGTERM)
    process.send(above, signal.SIGCONT)
    done = finished(folder)
    assert (done.reason, done.signal) == ("terminated", signal.SIGTERM)


@pytest.mark.parametrize("hears", ["", "trap 'exit 143' TERM; "])
def test_a_machine_going_down_slowly(home: Path, hears: str) -> None:
    """A job that is told first was terminated too, however it ends; one that is told alone was not."""
    script = f"{hears}echo ready; while :; do sleep 0.02; done"
    together, alone = (start(home, "sh", "-c", script, name=name) for name in ("together", "alone"))
    until(lambda: b"ready" in output(together) and b"ready" in output(alone))
    above = supervisor(together)
    for one in (together, alone):
        process.send(child(one), signal.SIGTERM)
    time.sleep(0.1)
    process.send(above, signal.SIGTERM)
    assert ("terminated", "exited") == (finished(together).reason, finished(alone).reason)


# --- children ------------------------------------------------------------------------------------


def test_left_behind(home: Path) -> None:
    """Children that a job leaves are ended and counted, in a session of their own too."""
    folder = start(home, "sh", "-c", "sleep 999 & sleep 999 & setsid sleep 999 & echo bye")
    done = finished(folder)
    assert (done.reason, done.exit_code, done.left_behind) == ("exited", 0, 3)
    assert output(folder) == b"bye\n"


def test_a_daemon_is_ended_with_its_job(home: Path) -> None:
    """A child that forks twice and leaves the session, deaf to the polite signal, is found and killed."""
    script = """
import os, signal, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with open("daemon", "w") as file:
            file.write(str(os.getpid()))
        time.sleep(999)
    os._exit(0)
while not os.path.exists("daemon") or not open("daemon").read():
    time.sleep(0.01)
"""
    done = finished(start(home, *PYTHON, script))
    assert done.left_behind == 1
    assert process.identify(int((home / "daemon").read_text())) is None


def test_children_that_end_with_their_parent_are_not_left_behind(home: Path) -> None:
    """Children that leave within a moment of their parent's end are not counted."""
    assert finished(start(home, "sh", "-c", "sleep 0.01 & exit 0")).left_behind == 0


def test_own_process_groups_end_too(home: Path) -> None:
    """A child in a process group of its own is ended with the job's session."""
    folder = start(
        home, *PYTHON, "import os, time\nif not os.fork(): os.setpgid(0, 0); time.sleep(999)\ntime.sleep(0.1)"
    )
    assert finished(folder).left_behind == 1


def test_forking_faster_than_the_kill(home: Path) -> None:
    """A job whose deaf children keep forking is ended whole."""
    script = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("forking", flush=True)
end = time.time() + 30
while time.time() < end:
    if os.fork():
        os._exit(0) if os.getpid() != os.getsid(0) else os.wait()
    time.sleep(0.005)
"""
    folder = start(home, *PYTHON, script, grace_s=0.1)
    leader = child(folder)
    until(lambda: output(folder))
    JOBS.stop(folder)
    finished(folder)
    assert process_table.session(leader.pid) == []


# --- output --------------------------------------------------------------------------------------


def test_output_is_seen_while_the_job_runs(home: Path) -> None:
    """What a job prints is in its log while it runs, from both streams, in order."""
    folder = start(home, "sh", "-c", "echo one; echo two >&2; printf three; sleep 999")
    until(lambda: output(folder) == b"one\ntwo\nthree")
    JOBS.stop(folder)
    assert finished(folder).reason == "terminated"


def test_endless_output_is_flat(home: Path) -> None:
    """Of output far beyond the limit, head and tail are kept, and all of it is counted."""
    script = """
import os
os.write(1, b"begin\\n")
for _ in range(3000):
    os.write(1, b"x" * 9999 + b"\\n")
os.write(1, b"end\\n")
"""
    folder = start(home, *PYTHON, script, log_limit_bytes=200_000)
    done = finished(folder)
    assert done.output_bytes == 6 + 30_000_000 + 4
    kept = output(folder)
    assert len(kept) < 200_000 * 1.3
    assert kept.startswith(b"begin\nxxx")
    assert kept.endswith(b"x\nend\n")
    assert kept.count(b" bytes left out]\n") == 1


def test_closed_output_ends_nothing(home: Path) -> None:
    """A job that closes its output goes on to its end."""
    folder = start(home, *PYTHON, "import os, time\nos.close(1); os.close(2); time.sleep(0.3); os._exit(5)")
    done = finished(folder)
    assert (done.exit_code, done.output_bytes) == (5, 0)
    assert done.seconds >= 0.3


def test_input_is_a_file_or_empty(home: Path) -> None:
    """A job reads its input file to the end, or nothing at all; it never waits for a terminal."""
    (home / "prompt.txt").write_bytes(b"p" * 300_000)
    assert finished(start(home, "wc", "-c", name="a", stdin=str(home / "prompt.txt"))).exit_code == 0
    assert finished(start(home, "wc", "-c", name="b")).exit_code == 0
    assert (output(home / "a").strip(), output(home / "b").strip()) == (b"300000", b"0")


def test_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job gets our environment, less what is unset, plus what is set, and nothing of the supervisor's."""
    monkeypatch.setenv("KEPT", "k")
    monkeypatch.setenv("DROPPED", "d")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    script = "import os; print([os.environ.get(k) for k in ('KEPT', 'DROPPED', 'ADDED', 'PYTHONPATH')])"
    folder = start(home, *PYTHON, script, env={"ADDED": "a 'b"}, unset=("DROPPED",))
    finished(folder)
    assert output(folder) == b"['k', None, \"a 'b\", None]\n"


def test_signals_are_as_a_shell_would_leave_them(home: Path) -> None:
    """A job starts with default signal handling and nothing blocked, whatever its starters ignore."""
    script = "import signal; print([s.name for s in signal.Signals if signal.getsignal(s) == signal.SIG_IGN])"
    folder = start(home, *PYTHON, script + "; print(signal.pthread_sigmask(signal.SIG_BLOCK, []))")
    finished(folder)
    assert output(folder) == b"['SIGPIPE', 'SIGXFSZ']\nset()\n"  # python's own


# --- crashes -------------------------------------------------------------------------------------


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


def test_what_an_orphan_prints_is_rescued(home: Path) -> None:
    """What a job prints after its supervisor's death comes into its log, also its very last words."""
    script = """
import os, time
print("before", flush=True)
while not os.path.exists("go"):
    time.sleep(0.01)
print("x" * 5000 + "\\nlast words")
"""
    folder = start(home, *PYTHON, script)
    until(lambda: output(folder) == b"before\n")
    assert process.send(supervisor(folder), signal.SIGKILL)
    until(lambda: JOBS.look(folder) == Running(supervisor=None))
    JOBS.rescue(folder)
    (home / "go").touch()
    ended = until(lambda: isinstance(now := JOBS.look(folder), Lost) and now)
    JOBS.rescue(folder)
    assert output(folder) == b"before\n" + b"x" * 5000 + b"\nlast words\n"
    assert ended.unseen is not None
    assert ended.unseen.exit_code is None
    JOBS.rescue(folder)  # once more changes nothing
    assert output(folder).endswith(b"last words\n")


def test_orphan_is_stopped(home: Path) -> None:
    """A job without a supervisor can be ended; it is lost then, and not run again."""
    folder = start(home, "sleep", "999")
    leader = child(folder)
    process.send(supervisor(folder), signal.SIGKILL)
    until(lambda: JOBS.look(folder) == Running(supervisor=None))
    JOBS.stop(folder)
    assert not process.alive(leader)
    assert JOBS.look(folder) == Lost(reason=why("supervisor_killed"))
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


@pytest.mark.parametrize("files", [8, 9, 10])
def test_no_file_is_left(home: Path, files: int) -> None:
    """Where no more files can be opened, the end says so by the system's number of it, and is written."""
    folder = home / "job"
    folder.mkdir()
    spec = JobSpec(name="job", command=("true",), cwd=str(home), deadline_s=PATIENCE_S)
    (folder / "spec.json").write_text(json.dumps(asdict(spec)))
    root = Path(process.__file__).absolute().parents[4]
    limited = ("sh", "-c", f'ulimit -n {files}; exec "$0" "$@"')
    subprocess.run(
        [*limited, sys.executable, "-m", "autoresearch.engine.jobs.supervisor", str(folder)],
        cwd=root,
        check=True,
        timeout=PATIENCE_S,
    )
    done = finished(folder)
    assert ("not_started", errno.EMFILE) == (done.reason, done.errno)
    assert done.detail.endswith(os.strerror(errno.EMFILE))


@pytest.mark.parametrize("content", [b"", b"{", b'{"command": ["true"]}', b"[]"])
def test_damaged_spec(home: Path, content: bytes) -> None:
    """A spec.json that says too little ends the job before it began, and says so."""
    folder = home / "job"
    folder.mkdir()
    (folder / "spec.json").write_bytes(content)
    root = Path(process.__file__).absolute().parents[4]
    subprocess.run(
        [sys.executable, "-m", "autoresearch.engine.jobs.supervisor", str(folder)],
        cwd=root,
        check=True,
        timeout=PATIENCE_S,
    )
    done = finished(folder)
    assert done.reason == "not_started"
    assert "spec.json" in done.detail


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
