"""The commands that look: on histories a test has written, in process, never writing anything."""

import csv
import io
import json
import re
import shlex
import threading
import time
from pathlib import Path

import pytest
from attrs import evolve

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.catalogue import run_named
from autoresearch.engine.runs.runner_lock import hold_as_runner
from autoresearch.engine.system.processes.process import hold_lock
from autoresearch.events import catalog as ev
from autoresearch.events.log.append import EventLog
from autoresearch.events.values import why
from autoresearch.projections.words.wording import say
from autoresearch.workflows.cli.main import main
from autoresearch.workflows.live import follow
from tests import given as g
from tests.cli_helpers import bytes_of, git, make_repo, make_run
from tests.tampering import Record, first, tamper


DONE = ev.RunStopped(how="done", reason=why("done", completed=2, metric="val_bpb", best=1.4))
LOG = "\n".join(f"step {n} | loss: 3.0" for n in range(300)) + "\nval_bpb: 1.4\n"


@pytest.fixture
def repo(tmp_path, monkeypatch) -> Path:
    """A committed repository, which is the current folder."""
    made = make_repo(tmp_path / "repo")
    monkeypatch.chdir(made)
    monkeypatch.delenv("AUTORESEARCH_AGENT", raising=False)
    monkeypatch.setattr(follow, "POLL_S", 0.02)
    return made


@pytest.fixture
def done(repo) -> RunPaths:
    """A run that is done: baseline, one kept and one discarded iteration, with real commits."""
    base = git(repo, "rev-parse", "HEAD")
    (repo / "train.py").write_text("LR = 0.2\n")
    git(repo, "commit", "-qam", "candidate")
    commit = git(repo, "rev-parse", "HEAD")
    git(repo, "reset", "-q", "--hard", base)
    baseline = [
        evolve(one, base_commit=base) if isinstance(one, ev.IterationStarted) else one for one in g.BASELINE
    ]
    paths = make_run(
        repo,
        g.asked(2),
        g.runner_started(),
        *baseline,
        g.opened(1, base=base),
        g.chosen(1, description="a\tbetter\nrate"),
        g.applied(1),
        g.committed(1, commit),
        g.training(1, commit=commit),
        g.trained(1, 1.4),
        evolve(g.row(1, 1.4), commit=commit),
        g.kept(1, commit),
        *(g.opened(2, base=commit), g.chosen(2), g.applied(2), g.committed(2, commit), g.training(2)),
        *(g.trained(2, None, outcome="crashed"), g.row(2, None, outcome="crashed"), g.discarded(2), DONE),
    )
    for number in (0, 1, 2):
        job = paths.job(number, "train", 1)
        job.folder.mkdir(parents=True)
        job.output.write_text(LOG if number else "the baseline\n")
        job.exit.write_text("{}")
    return paths


def call(words: str, capsys) -> str:
    """Run one command line that must succeed; return what it printed."""
    code = main(shlex.split(words))
    said = capsys.readouterr()
    assert (0, "") == (code, said.err)
    return said.out


def test_looking_never_writes(repo, done, capsys):
    """No command that shows leaves a trace, with or without caches."""
    before = bytes_of(repo)
    for words in (
        *("status", "status --json", "runs", "runs --json", "experiments", "experiments --csv", "show 1"),
        *("report", "report --html", "report --markdown --at 3", "report --json"),
        *(
            "logs --last 5",
            "history",
            "history -f --jsonl",
            "replay --at 3 --json",
            "replay --policy min-delta:1",
            "watch",
        ),
    ):
        call(words, capsys)
    assert before == bytes_of(repo)


def test_status_is_one_object_or_a_page(done, capsys):
    """`--json` prints one JSON object and nothing else; without it, a page."""
    told = json.loads(call("status --json", capsys))
    assert ("autoresearch.status/1", done.run_id, "done") == (told["schema"], told["run_id"], told["phase"])
    ends = {"discarded": 0, "vetoed": 0, "stopped_early": 0, "not_applied": 0, "retracted": 0}
    assert {"kept": 1, "crashed": 1, **ends} == told["counts"]
    assert str(done.history) == told["history_path"]
    page = call("status", capsys)
    assert "val_bpb 1.400000, iteration 1" in page
    assert "2 changes tried (1 kept, 1 crashed), 0 loops left" in page


def test_a_page_of_a_history_with_a_malformed_event_says_which(done, capsys):
    """Below what is known of the run stand the line, what is wrong in it, and the way out; the code is 6."""

    def spoil(records: list[Record]) -> None:
        first(records, "TrainingStarted")["data"]["device"] = 7

    tamper(done.history, spoil)
    done.state.unlink(missing_ok=True)
    assert 6 == main(["status"])
    said = capsys.readouterr()
    assert "2 changes tried" in said.out
    assert re.search(r"history\.jsonl:\d+: TrainingStarted v\d+: .*device must be", said.err)
    assert f"repair {done.run_id}` goes on with what is whole" in said.err


def test_a_report_is_written_where_it_is_asked_for(repo, done, tmp_path, capsys):
    """With --output the file has what else would be printed; a folder that is not there is named."""
    printed = call("report --html", capsys)
    file = tmp_path / "r.html"
    said = call(f"report {done.run_id} --html -o {file}", capsys)
    assert f"written to {file}, {file.stat().st_size:,} bytes\n" == said
    assert printed == file.read_text()
    assert "1 kept, 1 crashed" in printed
    assert done.run_id == json.loads(call("report --json", capsys))["run_id"]
    assert (3, 2) == (
        main(["report", "-o", str(tmp_path / "no" / "r")]),
        main(["report", "--html", "--json"]),
    )
    assert "there is no folder" in capsys.readouterr().err


def test_status_follows_a_living_runner(repo, capsys):
    """While its runner holds the run, it is not interrupted; who is no runner does nothing for it."""
    paths = make_run(repo, g.asked(2), g.runner_started(), *g.BASELINE)
    with hold_as_runner(paths):
        assert "loop" == json.loads(call("status --json", capsys))["phase"]
    with hold_lock(paths.lock):
        assert "interrupted" == json.loads(call("status --json", capsys))["phase"]
        assert "interrupted" in call("status", capsys)
    assert "interrupted" == json.loads(call("status --json", capsys))["phase"]


def test_experiments_in_three_forms(done, capsys):
    """The table, CSV and JSON have one row for each iteration, and say the same."""
    table = call("experiments", capsys).splitlines()
    assert ["#", "status", "val_bpb", "gain", "memory", "time", "commit", "by", "description"] == table[
        0
    ].split()
    assert [" ", "*", " "] == [line[:1] for line in table[1:]]
    told = json.loads(call("experiments --json", capsys))["experiments"]
    read = list(csv.DictReader(io.StringIO(call("experiments --csv", capsys))))
    assert ["keep", "keep", "crash"] == [row["status"] for row in told] == [row["status"] for row in read]
    assert [1.5, 1.4, None] == [row["metric"] for row in told]
    assert {"LR": 0.1} == told[1]["settings"]


def test_show_tells_an_iteration_whole(done, capsys):
    """Proposal, diff, metric, events and the end of the log are on one page, and in one object."""
    page = call("show 1", capsys)
    for part in (
        "iteration 1: keep",
        "1.400000",
        "set LR = 0.1",
        "-LR = 0.1\n+LR = 0.2",
        "iteration 1 opened",
        "the end",
    ):
        assert part in page
    told = json.loads(call("show 1 --json", capsys))
    assert "raise the rate" not in told["proposal"]["description"]
    assert told["diff"] == call("show 1 --diff", capsys)
    assert "baseline: keep" in call("show 0", capsys)
    assert "" == call("show 0 --diff", capsys)


def test_show_falls_back_to_the_stored_diff(repo, capsys):
    """Where git has lost a commit, the diff that lies with the iteration is shown."""
    paths = make_run(repo, g.asked(1), *g.BASELINE, *g.candidate(1))
    paths.iteration(1).mkdir(parents=True)
    paths.candidate_diff(1).write_text("-stored\n")
    assert "-stored\n" == call("show 1 --diff", capsys)


def test_logs_end_of_the_newest_or_a_named_one(done, capsys):
    """Without a number the newest training's log, with one that iteration's; as many lines as asked for."""
    assert LOG.splitlines()[-200:] == call("logs --last 200", capsys).splitlines()
    assert LOG.splitlines()[-3:] == call("logs 1 -n 3", capsys).splitlines()
    assert LOG == call("logs 2 -n 0", capsys)
    assert "the baseline\n" == call("logs 0", capsys)
    assert LOG.splitlines()[-200:] == call("logs -f", capsys).splitlines()


def test_a_log_of_strange_bytes_is_printed_as_it_is(done, capfdbinary):
    """Output that is not UTF-8, or one endless line, is no trouble."""
    raw = b"\xff\xfe" + b"x" * 3_000_000
    done.job(2, "train", 1).output.write_bytes(raw)
    assert 0 == main(["logs", "2", "-n", "0"])
    assert raw == capfdbinary.readouterr().out


def test_history_in_lines_and_as_stored(done, capsys):
    """One line per event, or the very bytes of the records; filtered by number and type."""
    stored = done.history.read_text()
    assert stored == call("history --jsonl", capsys)
    assert len(stored.splitlines()) == len(call("history", capsys).splitlines())
    assert stored.splitlines()[20:] == call("history --jsonl --since 20", capsys).splitlines()
    assert 2 == len(call("history --type CandidateKept", capsys).splitlines())
    assert 3 == len(call("history --type CandidateKept --type CandidateDiscarded -f", capsys).splitlines())


def test_history_of_a_healed_tail_prints_records_only(repo, capsys):
    """Torn bytes that were closed off are no record, and are not printed as one."""
    paths = make_run(repo, g.asked(1))
    with paths.history.open("ab") as file:
        file.write(b'{"seq":3,"torn')
    with EventLog(paths.history) as log:
        log.append([ev.NoteAdded(text="after")], by="test")
    told = [json.loads(line) for line in call("history --jsonl", capsys).splitlines()]
    assert [1, 2, 3, 4] == [one["seq"] for one in told]


def test_a_damaged_history_has_code_6_everywhere(done, capsys):
    """Every command that reads says the same of a damaged history."""
    with EventLog(done.history, durability="off") as log:
        log.append([ev.NoteAdded(text="what is before this was whole once")], by="test")
    raw = bytearray(done.history.read_bytes())
    raw[len(raw) // 2] ^= 1
    done.history.write_bytes(raw)
    for words in (
        "status",
        "history",
        "experiments",
        "show 1",
        "logs",
        "replay",
        "resume --loops 1",
        "note x",
    ):
        assert 6 == main(words.split()), words
    capsys.readouterr()
    assert "unreadable" in call("runs", capsys).splitlines()[-1]


def test_runs_lists_the_newest_last(repo, done, capsys):
    """Each run is a line, in the order in which they began."""
    newer = make_run(repo, g.asked(1), branch="autoresearch/mar9")
    assert [done.run_id, newer.run_id] == [line.split()[0] for line in call("runs", capsys).splitlines()[1:]]
    assert [done.run_id, newer.run_id] == [
        one["run_id"] for one in json.loads(call("runs --json", capsys))["runs"]
    ]


def test_a_start_that_was_killed_leaves_no_run(repo, done, capsys):
    """A folder without a whole first event is not listed, and never the latest run."""
    torn = run_named(repo, "autoresearch-mar9-r001")
    torn.folder.mkdir()
    for content in (None, b"", b'{"seq":1,"type":"RunSta'):
        if content is not None:
            torn.history.write_bytes(content)
        assert done.run_id in call("status", capsys)
        assert 2 == len(call("runs", capsys).splitlines())


def test_inside_a_runs_worktree_the_users_repository_is_meant(repo, done, capsys, monkeypatch):
    """Whoever stands in a run's worktree sees the run, not an empty repository."""
    git(repo, "worktree", "add", "-q", "--detach", str(done.train_checkout))
    monkeypatch.chdir(done.train_checkout)
    assert done.run_id in call("status", capsys)


def test_watching_ends_when_the_run_rests(repo, capsys):
    """Off a terminal, watch prints one line per event, what is new too, and ends with the run."""
    paths = make_run(repo, g.asked(1), g.runner_started(), *g.BASELINE)

    def go_on() -> None:
        with EventLog(paths.history) as log:
            for event in (g.opened(1), g.chosen(1), DONE):
                time.sleep(0.1)
                log.append([event], by="test")

    other = threading.Thread(target=go_on)
    with hold_as_runner(paths):
        other.start()
        lines = call("watch", capsys).splitlines()
        other.join()
    assert 12 == len(lines)
    assert "#12 idle, done" in lines[-1]
    assert "iteration 1 tries" in lines[-2]


def test_watching_a_run_without_runner_says_so(repo, capsys):
    """Nobody waits for ever for a runner that died."""
    make_run(repo, g.asked(1), g.runner_started(), *g.BASELINE)
    assert 3 == main(["watch"])
    assert "no runner of autoresearch-mar8-r001 is alive" in capsys.readouterr().err


def test_watching_a_failed_baseline_has_code_4(repo, capsys):
    """How the run ended is how the watching ends."""
    failed = (*g.BASELINE[:3], g.trained(0, None, outcome="crashed"))
    stop = ev.RunStopped(how="baseline_failed", reason=why("baseline_failed", outcome="crashed"))
    make_run(repo, g.asked(1), g.runner_started(), *failed, stop)
    assert 4 == main(["watch"])
    assert f"the baseline failed: crashed: {say(g.BROKE)}" in capsys.readouterr().err


def test_watching_a_run_that_waits_and_has_no_runner_has_code_8(repo, capsys):
    """A paused run that nobody runs is a human's turn."""
    make_run(repo, g.asked(1), *g.BASELINE, ev.RunPaused(reason=why("agent_failed_in_a_row", times=3)))
    assert 8 == main(["watch"])
    assert "paused: the agent failed" in capsys.readouterr().err
