"""What an iteration is for that tries no idea: a kept one measured again, or the best without one. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from autoresearch.events.kinds.candidate_events import Without


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
