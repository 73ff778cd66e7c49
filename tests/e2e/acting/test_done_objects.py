"""The commands that say something to a run print, with `--json`, one object of the form that is published."""

import json
from pathlib import Path

import jsonschema
import pytest

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.runner_lock import hold_as_runner
from autoresearch.workflows.cli.main import main
from tests import given as g
from tests.cli_helpers import make_repo, make_run
from tests.core.test_agent_asks import BEGUN, asks
from tests.e2e.conftest import Program


SCHEMAS = Path(__file__).resolve().parents[3] / "docs" / "schemas"


@pytest.fixture
def going(tmp_path, monkeypatch) -> RunPaths:
    """A run with a question, whose runner has just gone, in the repository that is the current folder."""
    made = make_repo(tmp_path / "repo")
    monkeypatch.chdir(made)
    monkeypatch.delenv("AUTORESEARCH_AGENT", raising=False)
    return make_run(made, BEGUN[1], g.runner_started(), *BEGUN[2:], *asks("Rate or depth?"))


def done(capsys, *words: str) -> dict:
    """Run a command with --json, which must succeed; return its object, which has the published form."""
    code = main([*words, "--json"])
    said = capsys.readouterr()
    assert (0, "") == (code, said.err)
    return checked(words[0], said.out)


def checked(name: str, printed: str) -> dict:
    """Return an object that a command printed, which has the published form."""
    told = json.loads(printed)
    assert f"autoresearch.{name}/1" == told["schema"]
    jsonschema.validate(told, json.loads((SCHEMAS / f"{name}-1.schema.json").read_text()))
    return told


def test_what_was_done_is_an_object(going, capsys):
    """Each says what the line for people says: numbers to go on with, and whether anybody hears it."""
    assert going.run_id == done(capsys, "note", "depth 8 is slow")["run_id"]
    told = done(capsys, "answer", "the rate")
    assert ("Rate or depth?", "the rate", False) == (told["question"], told["answer"], told["runner_alive"])
    waits = done(capsys, "propose", "--set", "LR=0.2")
    assert (1, True, False, None) == tuple(
        waits[it] for it in ("place", "loops_left", "runner_alive", "fits")
    )
    assert waits["number"] == done(capsys, "withdraw", str(waits["number"]))["number"]
    assert "lunch" == done(capsys, "pause", "--reason", "lunch")["reason"]
    with hold_as_runner(going):
        assert (True, []) == tuple(done(capsys, "stop", "--now")[it] for it in ("now", "jobs"))
    assert {"runner_alive": False} == {it: done(capsys, "unpause")[it] for it in ["runner_alive"]}


def test_a_program_starts_waits_and_goes_on(program: Program):
    """By objects alone: who does what was asked, its end, that nothing is left; no line beside them."""
    begun = checked("start", program("start", "--json", "--only", "setup,baseline").stdout)
    assert (0, None, False) == (begun["loops"], begun["idle"], begun["runner_was_alive"])
    end = checked(
        "wait", program("wait", begun["run_id"], "--json", "--for", "end", "--timeout", "600").stdout
    )
    assert ("end", "done") == (end["what"], end["phase"])
    idle = checked("resume", program("resume", "--json").stdout)
    assert ("nothing_left", None, "latest") == (idle["idle"], idle["runner_pid"], idle["chosen"])
    program("start", "--json", "--follow", code=2)


def test_every_form_is_a_schema_that_refuses_more():
    """Each published form is a valid schema, named as its file, and says which fields there are."""
    for path in SCHEMAS.iterdir():
        form = json.loads(path.read_text())
        jsonschema.Draft202012Validator.check_schema(form)
        name, _, version = path.name.removesuffix(".schema.json").rpartition("-")
        assert f"autoresearch.{name}/{version}" == form["title"] == form["properties"]["schema"]["const"]
        assert (False, list(form["properties"])) == (form["additionalProperties"], form["required"])
