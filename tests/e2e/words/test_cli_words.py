"""What the command line refuses, and says, without any runner: in process, on a real repository."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from autoresearch.engine.runs.runner_lock import hold_as_runner
from autoresearch.engine.system.processes.process import hold_lock
from autoresearch.events import catalog as ev
from tests import given as g
from tests.cli_helpers import bytes_of, make_run
from tests.e2e.words.called import BASELINE_ONLY, ROOT, call, types


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("strat", 2, "did you mean start?"),
        ("start --lops 3", 2, "--loops"),
        ("start --loops x", 2, "--loops"),
        ("start --loops -1", 2, "expected 0 to"),
        ("start --only bseline", 2, "did you mean baseline?"),
        ("start --loop-only trian", 2, "did you mean train?"),
        ("start --from-stage x", 2, "the stages are"),
        ("start --only loop", 3, "no baseline yet"),
        ("start --branch a..b", 2, "no name for a branch"),
        ("start --branch main/x", 3, "cannot be made"),
        ("start --agent nobody", 2, "no agent is called"),
        ("start --proposal-file missing.json", 3, "missing.json does not exist"),
        ("start --proposal-file train.py", 5, "no JSON"),
        ("start --proposal-file .", 5, "not a regular file"),
        ("start --run-id ../x", 5, "no run id"),
        ("resume", 3, "no run"),
        ("status", 3, "no run"),
        ("stop", 3, "no run"),
        ("status --repo /nowhere", 3, "/nowhere is no folder"),
        ("experiments --json --csv", 2, "cannot go together"),
        ("history --type RunStartd", 2, "did you mean RunStarted?"),
        ("logs --step x", 2, "the steps are"),
        ("propose", 2, "nothing to propose"),
        ("propose p.json --set A=1", 2, "either as a file or by options"),
        ("propose --set A", 2, "NAME=VALUE"),
        ("show", 2, "Missing argument"),
        ("replay --at 0", 2, "--at"),
        ("runs extra", 2, "extra"),
    ],
)
def test_a_wrong_word_is_two_lines_and_creates_nothing(repo, capsys, words, code, says):
    """What a user can get wrong ends with its code, one line of what, one of the way out, and no trace."""
    before = bytes_of(repo)
    got, out, err = call(words, capsys)
    assert (code, "") == (got, out)
    assert says in err
    assert 2 == len(err.splitlines()), err
    assert err.startswith("autoresearch: ")
    assert before == bytes_of(repo)


@pytest.mark.parametrize("words", ["stop", "stop --now", "pause"])
def test_a_run_at_rest_cannot_be_stopped_or_paused(repo, capsys, words):
    """What makes no sense at rest is refused, with the way on."""
    paths = make_run(repo, *BASELINE_ONLY)
    code, _, err = call(words, capsys)
    assert 3 == code
    assert "idle already" in err
    assert types(paths)[-1] == "RunStopped"


def test_stop_without_a_runner_says_so_and_now_ends_the_job(repo, capsys):
    """With nobody to hear it, `stop` is refused, but `stop --now` launches who ends the job."""
    paths = make_run(repo, g.asked(3), g.runner_started(), *g.BASELINE, *g.candidate(1), g.training(1))
    code, _, err = call("stop", capsys)
    assert 3 == code
    assert "no runner of autoresearch-mar8-r001 is alive; train of iteration 1 goes on" in err
    assert 0 == call("stop --now", capsys)[0]
    assert "StopRequested" == types(paths)[-1]


def test_who_holds_the_run_and_is_no_runner_hears_nothing(repo, capsys):
    """While `rebuild` or `clean` holds a run, nobody stops it, goes on or takes a proposal."""
    paths = make_run(repo, g.asked(3), g.runner_started(), *g.BASELINE, *g.candidate(1), g.training(1))
    said = {}
    for who, held in (("runner", hold_as_runner(paths)), ("other", hold_lock(paths.lock))):
        with held:
            call("pause", capsys)
            said[who] = [
                call("unpause", capsys)[1],
                call("propose --set LR=0.5", capsys)[1],
                call("stop", capsys)[0],
            ]
    assert ["no runner" in one for one in said["other"][:2]] == [True, True]
    assert ["no runner" in one for one in said["runner"][:2]] == [False, False]
    assert [0, 3] == [said["runner"][2], said["other"][2]]


def test_pause_and_unpause_are_each_said_once(repo, capsys):
    """A second pause, and an unpause of nothing, are refused."""
    paths = make_run(repo, g.asked(3), *g.BASELINE)
    assert [3, 0, 3, 0] == [
        call(words, capsys)[0] for words in ("unpause", "pause --reason lunch", "pause", "unpause")
    ]
    assert ["RunPaused", "RunUnpaused"] == types(paths)[-2:]


@pytest.mark.parametrize(
    "words",
    ["start", "resume --loops 1", "stop", "pause", "unpause", "propose --set A=1", "adopt", "clean x-r001"],
)
def test_an_agent_inside_a_run_may_not_steer_it(repo, capsys, monkeypatch, words):
    """Whoever edits a candidate cannot start, stop or direct a run."""
    paths = make_run(repo, g.asked(3), *g.BASELINE)
    before = paths.history.read_bytes()
    monkeypatch.setenv("AUTORESEARCH_AGENT", "1")
    code, _, err = call(words, capsys)
    assert 3 == code
    assert "may not steer" in err
    assert before == paths.history.read_bytes()


def test_an_agent_without_its_variable_is_known_by_where_it_stands(repo, capsys, monkeypatch):
    """In the checkout that agents edit, and below it, nothing steers a run; elsewhere it may."""
    paths = make_run(repo, g.asked(3), *g.BASELINE)
    monkeypatch.delenv("AUTORESEARCH_AGENT", raising=False)
    below = paths.edit_checkout / "deep"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    code, _, err = call(f"propose --set A=1 --repo {repo}", capsys)
    assert (3, True) == (code, "may not steer" in err)
    (repo / "workbench").mkdir()
    monkeypatch.chdir(repo / "workbench")
    assert 3 == call("unpause", capsys)[0]
    assert "may not steer" not in call("unpause", capsys)[2]


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="ancestors are known on Linux")
def test_an_agent_without_its_variable_is_known_by_its_ancestors(repo):
    """A command whose environment was cleaned still descends from what was started as an agent."""
    make_run(repo, g.asked(3), *g.BASELINE)
    program = [sys.executable, str(ROOT / "workflows/run_experiment.py"), "pause"]
    cleaned = (
        "import os, subprocess, sys; os.environ.pop('AUTORESEARCH_AGENT');"
        f"sys.exit(subprocess.run({program!r}).returncode)"
    )
    env = {**os.environ, "AUTORESEARCH_AGENT": "1"}
    whole = [sys.executable, "-c", cleaned]
    done = subprocess.run(whole, cwd=repo, env=env, text=True, capture_output=True, check=False)
    assert (3, True) == (done.returncode, "may not steer" in done.stderr)


def test_a_bug_is_shown_whole_and_has_code_1(repo, capsys, monkeypatch):
    """What is not the user's doing keeps its traceback."""
    monkeypatch.setattr("autoresearch.engine.runs.locate.find_top", lambda cwd: 1 / 0)
    code, _, err = call("status", capsys)
    assert 1 == code
    assert "ZeroDivisionError" in err


def test_help_version_and_completion(repo):
    """The door helps, tells its version, and completes commands and run ids for a shell."""
    make_run(repo, *BASELINE_ONLY)
    door = [sys.executable, str(ROOT / "workflows/run_experiment.py")]

    def run(*words: str, **env: str) -> str:
        done = subprocess.run(
            [*door, *words], cwd=repo, env={**os.environ, **env}, text=True, capture_output=True, check=True
        )
        return done.stdout

    assert "experiments" in run("--help")
    assert run("--version").startswith("autoresearch ")
    complete = {"_AUTORESEARCH_COMPLETE": "complete_bash"}
    assert ["start", "stop", "status"] == run(
        **complete, COMP_WORDS="autoresearch st", COMP_CWORD="1"
    ).split()
    words = "autoresearch status --run-id aut"
    assert ["autoresearch-mar8-r001"] == run(**complete, COMP_WORDS=words, COMP_CWORD="3").split()
    words = "autoresearch start --only setup,ba"
    assert ["setup,baseline"] == run(**complete, COMP_WORDS=words, COMP_CWORD="3").split()


def test_a_reader_that_has_seen_enough_is_no_error(repo):
    """`history | head` ends quietly."""
    make_run(repo, *BASELINE_ONLY, *(ev.NoteAdded(text="x" * 500) for _ in range(2000)))
    door = shlex.quote(str(ROOT / "workflows/run_experiment.py"))
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} {door} history | head -1"],
        cwd=repo, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert (0, "") == (done.returncode, done.stderr)
