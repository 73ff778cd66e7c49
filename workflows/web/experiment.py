"""One experiment as the page shows it: what `show --json` prints, its calls, its pairs, its events."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from attrs import asdict, evolve

from autoresearch.engine.jobs import pack
from autoresearch.engine.paths import JobPaths, RunPaths
from autoresearch.engine.ports.repository import Commits
from autoresearch.engine.runs.one_iteration import OneIteration, one_iteration
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Recorded, event_type
from autoresearch.events.errors import InvalidInput, NotFound, WayOut
from autoresearch.events.values import Best, Score
from autoresearch.projections.run_state import RunState
from autoresearch.projections.words.event_text import describe
from autoresearch.workflows.api.experiments import candidate_diff, experiment_whole, story_of
from autoresearch.workflows.web.causes import causes
from autoresearch.workflows.web.curve import curve_left
from autoresearch.workflows.web.followed import Followed


TEXT = 2**16  # characters of a prompt or an answer that are shown
JUDGES = (ev.CandidateKept, ev.CandidateDiscarded)


def experiment_object(
    followed: Followed, git: Commits, number: int, *, at: int | None, against: str
) -> dict[str, Any]:  # Any: it is JSON
    """Return all that one iteration left, as of an event.

    Raises:
        NotFound: it had not begun then.
    """
    seq = at or followed.loaded.position.seq
    one = _as_of(followed, number, seq)
    story = story_of(one)
    loaded = followed.at(at)
    best = loaded.run.best
    bases = {
        "base": story.base_commit,
        "baseline": loaded.run.base_commit,
        "best": best.commit if best else story.base_commit,
    }
    base = bases[against] if against in bases else _commit_of(followed, int(against), seq)
    diff = candidate_diff(git, followed.paths, evolve(story, base_commit=base))
    left = followed.paths.artifacts(number)
    whole = experiment_whole(story, diff=diff, artifacts=str(left) if left.is_dir() else "")
    return whole | {
        "seq": seq,
        "against": against,
        "cost_usd": one.row.cost_usd,
        "rule": one.row.rule,
        "inputs": one.row.inputs,
        "calls": _calls(followed.paths, number, one.events),
        "pairs": _pairs(followed, number, one.events, seq),
        "seeds": _seeds(one.events),
        "kept": _kept(loaded.run, number),
        "curve": _curve(followed.paths, number, one.events),
        "running": [[job.step, job.number] for of, job in loaded.run.jobs if of == number],
        "events": event_objects(one.events),
    }


def event_objects(records: Sequence[Recorded]) -> list[dict[str, Any]]:
    """Return events in few words, each with the one that it follows from, where that is told."""
    told = causes(records)
    return [event_object(recorded) | {"cause": told.get(recorded.seq)} for recorded in records]


def event_object(recorded: Recorded) -> dict[str, Any]:
    """Return an event in few words."""
    return {
        "seq": recorded.seq,
        "at": recorded.at,
        "by": recorded.by,
        "type": event_type(recorded.event),
        "iteration": getattr(recorded.event, "iteration", None),
        "said": describe(recorded.event),
    }


def log_piece(job: JobPaths, since: int) -> dict[str, Any]:
    """Return what a job has printed since a place in its log, at most its end; and the place behind it."""
    try:
        file = pack.opened(job.output)
    except (OSError, InvalidInput):
        file = None
    if file is None:
        return {"text": "", "end": 0}
    with file:
        end = file.seek(0, 2)
        # A log that has reached its limit loses its middle: then it is shown anew.
        file.seek(max(since if since <= end else 0, end - TEXT // 2))
        text = file.read(TEXT).decode(errors="replace")
        return {"text": text.replace("\r\n", "\n").replace("\r", "\n"), "end": file.tell()}


def _commit_of(followed: Followed, number: int, seq: int) -> str:
    """Return the commit of another iteration."""
    story = story_of(_as_of(followed, number, seq))
    return story.commit or story.base_commit


def _as_of(followed: Followed, number: int, seq: int) -> OneIteration:
    row = followed.rows.row_at(number, seq)
    one = one_iteration(followed.paths, number) if row is not None else None
    if row is None or one is None:
        raise NotFound(
            f"{followed.paths.run_id} has no iteration {number} as of event {seq}",
            remedy=WayOut("experiments"),
        )
    return evolve(one, row=row, events=tuple(recorded for recorded in one.events if recorded.seq <= seq))


def _calls(paths: RunPaths, number: int, events: Iterable[Recorded]) -> list[dict[str, Any]]:
    """Return the calls of agents: who was asked for what, the prompt, the raw answer, and what it cost."""
    asked: dict[tuple[str, int], dict[str, Any]] = {}
    for recorded in events:
        match recorded.event:
            case ev.AgentAsked() as event:
                job = paths.job(number, event.step, event.call)
                asked[event.step, event.call] = {
                    "step": event.step,
                    "call": event.call,
                    "agent": event.agent,
                    "seq": recorded.seq,
                    "prompt": _text(lambda job=job: pack.read(job.prompt)),  # type: ignore[misc]
                    "answer": _text(lambda job=job: pack.read(job.output)),  # type: ignore[misc]
                }
            case ev.AgentAnswered() as event:
                asked.setdefault((event.step, event.call), {"step": event.step, "agent": event.agent}).update(
                    {
                        "outcome": event.outcome,
                        "seconds": event.seconds,
                        "model": event.model,
                        "session": event.session_id,
                        "usage": asdict(event.usage),
                        "answered": recorded.seq,
                    }
                )
            case _:
                pass
    return list(asked.values())


def _text(read: Callable[[], bytes | None]) -> str | None:
    try:
        found = read()
    except (OSError, InvalidInput):
        return None
    return None if found is None else found[:TEXT].decode(errors="replace")


def _pairs(followed: Followed, number: int, events: Iterable[Recorded], seq: int) -> list[dict[str, Any]]:
    """Return what candidate and base measured under each seed, as they stood before the verdict."""
    seeds, judged = {}, seq
    for recorded in events:
        if isinstance(recorded.event, ev.TrainingStarted):
            seeds[recorded.event.repeat] = recorded.event.seed
        if isinstance(recorded.event, JUDGES):
            judged = recorded.seq - 1
    run = followed.at(judged).run
    one, base = run.iteration(number), run.best
    if one is None or base is None or not one.scores:
        return []
    sign = 1.0 if run.config.metric.lower_is_better else -1.0
    return [_pair(score, base, seeds.get(score.repeat), sign) for score in one.scores]


def _seeds(events: Iterable[Recorded]) -> int:
    """Return under how many seeds, or repeats, it was measured."""
    repeats, measured = {}, set()
    for recorded in events:
        match recorded.event:
            case ev.TrainingStarted(training=training, repeat=repeat):
                repeats[training] = repeat
            case ev.TrainingFinished(training=training, metric=metric) if metric is not None:
                measured.add(training)
            case _:
                pass
    return len({repeat for training, repeat in repeats.items() if training in measured})


def _kept(run: RunState, number: int) -> dict[str, Any] | None:
    """Return what a keep has by all that it measured since, and on how many seeds; None: it is none."""
    best = next((one for one in run.keeps if one.iteration == number), None)
    return None if best is None else {"metric": best.metric, "seeds": len(best.under(best.conditions))}


def _pair(score: Score, base: Best, seed: int | None, sign: float) -> dict[str, Any]:
    theirs = base.under(score.conditions).get(score.repeat)
    return {
        "repeat": score.repeat,
        "seed": seed,
        "base_iteration": base.iteration,
        "base": theirs,
        "candidate": score.metric,
        "gain": None if theirs is None else sign * (theirs - score.metric),
    }


def _curve(paths: RunPaths, number: int, events: Iterable[Recorded]) -> list[tuple[float, float]]:
    """Return the points of the last training's curve: percent and loss; of one that runs, as far as it is."""
    of_trainings = (ev.TrainingStarted, ev.TrainingFinished)
    last = next((one.event for one in reversed([*events]) if isinstance(one.event, of_trainings)), None)
    if last is None:
        return []
    known = last.progress if isinstance(last, ev.TrainingFinished) else None
    if known is not None and known.points:
        return [*known.points]
    return [*curve_left(paths.job(number, "train", last.training))]
