"""What grows stays short by default, and says how to see more: history, experiments, logs."""

import json

import pytest

from autoresearch.engine.paths import RunPaths
from autoresearch.workflows.cli import look
from autoresearch.workflows.cli.main import main
from tests import given as g
from tests.cli_helpers import make_repo, make_run
from tests.log_helpers import note


NOTES = 250
SAID = "x" * 400


@pytest.fixture
def long(tmp_path, monkeypatch) -> RunPaths:
    """A run with a long history and a long log, in the repository that is the current folder."""
    made = make_repo(tmp_path / "repo")
    monkeypatch.chdir(made)
    monkeypatch.delenv("AUTORESEARCH_AGENT", raising=False)
    rows = [g.opened(1), g.row(1, None, outcome="not_applied"), g.discarded(1)]
    paths = make_run(made, g.asked(2), *g.BASELINE, *rows, *(note(SAID) for _ in range(NOTES)))
    job = paths.job(0, "train", 1)
    job.folder.mkdir(parents=True)
    job.output.write_text("".join(f"{number} {SAID}\n" for number in range(NOTES)))
    return paths


def said(capsys, *words: str) -> tuple[list[str], str]:
    """Run one command line that must succeed; return the lines that it printed, and its word beside them."""
    assert 0 == main(list(words))
    told = capsys.readouterr()
    return told.out.splitlines(), told.err


def test_a_history_is_its_last_lines(long, capsys):
    """By default 200 events and a line that says how many more; with a number as many, for programs all."""
    every = said(capsys, "history", "--last", "0")[0]
    assert len(every) > NOTES
    shown = said(capsys, "history")[0]
    assert every[-200:] == shown[1:]
    assert (True, True) == (
        shown[0].startswith(f"{len(every) - 200} earlier"),
        "history --last 0" in shown[0],
    )
    assert len("\n".join(shown)) < 64 * 1024
    assert every[-3:] == said(capsys, "history", "--last", "3")[0]
    assert len(every) == len(said(capsys, "history", "--jsonl")[0])
    assert 1 == len(said(capsys, "history", "--jsonl", "--last", "1")[0])
    assert every[:2] == said(capsys, "history", "--last", "2", "--type", "RunStarted")[0] + every[1:2]
    assert 2 == main(["history", "--last", "3", "-f"])


def test_experiments_are_the_last_ones(long, capsys, monkeypatch):
    """Table and object say how many more there are; CSV is whole where no number is given."""
    whole = said(capsys, "experiments")[0]
    monkeypatch.setattr(look, "ROWS", 1)
    shown = said(capsys, "experiments")[0]
    assert (True, whole[-1].split()) == (shown[0].startswith("1 earlier"), shown[-1].split())
    assert 3 == len(said(capsys, "experiments", "--csv")[0])
    told = json.loads("".join(said(capsys, "experiments", "--json")[0]))
    assert (1, [1]) == (told["earlier"], [one["iteration"] for one in told["experiments"]])
    told = json.loads("".join(said(capsys, "experiments", "--json", "--last", "0")[0]))
    assert (0, [0, 1]) == (told["earlier"], [one["iteration"] for one in told["experiments"]])
    assert len(whole) == len(said(capsys, "experiments", "--last", "0")[0])


def test_a_log_of_long_lines_stays_small(long, capsys):
    """By default its end, of 32 KiB at most; beside it stands how to see all."""
    shown, more = said(capsys, "logs", "0")
    assert len("\n".join(shown)) <= 32 * 1024
    assert f"{NOTES - 1} {SAID}" == shown[-1]
    assert "logs --last 0" in more
    assert (NOTES, "") == (
        len(said(capsys, "logs", "0", "--last", "0")[0]),
        said(capsys, "logs", "0", "-n", "0")[1],
    )
    assert 210 == len(said(capsys, "logs", "0", "--last", "210")[0])
