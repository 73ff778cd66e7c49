"""A place in a long history found without reading it: near, and always one of the chain."""

from pathlib import Path

import pytest

from autoresearch.events.log.read import blocks, read
from autoresearch.events.log.seek import position_before
from autoresearch.workflows.cli import follow, look
from autoresearch.workflows.cli.main import main
from tests import given as g
from tests.cli_helpers import make_repo, make_run
from tests.log_helpers import FILLS, note, open_log


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a history of 4,000 records: single ones, batches, and torn ends that were closed off."""
    made = tmp_path / "history.jsonl"
    with open_log(made) as log:
        for turn in range(400):
            for number in range(6):
                log.append([note(f"{turn} {number}" + "x" * 100)], by="a")
            log.append([note("b"), note("c"), note("d")], by="b")
            if turn % 40 == 0:
                with made.open("ab") as file:
                    file.write(FILLS[2])
    return made


def test_reading_from_a_found_place_gives_the_same_records(path: Path):
    """From any place that is found, what is read is what reading all of it gives, and little before it."""
    whole = list(read(path))
    for seq in (1, 2, 50, 1111, 2000, 3003, len(whole), len(whole) + 1, len(whole) + 9):
        begin = position_before(path, seq)
        assert begin.seq < seq
        wanted = [one for one in whole if one.seq >= seq]
        assert wanted == list(read(path, after=seq - 1, since=begin))
        assert min(seq, len(whole)) - begin.seq < 600


def test_the_end_of_a_long_history_is_read_alone(path: Path):
    """Of a long history, what comes after one of the last records takes a few lines."""
    last = list(read(path))[-1].seq
    begin = position_before(path, last - 5)
    assert sum(len(block.lines) for block in blocks(path, begin)) < 600


def test_history_since_reads_no_more_than_it_prints(tmp_path, monkeypatch, capsys):
    """The command prints the last events of a long history having read few others."""
    repo = make_repo(tmp_path / "repo")
    paths = make_run(repo, g.asked(2))
    with open_log(paths.history) as log:
        for number in range(4000):
            log.append([note(f"{number}" + "x" * 100)], by="cli")
    monkeypatch.chdir(repo)
    taken = []
    real = follow.read

    def counting(*args, **more):
        for one in real(*args, **more):
            taken.append(one.seq)
            yield one

    monkeypatch.setattr(follow, "read", counting)
    assert 0 == main(["history", "--since", "4000"])
    assert ["#4001", "#4002"] == [word for word in capsys.readouterr().out.split() if word.startswith("#")]
    assert len(taken) < 600


def test_show_parses_what_it_shows(tmp_path, monkeypatch, capsys):
    """Of a long history, only the records of the iteration that is shown are parsed."""
    repo = make_repo(tmp_path / "repo")
    paths = make_run(repo, g.asked(2), g.runner_started(), *g.BASELINE)
    with open_log(paths.history) as log:
        log.append([note("x" * 100)] * 1000, by="cli")
    monkeypatch.chdir(repo)
    parsed = []
    real = look.record
    monkeypatch.setattr(look, "record", lambda *line: parsed.append(line) or real(*line))
    assert 0 == main(["show", "0"])
    assert "baseline" in capsys.readouterr().out
    assert 0 < len(parsed) < 20
