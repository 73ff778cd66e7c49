"""The objects of `experiments` and `show`: one iteration as a row, and all that it left."""

import io
from collections.abc import Sequence
from typing import Any

from attrs import asdict, frozen

from autoresearch.engine.jobs import pack
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import Commits
from autoresearch.engine.runs.one_iteration import OneIteration
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Recorded
from autoresearch.events.encoding.shapes import unstructure
from autoresearch.events.metric_spec import MetricSpec
from autoresearch.events.values import VETOES, Proposal
from autoresearch.projections.state_text import say_row
from autoresearch.projections.timeline import Row
from autoresearch.workflows.api.envelope import document


COLUMNS = (
    "iteration",
    "status",
    "metric",
    "memory_gb",
    "seconds",
    "commit",
    "source",
    "description",
    "reason",
    "started_at",
    "closed_at",
    "gain",
    "half_width",
    "pairs",
    "cpu_seconds",
    "spent_times",
    "probability",
    "shrunk",
    "sureness",
    "fresh_gain",
    "fresh_half_width",
    "fresh_seeds",
    "comparisons",
    "taken_out",
    "cost_usd",
    "unpriced",
    "agent",
    "model",
    "not_reviewed",
)

OF_METRIC = ("metric_name", "lower_is_better")
FROM_VERDICT = ("gain", "half_width", "pairs", "spent_times", "probability", "shrunk")


def status_of(row: Row) -> str:
    """Return the one word for how an iteration stands: its verdict, or that it is open."""
    if row.retracted is not None:
        return "retracted"
    if row.verdict is not None:
        ended = row.outcome if row.outcome == "stopped_early" else row.verdict
        return "accident" if row.accident else "vetoed" if row.rule == VETOES[0] else ended
    return "recorded" if row.recorded else "open"


def experiment(row: Row) -> dict[str, Any]:  # Any: it is JSON
    """Return an iteration's row as JSON and CSV have it."""
    said = asdict(row) | {name: row.inputs.get(name) for name in FROM_VERDICT}
    said |= {"status": status_of(row), "seconds": row.training_s, "reason": say_row(row)}
    said |= {"agent": row.agent or None, "model": row.model or None}
    said |= {"not_reviewed": row.verdict == "keep" and row.unreviewed is not None}
    said |= {"cpu_seconds": row.cpu_s, "comparisons": row.comparisons} | _sureness(row)
    return {name: said[name] for name in COLUMNS} | {
        "metrics": dict(row.also),
        "settings": dict(row.settings),
    }


def experiment_of(row: Row, metric: MetricSpec) -> dict[str, Any]:  # Any: it is JSON
    """Return an iteration's row with what its number is, so that an import knows it again."""
    return experiment(row) | {"metric_name": metric.name, "lower_is_better": metric.lower_is_better}


def experiments_object(
    rows: Sequence[Row], run_id: str, metric: MetricSpec, *, earlier: int
) -> dict[str, Any]:  # Any: it is JSON
    """Return the iterations of a run, and how many earlier ones there are."""
    listed = [experiment_of(row, metric) for row in rows]
    return document("experiments", run_id=run_id, earlier=earlier, experiments=listed)


def _sureness(row: Row) -> dict[str, Any]:  # Any: it is JSON
    """Return whether a keep was confirmed on fresh seeds, and from what; None where it was not looked at."""
    sure = row.sureness
    return {
        "sureness": sure and sure.verdict,
        "fresh_gain": sure and sure.gain,
        "fresh_half_width": sure and sure.half_width,
        "fresh_seeds": sure and sure.pairs,
    }


def other_metrics(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the names of the numbers beside the metric that any training printed."""
    return tuple(dict.fromkeys(name for row in rows for name in row.also))


def experiments_csv(rows: Sequence[Row], metric: MetricSpec) -> str:
    """Return a table for spreadsheets: one line for each iteration."""
    import csv  # noqa: PLC0415 - 5 ms, for those who ask for one

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    also = other_metrics(rows)
    writer.writerow((*COLUMNS, *OF_METRIC, *also))
    for row in rows:
        said = experiment_of(row, metric)
        own = (said[name] for name in (*COLUMNS, *OF_METRIC))
        writer.writerow([*own, *(row.also.get(name) for name in also)])
    return out.getvalue()


@frozen(kw_only=True)
class Story:
    """All that one iteration left: its row, its proposal, its events, the last end of a log."""

    row: Row
    proposal: Proposal | None
    base_commit: str
    commit: str | None
    events: tuple[Recorded, ...]
    log_tail: str
    conditions: dict[str, str]  # of its last training


def story_of(one: OneIteration) -> Story:
    """Gather what the events say of one iteration."""
    proposal: Proposal | None = None
    commit, tail = one.row.commit, ""
    conditions: dict[str, str] = {}
    for recorded in one.events:
        match recorded.event:
            case ev.ProposalChosen() as event:
                proposal = event.proposal or one.proposals.get(event.received or 0)
            case ev.CandidateCommitted() as event:
                commit = event.commit
            case ev.TrainingStarted() as event:
                seed = {} if event.seed is None else {"seed": str(event.seed)}
                conditions = {"device": event.device, **seed, **event.surroundings}
            case ev.TrainingFinished() as event:
                tail = event.output.tail
            case ev.ResultImported() as event:
                proposal, tail = event.proposal, event.log_tail
            case _:
                pass
    return Story(
        row=one.row,
        proposal=proposal,
        base_commit=one.row.base_commit,
        commit=commit,
        events=one.events,
        log_tail=tail,
        conditions=conditions,
    )


def experiment_whole(story: Story, *, diff: str, artifacts: str = "") -> dict[str, Any]:  # Any: it is JSON
    """Return an iteration's row with its proposal, its diff and the end of its log."""
    return experiment(story.row) | {
        "base_commit": story.base_commit,
        "proposal": unstructure(story.proposal) if story.proposal else None,
        "diff": diff,
        "log_tail": story.log_tail,
        "artifacts": artifacts,
        "conditions": story.conditions,
    }


def candidate_diff(git: Commits, paths: RunPaths, story: Story) -> str:
    """Return the candidate's change: from git, else from the file that lies with the iteration."""
    commit, base = story.commit, story.base_commit
    if commit is None or not base or commit == base:
        return ""
    if git.resolve(commit) is not None and git.resolve(base) is not None:
        return git.diff(base, commit).text.decode(errors="replace")
    return (pack.read(paths.candidate_diff(story.row.iteration)) or b"").decode(errors="replace")
