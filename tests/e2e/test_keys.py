"""The same key twice is once: of every command that acts, in this process and of two at once."""

import json
from contextlib import nullcontext

import pytest
import typer

from autoresearch.engine.control import start as starting
from autoresearch.engine.control.keys import LONGEST
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.catalogue import started_runs
from autoresearch.engine.runs.runner_lock import hold_as_runner
from autoresearch.engine.runs.views import rebuild
from autoresearch.events import catalog as ev
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import read
from autoresearch.workflows.cli.main import build, main
from tests.at_once import both, world
from tests.e2e.conftest import Program, at_rest
from tests.e2e.looking.test_json_forms import WORDS, run  # noqa: F401 - a fixture
from tests.fault.test_commands_at_once import FORMS


ONCE_BY_THEMSELVES = {"adopt", "publish", "clean", "repair", "rebuild", "import"}  # repeated, they do nothing


def said(capsys, *words: str, code: int = 0) -> dict:
    """Call a command, and return its object."""
    got = main([*words, "--json"])
    told = capsys.readouterr()
    assert code == got, (words, told.err)
    return json.loads(told.out) if code == 0 else {"error": told.err}


def test_every_command_that_acts_has_a_key():
    """A command of which a second call would do more takes --key."""
    group = typer.main.get_command(build())
    with_key = {
        name
        for name, command in group.commands.items()
        if "--key" in {word for it in command.params for word in it.opts}
    }
    assert FORMS.keys() - ONCE_BY_THEMSELVES == with_key


def test_each_command_is_once_under_its_key(run: RunPaths, capsys):  # noqa: F811 - the fixture
    """Said again, a command answers with the object of the first time, and no history has a byte more."""
    group = typer.main.get_command(build())
    told: dict[str, dict] = {}
    for form, words in WORDS.items():
        number = told["proposals"]["proposals"][0]["number"] if "proposals" in told else 0
        typed = words.format(run=run.run_id, number=number).split()
        keyed = "--key" in {word for it in group.commands[typed[0]].params for word in it.opts}
        if not keyed and form != "proposals":
            continue
        with hold_as_runner(run) if form == "stop" else nullcontext():
            told[form] = said(capsys, *typed, *(["--key", f"my {form}"] if keyed else []))
            if not keyed:
                continue
            before = histories(run)
            rebuild_all(run) if form != "stop" else None
            again = said(capsys, *typed, "--key", f"my {form}")
        assert not told[form]["known"]
        volatile = {"known", "best_before", "branch_now", "chosen"}
        assert trimmed(told[form], volatile) == trimmed(again, volatile), form
        assert again["known"], form
        assert before == histories(run), form


def trimmed(told: dict, but: set[str]) -> dict:
    return {name: value for name, value in told.items() if name not in but}


def histories(run: RunPaths) -> dict[str, bytes]:  # noqa: F811 - the fixture's value
    return {one.run_id: one.history.read_bytes() for one in started_runs(run.home)}


def rebuild_all(run: RunPaths) -> None:  # noqa: F811 - the fixture's value
    """Have a snapshot of every run, from which the next command begins to read."""
    for one in started_runs(run.home):
        rebuild(one)


def test_a_key_has_one_intent(run: RunPaths, capsys):  # noqa: F811 - the fixture
    """With other words, another command, or for another run, a used key is refused, and says for what."""
    said(capsys, "note", "x", "--key", "k: ü")
    before = histories(run)
    seq = [one.seq for one in read(run.history)][-1]
    for words in (
        ("note", "y"),
        ("pause",),
        ("start",),
        ("fork", run.run_id),
    ):
        error = said(capsys, *words, "--key", "k: ü", code=2)["error"]
        assert f"was used for another intent: `note`, event {seq} of {run.run_id}" in error, words
    for text in ("", "k\n", "k" * (LONGEST + 1)):
        assert "--key: expected" in said(capsys, "note", "x", "--key", text, code=2)["error"]
    assert before == histories(run)
    forked = said(capsys, "fork", run.run_id, "--branch", "autoresearch/again")["run_id"]
    assert (
        f"event {seq} of {run.run_id}"
        in said(capsys, "note", "x", "--key", "k: ü", "--run-id", forked, code=2)["error"]
    )
    with EventLog(run.history) as log:  # a text that looks like a key is none
        log.append([ev.NoteAdded(text="cli:note:0:0:other")], by="x")
    assert not said(capsys, "note", "x", "--key", "other", "--run-id", forked)["known"]
    assert said(capsys, "note", "x", "--key", "other")["run_id"] == forked


def test_of_two_at_once_under_one_key_one_acts(program: Program):
    """Said twice in one instant, it is recorded once; one of the two says that it was known."""
    program("start", "--only", "setup", "--no-stochastic", "--no-background-train")
    for words in (("resume", "--only", "setup", "--for", "2h"), ("start", "--only", "setup")):
        done = both(program, [(*words, "--key", words[0], "--json")] * 2, (0.0, 0.0))
        assert [0, 0] == [one.code for one in done], done
        assert [False, True] == sorted(json.loads(one.said)["known"] for one in done)
        program.wait(at_rest)
    keys = [{one.key for one in events if one.by == "cli"} - {None} for events in world(program).values()]
    assert [1, 1] == [len(one) for one in keys], keys


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_call_that_was_killed_is_said_again(run: RunPaths, capsys, monkeypatch, when: str):  # noqa: F811
    """Killed before the append, the second call acts; killed after it, the second call finds it done."""
    append = EventLog.append

    def killed(log: EventLog, *given, **named):
        if when == "after":
            append(log, *given, **named)
        raise KeyboardInterrupt

    for words in (("note", "x"), ("propose", "--set", "LR=0.3"), ("start", "--only", "setup", "--another")):
        with monkeypatch.context() as patch:
            patch.setattr(starting, "give_up", lambda *_: None)  # who is killed gives up nothing
            patch.setattr(EventLog, "append", killed)
            assert 130 == main([*words, "--key", words[0]])
        capsys.readouterr()
        assert (when == "after") == said(capsys, *words, "--key", words[0])["known"], words
    keys = [one.key for paths in started_runs(run.home) for one in read(paths.history) if one.key]
    assert 3 == len(set(keys))
