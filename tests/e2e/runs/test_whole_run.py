import json
import os
import shutil
import signal
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from autoresearch.engine.runs.places import runs_of
from tests.e2e.conftest import Program, at_rest, hold_trainings


COLUMNS = ["commit", "val_bpb", "memory_gb", "status", "description"]


def test_one_command_goes_on_to_the_last_verdict(program: Program):
    """`start --loops 3` returns at once and the run ends with a baseline and three verdicts."""
    turn = hold_trainings(program)  # start does not wait for any
    said = program("start", "--loops", "3", "--no-stochastic").stdout
    status = program.status()
    assert status["run_id"] in said
    assert not at_rest(status)
    turn.is_for_all()
    status = program.wait(at_rest)
    assert ("done", 3, 0) == (status["phase"], status["iterations_completed"], status["loops_left"])
    table = pd.read_csv(program.run_folder() / "results.tsv", sep="\t")
    assert COLUMNS == list(table.columns)
    assert 4 == len(table)
    assert {"keep", "discard"} >= set(table["status"])
    assert table[table.status == "keep"].val_bpb.min() == pytest.approx(status["best_val_bpb"], abs=1e-6)
    assert not (program.repo / "results.tsv").exists(), "a file that the user did not make"


def test_the_foreground_does_the_same(program: Program):
    """With --no-background-train the command itself works to the end."""
    said = program("start", "--loops", "2", "--no-stochastic", "--no-background-train").stdout
    assert "iteration 2" in said
    assert at_rest(program.status())
    assert 2 == program.status()["iterations_completed"]


def test_the_users_tree_is_never_touched(program: Program):
    """Edits, staged files, HEAD and the checked-out branch are as they were."""
    (program.repo / "train.py").write_text((program.repo / "train.py").read_text() + "\n# mine\n")
    (program.repo / "staged.txt").write_text("staged")
    program.git("add", "staged.txt")
    before = [
        program.git(*words.split()) for words in ("status --porcelain", "rev-parse HEAD main", "stash list")
    ]
    index = (program.repo / ".git" / "index").read_bytes()
    program("start", "--loops", "2", "--no-stochastic", "--no-background-train")
    after = [
        program.git(*words.split()) for words in ("status --porcelain", "rev-parse HEAD main", "stash list")
    ]
    assert before == after
    assert index == (program.repo / ".git" / "index").read_bytes() or before[0] == after[0]


def test_kept_commits_are_on_the_branch_and_all_have_a_ref(program: Program):
    """The branch stands on the best commit; each candidate is reachable and names its run."""
    program("start", "--loops", "3", "--no-stochastic", "--no-background-train")
    status = program.status()
    assert status["kept_commit"] == program.git("rev-parse", status["branch"])
    for number in (1, 2, 3):
        message = program.git(
            "log", "-1", "--format=%an%n%B", f"refs/autoresearch/{status['run_id']}/{number}"
        )
        assert message.startswith("autoresearch\n")
        assert f"Autoresearch-Run: {status['run_id']}" in message
        assert f"Autoresearch-Iteration: {number}" in message


def test_caches_may_be_deleted(program: Program):
    """Deleting every cache of a finished run changes no answer, and the files come back identical."""
    program("start", "--loops", "2", "--no-stochastic", "--no-background-train")
    folder = program.run_folder()
    names = ("state.json", "results.tsv", "runner.log")
    before = {name: (folder / name).read_bytes() for name in names}
    status = program.status()
    for name in names:
        (folder / name).unlink()
    without = program.status()
    assert {**status, "as_of": ""} == {**without, "as_of": ""}
    assert not (folder / "state.json").exists(), "status wrote"
    program("resume")
    program.wait(at_rest)
    after = {name: (folder / name).read_bytes() for name in names}
    assert before["results.tsv"] == after["results.tsv"]
    assert after["runner.log"].startswith(before["runner.log"])
    events = len(program.events())
    assert 1 + events == len(after["runner.log"].splitlines())


def test_caches_may_be_deleted_while_it_runs(program: Program):
    """Deleting every cache of a running run changes nothing: they come back, and the run goes on."""
    turn = hold_trainings(program)
    program("start", "--loops", "3", "--no-stochastic")
    turn.is_for(0)
    program.wait(lambda status: status["baseline_done"])
    folder = program.run_folder()
    for name in ("state.json", "results.tsv", "runner.log"):
        (folder / name).unlink(missing_ok=True)
    turn.is_for_all()
    status = program.wait(at_rest)
    assert 3 == status["iterations_completed"]
    assert 4 == len(pd.read_csv(folder / "results.tsv", sep="\t"))
    program.wait(
        lambda status: status["seq"] == json.loads((folder / "state.json").read_text())["position"]["seq"]
    )
    assert 1 + status["seq"] == len((folder / "runner.log").read_text().splitlines())


def test_resume_asks_for_more_also_while_it_runs(program: Program):
    """`resume --loops N` adds loops to a living run and to a finished one."""
    program("start", "--loops", "1", "--no-stochastic")
    program("resume", "--loops", "1")
    assert 2 == program.wait(at_rest)["iterations_completed"]
    run_id = program.status()["run_id"]
    said = program("resume", "--run-id", run_id, "--loops", "1")
    assert run_id in said.stdout
    assert 3 == program.wait(lambda status: status["iterations_completed"] == 3)["iterations_completed"]


def test_setup_and_baseline_only(program: Program):
    """`start --only setup,baseline` trains the baseline and nothing else."""
    program("start", "--only", "setup,baseline")
    status = program.wait(at_rest)
    assert (True, True, 0) == (status["setup_done"], status["baseline_done"], status["iterations_completed"])


def test_stages_one_after_the_other(program: Program):
    """An iteration left open by `--loop-only propose` is carried on by later requests."""
    program("start", "--only", "setup,baseline", "--no-background-train")
    program("resume", "--loop-only", "propose", "--no-stochastic", "--no-background-train")
    assert 1 == program.status()["in_progress"]["iteration"]
    assert "apply" == program.status()["in_progress"]["stage"]
    program("resume", "--loop-only", "apply,commit,train", "--no-background-train")
    assert "record" == program.status()["in_progress"]["stage"]
    program("resume", "--loop-only", "record,decide", "--no-background-train")
    assert 1 == program.status()["iterations_completed"]
    assert program.status()["in_progress"] is None


def test_what_stands_in_the_worktree_is_trained(program: Program):
    """`--loop-only train,record,decide` takes an edit made in the run's worktree by hand."""
    program("start", "--only", "setup,baseline", "--no-background-train")
    train = program.run_folder() / "worktree" / "train.py"
    train.write_text(train.read_text().replace("WIDTH = 8", "WIDTH = 16"))
    words = "resume --loops 3 --only loop --loop-only train,record,decide --no-background-train"
    program(*words.split())
    rows = pd.read_csv(program.run_folder() / "results.tsv", sep="\t")
    assert ["keep", "keep", "discard", "discard"] == list(rows.status)
    rules = [event["data"]["rule"] for event in program.events() if event["type"] == "CandidateDiscarded"]
    assert ["same_code"] * 2 == rules


def test_a_comment_is_not_trained(program: Program):
    """A proposal that changes a comment gets the baseline's number, and costs no loop."""
    edit = {"file": "train.py", "search": "WIDTH = 8", "replace": "WIDTH = 8  # eight"}
    said = {"status": "ok", "description": "say it", "change_plan": "p", "commit_description": "c"}
    (program.repo / "comment.json").write_text(json.dumps(said | {"edits": [edit]}))
    program("start", "--loops", "1", "--proposal-file", "comment.json", "--no-background-train")
    (answer,) = [event["data"] for event in program.events() if event["type"] == "CandidateDiscarded"][:1]
    assert ("known_code", 0, 1) == (answer["rule"], answer["inputs"]["same_as"], answer["iteration"])
    trained = {event["data"]["iteration"] for event in program.events() if event["type"] == "TrainingStarted"}
    assert {0, 2} == trained
    assert "same code as 0: say it" in (program.run_folder() / "results.tsv").read_text()
    assert "same code as baseline" in program("show", "1").stdout
    program("replay")


@pytest.mark.parametrize(
    ("fail", "outcome"),
    [("crash", "crashed"), ("nan", "diverged"), ("silent", "no_metric"), ("hang", "timed_out")],
)
def test_a_training_that_fails_is_recorded_and_the_run_goes_on(program: Program, fail: str, outcome: str):
    """Each way to fail is told apart, recorded as a crash, and followed by the next iteration."""
    program("start", "--only", "setup,baseline", "--no-background-train")
    program("propose", "--description", "break it", "--plan", "p", "--commit", "c", "--set", f"FAIL={fail}")
    limit = ("--timeout", "1") if fail == "hang" else ()
    program("resume", "--loops", "2", "--no-stochastic", "--no-background-train", *limit)
    (finished,) = [
        event["data"]
        for event in program.events()
        if event["type"] == "TrainingFinished" and event["data"]["iteration"] == 1
    ]
    assert outcome == finished["outcome"]
    rows = (program.run_folder() / "results.tsv").read_text().splitlines()
    assert rows[2].split("\t")[1:] == ["0.000000", "0.0", "crash", "break it"]
    assert 4 == len(rows)


def test_a_failed_baseline_is_not_a_baseline(program: Program):
    """A baseline that crashes stops the run with code 4, and resume trains it again."""
    train = program.repo / "train.py"
    train.write_text(train.read_text().replace('FAIL = ""', 'FAIL = "crash"'))
    program.git("commit", "-qam", "broken")
    failed = program("start", "--loops", "1", "--no-background-train", code=4)
    assert "baseline" in failed.stderr
    status = program.status()
    assert ("failed", False) == (status["phase"], status["baseline_done"])
    program("resume", "--no-background-train", code=4)
    assert 2 == sum(event["type"] == "TrainingFinished" for event in program.events())


def test_a_dropped_proposal_is_heard_at_once(program: Program):
    """A file dropped while a training runs is received meanwhile, used, and moved out of the inbox."""
    turn = hold_trainings(program)
    program("start", "--loops", "1", "--no-stochastic")
    program.wait(training_of(0))
    text = json.dumps(
        {
            "status": "ok",
            "description": "wider",
            "change_plan": "WIDTH to 16",
            "commit_description": "experiment: wider",
            "set": {"WIDTH": 16},
        }
    )
    folder = program.run_folder()
    (folder / "next_proposal.json").write_text(text)
    program.wait(lambda _: any(e["type"] == "ProposalReceived" for e in program.events()))
    turn.is_for_all()
    status = program.wait(at_rest)
    rows = pd.read_csv(folder / "results.tsv", sep="\t")
    assert ["baseline", "wider"] == list(rows.description)
    assert not (folder / "next_proposal.json").exists()
    assert (folder / "consumed_proposals" / "iter_0001.json").exists()
    assert 1 == status["counts"]["kept"]


def test_two_starts_are_two_runs(program: Program):
    """Starting twice makes two runs with ids of their own."""
    first = program("start", "--loops", "0", "--no-background-train").stdout
    second = program("start", "--loops", "0", "--no-background-train").stdout
    ids = [path.name for path in runs_of(program.repo).folder.glob("*-r*")]
    assert 2 == len(ids)
    assert sum(run_id in first for run_id in ids) == 1
    assert sum(run_id in second for run_id in ids) == 1


def training_of(iteration: int) -> Callable[[dict[str, Any]], bool]:
    """Say whether this iteration is being trained."""

    def trains(status: dict[str, Any]) -> bool:
        at_work = status["in_progress"] or {}
        return (at_work.get("iteration"), at_work.get("stage")) == (iteration, "train") and bool(
            status["progress"]
        )

    return trains


def test_a_run_is_stopped_and_goes_on(program: Program):
    """`stop --now` ends the running training; resume trains it once more, and nothing is lost."""
    turn = hold_trainings(program)
    turn.is_for(0)
    program("start", "--loops", "1", "--no-stochastic")
    program.wait(training_of(1))
    program("stop", "--now")
    status = program.wait(lambda status: status["phase"] == "stopped")
    assert 0 == status["iterations_completed"]
    turn.is_for_all()
    program("resume")
    status = program.wait(lambda status: status["phase"] == "done")
    assert 1 == status["iterations_completed"]
    types = [event["type"] for event in program.events()]
    assert 1 == types.count("JobLost")
    assert 2 == types.count("TrainingFinished")


def test_a_killed_runner_is_taken_over(program: Program):
    """After kill -9 of the runner, resume reads the training that ended meanwhile and repeats nothing."""
    turn = hold_trainings(program)
    program("start", "--loops", "1", "--no-stochastic")
    program.wait(training_of(0))
    (runner,) = [event for event in program.events() if event["type"] == "RunnerStarted"]
    os.kill(runner["data"]["process"]["pid"], signal.SIGKILL)
    program.wait(lambda status: status["phase"] == "interrupted")
    turn.is_for_all()
    ended = program.run_folder() / "iterations" / "0000" / "train.1" / "exit.json"
    program.wait(lambda _: ended.exists())
    assert 0 == sum(event["type"] == "TrainingFinished" for event in program.events())
    program("resume")
    status = program.wait(at_rest)
    assert 1 == status["iterations_completed"]
    types = [event["type"] for event in program.events()]
    assert (2, 2, 0) == tuple(
        types.count(name) for name in ("TrainingStarted", "TrainingFinished", "JobLost")
    )


def test_a_metric_that_is_no_language_model(program: Program):
    """Any script that prints a number can be driven, also where higher is better."""
    (program.repo / "fit.py").write_text(
        "DEPTH = 2  # search: 1 | 2 | 3 | 4\nprint('accuracy =', DEPTH / 10)\n"
    )
    (program.repo / "pyproject.toml").write_text(
        "[tool.autoresearch]\nkeep_rule = 'lower'\nfinal = 0\n"
        'train = "{python} fit.py"\neditable = ["fit.py"]\nprotected = []\ncheck = []\nprepare = []\n'
        "[tool.autoresearch.metric]\n"
        'name = "accuracy"\npattern = "^accuracy = (.*)"\nlower_is_better = false\n'
    )
    program.git("add", "-A")
    program.git("commit", "-qm", "another script")
    program("start", "--loops", "3", "--no-stochastic", "--no-background-train")
    assert 0.4 == program.status()["best_val_bpb"]


@pytest.mark.parametrize("program", ["with space", "quo'te", "ünïcode", "$HOME"], indirect=True)
def test_hostile_folders(program: Program):
    """A repository may lie in a folder of any name."""
    program("start", "--loops", "1", "--no-stochastic", "--no-background-train")
    assert 1 == program.status()["iterations_completed"]


def test_a_misspelt_stage_creates_nothing(program: Program):
    """A wrong word on the command line is refused before anything exists."""
    for words in (
        "start --only bseline",
        "start --loops -1",
        "start --loop-only trian",
        "start --from-stage x",
    ):
        program(*words.split(), code=2)
    program("start", "--proposal-file", "missing.json", code=3)
    assert not (program.repo / ".autoresearch").exists()
    assert "main" == program.git("branch", "--format=%(refname:short)")


def test_a_worktree_deleted_by_hand_comes_back(program: Program):
    """Deleting the run's worktree between two requests costs nothing."""
    program("start", "--loops", "1", "--no-stochastic", "--no-background-train")
    shutil.rmtree(program.run_folder() / "worktree")
    program("resume", "--loops", "1", "--no-stochastic", "--no-background-train")
    assert 2 == program.status()["iterations_completed"]
