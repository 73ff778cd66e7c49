"""`replay`: the audit of a real run, moments of a history, a walk in a terminal, another rule."""

import json
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from autoresearch.workflows.cli.main import main
from tests import given as g
from tests.cli_helpers import bytes_of, make_repo, make_run
from tests.e2e.conftest import DOOR, Program
from tests.tampering import first, tamper
from tests.terminal import Terminal
from tests.waiting import PATIENCE_S


PROPOSAL = {"status": "ok", "change_plan": "p", "commit_description": "c"}


@pytest.fixture
def repo(tmp_path, monkeypatch) -> Path:
    """A committed repository, which is the current folder."""
    made = make_repo(tmp_path / "repo")
    monkeypatch.chdir(made)
    return made


@pytest.fixture
def paths(repo):
    """A run whose history a test has written: 8 events, a second apart, then a kept iteration."""
    return make_run(
        *(repo, g.asked(2), g.runner_started(), *g.BASELINE, *g.candidate(1), g.training(1)),
        *(g.trained(1, 1.4), g.row(1, 1.4), g.kept(1, "c" * 40)),
    )


def call(words: str, capsys) -> str:
    """Run one command line that must succeed; return what it printed."""
    code = main(shlex.split(words))
    said = capsys.readouterr()
    assert (0, "") == (code, said.err)
    return said.out


def refused(words: str, capsys, *, code: int) -> str:
    """Run one command line that must fail with this code; return what it said."""
    assert code == main(shlex.split(words))
    return capsys.readouterr().err


def test_a_real_run_audits_clean_and_a_tampered_one_does_not(program: Program):
    """Of a real run all is true; with a changed decision something is false; with lost refs, unknown."""
    broken = {"edits": [{"search": "LR = ", "replace": "LR = ("}]}
    for number, form in enumerate(({"set": {"WIDTH": 16}}, {"set": {"FAIL": "crash"}}, broken)):
        text = json.dumps(PROPOSAL | {"description": str(number)} | form)
        (program.repo / f"{number}.json").write_text(text)
    program("start", "--loops", "1", "--no-stochastic", "--proposal-file", "0.json", "--no-background-train")
    for number in (1, 2):
        program("resume", "--loops", "1", "--no-stochastic", "--proposal-file", f"{number}.json")
        program.wait(lambda status: status["phase"] == "done")
    program("resume", "--loops", "2", "--no-stochastic", "--no-background-train")
    before = bytes_of(program.run_folder())
    told = json.loads(program("replay", "--json").stdout)
    assert ("true", True, None) == (told["outcome"], told["clean"], told["first_difference"])
    assert not any(one["not_seen"] for one in told["checks"])
    assert all(one["count"] and not one["note"] for one in told["checks"]), told["checks"]
    assert "all true, no difference" == program("replay").stdout.splitlines()[-1]
    assert before == bytes_of(program.run_folder())

    def change(records) -> None:
        first(records, "CandidateKept", iteration=1)["data"]["inputs"]["best"] = 9.0

    history = program.run_folder() / "history.jsonl"
    tamper(history, change)
    page = program("replay", code=6).stdout
    assert "CandidateKept.inputs" in page
    assert "'best': 1.105" in page
    assert "'best': 9.0" in page
    told = json.loads(program("replay", "--json", code=6).stdout)
    named = told["first_difference"]
    assert ("false", False) == (told["outcome"], told["clean"])
    assert ("decisions", "CandidateKept.inputs") == (named["check"], named["field"])
    assert named["line"] == named["seq"]
    history.write_bytes(before["history.jsonl"])
    shutil.rmtree(program.repo / ".git" / "refs" / "autoresearch")
    packed = program.repo / ".git" / "packed-refs"
    packed.unlink(missing_ok=True)
    told = json.loads(program("replay", "--json", code=9).stdout)
    assert ("unknown", False, None) == (told["outcome"], told["clean"], told["first_difference"])
    missed = {one["what"] for check in told["checks"] for one in check["not_seen"]}
    assert {"ref_gone", "anchor_gone"} <= missed
    page = program("replay", code=9).stdout
    assert "commits: a candidate's ref is gone (refs/autoresearch/" in page
    assert "no difference, but not all could be looked at" == page.splitlines()[-1]


def test_a_damaged_history_is_named_with_its_line(paths, capsys):
    """Where a byte was changed, the audit names line and file, and goes no further: exit 6."""
    raw = paths.history.read_bytes()
    paths.history.write_bytes(raw.replace(b'"slot":1', b'"slot":2', 1))
    assert 6 == main(["replay", "--json"])
    named = json.loads(capsys.readouterr().out)["first_difference"]
    line = raw[: raw.index(b'"slot":1')].count(b"\n") + 1
    assert ("history", "history.jsonl", line) == (named["check"], named["place"], named["line"])
    assert "its hash does not fit" in named["found"]


def test_a_moment_is_an_event_an_iteration_or_a_time(paths, capsys):
    """`--at` folds just so far, and tells what was to come and what came."""
    told = json.loads(call("replay --at 3 --json", capsys))
    assert (3, "check setup", 4, "SetupChecked") == (
        *(told["seq"], told["next"]),
        *(told["came"]["seq"], told["came"]["type"]),
    )
    assert told["state"]["best"] is None
    assert 9 == json.loads(call("replay --at iteration:0 --json", capsys))["seq"]
    last = json.loads(call("replay --at iteration:1 --json", capsys))
    assert (None, 1.4) == (last["came"], last["state"]["best"]["metric"])
    assert last == json.loads(call("replay --at 2100-01-01T00:00:00Z --json", capsys))
    assert "then      nothing yet" in call(f"replay {paths.run_id} --at {last['seq']}", capsys)
    for words, code in (("999", 3), ("0", 2), ("iteration:5", 3), ("1999-01-01T00:00:00Z", 3)):
        refused(f"replay --at {words}", capsys, code=code)
    for words in ("yesterday", "25:00", "iteration:x", "2026-03-08"):
        refused(f"replay --at {words}", capsys, code=2)


def test_status_and_experiments_look_back_too(paths, capsys):
    """`--at` gives the page, the object and the table as of then."""
    told = json.loads(call("status --json --at iteration:0", capsys))
    assert ("loop", 1.5, 0, 9) == (
        *(told["phase"], told["best_val_bpb"]),
        *(told["iterations_completed"], told["seq"]),
    )
    assert told["as_of"] in paths.history.read_text()
    assert "val_bpb 1.500000, baseline" in call("status --at 9", capsys)
    assert [0] == [
        row["iteration"] for row in json.loads(call("experiments --json --at 9", capsys))["experiments"]
    ]
    assert 2 == len(json.loads(call("experiments --json", capsys))["experiments"])


def test_another_rule_says_what_would_change_and_from_where(paths, capsys):
    """`--keep-rule` judges every result again and marks what stands on code that would not have been."""
    page = call("replay --keep-rule min-delta:0.2", capsys)
    assert "1 verdict would change: 1" in page
    told = json.loads(call("replay --keep-rule min-delta:0.2 --json", capsys))
    assert ([1], None, 1.5) == (told["changed"], told["other_code_from"], told["best"]["metric"])
    assert "no verdict changes" in call("replay --policy lower", capsys)
    said = refused("replay --keep-rule min-dleta:0.2", capsys, code=2)
    assert "did you mean min-delta:NUMBER" in said
    refused("replay --keep-rule min-delta", capsys, code=2)
    refused("replay --policy lower --at 3", capsys, code=2)


def test_words_that_contradict_are_refused(paths, capsys):
    """What cannot go together is a usage error, and off a terminal there is nothing to walk in."""
    refused("replay --step --json", capsys, code=2)
    refused("replay --step --policy lower", capsys, code=2)
    assert "needs a terminal" in refused("replay --step", capsys, code=2)
    refused(f"replay {paths.run_id} --run-id {paths.run_id}", capsys, code=2)


def test_an_imported_run_is_not_false_and_says_what_it_cannot_compare(repo, tmp_path, capsys):
    """Of another program's run chain, schema, transitions and views are checked; its code is elsewhere."""
    table = tmp_path / "results.tsv"
    table.write_text("commit\tval_bpb\tmemory_gb\tstatus\tdescription\nabc1234\t1.5\t1.0\tkeep\tbase\n")
    call(f"import {table} --branch imported/x", capsys)
    assert 9 == main(["replay", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert ("unknown", None) == (told["outcome"], told["first_difference"])
    missed = {one["name"]: [told["what"] for told in one["not_seen"]] for one in told["checks"]}
    assert {"commits": ["imported"]} == {name: found for name, found in missed.items() if found}
    assert 9 == main(["replay"])
    assert "its trainings were measured elsewhere" in capsys.readouterr().out


def test_a_walk_in_a_terminal(paths, repo):
    """Keys and arrows go forward and back, g goes to a number, beyond both ends nothing moves, q leaves."""
    steps = (
        *(("", "#2 asked for 2 loops"), ("n", "#3 runner started"), ("\x1b[C", "#4 setup is complete")),
        *(("p", "#3 runner started"), ("\x1b[D", "#2 asked for"), ("pp", "#1 run"), ("p", "#1 run")),
        *(("g9\r", "#9 baseline kept"), ("g999\r", "#17 iteration 1 kept"), ("n", "#17 iteration 1 kept")),
        *(("g\x7f12\r", "#12 iteration 1 changed"), ("x", "#12 iteration 1 changed")),
    )
    with Terminal([sys.executable, str(DOOR), "replay", "--step", "--at", "2"], repo) as terminal:
        for keys, wanted in steps:
            terminal.press(keys)
            terminal.until(wanted)
        terminal.press("q")
        assert 0 == terminal.process.wait(timeout=PATIENCE_S)
