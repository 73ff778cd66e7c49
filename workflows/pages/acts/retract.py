"""What a retraction came to, in lines."""

from collections.abc import Sequence

from autoresearch.engine.control.results.retract import RetractOutcome
from autoresearch.projections.timeline import Row
from autoresearch.projections.words.wording import name_of, short
from autoresearch.workflows.api.experiments import status_of
from autoresearch.workflows.pages.acts.signals import KNOWN


SHOWN = 12  # iterations that a line names


def retracted_lines(outcome: RetractOutcome) -> list[str]:
    """Say what is believed no more, what is the best now, what is made of it, and where the branch stands."""
    others = [number for number in outcome.retracted if number != outcome.iteration]
    more = f", and what is made of it: {_numbers(others)}" if others else ""
    said = f"{KNOWN if outcome.again else ''}{name_of(outcome.iteration)} is retracted{more}"
    return [said, *_best_lines(outcome), *_standing(outcome)]


def _best_lines(outcome: RetractOutcome) -> list[str]:
    best, before = outcome.best, outcome.before
    if best is None or before is None:
        return []
    said = f"{name_of(best.iteration)}, {best.metric:.6f}, commit {short(best.commit)}"
    if best.iteration == before.iteration:
        return [f"the best stays {said}"]
    lines = [f"the best is now {said}"]
    match outcome.branch_now:
        case "moved_back":
            lines.append(f"{outcome.branch} was moved back to it")
        case "checked_out":
            lines.append(f"{outcome.branch} stands on {short(before.commit)} and stays: it is checked out")
        case "yours":
            lines.append(f"{outcome.branch} stands on {short(before.commit)} and stays: you brought it there")
        case "not_concerned":
            pass
    if outcome.held:
        lines.append(f"a branch or a tag of yours contains {short(before.commit)}; that is yours to revert")
    return lines


def _standing(outcome: RetractOutcome) -> list[str]:
    if not outcome.standing:
        return []
    return [f"made of its code, and judged by their own numbers: {_rows(outcome.standing)}"]


def _rows(rows: Sequence[Row]) -> str:
    return _some([f"{row.iteration} ({status_of(row)})" for row in rows])


def _numbers(numbers: Sequence[int]) -> str:
    return _some([str(number) for number in numbers])


def _some(words: Sequence[str]) -> str:
    more = len(words) - SHOWN
    return ", ".join(words[:SHOWN]) + (f" and {more} more" if more > 0 else "")
