"""What a job starts is counted, and ended with it."""

from pathlib import Path

from autoresearch.engine.system.processes import process, process_table
from tests.fault.jobs.supervised import JOBS, PYTHON, child, finished, output, start
from tests.waiting import until


def test_cpu_seconds_count_children(home: Path) -> None:
    """The CPU time of a job is its own and its children's."""
    burn = "import os, time\nif os.fork(): os.wait()\nelse:\n while time.process_time() < 0.3: pass"
    done = finished(start(home, *PYTHON, burn))
    assert done.cpu_seconds is not None
    assert 0.3 <= done.cpu_seconds < 5.0


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
