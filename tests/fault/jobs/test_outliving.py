"""A runner that outlives the shell it was started from, and shells from which none can."""

import os
import shutil
import signal
import subprocess
import sys

import pytest

from autoresearch.engine.system.processes.process_table import parent
from tests.e2e.conftest import DOOR, Program, at_rest, program  # noqa: F401 - a fixture
from tests.waiting import until


UNSHARED = ("unshare", "--user", "--map-root-user", "--mount")


def can(*words: str) -> bool:
    """Say whether this machine lets us make such a namespace."""
    return (
        shutil.which("unshare") is not None and not subprocess.run([*words, "true"], check=False).returncode
    )


def ask(program: Program, *words: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:  # noqa: F811
    """Give a command, perhaps inside of something else."""
    return subprocess.run(
        [*before, *program.door, *words],
        cwd=program.repo,
        env=program.env | {"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_runner_is_nobodys_child(program: Program):  # noqa: F811
    """`start --follow` is not the runner's parent: killed with its whole group, it leaves the run at work."""
    train = program.repo / "train.py"
    train.write_text(train.read_text().replace("SECONDS = 0.2", "SECONDS = 2"))
    program.git("commit", "-qam", "slower")
    words = (sys.executable, str(DOOR), "start", "--no-stochastic", "--follow")
    with subprocess.Popen(
        words, cwd=program.repo, env=program.env, stdout=subprocess.DEVNULL, start_new_session=True
    ) as shell:
        begun = until(lambda: [one for one in _events(program) if one["type"] == "RunnerStarted"])
        runner = begun[0]["data"]["process"]["pid"]
        assert shell.pid != parent(runner)
        os.killpg(shell.pid, signal.SIGKILL)
    assert "done" == program.wait(at_rest)["phase"]
    assert 1 == len([one for one in _events(program) if one["type"] == "RunnerStarted"])


@pytest.mark.skipif(
    not can(*UNSHARED, "--pid", "--fork", "--mount-proc"), reason="no namespaces can be made here"
)
def test_a_namespace_that_ends_is_told(program: Program):  # noqa: F811
    """Where all ends with the shell, `start` says so with the way out, for people and for programs."""
    inside = (*UNSHARED, "--pid", "--fork", "--mount-proc", "sh", "-c", '"$@"; exit $?', "sh")
    begun = ask(program, "start", "--no-stochastic", before=inside)
    assert "it ends with this sandbox or container, whose process 1 is sh" in begun.stdout, begun
    assert " mcp`" in begun.stdout
    told = ask(program, "resume", "--json", before=inside)
    assert '"runner_ends_with": "sh"' in told.stdout, told
    assert '"runner_ends_with": null' in program("resume", "--json", "--loops", "1").stdout
    program.wait(at_rest)


@pytest.mark.skipif(not can(*UNSHARED), reason="no namespaces can be made here")
def test_a_store_that_cannot_be_written_is_told(program: Program):  # noqa: F811
    """A read-only .git refuses a start before anything is made, with the way out."""
    closed = "mount --bind .git .git && mount -o remount,bind,ro .git .git && " + '"$@"'
    refused = ask(program, "start", before=(*UNSHARED, "sh", "-c", closed, "sh"))
    assert 3 == refused.returncode, refused
    assert ".git cannot be written: Read-only file system" in refused.stderr
    assert "outside of it" in refused.stderr
    assert not (program.repo / ".autoresearch" / "runs").exists()


def _events(program: Program) -> list[dict]:  # noqa: F811
    """Return what has happened; nothing before there is a run."""
    done = program("history", "--jsonl", code=None)
    return [] if done.returncode else program.events()
