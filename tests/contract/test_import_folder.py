"""The run folders of the single-file runner: two real ones, and what may be wrong with one."""

import json
from pathlib import Path

import pytest

from autoresearch.engine.imports.results_tsv import Source
from autoresearch.engine.imports.single_file_runner import read_folder
from autoresearch.events.errors import InvalidInput
from autoresearch.events.values import Proposal
from autoresearch.projections.fold import fold
from autoresearch.projections.results import results_tsv
from autoresearch.projections.timeline import TIMELINE
from tests.given import recorded, started


IMPORTS = Path(__file__).parents[1] / "golden" / "imports"
RUN = "autoresearch-nov23-r001"
FOLDERS = ("background", "foreground")


def lines_of(which: str) -> list[dict]:
    """Return the lines of a real history."""
    return [json.loads(line) for line in (IMPORTS / which / RUN / "history.jsonl").read_text().splitlines()]


def state_of(which: str) -> dict:
    """Return a real state."""
    return json.loads((IMPORTS / which / RUN / "state.json").read_text())


def source_of(lines: list[dict], state: dict) -> Source:
    """Read a folder with this history and this state."""
    history = "".join(json.dumps(line) + "\n" for line in lines)
    return read_folder("run", history.encode(), json.dumps(state).encode())


def refusal(lines: list[dict], state: dict) -> str:
    """Return why such a folder is refused."""
    with pytest.raises(InvalidInput) as refused:
        source_of(lines, state)
    return str(refused.value)


@pytest.mark.parametrize("which", FOLDERS)
def test_a_real_folder_gives_its_table_back(which):
    """The five rows are those of its results.tsv; only the baseline's commit was never written down."""
    source = source_of(lines_of(which), state_of(which))
    timeline = fold(TIMELINE, recorded(started(), source.head, *source.results))
    wanted = (IMPORTS / which / "rows.tsv").read_text().splitlines()
    commit, rest = wanted[1].split("\t", 1)
    assert 7 == len(commit)
    assert [wanted[0], f"none\t{rest}", *wanted[2:]] == results_tsv(timeline).splitlines()
    assert ("autoresearch/nov23", 5, {}) == (source.branch, source.head.rows, source.head.left_out)


def test_an_iteration_keeps_what_its_lines_say():
    """Proposal, proposer, times, seconds and the end of the log are taken over."""
    source = source_of(lines_of("background"), state_of("background"))
    baseline, one = source.results[:2]
    assert (
        Proposal(
            status="ok",
            description="try KNOB 1",
            change_plan="set KNOB to 1",
            commit_description="experiment: KNOB 1",
        )
        == one.proposal
    )
    assert ("agent", "e67e7a9", 0.98999, 1.4, "keep") == (
        one.proposed_by,
        one.commit,
        one.metric,
        one.training_s,
        one.status,
    )
    assert ("2026-11-23T21:15:52Z", "2026-11-23T21:15:53Z") == (one.started_at, one.ended_at)
    assert one.log_tail.endswith("num_steps:        953")
    assert (None, "2026-11-23T21:15:52Z") == (baseline.commit, baseline.started_at)


def test_in_the_foreground_nobody_knows_when_the_baseline_began():
    """Its one line was written when it was over, so its beginning is unknown."""
    baseline = source_of(lines_of("foreground"), state_of("foreground")).results[0]
    assert (None, "2026-11-23T21:15:50Z") == (baseline.started_at, baseline.ended_at)


def test_the_baselines_commit_is_known_while_nothing_else_was_kept():
    """state.json names the kept commit: the baseline's, if it is the only one that was kept."""
    state = state_of("foreground") | {
        "best_val_bpb": 0.99,
        "kept_commit": "033381a",
        "iterations_completed": 0,
    }
    (baseline,) = source_of(lines_of("foreground")[:3], state).results
    assert "033381a" == baseline.commit


def test_what_was_not_decided_is_named_and_left_out():
    """An iteration that the runner was killed in has no result, and the history says so."""
    lines = lines_of("foreground")[:-1]
    source = source_of(lines, state_of("foreground"))
    assert ([0, 1, 2, 3], {"4": "record"}) == (
        [one.iteration for one in source.results],
        source.head.left_out,
    )


@pytest.mark.parametrize(
    ("status", "triage", "reason"),
    [
        ("crash", {"action": "mark_crash_and_discard", "reason": "out of memory"}, "out of memory"),
        ("timeout", {"action": 5}, "timeout"),
        ("crash", {}, ""),
    ],
)
def test_a_crash_has_no_result(status, triage, reason):
    """The row of a crash has no number, and the triage's reason where there is one."""
    lines = lines_of("foreground")
    for line in lines:
        if line.get("iteration") == 4:
            match line["stage"]:
                case "train":
                    line["train"] |= {"status": status, "val_bpb": None, "memory_gb": 0.0}
                case "triage":
                    line["triage"] = triage
                case "decide":
                    line["decision"] = "crash"
    last = source_of(lines, state_of("foreground")).results[-1]
    assert ("crash", None, reason) == (last.status, last.metric, last.reason)


def test_a_commit_less_loop_is_taken_as_it_is():
    """Stages that a request left out leave None, and the row is called an experiment, as it was there."""
    lines = [line for line in lines_of("foreground") if line.get("stage") not in ("propose", "commit")]
    one = source_of(lines, state_of("foreground")).results[1]
    assert (None, None, None, "experiment") == (one.commit, one.proposal, one.proposed_by, one.description)


@pytest.mark.parametrize(
    ("number", "fields", "said"),
    [
        (1, {"type": "party"}, "run/history.jsonl:1 has type 'party'; expected run or stage or loop"),
        (2, {"stage": "breakfast"}, "run/history.jsonl:2 has stage 'breakfast'"),
        (3, {"details": None}, "run/history.jsonl:3 has details 'None'; expected an object"),
        (3, {"details": {"status": "fine"}}, "run/history.jsonl:3 has status 'fine'"),
        (3, {"details": {"status": "success", "val_bpb": -1}}, "val_bpb '-1'; expected a finite number"),
        (3, {"details": {"status": "success", "val_bpb": "0.9"}}, "val_bpb '0.9'"),
        (3, {"details": {"status": "success", "val_bpb": True}}, "val_bpb 'True'"),
        (3, {"details": {"status": "success", "val_bpb": 10**400}}, "val_bpb '1000"),
        (4, {"ts": "yesterday"}, "run/history.jsonl:4 has ts 'yesterday'; expected a time"),
        (4, {"iteration": 0}, "run/history.jsonl:4 has iteration '0'; expected a number from 1 up"),
        (4, {"iteration": "1"}, "iteration '1'"),
        (4, {"proposal": {"status": "ok"}}, "run/history.jsonl:4 has a proposal that is none"),
        (4, {"proposal": {"description": "x" * 300_000}}, "a proposal of more than 256 KiB"),
        (4, {"proposal": "\ud800"}, "run/history.jsonl:4 is not JSON that can be kept"),
        (7, {"train": {"status": "crash"}}, "run/history.jsonl:10 has the decision keep; expected crash"),
        (10, {"decision": "maybe"}, "run/history.jsonl:10 has decision 'maybe'"),
        (11, {"iteration": 1}, "run/history.jsonl:11 has iteration 1 again"),
    ],
)
def test_a_line_that_cannot_be_read_is_refused_with_its_number(number, fields, said):
    """The message names file and line, what was found and what was expected."""
    lines = lines_of("foreground")
    lines[number - 1] |= fields
    assert said in refusal(lines, state_of("foreground"))


@pytest.mark.parametrize(
    "line", ["", "{", "[]", '{"ts": NaN}', '"text"', "[" * 100_000, '{"ts": 1e400}', "\x00", "{}"]
)
def test_a_line_that_is_no_json_object_is_refused(line):
    """Half a line, other values, NaN and endless nesting are named with their line."""
    history = "\n".join([json.dumps(lines_of("foreground")[0]), line, ""])
    with pytest.raises(InvalidInput, match=r"run/history\.jsonl:2 "):
        read_folder("run", history.encode(), b"{}")


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"iterations_completed": 5}, "run/state.json has iterations_completed 5; expected 4"),
        ({"best_val_bpb": 0.5}, "run/state.json has best_val_bpb 0.5; expected 0.98997"),
        ({"best_val_bpb": None}, "run/state.json has best_val_bpb None"),
    ],
)
def test_two_files_that_do_not_belong_together_are_refused(state, said):
    """A history that was cut, or is another run's, does not fit what state.json saw."""
    assert said in refusal(lines_of("foreground"), state_of("foreground") | state)


def test_a_folder_without_a_result_is_refused():
    """A run that was started and never trained has nothing to import."""
    state = {"iterations_completed": 0, "best_val_bpb": None}
    assert "nothing was decided" in refusal(lines_of("foreground")[:2], state)


def test_secrets_stay_out_of_proposals_and_logs():
    """What is shaped like a token is taken out of texts that an agent or a training wrote."""
    secret = "hf_" + "a1" * 15
    lines = lines_of("foreground")
    lines[2]["details"]["log_tail"] = f"token {secret}"
    lines[3]["proposal"]["description"] = f"use {secret}"
    baseline, one = source_of(lines, state_of("foreground")).results[:2]
    assert ("token [redacted]", "use [redacted]") == (baseline.log_tail, one.description)
    assert one.proposal is not None
    assert "use [redacted]" == one.proposal.description
