"""Proposals that wait: checked as they come in, listed, put first, withdrawn, and tried without spending."""

import json

import pytest

from autoresearch.engine.runs.catalogue import started_runs
from autoresearch.engine.runs.load import load
from autoresearch.workflows.cli.main import main
from tests.cli_helpers import git, make_repo


@pytest.fixture
def repo(tmp_path, monkeypatch, capsys):
    """A run that was started and left alone; its train.py has a power of two and a tuple."""
    made = make_repo(tmp_path / "repo")
    train = made / "train.py"
    train.write_text(f"BATCH = 2**19\nBETAS = (0.8, 0.95)\n{train.read_text()}")
    git(made, "commit", "-qam", "constants")
    monkeypatch.chdir(made)
    monkeypatch.delenv("AUTORESEARCH_AGENT", raising=False)
    assert 0 == main(["start", "--no-background-train", "--only", "setup", "--no-stochastic"])
    capsys.readouterr()
    return made


def said(capsys, *words: str) -> tuple[int, str]:
    """Run one command line; return its exit code and all that it printed."""
    code = main(list(words))
    out = capsys.readouterr()
    return code, out.out + out.err


def waiting(repo) -> list[str]:
    """Return what waits, in order."""
    return [one.proposal.description for one in load(started_runs(repo)[-1]).run.waiting]


def test_what_cannot_apply_is_refused_at_once(repo, capsys):
    """An unknown constant costs no loop, and arithmetic is taken for the number that it is."""
    code, told = said(capsys, "propose", "--set", "NOSUCH=1", "--description", "b")
    assert (5, True) == (code, "no constant NOSUCH" in told)
    assert 0 == said(capsys, "propose", "--set", "BATCH=2**18", "--description", "a")[0]
    assert 0 == said(capsys, "propose", "--set", "BETAS[1]=0.9", "--description", "c")[0]
    assert ["a", "c"] == waiting(repo)


def test_proposals_are_listed_put_first_and_withdrawn(repo, capsys):
    """The first in line is the one that was put there, and what is withdrawn is gone."""
    for name, more in (("a", ()), ("b", ("--first",))):
        words = ("propose", "--set", f"BATCH=2**{ord(name) - 80}", "--description", name)
        assert 0 == said(capsys, *words, *more)[0]
    assert ["b", "a"] == waiting(repo)
    _, told = said(capsys, "proposals", "--json")
    listed = json.loads(told)["proposals"]
    assert ["b", "a"] == [one["description"] for one in listed]
    assert 0 == said(capsys, "withdraw", str(listed[0]["number"]))[0]
    assert ["a"] == waiting(repo)
    assert 3 == said(capsys, "withdraw", str(listed[0]["number"]))[0]


def test_what_waits_is_named_to_who_names_no_number(repo, capsys):
    """Without a number `withdraw` says what waits and what to type; where nothing waits, it says that."""
    code, refused = said(capsys, "withdraw")
    assert (3, True) == (code, "no proposal of " in refused)
    assert "propose FILE" in refused
    for power in (18, 17):
        assert 0 == said(capsys, "propose", "--set", f"BATCH=2**{power}", "--description", "less")[0]
    first, second = (one["number"] for one in json.loads(said(capsys, "proposals", "--json")[1])["proposals"])
    code, refused = said(capsys, "withdraw")
    assert (2, True) == (code, f"what waits: {first} (" in refused)
    assert f"withdraw {first}` takes that one back" in refused
    code, refused = said(capsys, "withdraw", "999")
    assert (3, True) == (code, f", {second} (" in refused)


def test_an_equal_proposal_is_known(repo, capsys):
    """Said twice it waits once, under its first number; asked to be first, it is moved and still one."""
    for name in ("a", "b"):
        assert 0 == said(capsys, "propose", "--set", f"BATCH=2**{ord(name) - 80}", "--description", name)[0]
    again = ("propose", "--set", "BATCH=2**18", "--description", "b", "--json")
    history = started_runs(repo)[-1].history
    before = history.read_bytes()
    answer = json.loads(said(capsys, *again)[1])
    assert (True, 2, before) == (answer["known"], answer["place"], history.read_bytes())
    assert "known: it waits already" in said(capsys, *again[:-1])[1]
    moved = json.loads(said(capsys, *again, "--first")[1])
    assert (False, 1) == (moved["known"], moved["place"])
    assert ["b", "a"] == waiting(repo)
    assert json.loads(said(capsys, *again, "--first")[1])["known"]


def test_a_check_records_nothing(repo, capsys):
    """A proposal may be tried against the best code; neither answer leaves a record."""
    history = started_runs(repo)[-1].history
    before = history.read_bytes()
    code, told = said(capsys, "propose", "--check", "--set", "BATCH=2**18")
    assert (0, True) == (code, "nothing was recorded" in told)
    assert 5 == said(capsys, "propose", "--check", "--set", "BATCH=2**19")[0]
    checked = json.loads(said(capsys, "propose", "--check", "--json", "--set", "BATCH=2**18")[1])
    assert (None, True) == (checked["number"], told.split(" fits ")[1].startswith(checked["fits"][:7]))
    assert before == history.read_bytes()


def test_why_and_what_is_expected_are_kept(repo, capsys, tmp_path):
    """A hypothesis, an expectation and keys that nobody knows come back with the proposal."""
    words = {"status": "ok", "description": "a", "change_plan": "a", "commit_description": "a"}
    more = {"set": {"BATCH": 1024}, "hypothesis": "h", "expected": -0.1, "tags": ["x"]}
    file = tmp_path / "p.json"
    file.write_text(json.dumps(words | more))
    assert 0 == said(capsys, "propose", str(file))[0]
    (one,) = json.loads(said(capsys, "proposals", "--json")[1])["proposals"]
    assert ("h", "-0.1", {"tags": '["x"]'}) == (one["hypothesis"], one["expected"], one["other"])
