"""`rebuild`: every cache of a run from its history alone."""

import pytest

from autoresearch.engine.runs.runner_lock import hold_as_runner
from autoresearch.events import catalog as ev
from autoresearch.events.log.append import EventLog
from autoresearch.events.values import why
from autoresearch.workflows.cli.main import main
from tests import given as g
from tests.cli_helpers import make_repo, make_run


CACHES = ("state.json", "results.tsv", "runner.log")


@pytest.fixture
def paths(tmp_path, monkeypatch):
    """A run at rest with a baseline, without caches; its repository is the current folder."""
    repo = make_repo(tmp_path / "repo")
    monkeypatch.chdir(repo)
    monkeypatch.delenv("AUTORESEARCH_AGENT", raising=False)
    return make_run(
        repo,
        g.asked(0),
        g.runner_started(),
        *g.BASELINE,
        ev.RunStopped(how="done", reason=why("done_without_best", completed=0)),
    )


def rebuild(paths, capsys, *, code: int = 0) -> str:
    """Run the command; return what it said."""
    assert code == main(["rebuild", paths.run_id])
    said = capsys.readouterr()
    return said.err if code else said.out


def test_missing_caches_are_made(paths, capsys):
    """All three files come back from the history, and a second time nothing differs."""
    assert 3 == rebuild(paths, capsys).count("was missing; written anew")
    assert "bbbbbbb\t1.500000\t2.0\tkeep\tbaseline\n" in paths.results.read_text()
    assert 3 == rebuild(paths, capsys).count("was right")


@pytest.mark.parametrize("name", CACHES)
def test_a_changed_cache_is_named_and_mended(paths, capsys, name):
    """What differs is named with its first line, and only that file is written."""
    rebuild(paths, capsys)
    right = {one: (paths.folder / one).read_bytes() for one in CACHES}
    inodes = {one: (paths.folder / one).stat().st_ino for one in CACHES}
    spoilt = right[name].replace(b"\n", b" spoilt\n", 2).replace(b" spoilt\n", b"\n", 1)
    (paths.folder / name).write_bytes(spoilt)
    said = rebuild(paths, capsys)
    wrong = f"differed from line 2 on ({len(spoilt)} bytes instead of {len(right[name])}); written anew"
    assert [wrong] == [line.split(maxsplit=1)[1] for line in said.splitlines() if line.startswith(name)]
    assert 2 == said.count("was right")
    assert right == {one: (paths.folder / one).read_bytes() for one in CACHES}
    assert [name] == [one for one in CACHES if (paths.folder / one).stat().st_ino != inodes[one]]


def test_a_cache_that_lags_is_brought_up(paths, capsys):
    """What was appended since is in the caches afterwards."""
    rebuild(paths, capsys)
    with EventLog(paths.history, durability="off") as log:
        log.append([ev.NoteAdded(text="later")], by="test")
    assert "runner.log   differed from line" in rebuild(paths, capsys)
    assert "note: later" in paths.runner_log.read_text()


def test_a_living_runner_keeps_its_caches(paths, capsys):
    """While a runner holds the run, nothing is rebuilt: exit 7."""
    with hold_as_runner(paths):
        assert "is held by" in rebuild(paths, capsys, code=7)
    assert not paths.state.exists()


def test_a_damaged_history_makes_no_caches(paths, capsys):
    """A changed byte before the last line is named, and no cache is written from it: exit 6."""
    raw = paths.history.read_bytes()
    paths.history.write_bytes(raw.replace(b'"mode":"background"', b'"mode":"foreground"'))
    assert "history.jsonl" in rebuild(paths, capsys, code=6)
    assert not any((paths.folder / name).exists() for name in CACHES)


def test_an_unknown_run_is_not_found(paths, capsys):
    """A run that is not there is refused: exit 3."""
    assert 3 == main(["rebuild", "nowhere-r001"])
    assert "there is no run" in capsys.readouterr().err
