"""`import` and what follows from it: the real tables and folders, through the command line, in process."""

import json
import os
import shlex
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from autoresearch.engine.imports import import_run
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.catalogue import started_runs
from autoresearch.engine.runs.load import load
from autoresearch.events import catalog as ev
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import read, verify
from autoresearch.workflows.cli.main import main
from tests.cli_helpers import bytes_of, git, make_repo


IMPORTS = Path(__file__).parents[2] / "golden" / "imports"
TABLES = ("exp-H100-mar8.tsv", "pr109.tsv", "pr158.tsv")
OTHERS = {
    "pr245.tsv": "metric from score, status from status, commit from commit,",
    "pr577.tsv": "metric from metric_after, status from status, commit from commit,",
}
TABLES_17 = Path(__file__).parents[1] / "fixtures" / "tables"
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
def test_a_table_of_other_columns_is_taken(repo, capsys, name):
    """How the columns were read is shown, and the audit reads them again."""
    skip = "--skip-bad" if name == "pr577.tsv" else ""  # pasted code stands in its rows
    said = call(f"import {IMPORTS / name} {skip}", capsys)
    assert f"read: {OTHERS[name]}" in said
    nothing_false(repo, capsys)


def nothing_false(repo: Path, capsys) -> None:
    """Audit the newest run: its trainings were measured elsewhere, and all else is true."""
    assert 9 == main(["replay", latest(repo).run_id])
    said = capsys.readouterr().out
    assert "first difference" not in said


@pytest.mark.parametrize(
    ("name", "metric", "best"),
    [
        ("more-columns.tsv", "val_bpb", 0.903),
        ("other-metric.tsv", "best_r2", 0.117),
        ("other-words.tsv", "val_bpb", 1.864),
        ("pi.jsonl", "seconds", 10.0),
        ("two-machines.tsv", "val_bpb", 1.808),
    ],
)
def test_public_tables_are_taken(repo, capsys, name, metric, best):
    """More columns, another metric, other words for a keep, and the lines of pi's extension give the best."""
    call(f"import {TABLES_17 / name}", capsys)
    run = load(latest(repo)).run
    assert (metric, best) == (run.config.metric.name, run.best.metric)


EXPORTS = {
    "wandb.csv": (
        '"Name","State","lr","accuracy"\n"a","finished","0.1","0.7"\n"b","finished","0.2","0.9"\n'
        '"c","crashed","0.3",""\n"d","finished","0.4","0.8"\n'
    ),
    "mlflow.csv": (
        "Start Time,Run ID,Name,Status,lr,metrics.accuracy\nx,r1,a,FINISHED,0.1,0.7\n"
        "x,r2,b,FINISHED,0.2,0.9\n"
        "x,r3,c,FAILED,0.3,\nx,r4,d,FINISHED,0.4,0.8\n"
    ),
    "optuna.csv": (
        "number,value,params_lr,state\n0,-0.7,0.1,COMPLETE\n1,-0.9,0.2,COMPLETE\n2,,0.3,FAIL\n"
        "3,-0.8,0.4,COMPLETE\n"
    ),
    "lines.jsonl": (
        '{"accuracy": 0.7, "status": "Baseline"}\n{"accuracy": 0.9, "status": "KEEP*"}\n'
        '{"accuracy": "N/A", "status": "crash"}\n{"accuracy": 0.8, "status": "discard"}\n'
    ),
}


@pytest.mark.parametrize("name", EXPORTS)
def test_exports_of_other_programs_are_taken(repo, tmp_path, capsys, name):
    """What only says that it was measured is kept where it is better than all before."""
    table = tmp_path / name
    table.write_text(EXPORTS[name])
    call(f"import {table}", capsys)
    paths = latest(repo)
    rows = load(paths).timeline.rows
    assert ["keep", "keep", "crash", "discard"] == [row.verdict for row in rows]
    assert 0.9 == abs(load(paths).run.best.metric)
    nothing_false(repo, capsys)


def test_a_database_of_optuna_is_taken(repo, tmp_path, capsys):
    """Trials of the first study become results, with their parameters as descriptions."""
    table = tmp_path / "study.db"
    with closing(sqlite3.connect(table)) as base:
        base.executescript(
            "CREATE TABLE studies (study_id INTEGER); INSERT INTO studies VALUES (1);"
            "CREATE TABLE study_directions (study_id INTEGER, direction TEXT, objective INTEGER);"
            "INSERT INTO study_directions VALUES (1, 'MAXIMIZE', 0);"
            "CREATE TABLE trials (trial_id INTEGER, number INTEGER, study_id INTEGER, state TEXT,"
            " datetime_start TEXT, datetime_complete TEXT);"
            "INSERT INTO trials VALUES (1, 0, 1, 'COMPLETE', '', ''), (2, 1, 1, 'FAIL', '', '');"
            "CREATE TABLE trial_values (trial_id INTEGER, objective INTEGER, value REAL);"
            "INSERT INTO trial_values VALUES (1, 0, 0.5);"
            "CREATE TABLE trial_params (trial_id INTEGER, param_name TEXT, param_value REAL);"
            "INSERT INTO trial_params VALUES (1, 'lr', 0.1);"
        )
        base.commit()
    call(f"import {table}", capsys)
    loaded = load(latest(repo))
    assert [("keep", 0.5, "lr=0.1"), ("crash", None, "")] == [
        (row.verdict, row.metric, row.description) for row in loaded.timeline.rows
    ]
    assert not loaded.run.config.metric.lower_is_better


def test_what_cannot_be_read_is_named_and_may_be_skipped(repo, tmp_path, capsys):
    """Line and column are said; --skip-bad takes the rest, and names what it left."""
    table = tmp_path / "t.tsv"
    table.write_text("commit\tscore\tstatus\na\t1.0\tkeep\nb\tfast\tkeep\nc\t2.0\tmaybe\nd\t3.0\tkeep\n")
    code, said = refused(f"import {table}", capsys)
    assert 5 == code
    assert "t.tsv:3 has the score 'fast'; expected a number (and 1 line more cannot be read)" in said
    said = call(f"import {table} --skip-bad", capsys)
    assert "skipped t.tsv:4: the status 'maybe'" in said
    assert 3.0 == load(latest(repo)).run.best.metric


@pytest.mark.parametrize("metric", ["accuracy", "val_bpb", "log_likelihood"])
def test_an_own_table_comes_back_whatever_the_metric(repo, tmp_path, capsys, metric):
    """The table that a run writes names its metric, and read again it is the same, negative numbers too."""
    sign = "" if metric == "val_bpb" else "-"
    rows = f"aaaaaaa\t{sign}96.000000\t1.0\tkeep\tbaseline\nbbbbbbb\t{sign}95.500000\t1.0\tdiscard\tx\n"
    rows += "none\t0.000000\t0.0\tcrash\tnot applied: y\n"
    table = tmp_path / "results.tsv"
    table.write_text(f"commit\t{metric}\tmemory_gb\tstatus\tdescription\n{rows}")
    call(f"import {table}", capsys)
    paths = latest(repo)
    assert table.read_bytes() == paths.results.read_bytes()
    assert metric == load(paths).run.config.metric.name


@pytest.mark.parametrize("form", ["csv", "json"])
def test_an_export_comes_back_under_its_metric(repo, tmp_path, capsys, form):
    """The table of `experiments` says what its number is, and which way is better."""
    rows = "aaaaaaa\t2.0\t1.0\tkeep\tbaseline\nbbbbbbb\t1.0\t1.0\tdiscard\tx\n"
    (tmp_path / "own.tsv").write_text(f"{HEAD.replace('val_bpb', 'drift')}{rows}")
    call(f"import {tmp_path / 'own.tsv'} --direction higher", capsys)
    again = tmp_path / f"again.{form}"
    again.write_text(call(f"experiments --{form}", capsys))
    assert "higher drift is better" in call(f"import {again}", capsys)
    assert (2.0, "drift") == ((run := load(latest(repo)).run).best.metric, run.config.metric.name)


def test_the_columns_may_be_said(repo, tmp_path, capsys):
    """--map and --direction go before what is guessed; a column that there is not is refused."""
    table = tmp_path / "t.csv"
    table.write_text("id,score,other\n1,5,9\n2,6,8\n3,7,7\n")
    call(f"import {table} --map metric=other --direction lower", capsys)
    assert ("other", 7.0) == ((run := load(latest(repo)).run).config.metric.name, run.best.metric)
    code, said = refused(f"import {table} --map metric=none", capsys)
    assert (2, True) == (code, "there is no column none" in said)


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
    rows = json.loads(call("experiments --json", capsys))["experiments"]
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


def test_the_same_source_is_the_same_run(repo, capsys, folder):
    """A second import makes nothing and says so; under another branch it is another run."""
    said = [call(f"import {folder}", capsys) for _ in range(2)]
    assert ["autoresearch-nov23-r001"] == [one.run_id for one in started_runs(repo)]
    assert [False, True] == ["which was imported before" in one for one in said]
    call(f"import {folder} --branch other/one", capsys)
    assert 2 == len(started_runs(repo))


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
