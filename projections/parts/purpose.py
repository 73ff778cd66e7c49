"""What an iteration is for that tries no idea: a kept one measured again, or the best without one. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from autoresearch.events.kinds.candidate_events import Without
from autoresearch.events.values import Best, Conditions, differing


IDEA: Mapping[str, Any] = {"purpose": None, "keep": None}  # as `status` has it


def purpose_of(
    without: Without | None, measures: int | None, repeats: Sequence[int], fresh: Mapping[str, Sequence[int]]
) -> Mapping[str, Any]:
    """Return it with the kept iteration that it is about; `fresh` are the repeats of each purpose, by name.

    What is measured again on other repeats is measured for a verdict.
    """
    if without is not None:
        return {"purpose": without.purpose, "keep": without.keep}
    if measures is None:
        return IDEA
    wanted = set(repeats)
    of = (name for name, planned in fresh.items() if wanted and wanted <= set(planned))
    return {"purpose": next(of, "verdict"), "keep": measures}


def changed_since(keeps: Sequence[Best], measured: Sequence[Conditions | None]) -> str:
    """Return in what the best was trained otherwise than what waits to be compared with it; "": in nothing.

    Of several the first, by its field of the conditions; while the best is trained once more for that.
    """
    wanted = next(filter(None, measured), None)  # under which something is measured again now
    if wanted is None or not keeps or keeps[-1].under(wanted):
        return ""
    return next(iter(differing(wanted, keeps[-1].conditions)), "")
