"""`import` and what follows from it: the real tables and folders, through the command line, in process."""

import json
import os
import shlex
import time
from pathlib import Path

import pytest

from autoresearch.engine.imports import import_run
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.catalogue import started_runs
from autoresearch.events import catalog as ev
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import read, verify
from autoresearch.workflows.cli.main import main
from tests.cli_helpers import bytes_of, git, make_repo


IMPORTS = Path(__file__).parents[1] / "golden" / "imports"
TABLES = ("exp-H100-mar8.tsv", "pr109.tsv", "pr158.tsv")
OTHERS = {
    "pr245.tsv": "commit, score, sharpe, max_dd, n_trades, n_params, val_pass, status, description",
    "pr577.tsv": "commit, metric_before, metric_after, delta, status, description",
}
HEAD = "commit\tval_bpb\tmemory_gb\tstatus\tdescription\n"


@pytest.fixture
def repo(tmp_path, monkeypatch) -> Path:
    """A committed repository, which is the current folder."""
    made = make_repo(tmp_path / "repo")
    monkeypatch.chdir(made)
    monkeypatch.delenv("AUTORESEARCH_AGENT", raising=False)
    return made


@pytest.fixture
def folder(tmp_path) -> Path:
    """A run folder of the single-file runner under its own name."""
    made = tmp_path / "autoresearch-nov23-r001"
    made.mkdir()
    for name in ("history.jsonl", "state.json"):
        (made / name).write_bytes((IMPORTS / "foreground" / made.name / name).read_bytes())
    return made


def call(words: str, capsys) -> str:
    """Run one command line that must succeed; return what it printed."""
    code = main(shlex.split(words))
    said = capsys.readouterr()
    assert (0, "") == (code, said.err)
    return said.out


def refused(words: str, capsys) -> tuple[int, str]:
    """Run one command line that must be refused in two lines; return its exit code and the lines."""
    code = main(shlex.split(words))
    said = capsys.readouterr()
    assert ("", 2) == (said.out, len(said.err.splitlines()))
    return code, said.err


def latest(repo: Path) -> RunPaths:
    """Return the run that was made last."""
    return started_runs(repo)[-1]


@pytest.mark.parametrize("name", TABLES)
def test_a_real_table_is_given_back_byte_for_byte(repo, capsys, name):
    """The results.tsv of the imported run is the file that was imported."""
    table = IMPORTS / name
    rows = len(table.read_bytes().splitlines()) - 1
    assert f"{rows} results from {name}" in call(f"import {table}", capsys)
    paths = latest(repo)
    assert table.read_bytes() == paths.results.read_bytes()
    assert rows + 3 == verify(paths.history).seq
    assert [] == [path.name for path in paths.folder.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("name", OTHERS)
def test_a_table_of_other_columns_is_refused(repo, capsys, name):
    """File, line, the columns that were found and those that were expected are named; nothing is created."""
    before = bytes_of(repo)
    code, said = refused(f"import {IMPORTS / name}", capsys)
    assert 5 == code
    assert f"{name}:1 has the columns '{OTHERS[name]}'" in said
    assert "expected commit, val_bpb, memory_gb, status, description" in said
    assert before == bytes_of(repo)


def test_every_command_that_looks_works_on_an_imported_run(repo, capsys, folder):
    """status, experiments, show, history, runs and replay show it; none of them writes."""
    call(f"import {folder}", capsys)
    before = bytes_of(repo)
    told = json.loads(call("status --json", capsys))
    assert ("done", 4, 0.98997, 0.99, "2bde422") == (
        told["phase"],
        told["iterations_completed"],
        told["best_val_bpb"],
        told["baseline_val_bpb"],
        told["kept_commit"],
    )
    rows = json.loads(call("experiments --json", capsys))
    assert ["keep", "keep", "discard", "keep", "discard"] == [row["status"] for row in rows]
    assert [None, "65a5a15", "ff218d3", "2bde422", "0345526"] == [row["commit"] for row in rows]
    assert "baseline imported, keep: 0.990000, baseline" in call("history", capsys)
    assert 9 == main(["replay"])  # nothing is false, and its trainings are not here to be looked at
    assert "from single-file-runner" in capsys.readouterr().out
    assert "set KNOB to 1" in call("show 1", capsys)
    assert "num_steps:        953" in call("show 1", capsys)
    assert "" == call("show 1 --diff", capsys)
    assert "2026-11-23 21:15" in call("runs", capsys)
    assert before == bytes_of(repo)


def test_a_word_for_a_commit_is_shown_whole(repo, capsys):
    """The `baseline` in a commit column is no hash that could be cut."""
    call(f"import {IMPORTS / TABLES[0]}", capsys)
    assert ["0", "keep", "0.997900", "-", "44.0", "GB", "-", "baseline"] == call(
        "experiments", capsys
    ).splitlines()[1].split()[:8]


def test_importing_twice_makes_two_runs(repo, capsys, folder):
    """Each import is a run of its own with the same results."""
    for _ in range(2):
        call(f"import {folder}", capsys)
    first, second = started_runs(repo)
    assert ("autoresearch-nov23-r001", "autoresearch-nov23-r002") == (first.run_id, second.run_id)
    assert first.results.read_bytes() == second.results.read_bytes()


def test_a_branch_may_be_named(repo, capsys):
    """--branch files the run under another branch, and makes none in git."""
    call(f"import {IMPORTS / TABLES[1]} --branch autoresearch/old", capsys)
    assert "autoresearch-old-r001" == latest(repo).run_id
    assert "main" == git(repo, "branch", "--format=%(refname:short)")
    assert 2 == refused(f"import {IMPORTS / TABLES[1]} --branch a..b", capsys)[0]


def test_a_table_is_filed_under_its_own_name(repo, capsys):
    """Without a branch in the source, the file's name makes one."""
    call(f"import {IMPORTS / TABLES[1]}", capsys)
    begun = next(read(latest(repo).history)).event
    assert isinstance(begun, ev.RunStarted)
    assert ("imported/pr109", "", "") == (begun.branch, begun.base_commit, begun.base_tree)


def test_an_imported_run_is_not_resumed(repo, capsys, folder):
    """Where its code is unknown here, resume says so and changes nothing; propose and stop do not either."""
    call(f"import {folder}", capsys)
    before = bytes_of(repo)
    code, said = refused("resume --loops 1", capsys)
    assert 3 == code
    assert "its best code (commit 2bde422) is not in this repository" in said
    assert 3 == refused("propose --set LR=0.2", capsys)[0]
    assert 3 == refused("stop", capsys)[0]
    assert before == {name: data for name, data in bytes_of(repo).items() if name in before}


def test_an_imported_run_whose_code_is_here_shows_the_way(repo, tmp_path, capsys):
    """Where the best commit is in this repository, resume says how to begin a run with it."""
    commit = git(repo, "rev-parse", "HEAD")
    (tmp_path / "own.tsv").write_text(f"{HEAD}{commit[:7]}\t1.000000\t2.0\tkeep\tbaseline\n")
    call(f"import {tmp_path / 'own.tsv'}", capsys)
    code, said = refused("resume --loops 1", capsys)
    assert 3 == code
    assert f"git branch autoresearch/NAME {commit[:12]}" in said


def test_a_word_is_never_looked_up_in_git(repo, tmp_path, capsys):
    """A commit column that says HEAD does not make this repository's code the table's."""
    (tmp_path / "own.tsv").write_text(f"{HEAD}HEAD\t1.000000\t2.0\tkeep\tbaseline\n")
    call(f"import {tmp_path / 'own.tsv'}", capsys)
    assert "not in this repository" in refused("resume", capsys)[1]


def test_what_is_not_there_is_refused(repo, tmp_path, capsys, folder):
    """A missing path, a folder without its files, a pipe: each is named, and nothing is created."""
    os.mkfifo(tmp_path / "pipe")
    (folder / "state.json").unlink()
    before = bytes_of(repo)
    assert 3 == refused(f"import {tmp_path / 'nothing.tsv'}", capsys)[0]
    assert 5 == refused(f"import {tmp_path / 'pipe'}", capsys)[0]
    code, said = refused(f"import {folder}", capsys)
    assert 5 == code
    assert "has no state.json" in said
    assert before == bytes_of(repo)


def test_a_state_with_a_hostile_branch_is_refused(repo, capsys, folder):
    """A branch that git would not take is refused, and may be named by hand."""
    state = json.loads((folder / "state.json").read_text()) | {"branch": "../../etc\n"}
    (folder / "state.json").write_text(json.dumps(state))
    assert 5 == refused(f"import {folder}", capsys)[0]
    call(f"import {folder} --branch autoresearch/mended", capsys)


def test_a_full_disk_leaves_nothing_behind(repo, monkeypatch, capsys):
    """When the history cannot be written whole, the claimed folder goes again."""

    def fail(*_arguments, **_options) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(import_run.EventLog, "append", fail)
    assert 3 == refused(f"import {IMPORTS / TABLES[0]}", capsys)[0]
    assert () == started_runs(repo)


def test_a_run_is_seen_only_when_it_is_whole(repo, monkeypatch, capsys):
    """While the history grows, no command finds the run."""
    seen = []
    append = EventLog.append

    def look(*arguments, **options):
        seen.append([paths.exists() for paths in repo.glob(".autoresearch/runs/*/history.jsonl")])
        return append(*arguments, **options)

    monkeypatch.setattr(import_run, "BATCH", 10)
    monkeypatch.setattr(import_run.EventLog, "append", look)
    call(f"import {IMPORTS / TABLES[0]}", capsys)
    assert [[]] * 13 == seen


def test_ten_thousand_rows_take_a_second(repo, tmp_path, capsys):
    """A table far longer than any real one is imported whole (about 0.8 s on a laptop's core)."""
    rows = "".join(f"{n:07x}\t1.5\t44.0\tdiscard\ttry number {n}\n" for n in range(10_000))
    (tmp_path / "long.tsv").write_text(HEAD + rows)
    before = time.process_time()
    call(f"import {tmp_path / 'long.tsv'}", capsys)
    assert time.process_time() - before < 10
    assert HEAD + rows == latest(repo).results.read_text()
