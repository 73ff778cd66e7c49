"""A place in a long history found without reading it: near, and always one of the chain."""

import shutil
from pathlib import Path

import pytest
from attrs import evolve as replace

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs import load, one_iteration
from autoresearch.engine.runs.catalogue import run_named
from autoresearch.engine.runs.views import rebuild
from autoresearch.events import catalog as ev
from autoresearch.events.log import seek
from autoresearch.events.log.read import blocks, read
from autoresearch.events.log.seek import position_before
from autoresearch.events.values import Proposal, why
from autoresearch.projections.fold import fold
from autoresearch.projections.timeline import TIMELINE
from autoresearch.workflows.api.experiments import story_of
from autoresearch.workflows.cli import logs, look
from autoresearch.workflows.cli.main import main
from autoresearch.workflows.live import follow as tailing
from bench.logs import histories
from tests import given as g
from tests.cli_helpers import make_repo, make_run
from tests.golden.play import FOLDER as RUNS
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
    real = look.read

    def counting(*args, **more):
        for one in real(*args, **more):
            taken.append(one.seq)
            yield one

    monkeypatch.setattr(look, "read", counting)
    assert 0 == main(["history", "--since", "4000"])
    assert ["#4001", "#4002"] == [word for word in capsys.readouterr().out.split() if word.startswith("#")]
    assert len(taken) < 600


def counting(monkeypatch, module, name):
    """Let a module's reader count what it yields."""
    taken, real = [], getattr(module, name)

    def counted(*args, **more):
        for one in real(*args, **more):
            taken.append(one)
            yield one

    monkeypatch.setattr(module, name, counted)
    return taken


@pytest.fixture
def long_run(tmp_path, monkeypatch):
    """Return a run of 300 iterations with its state.json, in whose repository we are."""
    repo = make_repo(tmp_path / "repo")
    paths = run_named(repo, "autoresearch-mar8-r001")
    paths.folder.mkdir(parents=True)
    histories.write(paths.history, count=3300)
    rebuild(paths)
    monkeypatch.chdir(repo)
    return paths


@pytest.mark.parametrize("number", [1, 150, 275])
def test_show_reads_what_it_shows(long_run, monkeypatch, capsys, number: int):
    """Of a long history, show reads the iteration and little more, and parses that alone."""
    read_ = counting(monkeypatch, one_iteration, "lines")
    parsed = []
    real = one_iteration.record
    monkeypatch.setattr(one_iteration, "record", lambda *line: parsed.append(line) or real(*line))
    assert 0 == main(["show", str(number)])
    assert f"iteration {number}: " in capsys.readouterr().out
    assert 5 < len(parsed) < 20
    assert len(read_) < 400


def test_logs_reads_what_it_shows(long_run, monkeypatch, capsys):
    """Of a long history, logs reads the iteration, or the last ones, and little more."""
    taken = [counting(monkeypatch, one_iteration, "lines"), counting(monkeypatch, logs, "read")]
    for words in (["logs"], ["logs", "150"]):
        assert 3 == main(words)  # the history is made up: there is no log
        assert "is not there (yet)" in capsys.readouterr().err
    assert sum(map(len, taken)) < 800


def test_following_since_reads_what_it_prints(long_run, monkeypatch, capsys):
    """With -f, too, what comes before the events that are printed is neither read nor folded."""
    with open_log(long_run.history) as log:
        log.append([ev.RunStopped(how="done", reason=why("done_without_best", completed=0))], by="runner")
    rebuild(long_run)
    last = list(read(long_run.history))[-1].seq
    taken = [counting(monkeypatch, tailing, "read"), counting(monkeypatch, load, "blocks")]
    assert 0 == main(["history", "-f", "--since", str(last - 2)])
    shown = [word for word in capsys.readouterr().out.split() if word[0] == "#"]
    assert [f"#{last - 1}", f"#{last}"] == shown
    assert sum(map(len, taken)) < 600


@pytest.mark.parametrize("path", sorted(RUNS.glob("*.jsonl")), ids=lambda path: path.stem)
def test_an_iteration_alone_is_what_the_whole_gives(path: Path, tmp_path: Path, monkeypatch):
    """Row, events and proposal of each iteration are, up to its verdict, those that all records give."""
    monkeypatch.setattr(seek, "_PROBE", 2**10)
    run = RunPaths(home=tmp_path, folder=tmp_path / "a-r001")
    run.folder.mkdir()
    shutil.copy(path, run.history)
    of_many = (ev.ResultRetracted, ev.ChainConsolidated)  # what they say of an iteration is read apart
    records = [one for one in read(path) if not isinstance(one.event, of_many)]
    whole = fold(TIMELINE, records)
    known: dict[int, Proposal | None] = {}
    for one in records:
        match one.event:
            case ev.ProposalReceived():
                known[one.seq] = one.event.proposal
            case ev.ProposalChosen():
                known[one.seq] = one.event.proposal or known.get(one.event.received or 0)
            case ev.CandidateDeferred():
                known[one.seq] = known.get(one.event.chosen)
            case _:
                pass
    for row in whole.rows:
        found = one_iteration.one_iteration(run, row.iteration)
        assert found is not None
        own = [one for one in records if getattr(one.event, "iteration", None) == row.iteration]
        alone = replace(row, sureness=None, taken_out=None)  # what later iterations say of it
        assert (alone, own) == (found.row, list(found.events))
        chosen = [one for one in own if isinstance(one.event, ev.ProposalChosen)]
        proposal = known[chosen[-1].seq] if chosen else None
        assert proposal == story_of(found).proposal
    assert one_iteration.one_iteration(run, len(whole.rows)) is None
