"""The object of `start` and `resume`: what was asked of which run, and who does it."""

from typing import Any

from attrs import asdict

from autoresearch.engine.control.launch import Launched
from autoresearch.engine.control.outcome import StartOutcome
from autoresearch.engine.control.results.take_out import TakeOutOutcome
from autoresearch.events.values import OPEN_END
from autoresearch.projections.words.wording import say
from autoresearch.workflows.api.acts.memory import memory_object
from autoresearch.workflows.api.envelope import document


def start_object(
    outcome: StartOutcome, launched: Launched | None, command: str
) -> dict[str, Any]:  # Any: it is JSON
    """Return it as JSON has it; `launched` is None where nothing is left to do."""
    request, idle, proposer = outcome.request, outcome.idle, outcome.proposer
    runner = launched.runner if launched is not None else None
    return {
        **document(command),
        "run_id": outcome.paths.run_id,
        "branch": outcome.branch,
        "chosen": outcome.chosen,
        "loops": None if request is None or request.loops >= OPEN_END else request.loops,
        "until": (request.until or None) if request is not None else None,
        "earlier_loops": outcome.earlier_loops,
        "loops_aside": outcome.loops_aside,
        "known": outcome.again,
        "idle": idle.why if idle is not None else None,
        "agent": proposer.agent if proposer is not None else None,
        "agent_found": (proposer.found or None) if proposer is not None else None,
        "others": list(proposer.others) if proposer is not None else [],
        "agent_turns": (proposer.turns or None) if proposer is not None else None,
        "agent_available": not proposer.missing if proposer is not None else None,
        "reviewer": (proposer.reviewer or None) if proposer is not None else None,
        "reviewer_available": not proposer.reviewer_missing if proposer and proposer.reviewer else None,
        "memory": memory_object(outcome.memory),
        "sandbox": (proposer.sandbox or None) if proposer is not None else None,
        "uncommitted": list(outcome.uncommitted),
        "guidance_edited": outcome.guidance_edited or None,
        "submodules": list(outcome.submodules),
        "unpulled": list(outcome.unpulled),
        "guards": list(outcome.guards),
        "remeasured_for": list(outcome.remeasured_for),
        "runner_pid": (runner.pid or None) if runner is not None else None,
        "runner_was_alive": launched.already if launched is not None else None,
        "runner_ends_with": (launched.ends_with or None) if launched is not None else None,
        "seq": outcome.seq,
        "history_path": str(outcome.paths.history),
        **(_of_a_new_run(outcome) if command == "start" else {}),
    }


def _of_a_new_run(outcome: StartOutcome) -> dict[str, Any]:
    return {
        "left_out": asdict(outcome.left_out) if outcome.left_out is not None else None,
        "too_short": asdict(outcome.too_short) if outcome.too_short is not None else None,
    }


def taken_out_fields(outcome: TakeOutOutcome | None = None) -> dict[str, Any]:  # Any: it is JSON
    """Return what is tried without which keep, and what cannot be taken out alone; nothing where none is."""
    if outcome is None:
        return {"taken_out": [], "repeats": [], "stuck": []}
    stuck = [{"iteration": number, "why": say(against)} for number, against in outcome.stuck]
    return {"taken_out": list(outcome.tried), "repeats": list(outcome.repeats), "stuck": stuck}
