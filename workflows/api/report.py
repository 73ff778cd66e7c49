"""The object of `report`: a run as it is read in the morning, each figure with the event it comes from."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.load import Loaded, load
from autoresearch.events.log.read import read
from autoresearch.events.values import OPEN_END, Request
from autoresearch.projections.evidence import Calls, Evidence, Span, evidence_of
from autoresearch.projections.parts.compared import Compared, compared
from autoresearch.projections.parts.proposers import taking_turns
from autoresearch.projections.run_state import RunState
from autoresearch.projections.state_text import say_row, say_stopped, say_waiting
from autoresearch.projections.summary import standing
from autoresearch.projections.timeline import Row
from autoresearch.projections.words.wording import asked_for
from autoresearch.workflows.api.acts.ideas import ideas_listed
from autoresearch.workflows.api.envelope import document
from autoresearch.workflows.api.experiments import experiment, status_of


NEAR = 5  # near misses that are named
FAILED = {"crash", "not_applied", "accident"}
SHOWN = {"keep", "discard", "retracted"}  # in the chart


def report_of(paths: RunPaths, *, upto: int | None = None) -> dict[str, Any]:  # Any: it is JSON
    """Read a run, up to an event where one is named, and return its object."""
    return report_object(load(paths, upto=upto), evidence_of(read(paths.history, upto=upto)))


def report_object(loaded: Loaded, evidence: Evidence) -> dict[str, Any]:  # Any: it is JSON
    """Return the object; its fields are a contract. `seq` is the event that a figure stands in. Pure."""
    run, rows = loaded.run, loaded.timeline.rows
    now, beside = standing(run), compared(run.keeps, run.baseline)
    of_seeds = spread_of_seeds(rows)
    cited = [_row(row, evidence) for row in rows]
    return {
        **document("report"),
        "run_id": run.run_id,
        "branch": run.branch,
        "as_of": {"seq": evidence.last, "at": evidence.last_at},
        "began": {"seq": evidence.began, "at": evidence.began_at},
        "metric": run.config.metric.name,
        "lower_is_better": run.config.metric.lower_is_better,
        "keep_rule": run.config.keep_rule,
        "evaluated": bool(run.config.evaluate),
        "asked": [_asked(one.seq, one.at, one.request) for one in evidence.asked],
        "stands": _stands(run),
        "baseline": _baseline(beside, evidence),
        "best": _best(run, beside, rows, evidence),
        "seeds_in_common": beside.seeds,
        "gain": _gain(run, evidence),
        "of_seeds": of_seeds,
        "exact": of_seeds == 0.0 or now["exact_gain"] is not None,
        "comparisons": now["comparisons"],
        "loops_left": run.loops_left,
        "holdout": _holdout(run, evidence),
        "counts": dict(Counter(status_of(row) for row in rows if row.iteration)),
        "kept": [one for one in cited if one["status"] == "keep" and one["iteration"]],
        "near_misses": _near_misses(cited),
        "vetoed": [one for one in cited if one["status"] == "vetoed"],
        "failed": [one for one in cited if one["status"] in FAILED],
        "retracted": [one for one in cited if one["status"] == "retracted"],
        "ideas": ideas_listed(run.backlog),
        "lessons": [{"iteration": one.iteration, "text": one.text} for one in run.backlog.lessons],
        "cost": now["cost"],
        "proposers": now["proposers"],
        "agents": [_calls(calls) for calls in evidence.agents.values()],
        "time": time_spent(evidence, run),
        "points": [_point(one) for one in cited if one["metric"] is not None and one["status"] in SHOWN],
    }


def _asked(seq: int, at: str, request: Request) -> dict[str, Any]:
    agent = ", ".join(taking_turns(request)) if request.asks_agent else None
    asked = {"loops": None if request.loops == OPEN_END else request.loops, "until": request.until or None}
    return {
        "seq": seq,
        "at": at,
        **asked,
        "agent": agent,
        "final": request.final,
        "words": asked_for(request),
    }


def _stands(run: RunState) -> str:
    """Say why the run is idle or waits; "" while it works."""
    now = standing(run)
    return say_stopped(now) or say_waiting(now)


def _measured(iteration: int, metric: float, evidence: Evidence) -> dict[str, Any]:
    """Return a number, and where it stands: a mean over several measurements stands in no single event."""
    stands = evidence.measured.get(iteration) == metric
    return {
        "iteration": iteration,
        "metric": metric,
        "seq": evidence.results.get(iteration) if stands else None,
    }


def _baseline(beside: Compared, evidence: Evidence) -> dict[str, Any] | None:
    if beside.baseline is None:
        return None
    more = {"mean": beside.baseline_mean, "first": beside.baseline_first}
    return _measured(0, beside.baseline, evidence) | more


def _best(run: RunState, beside: Compared, rows: list[Row], evidence: Evidence) -> dict[str, Any] | None:
    best = run.best
    if best is None or beside.best is None:
        return None
    row = next((row for row in rows if row.iteration == best.iteration), None)
    said = {"commit": best.commit or None, "description": row.description if row else ""}
    more = {"mean": beside.best_mean, "first": row.metric if row else None}
    return _measured(best.iteration, beside.best, evidence) | said | more


def _gain(run: RunState, evidence: Evidence) -> dict[str, Any] | None:
    """Return the gain on fresh seeds of what is the best now; None where it was not measured."""
    gain = run.gain
    if gain is None or run.best is None or gain.iteration != run.best.iteration:
        return None
    figures = {"value": gain.gain, "half_width": gain.half_width, "seeds": gain.pairs}
    return figures | {"shown": gain.is_shown, "seq": evidence.gain or None}


def _holdout(run: RunState, evidence: Evidence) -> dict[str, Any] | None:
    """Return what best and baseline have on the holdout, and how often it was looked at; None: never."""
    found = standing(run)["holdout"]
    if found is None:
        return None
    seqs = {"best_seq": evidence.looks.get(found["iteration"]), "baseline_seq": evidence.looks.get(0)}
    return {**found, **seqs}


def spread_of_seeds(rows: Sequence[Row]) -> float | None:
    """Return the standard deviation over seeds that the baseline showed; 0.0: they all gave the same."""
    found = next((row.inputs.get("of_seeds") for row in rows if row.iteration == 0), None)
    return float(found) if isinstance(found, int | float) else None


def _row(row: Row, evidence: Evidence) -> dict[str, Any]:
    said = experiment(row)
    del said["settings"]
    number = row.iteration
    return said | {
        "reason": say_row(row),
        "result_seq": evidence.results.get(number),
        "seq": evidence.verdicts.get(number) or evidence.results.get(number),
        "sureness_seq": (evidence.sureness or None) if row.sureness else None,
    }


def _near_misses(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what was discarded though it measured better: the likeliest first, then the largest."""
    better = [one for one in rows if one["status"] == "discard" and (one["gain"] or 0) > 0]
    better.sort(key=lambda one: (-(one["probability"] or 0.0), -one["gain"], one["iteration"]))
    return better[:NEAR]


def _calls(calls: Calls) -> dict[str, Any]:
    return {
        "agent": calls.agent,
        "model": calls.model or None,
        "calls": calls.calls,
        "failed": calls.failed,
        "seconds": calls.seconds,
        "tokens_in": calls.tokens_in,
        "tokens_out": calls.tokens_out,
        "cost_usd": calls.cost_usd if calls.without_cost < calls.calls else None,
        "without_tokens": calls.without_tokens,
        "without_cost": calls.without_cost,
        "seq": calls.last,
    }


def _point(row: dict[str, Any]) -> dict[str, Any]:
    names = ("iteration", "metric", "status", "description", "gain", "half_width", "seq", "closed_at")
    return {name: row[name] for name in names}


# --- time --------------------------------------------------------------------------------------


def time_spent(evidence: Evidence, run: RunState) -> dict[str, Any]:
    """Return seconds: in all, with a training or an evaluation, waiting beside a runner, and with none.

    Time at rest, from a stop to what is asked for next, is told beside these and is none of them.

    `device_s` sums up over devices, so it may be more than what passed.
    """
    spans = evidence.ended()
    working = [_interval(span) for span in spans if span.kind in ("train", "evaluate")]
    alive = [_interval(span) for span in spans if span.kind == "runner"]
    busy, present = covered(working), covered([*working, *alive])
    whole = covered([_interval_of(evidence.began_at, evidence.last_at)]) if evidence.began_at else 0.0
    rest = min(whole, run.rested_until(evidence.last_at)) if evidence.last_at else 0.0
    whole -= rest
    return {
        "elapsed_s": max(whole, present),
        "busy_s": busy,
        "waiting_s": present - busy,
        "away_s": max(whole, present) - present,
        "rest_s": rest,
        "device_s": sum(end - begin for begin, end in working),
        "training_s": _sum(spans, "train"),
        "evaluation_s": _sum(spans, "evaluate"),
        "trainings": sum(span.kind == "train" for span in spans),
        "voided": evidence.voided,
        "lost": evidence.lost,
    }


def covered(intervals: Iterable[tuple[float, float]]) -> float:
    """Return how much of the time lies in at least one of the intervals."""
    total, reached = 0.0, float("-inf")
    for begin, end in sorted(intervals):
        total += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return total


def _sum(spans: list[Span], kind: str) -> float:
    return sum(end - begin for begin, end in (_interval(span) for span in spans if span.kind == kind))


def _interval(span: Span) -> tuple[float, float]:
    return _interval_of(span.begin, span.end)


def _interval_of(begin: str, end: str) -> tuple[float, float]:
    """Return two times of day in seconds; where a clock was set back, no time has passed."""
    first = datetime.fromisoformat(begin).timestamp()
    return first, max(first, datetime.fromisoformat(end).timestamp())
