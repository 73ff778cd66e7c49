"""What the page of a run is made of: the objects that `--json` prints, and a few figures beside them."""

from typing import Any

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.load import Loaded
from autoresearch.engine.training.progress import progress_now
from autoresearch.engine.verdicts.keep_rules import RULES
from autoresearch.events.encoding.codec import Position
from autoresearch.events.encoding.shapes import unstructure
from autoresearch.events.errors import AutoresearchError
from autoresearch.projections.run_state import RunState
from autoresearch.projections.state_text import say_stopped, say_waiting
from autoresearch.projections.timeline import Row
from autoresearch.workflows.api.acts.ideas import ideas_listed
from autoresearch.workflows.api.acts.signals import listed
from autoresearch.workflows.api.next_step import next_step
from autoresearch.workflows.api.report import spread_of_seeds, time_spent
from autoresearch.workflows.api.run_now import RunNow, run_now
from autoresearch.workflows.api.status import LiveFacts, status_object
from autoresearch.workflows.pages.proposing import health_words
from autoresearch.workflows.pages.status import now_words, prefetch_words
from autoresearch.workflows.web.followed import Followed


SPARK = 120  # points of the line in the list of runs


def run_object(home: int, name: str, paths: RunPaths, followed: Followed | None) -> dict[str, Any]:
    """Return a run for the list of runs: its status, and the line of its best so far."""
    if followed is None:
        return {"home": home, "repository": name, "run_id": paths.run_id, "phase": "reading", "damage": None}
    seen = run_now(followed.paths, followed.loaded.run, gpu=False)
    said = status_object(followed.paths, seen.glance.standing, seen.facts)
    rows = followed.loaded.timeline.rows
    return {
        "home": home,
        "repository": name,
        **said,
        "run_id": followed.paths.run_id,
        "stands": _stands(seen),
        "cost_usd": cost_of(rows),
        "spark": _spark(rows),
        "damage": followed.damage.what if followed.damage else None,
    }


def unreadable(home: int, name: str, paths: RunPaths, error: AutoresearchError) -> dict[str, Any]:
    """Return a run for the list whose history cannot be read at all."""
    return {
        "home": home,
        "repository": name,
        "run_id": paths.run_id,
        "phase": "unreadable",
        "damage": str(error),
    }


def overview(followed: Followed, at: int | None) -> dict[str, Any]:
    """Return how a run stands, now or as of an event: of the world then, only the runner is known."""
    loaded, damage = followed.at(at), followed.damage
    return state_object(followed.paths, loaded, live=at is None) | {
        "last": followed.loaded.position.seq,
        "id": event_id(loaded.position),
        "generation": followed.generation,
        "damage": {"what": damage.what, "way_out": damage.way_out} if damage else None,
        "torn_bytes": followed.torn_bytes if at is None else 0,
    }


def state_object(paths: RunPaths, loaded: Loaded, *, live: bool) -> dict[str, Any]:
    """Return how a run stands, or stood then."""
    run = loaded.run
    seen = run_now(paths, run, gpu=True) if live else _then(paths, run)
    told, rows = seen.glance.standing, loaded.timeline.rows
    return {
        "seq": loaded.position.seq,
        "status": status_object(paths, told, seen.facts),
        "stands": _stands(seen),
        "prefetch": prefetch_words(told),
        "health": health_words(told),
        "next": next_step(run),
        "keep_rule": run.config.keep_rule,
        "lower_is_better": run.config.metric.lower_is_better,
        "of_seeds": spread_of_seeds(rows),
        "best_iteration": told["best_iteration"],
        "devices": _devices(paths, run, live=live),
        "jobs": [[number, job.step, job.number, job.since] for number, job in run.jobs],
        "queue": proposals_of(run),
        "notes": list(loaded.timeline.notes),
        "ideas": [one for one in ideas_listed(loaded.run.backlog) if one["state"] == "open"],
        "cost_usd": cost_of(rows),
    }


def rows_object(followed: Followed) -> dict[str, Any]:
    """Return how all rows of a run became what they are, and where in its history that ends."""
    position = followed.loaded.position
    return {
        "run_id": followed.paths.run_id,
        "seq": position.seq,
        "id": event_id(position),
        "generation": followed.generation,
        "changes": followed.told(),
        "human": followed.rows.human,
    }


def settings_object(followed: Followed) -> dict[str, Any]:
    """Return the settings that a run goes by, where it began, and the rules that may judge it."""
    run = followed.loaded.run
    rules = [{"form": rule.form, "meaning": rule.meaning} for rule in RULES.values()]
    return {"settings": unstructure(run.config), "base_commit": run.base_commit, "rules": rules}


def spans_object(followed: Followed) -> dict[str, Any]:
    """Return what ran when: [kind, begin, end, iteration, number, device]; without an end, it still runs.

    And where the time went, when nothing was asked for, and which models agents were asked for.
    """
    evidence = followed.evidence
    spans = [[one.kind, one.begin, one.end, one.iteration, one.number, one.device] for one in evidence.spans]
    going_on = [
        [one.kind, one.begin, None, one.iteration, one.number, one.device] for one in evidence.open.values()
    ]
    found = {
        "began_at": evidence.began_at,
        "last_at": evidence.last_at,
        "spans": spans + going_on,
        "rests": evidence.rests,
        "models": [[one.agent, one.model, one.calls, one.failed] for one in evidence.agents.values()],
    }
    return found | {"time": time_spent(evidence, followed.loaded.run)}


def proposals_of(run: RunState) -> list[dict[str, Any]]:
    """Return the proposals that wait, as `proposals --json` prints them, each with who made it."""
    return listed(run.waiting)


def cost_of(rows: list[Row]) -> float | None:
    """Return what agents cost, as far as they said so; None where none did."""
    costs = [row.cost_usd for row in rows if row.cost_usd is not None]
    return sum(costs) if costs else None


def event_id(position: Position) -> str:
    """Return a position in a history as one word, which a page hands back to go on from there."""
    return f"{position.seq}-{position.offset}-{position.hash}"


def position_of(word: str) -> Position | None:
    """Return the position that a word of `event_id` names; None where it names none."""
    seq, _, rest = word.partition("-")
    offset, _, digest = rest.partition("-")
    if not (seq.isdecimal() and offset.isdecimal() and len(seq) + len(offset) < 40):  # noqa: PLR2004 - digits
        return None
    return Position(seq=int(seq), offset=int(offset), hash=digest)


def _then(paths: RunPaths, run: RunState) -> RunNow:
    facts = LiveFacts(
        runner_alive=run.runner is not None, progress=None, gpu=None, dropped=0, as_of=run.updated_at
    )
    return RunNow(paths=paths, run=run, runner=run.runner, facts=facts)


def _stands(seen: RunNow) -> str:
    """Say why a run is idle or what it waits for; else what is done now."""
    told = seen.glance.standing
    return seen.facts.trouble or say_stopped(told) or say_waiting(told) or now_words(seen.glance)


def _devices(paths: RunPaths, run: RunState, *, live: bool) -> list[dict[str, Any]]:
    """Return each device of the run with what trains on it, and how far that is."""
    names = run.devices or ("cpu",)
    running = {job.device or "cpu": (number, job) for number, job in run.jobs if job.step == "train"}
    found = []
    for name in dict.fromkeys(names):
        number, job = running.get(name, (None, None))
        progress = None
        if job is not None and number is not None and live:
            told = progress_now(paths.job(number, "train", job.number).folder)
            progress = None if told is None else vars(told)
        found.append(
            {
                "device": name,
                "class": run.class_of(name),
                "iteration": number,
                "since": job.since if job else None,
                "deadline_s": job.deadline_s if job else None,
                "expected_s": run.takes_s or run.config.expected_s,
                "progress": progress,
            }
        )
    return found


def _spark(rows: list[Row]) -> list[list[float]]:
    """Return [iteration, metric] of what was kept, the newest if there are many."""
    kept = [[row.iteration, row.metric] for row in rows if row.verdict == "keep" and row.metric is not None]
    last = rows[-1].iteration if rows else 0
    ends = [[last, kept[-1][1]]] if kept else []
    return [*kept[-SPARK:], *ends]
