"""Steering a run from its page: who may, what a command then does, and what is refused."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from autoresearch.engine.paths import RunPaths
from autoresearch.events import catalog as ev
from autoresearch.events.log.read import read
from tests import given as g
from tests.cli_helpers import make_repo, make_run
from tests.web.site import Site, append, serving


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> RunPaths:
    """A run that waits for its first training."""
    repo = make_repo(tmp_path_factory.mktemp("steered") / "repo")
    return make_run(repo, g.asked(3), g.runner_started(), *g.BASELINE)


@pytest.fixture(scope="module")
def site(paths: RunPaths) -> Iterator[Site]:
    """A server that lets its pages steer."""
    with serving(paths.home, "--allow-control") as site:
        yield site


def said_by_hand(paths: RunPaths) -> list[ev.Event]:
    """Return the events that commands recorded."""
    return [one.event for one in read(paths.history) if one.by == "cli"]


def test_without_the_token_of_this_start_nobody_steers(site: Site, paths: RunPaths):
    """Without token or with a wrong one, from another page or none, it is 403, and nothing is recorded."""
    before = paths.history.read_bytes()
    address, body = f"/api/0/{paths.run_id}/steer", json.dumps({"command": "note", "text": "x"})
    own = {"origin": site.address, "x_autoresearch_token": site.token}
    for wrong in (
        *({"x_autoresearch_token": ""}, {"x_autoresearch_token": "é" * 8}, {"origin": ""}),
        *(
            {"origin": "http://evil.example"},
            {"origin": "null"},
            {"origin": f"https://127.0.0.1:{site.port}"},
        ),
    ):
        assert 403 == site.ask(address, method="POST", body=body, **(own | wrong))[0], wrong
    assert 400 == site.ask(address, method="POST", body=body, host="evil.example", **own)[0]
    assert before == paths.history.read_bytes()


def test_a_server_that_reads_only_has_no_such_address(tmp_path: Path):
    """Without the option there is nothing to post to, and the page is told so."""
    paths = make_run(make_repo(tmp_path / "repo"), g.asked(1))
    with serving(paths.home) as site:
        assert {"allowed": False} == site.get("/api/control")
        assert 404 == site.say(paths.run_id, command="note", text="x")[0]


def test_what_a_page_says_is_an_event(site: Site, paths: RunPaths):
    """A note, a proposal and its withdrawal are recorded as commands do; an option in a text is text."""
    for text in ("--help", "plain", "ünï\ncode"):
        assert 200 == site.say(paths.run_id, command="note", text=text)[0]
    status, said = site.say(
        paths.run_id, command="propose", description="--first of all", set="LR=0.2", first="on"
    )
    assert 200 == status, said
    (queued,) = site.get(f"/api/0/{paths.run_id}/overview")["queue"]
    assert ("--first of all", {"LR": 0.2}) == (queued["description"], queued["set"])
    assert 200 == site.say(paths.run_id, command="withdraw", number=str(queued["number"]))[0]
    notes = [event.text for event in said_by_hand(paths) if isinstance(event, ev.NoteAdded)]
    assert ["--help", "plain", "ünï\ncode"] == notes
    assert isinstance(said_by_hand(paths)[-1], ev.ProposalWithdrawn)


def test_a_whole_proposal_is_taken_as_its_schema_has_it(site: Site, paths: RunPaths):
    """A proposal as the form of its schema makes it is recorded as it is; one that is none is refused."""
    assert "change_plan" in site.get("/api/proposal.schema.json")["properties"]
    words = {"status": "ok", "description": "whole", "change_plan": "p", "commit_description": "c"}
    made = json.dumps(words | {"edits": [{"search": "LR = 0.1", "replace": "LR = 0.3"}], "expected": "0.9"})
    assert 200 == site.say(paths.run_id, command="propose", proposal=made, first="on")[0]
    queued = site.get(f"/api/0/{paths.run_id}/overview")["queue"][0]
    assert ("whole", "0.9", 1) == (queued["description"], queued["expected"], len(queued["edits"]))
    assert 200 == site.say(paths.run_id, command="withdraw", number=str(queued["number"]))[0]
    assert 409 == site.say(paths.run_id, command="propose", proposal='{"status": "ok"}')[0]


def test_a_question_is_answered(site: Site, paths: RunPaths):
    """What a page answers is the answer to the question of that number."""
    asked = ev.QuestionAsked(iteration=0, agent="codex", question="which data?", until="")
    append(paths, asked)
    (question,) = site.get(f"/api/0/{paths.run_id}/overview")["status"]["questions"]
    status, said = site.say(paths.run_id, command="answer", number=str(question["number"]), text="--all")
    assert 200 == status, said
    answers = [event for event in said_by_hand(paths) if isinstance(event, ev.QuestionAnswered)]
    assert ["--all"] == [event.answer for event in answers]


def test_what_a_command_refuses_is_told(site: Site, paths: RunPaths):
    """What makes no sense is refused in the command's own words, and records nothing."""
    before = paths.history.read_bytes()
    status, said = site.say(paths.run_id, command="unpause")
    assert (409, False) == (status, said["ok"])
    assert "is not paused" in said["said"]
    status, said = site.say(paths.run_id, command="check", set="NOSUCH=1")
    assert (409, False) == (status, said["ok"])
    assert before == paths.history.read_bytes()


@pytest.mark.parametrize(
    "asked",
    [
        {"command": "clean"},
        {"command": "withdraw", "number": "--all"},
        {"command": "resume", "loops": "-1"},
        {"command": "note", "text": "a\0b"},
        {"command": "note", "text": "x" * 300_000},
    ],
    ids=["unknown", "no-number", "negative", "nul", "too-long"],
)
def test_what_is_no_command_is_refused(site: Site, paths: RunPaths, asked: dict[str, str]):
    """Commands that are not offered, and fields that are none, are 400."""
    assert 400 == site.say(paths.run_id, **asked)[0]


def test_two_pages_steer_at_once(site: Site, paths: RunPaths):
    """What two pages say at once is recorded once each."""
    texts = [f"at once {number}" for number in range(4)]
    with ThreadPoolExecutor(2) as pages:
        answers = list(pages.map(lambda text: site.say(paths.run_id, command="note", text=text)[0], texts))
    assert [200] * 4 == answers
    notes = [event.text for event in said_by_hand(paths) if isinstance(event, ev.NoteAdded)]
    assert texts == sorted(text for text in notes if text.startswith("at once"))
