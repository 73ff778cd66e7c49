"""Wait until something happens in a run, or a time is over: for programs that cannot sleep well."""

import time
from collections.abc import Iterable
from typing import Any, Literal, TypeAlias, get_args

from attrs import evolve as replace
from attrs import frozen

from autoresearch.engine.core.decider import decide
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.load import load_run
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Recorded
from autoresearch.events.log.seek import position_before
from autoresearch.projections.agent_health import Question, still_open
from autoresearch.projections.run_state import RunState
from autoresearch.projections.state_text import say_stopped, say_waiting
from autoresearch.projections.summary import standing, waiting_for_human
from autoresearch.workflows.api.envelope import document
from autoresearch.workflows.api.status import live_facts, phase
from autoresearch.workflows.live.follow import POLL_S, SLOW_POLL_S, HistoryFollower, Pulse, brought_up


Wanted: TypeAlias = Literal["end", "keep", "question", "any"]
What: TypeAlias = Literal[
    "end", "keep", "question", "pause", "proposal_needed", "approval", "interrupted", "timeout"
]

WANTED: tuple[Wanted, ...] = get_args(Wanted)


@frozen(kw_only=True)
class Happened:
    """What ended a wait, and how the run stood then."""

    what: What
    run: RunState
    keep: int | None = None  # the iteration that was kept, or waits for a human's word
    question: Question | None = None
    waited_s: float = 0.0


def wait_for(paths: RunPaths, wanted: Wanted, *, timeout_s: float, since: int | None = None) -> Happened:
    """Return once it holds, once it cannot come by itself any more, or when the time is over.

    A keep counts behind event `since`, by default from now on. A question counts while it is open; with
    `since`, only one that was asked behind it. The baseline is no keep.
    """
    begun = time.monotonic()
    run = load_run(paths)
    after = run.position.seq if since is None else since
    begin = run.position if since is None else position_before(paths.history, since + 1)
    keep: int | None = None
    with HistoryFollower(paths, since=begin) as follower:
        pulse = Pulse(paths)
        while True:
            fresh = follower.news()
            keep = _first_keep(fresh, after=after) if keep is None else keep
            run = brought_up(paths, run)
            if run.position.seq > follower.position.seq:
                continue  # a keep may stand among what the follower has not read
            found = _happened(run.state, wanted, keep=keep, asked_after=since or 0)
            if found is None and not fresh and pulse.gone():
                found = Happened(what="interrupted", run=run.state)
            left_s = timeout_s - (time.monotonic() - begun)
            if found is None and left_s <= 0:
                found = Happened(what="timeout", run=run.state)
            if found is not None:
                return replace(found, waited_s=round(time.monotonic() - begun, 3))
            follower.wait(min(left_s, POLL_S if pulse.is_missed else SLOW_POLL_S))


def wait_object(paths: RunPaths, happened: Happened, wanted: str) -> dict[str, Any]:  # Any: it is JSON
    """Return what ended a wait as JSON has it; a run that is found without a runner is interrupted."""
    told = standing(happened.run)
    asked = happened.question
    word = phase(told, live_facts(paths, told, gpu=False))
    unheard = happened.what == "timeout" and word == "interrupted"
    return {
        **document("wait"),
        "run_id": paths.run_id,
        "for": wanted,
        "what": "interrupted" if unheard else happened.what,
        "iteration": happened.keep,
        "question": None if asked is None else {"number": asked.number, "question": asked.text},
        "reason": say_stopped(told) or say_waiting(told) or None,
        "phase": word,
        "stopped": told["stopped"],
        "metric": told["metric"],
        "best_metric": told["best_metric"],
        "seq": told["seq"],
        "waited_s": happened.waited_s,
    }


def _first_keep(records: Iterable[Recorded], *, after: int) -> int | None:
    for recorded in records:
        match recorded.event:
            case ev.CandidateKept(iteration=iteration) if iteration > 0 and recorded.seq > after:
                return iteration
            case _:
                continue
    return None


def _happened(run: RunState, wanted: Wanted, *, keep: int | None, asked_after: int) -> Happened | None:
    """Return what holds: first what is waited for, then what lets nothing more come. Pure."""
    if keep is not None and wanted in ("keep", "any"):
        return Happened(what="keep", run=run, keep=keep)
    asked = [one for one in still_open(run.questions) if one.number > asked_after]
    if asked and wanted in ("question", "any"):
        return Happened(what="question", run=run, question=asked[-1])
    waits = [one for one in run.open if one.approval.waits and one.approval.asked > asked_after]
    if waits and wanted in ("question", "any"):
        return Happened(what="approval", run=run, keep=waits[-1].number)
    if run.stopped is not None:
        return Happened(what="end", run=run)
    if waiting_for_human(run) is not None and not run.jobs and not decide(run):
        if run.paused is None and waits:
            return Happened(what="approval", run=run, keep=waits[-1].number)
        return Happened(what="proposal_needed" if run.paused is None else "pause", run=run)
    return None
