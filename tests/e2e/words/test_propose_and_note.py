"""What a human proposes and notes, without any runner: in process, on a real repository."""

import json
import os
import shlex
import subprocess
import sys

import pytest

from autoresearch.engine.proposals import same_code
from autoresearch.events import catalog as ev
from autoresearch.events.log.read import read
from tests import given as g
from tests.cli_helpers import bytes_of, git, make_run
from tests.e2e.words.called import BASELINE_ONLY, ROOT, call, types


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
    assert "it is words alone" in call("propose p.json", capsys)[1]
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
        ("--description words", "it is words alone (no set, edits or patch), and no agent is there"),
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


def test_code_that_was_measured_or_waits_is_named(repo, capsys):
    """Who proposes what was measured, or waits in other words, is told so; a check refuses the first."""
    code = same_code.digest({"train.py": b"LR = 0.3\n"}, seed_env="")
    tried = (g.opened(1), g.chosen(1), g.applied(1), g.committed(1, "c" * 40, code=code, base_code="0" * 64))
    trained = (g.training(1, commit="c" * 40), g.trained(1, 2.5), g.row(1, 2.5), g.discarded(1))
    baseline = (*BASELINE_ONLY[1:-2], g.kept(0, git(repo, "rev-parse", "HEAD")))
    make_run(repo, g.asked(2), *baseline, *tried, *trained)
    _, said, _ = call("propose --set LR=0.3 --description again", capsys)
    assert "iteration 1 has the same code, val_bpb 2.500000: its result answers this one" in said
    _, said, _ = call("propose --set LR=0.3 --description 'and again'", capsys)
    assert "the same change waits before it, as proposal" in said
    told = json.loads(call("propose --set LR=0.3 --description 'and again' --json", capsys)[1])
    assert (True, 1) == (told["known"], told["same_as_iteration"])
    assert told["same_as_proposal"] < told["number"]
    told = json.loads(call("propose --set LR=0.4 --json", capsys)[1])
    assert (None, None) == (told["same_as_iteration"], told["same_as_proposal"])
    refused, _, complaint = call("propose --check --set LR=0.3", capsys)
    assert (5, True) == (refused, "show 1` has what came of it" in complaint)


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
