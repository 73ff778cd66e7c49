"""A job that may write beneath some paths alone, by the kernel; what it is held back from, and what not."""

import os
import sys
from pathlib import Path

import pytest

from autoresearch.engine.jobs.launcher import RealJobs
from autoresearch.engine.ports.jobs import Finished, JobExit, JobSpec
from autoresearch.engine.system import landlock
from tests.waiting import PATIENCE_S, until


pytestmark = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a folder with a file of somebody else's in it, and one that is the job's own, both not empty."""
    for name in ("theirs", "own"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("as it was\n" if name == "theirs" else "own\n")
    return tmp_path


def ran(home: Path, script: str, *, writable: tuple[str, ...] | None) -> JobExit:
    """Run a shell script in the job's own folder, and return how it ended."""
    jobs, job = RealJobs(), home / "job"
    spec = JobSpec(
        name="confined",
        command=("sh", "-c", script),
        cwd=str(home / "own"),
        deadline_s=PATIENCE_S,
        writable=writable,
    )
    jobs.start(job, spec)
    until(lambda: isinstance(jobs.look(job), Finished))
    state = jobs.look(job)
    assert isinstance(state, Finished)
    return state.exit


def contents(folder: Path) -> dict[str, str]:
    """Return all that a folder holds, by path; what is no file holds nothing."""
    found = sorted(folder.rglob("*"))
    return {str(path.relative_to(folder)): path.read_text() if path.is_file() else "" for path in found}


HARM = [
    "echo mine > ../theirs/file",
    "echo mine >> ../theirs/file",
    "echo mine > ../theirs/new",
    "rm ../theirs/file",
    "rm -r ../theirs",
    "mv ../theirs ../away",
    "mv ../theirs/file .",
    "mv file ../theirs/file",
    "mkdir ../theirs/folder",
    "ln -s /etc/passwd ../theirs/link",
    "mkfifo ../theirs/pipe",
    "ln ../theirs/file hard && echo mine > hard",
    "ln -s ../theirs soft && echo mine > soft/file",
    "setsid sh -c 'echo mine > ../theirs/file'",
]


@pytest.mark.parametrize("script", HARM)
def test_it_is_held_back_from_what_is_not_its_own(home: Path, script: str):
    """What is done outside the paths fails, however it is tried, and leaves all as it was."""
    before = contents(home / "theirs")
    assert 0 != ran(home, script, writable=(str(home / "own"),)).exit_code
    assert before == contents(home / "theirs")


@pytest.mark.parametrize("script", HARM)
def test_the_same_goes_through_where_nothing_confines_it(home: Path, script: str):
    """Each of these does harm by itself: what holds it back is the confinement."""
    before = contents(home / "theirs")
    assert 0 == ran(home, script, writable=None).exit_code
    gone = not (home / "theirs").exists()
    assert gone or before != contents(home / "theirs")


@pytest.mark.skipif(landlock.version() < 3, reason="cutting short is held back since version 3")
def test_cutting_short_is_held_back(home: Path):
    """A file outside cannot be cut, by its path either."""
    script = f"{sys.executable} -c 'import os; os.truncate(\"../theirs/file\", 0)'"
    assert 0 != ran(home, script, writable=(str(home / "own"),)).exit_code
    assert {"file": "as it was\n"} == contents(home / "theirs")


def test_beneath_its_paths_it_does_as_it_likes(home: Path):
    """It reads and runs everything, and writes, renames between folders and removes beneath its paths."""
    script = """
        set -e
        cat ../theirs/file > copy; echo more >> copy
        mkdir -p deep/er; mv copy deep/er/; ln deep/er/copy hard; rm file; rmdir ../second/folder
        echo own > ../one; echo seen > /dev/null
    """
    (home / "second" / "folder").mkdir(parents=True)
    (home / "one").write_text("")
    paths = tuple(str(home / name) for name in ("own", "second", "one", "not there"))
    done = ran(home, script, writable=(*paths, "/dev/null"))
    assert (0, "exited") == (done.exit_code, done.reason)
    expected = {"deep": "", "deep/er": "", "deep/er/copy": "as it was\nmore\n", "hard": "as it was\nmore\n"}
    assert expected == contents(home / "own")
    assert ("own\n", {}) == ((home / "one").read_text(), contents(home / "second"))


def test_it_names_its_threads_where_it_may(home: Path):
    """A process writes over its own name in /proc, as CUDA does, where /proc is among its paths alone."""
    for name in ("with", "without"):
        (home / name / "own").mkdir(parents=True)
    codes = [
        ran(home / name, "echo named > /proc/$$/comm", writable=paths).exit_code == 0
        for name, paths in (("with", ("/proc",)), ("without", ()))
    ]
    assert [True, False] == codes


@pytest.mark.skipif(landlock.version() < 6, reason="signals are held back since version 6")
def test_it_ends_nobody_outside(home: Path):
    """A signal to a process that it did not start is refused, and one to its own child arrives."""
    script = f"sleep 60 & kill $! && ! kill -CONT {os.getpid()} && ! kill -CONT $PPID"
    assert 0 == ran(home, script, writable=()).exit_code


def test_a_program_that_is_not_there_is_told_as_ever(home: Path):
    """A confined job that cannot be started says why in the system's words."""
    jobs, job = RealJobs(), home / "job"
    spec = JobSpec(
        name="none", command=("no-such-program",), cwd=str(home), deadline_s=PATIENCE_S, writable=()
    )
    jobs.start(job, spec)
    until(lambda: isinstance(jobs.look(job), Finished))
    state = jobs.look(job)
    assert isinstance(state, Finished)
    assert "not_started" == state.exit.reason
    assert "no-such-program: No such file or directory" == state.exit.detail


def test_who_starts_it_stays_free(home: Path):
    """Only what is started is confined: the process that starts it writes where it did before."""
    theirs = home / "theirs" / "file"
    command = ["/bin/sh", "-c", f"echo mine > '{theirs}'"]
    pid = landlock.confined([str(home / "own")], lambda: os.posix_spawn(command[0], command, os.environ))
    assert 0 != os.waitpid(pid, 0)[1]
    assert "as it was\n" == theirs.read_text()
    theirs.write_text("still free")
