"""What the command line refuses, and says, without any runner: in process, on a real repository."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from autoresearch.engine.control.launch import Launched
from autoresearch.engine.runs.runner_lock import hold_as_runner
from autoresearch.engine.system.processes.process import hold_lock
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import event_type
from autoresearch.events.log.read import read
from autoresearch.events.values import why
from autoresearch.workflows.cli import options
from autoresearch.workflows.cli.acts import start_resume
from autoresearch.workflows.cli.main import main
from tests import given as g
from tests.cli_helpers import bytes_of, git, make_repo, make_run


ROOT = Path(__file__).resolve().parents[3]
DONE = ev.RunStopped(how="done", reason=why("done_without_best", completed=0))
BASELINE_ONLY = (g.asked(0), g.runner_started(), *g.BASELINE, DONE)


@pytest.fixture
def repo(tmp_path, monkeypatch) -> Path:
    """A committed repository, which is the current folder; launching a runner is only remembered."""
    made = make_repo(tmp_path / "a repo")
    monkeypatch.chdir(made)
    monkeypatch.setenv("PATH", os.environ["PATH"])
    monkeypatch.delenv("AUTORESEARCH_AGENT", raising=False)
    launched = Launched(runner=None, already=False)
    monkeypatch.setattr(options, "ensure_runner", lambda paths: launched)
    return made


def call(words: str, capsys) -> tuple[int, str, str]:
    """Run one command line; return its code, what it printed, and what it complained of."""
    code = main(shlex.split(words))
    said = capsys.readouterr()
    return code, said.out, said.err


def types(paths, after: int = 0) -> list[str]:
    return [event_type(one.event) for one in read(paths.history, after)]


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


def test_a_setting_that_is_unknown_is_refused(repo, capsys):
    """A misspelt key of pyproject.toml is named with the nearest one, before anything is created."""
    (repo / "pyproject.toml").write_text("[tool.autoresearch]\neditible = []\n")
    code, _, err = call("start", capsys)
    assert 5 == code
    assert "did you mean editable?" in err
    assert not (repo / ".autoresearch").exists()


def test_a_repository_without_train_py_is_refused(repo, capsys):
    """A file in scope that the base commit lacks is named before anything is created."""
    git(repo, "rm", "-q", "train.py")
    git(repo, "commit", "-qm", "gone")
    code, _, err = call("start", capsys)
    assert 3 == code
    assert "train.py is not in commit" in err
    assert "editable, protected, prepare and check" in err
    assert not (repo / ".autoresearch").exists()


def test_no_repository_and_no_commit_are_refused(tmp_path, capsys, monkeypatch):
    """Outside of git, and before the first commit, the way out is named."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    assert 3 == call("start", capsys)[0]
    git(tmp_path, "init", "-q")
    code, _, err = call("start", capsys)
    assert 3 == code
    assert "git commit" in err


def test_start_records_what_was_asked_in_one_batch(repo, capsys):
    """A new run has its branch, and a history that says everything that was asked."""
    (repo / "p.json").write_text(
        '{"status": "ok", "description": "d", "change_plan": "p",'
        ' "commit_description": "c", "set": {"LR": 1}}'
    )
    (repo / "train.py").write_text("LR = 0.2\n")
    (repo / "program.md").write_text("another idea\n")
    code, out, _ = call("start --loops 5 --branch autoresearch/x --proposal-file p.json", capsys)
    assert 0 == code
    assert "autoresearch-x-r001 on autoresearch/x" in out
    assert "runner started in the background" in out
    assert "uncommitted changes to train.py are not part of the run" in out
    assert "agents do not see your edits to program.md: commit it" in out
    history = repo / ".autoresearch/runs/autoresearch-x-r001/history.jsonl"
    records = list(read(history))
    assert ["RunStarted", "ProposalReceived", "LoopsRequested"] == [event_type(one.event) for one in records]
    assert {(0, 3), (1, 3), (2, 3)} == {one.tx for one in records}
    assert git(repo, "rev-parse", "main") == git(repo, "rev-parse", "autoresearch/x")
    assert "main" == git(repo, "branch", "--show-current")
    assert 5 == records[2].event.request.loops


def test_the_default_branch_is_todays_and_counts_on(repo, capsys):
    """Each start gets a branch of its own; on a branch of ours, that one is used."""
    first, second = (call("start", capsys)[1].splitlines()[0] for _ in range(2))
    branch = first.split(" on ")[1]
    assert f"{branch}-2" == second.split(" on ")[1]
    git(repo, "checkout", "-q", branch)
    third = call("start", capsys)[1].splitlines()[0]
    assert branch == third.split(" on ")[1]
    assert third.startswith(first.split("-r001")[0] + "-r002")


def test_a_named_run_id_is_taken_once(repo, capsys):
    """`start --run-id` claims that id, and refuses one that exists."""
    assert 0 == call("start --run-id night-r007", capsys)[0]
    assert ["night-r007"] == [path.name for path in (repo / ".autoresearch/runs").iterdir() if path.is_dir()]
    code, _, err = call("start --run-id night-r007", capsys)
    assert 3 == code
    assert "exists already" in err


def test_a_start_that_fails_half_way_leaves_no_run(repo, capsys, monkeypatch):
    """When the history cannot be written, the claimed folder goes again."""

    def full(*_args, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("autoresearch.events.log.append.EventLog.append", full)
    code, _, err = call("start", capsys)
    assert 3 == code
    assert "No space left on device" in err
    assert [] == [path for path in (repo / ".autoresearch/runs").iterdir() if path.is_dir()]


def test_resume_asks_the_latest_run_and_says_which(repo, capsys):
    """Without --run-id the latest run of the current branch is taken, else the latest."""
    old = make_run(repo, *BASELINE_ONLY)
    new = make_run(repo, *BASELINE_ONLY, branch="autoresearch/mar9")
    assert f"{new.run_id} on autoresearch/mar8 (the latest run)" not in call("resume --loops 2", capsys)[1]
    assert ["LoopsRequested"] == types(new, len(BASELINE_ONLY) + 1)
    git(repo, "checkout", "-qb", "autoresearch/mar8")
    out = call("resume --loops 2", capsys)[1]
    assert f"{old.run_id} on autoresearch/mar8 (the latest run of autoresearch/mar8)" in out
    assert ["LoopsRequested"] == types(old, len(BASELINE_ONLY) + 1)


def test_resume_with_nothing_left_says_so(repo, capsys):
    """A run that is done needs no event: resume says what would make it go on."""
    paths = make_run(repo, *BASELINE_ONLY)
    code, out, _ = call("resume", capsys)
    assert 0 == code
    assert "nothing is left to do; --loops N asks for more" in out
    assert "runner started" not in out
    assert [] == types(paths, len(BASELINE_ONLY) + 1)


def test_resume_goes_on_after_a_stop(repo, capsys):
    """What a stop left over is resumed without a new request."""
    paths = make_run(repo, g.asked(3), *g.BASELINE, ev.RunStopped(how="stopped", reason=why("as_requested")))
    assert "runner started" in call("resume", capsys)[1]
    assert "RunResumed" == types(paths)[-1]


def test_resume_says_what_goes_first(repo, capsys):
    """Loops that were asked for before are not forgotten, and a new request says that it waits for them."""
    make_run(repo, g.asked(3), *g.BASELINE, ev.RunStopped(how="stopped", reason=why("as_requested")))
    assert "asked for before goes first: 3 loops" in call("resume --loops 2", capsys)[1]
    make_run(repo, *BASELINE_ONLY, branch="autoresearch/mar9")
    assert "goes first" not in call("resume --loops 2", capsys)[1]


def test_resume_lifts_a_pause(repo, capsys):
    """Asking for more of a paused run is a human's word to go on."""
    paths = make_run(
        repo, g.asked(3), *g.BASELINE, ev.RunPaused(reason=why("agent_failed_in_a_row", times=3))
    )
    call("resume --loops 1", capsys)
    assert ["RunUnpaused", "LoopsRequested"] == types(paths)[-2:]


def test_resume_refuses_what_the_open_iteration_does_not_wait_for(repo, capsys):
    """A restricted request that could do nothing is refused with the one that could, and not recorded."""
    left = ev.IterationLeftOpen(iteration=1, next_stage="apply")
    paths = make_run(
        repo, *BASELINE_ONLY, g.asked(1, loop_stages=("propose",)), g.opened(1), g.chosen(1), left, DONE
    )
    before = paths.history.read_bytes()
    code, _, err = call("resume --loop-only train", capsys)
    assert 3 == code
    assert "iteration 1 waits for apply" in err
    assert "--loop-only apply,commit,train" in err
    assert before == paths.history.read_bytes()
    assert "iteration 1 waits for apply" in call("resume", capsys)[1]
    assert 0 == call("resume --loop-only apply,commit", capsys)[0]


def test_resume_records_changed_settings_but_not_another_metric(repo, capsys):
    """Settings may change between requests; the number that counts may not."""
    paths = make_run(repo, *BASELINE_ONLY)
    (repo / "pyproject.toml").write_text(
        '[tool.autoresearch]\nagent = "none"\nkeep_rule = "lower"\nfinal = 0\ntimeout_s = 9\n'
    )
    call("resume --loops 1", capsys)
    (changed,) = [one.event for one in read(paths.history) if isinstance(one.event, ev.ConfigChanged)]
    assert ("timeout_s",) == changed.changed
    (repo / "pyproject.toml").write_text('[tool.autoresearch.metric]\nname = "loss"\n')
    code, _, err = call("resume --loops 1", capsys)
    assert 3 == code
    assert "metric" in err


def test_resume_options_without_loops_are_refused(repo, capsys):
    """An option that speaks of new loops is not silently forgotten."""
    make_run(repo, g.asked(3), *g.BASELINE)
    assert 2 == call("resume --no-stochastic", capsys)[0]


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


@pytest.fixture
def claude(tmp_path, monkeypatch) -> None:
    """An agent program that is installed, and never called."""
    program = tmp_path / "installed" / "claude"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


@pytest.mark.usefixtures("claude")
def test_a_human_proposes_in_three_ways(repo, capsys, monkeypatch):
    """A file, standard input and options each become one ProposalReceived."""
    paths = make_run(repo, g.asked(0, agent="claude"), *BASELINE_ONLY[1:])
    text = '{"status": "ok", "description": "d", "change_plan": "p", "commit_description": "c"}'
    (repo / "p.json").write_text(text)
    assert 0 == call("propose p.json", capsys)[0]
    done = subprocess.run(
        [sys.executable, ROOT / "workflows/run_experiment.py", "propose", "-"],
        cwd=repo, input=text.replace('"d"', '"e"'), text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert 0 == done.returncode, done.stderr
    assert "no loops are left" in call("propose --set LR=0.5 --set MODE=fast", capsys)[1]
    events = [one.event for one in read(paths.history) if isinstance(one.event, ev.ProposalReceived)]
    assert ["p.json", "", ""] == [one.name for one in events]
    assert {"cli"} == {one.source for one in events}
    assert {"LR": 0.5, "MODE": "fast"} == events[2].proposal.set
    assert "set LR=0.5, MODE=fast" == events[2].proposal.description


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--set L_R=0.5", "no constant L_R in train.py; did you mean LR? There are LR"),
        ("--set NOPE=1", "no constant NOPE in train.py; there are LR"),
        ("--set LR=abc", "LR is 0.1, a number; 'abc' is a string"),
        ("--set LR=0.1", "it changes nothing"),
        ("--description words", "the plan is prose and no agent is there"),
    ],
)
def test_what_cannot_be_applied_is_refused_as_it_comes_in(repo, capsys, words, says):
    """A name, a kind or prose that would cost a loop is refused by propose, resume and start alike."""
    paths = make_run(repo, g.asked(3))
    before = types(paths)
    code, _, complaint = call(f"propose {words}", capsys)
    assert 5 == code
    assert says in complaint
    assert "propose --set NAME=VALUE" in complaint
    assert before == types(paths)
    value = shlex.split(words)[1].partition("=")
    form = {"set": {value[0]: {"0.5": 0.5, "1": 1, "0.1": 0.1}.get(value[2], value[2])}} if value[1] else {}
    text = {"status": "ok", "description": "d", "change_plan": "p", "commit_description": "c", **form}
    (repo / "p.json").write_text(json.dumps(text))
    assert (5, before) == (call("resume --loops 1 --proposal-file p.json", capsys)[0], types(paths))
    there = bytes_of(repo)
    assert 5 == call("start --proposal-file p.json", capsys)[0]
    assert there == bytes_of(repo)


def test_prose_for_an_agent_that_is_missing_is_refused(repo, capsys):
    """Words for an agent that is not installed cost no loop: they are refused with the way out."""
    paths = make_run(repo, *BASELINE_ONLY)
    text = '{"status": "ok", "description": "d", "change_plan": "p", "commit_description": "c"}'
    (repo / "p.json").write_text(text)
    for words in ("resume --loops 1 --agent codex", "start --another --loops 1 --agent codex"):
        code, _, said = call(f"{words} --proposal-file p.json", capsys)
        assert 5 == code
        assert "codex is not installed" in said
        assert "propose --set NAME=VALUE" in said
    assert "ProposalReceived" not in types(paths)


@pytest.mark.usefixtures("claude")
def test_prose_is_taken_where_the_new_request_asks_an_agent(repo, capsys):
    """Words that come with `--agent` are for that agent, whoever was asked before."""
    paths = make_run(repo, *BASELINE_ONLY)
    text = '{"status": "ok", "description": "d", "change_plan": "p", "commit_description": "c"}'
    (repo / "p.json").write_text(text)
    assert 0 == call("resume --loops 1 --agent claude --proposal-file p.json", capsys)[0]
    assert "ProposalReceived" in types(paths)


def test_a_proposal_that_asks_is_no_humans(repo, capsys):
    """`need_input` is a question for a human, who may not hand it back."""
    paths = make_run(repo, *BASELINE_ONLY)
    text = '{"status": "need_input", "description": "d", "change_plan": "p", "commit_description": "c"}'
    (repo / "p.json").write_text(text)
    assert 5 == call("propose p.json", capsys)[0]
    assert "RunStopped" == types(paths)[-1]


def test_a_note_is_written_down_and_an_empty_one_is_not(repo, capsys):
    """Notes are events; nothing is no note."""
    paths = make_run(repo, *BASELINE_ONLY)
    assert 0 == call("note 'depth 8 is too slow'", capsys)[0]
    assert 5 == call("note ' '", capsys)[0]
    assert "NoteAdded" == types(paths)[-1]


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


def test_a_foreground_resume_asks_the_run_that_it_holds(repo, capsys, monkeypatch):
    """A run that begins while `resume` takes the latest one's lock is not asked in its place."""
    meant = make_run(repo, *BASELINE_ONLY)
    newer = []

    def held(paths, *, begin):
        newer.append(make_run(repo, *BASELINE_ONLY))
        assert begin()
        return 0

    monkeypatch.setattr(start_resume, "_work_here", held)
    code, out, err = call("resume --loops 2 --no-stochastic --no-background-train", capsys)
    assert (0, "") == (code, err)
    before = 1 + len(BASELINE_ONLY)
    assert ["LoopsRequested"] == types(meant, before)
    assert [] == types(newer[0], before)
    assert meant.run_id in out
    assert "latest" in out
