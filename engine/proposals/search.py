"""The seeded search: what is proposed where no agent is. Really changes one constant at a time.

A pure function of the source, what was tried, the seed and the iteration: one history, one proposal. A
constant says what to try at the end of its comment, and otherwise every number in capitals is fair game:

    MATRIX_LR = 0.03  # for matrices; search: 0.01..0.1
    WINDOW = "SSSL"   # search: "SSSL" | "SL" | "L"

Of a file with several profiles (constants.py) only the constants of the one in use are tried.
"""

import ast
import hashlib
import math
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from autoresearch.engine.proposals import constants
from autoresearch.engine.proposals.constants import Constant
from autoresearch.events.errors import InvalidInput
from autoresearch.events.values import Proposal, Scalar
from autoresearch.projections.run_state import Iteration, RunState
from autoresearch.projections.timeline import Timeline


FACTORS = (0.5, 0.7, 1.4, 2.0)
LINEAR_STEPS = 100
STEPS_IN_A_DECADE = 90  # as many as there are numbers of two digits
WHOLE_NUMBERS = 1000  # a wider range of integers is tried on two significant digits
TARGET = re.compile(r"\bsearch:\s*(.+?)\s*$")
NUMBER = r"[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
RANGE = re.compile(rf"({NUMBER})\s*\.\.\s*({NUMBER})")


def searched(
    one: Iteration, run: RunState, timeline: Timeline, *, show: Callable[[str, str], bytes | None]
) -> Proposal | None:
    """Return what the seeded search proposes, None where all was tried; `show` is git's."""
    name = run.config.editable[0]
    now, at_first = (
        (show(commit, name) or b"").decode(errors="replace") for commit in (one.base_commit, run.base_commit)
    )
    settings = (row.settings for row in timeline.rows if row.retracted is None)
    tried = tried_from(settings, source=at_first)
    return propose(now, tried=tried, seed=run.config.seed, iteration=one.number)


def propose(source: str, *, tried: frozenset[tuple[str, str]], seed: int, iteration: int) -> Proposal | None:
    """Return a change of one constant to a value not tried before; None where all were tried.

    `tried` holds (name, repr of the value). The constants take turns, in an order that the seed decides.
    """
    spaces = _spaces(source)
    order = sorted(spaces, key=lambda one: _fraction(seed, "order", one[0].name))
    for turn in range(len(order)):
        constant, values = order[(iteration + turn) % len(order)]
        untried = [one for one in values if (constant.name, repr(one)) not in tried and one != constant.value]
        if untried:
            at = _fraction(seed, "value", iteration, constant.name)
            return _proposal(constant, untried[int(at * len(untried))])
    return None


def tried_from(settings: Iterable[Mapping[str, Scalar]], *, source: str = "") -> frozenset[tuple[str, str]]:
    """Return what was set so far, by name, and the values in the file that the run began with."""
    before = {one.name: one.value for one in _constants(source)}
    return frozenset((name, repr(value)) for values in (before, *settings) for name, value in values.items())


def _spaces(source: str) -> list[tuple[Constant, list[Scalar]]]:
    """Return each tunable constant with all of its values, spaced as they should be drawn."""
    found = [one for one in _constants(source) if one.plain and not one.dead]
    annotated = [(one, _annotated(one, said[1])) for one in found if (said := TARGET.search(one.comment))]
    return annotated or [
        (one, _around(one.value)) for one in found if one.name.isupper() and "SEED" not in one.name
    ]


@lru_cache(maxsize=16)  # parsing train.py takes 5 ms, and one best is asked about again and again
def _constants(source: str) -> tuple[Constant, ...]:
    """Return the constants that are assigned once; none where the file is not Python."""
    try:
        found = constants.find(source.encode(errors="replace"))
    except InvalidInput:
        return ()
    names = [one.name for one in found]
    return tuple(one for one in found if names.count(one.name) == 1)


def _annotated(constant: Constant, said: str) -> list[Scalar]:
    bounds = RANGE.fullmatch(said)
    if bounds is None:
        choices = [_choice(one.strip()) for one in said.split("|")]
        return [one for one in choices if _fits(constant, one)]
    low, high = sorted(float(one.replace("_", "")) for one in bounds.groups())
    if not _fits(constant, low) or math.isinf(high - low):
        return []
    if isinstance(constant.value, int):
        return [*_whole(math.ceil(low), math.floor(high))]
    return [*_real(low, high)]


def _choice(text: str) -> Scalar:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return value if value is None or isinstance(value, str | int | float) else text


def _fits(constant: Constant, value: Scalar) -> bool:
    try:
        constants.render(constant, value)
    except InvalidInput:
        return False
    return True


def _real(low: float, high: float) -> list[float]:
    """Return values of two significant digits; even in their logarithm where both ends are positive."""
    if low <= 0:
        drawn = [low + (high - low) * step / LINEAR_STEPS for step in range(LINEAR_STEPS + 1)]
    else:
        decades = math.log10(high) - math.log10(low)
        count = max(2, round(STEPS_IN_A_DECADE * decades))
        drawn = [10 ** (math.log10(low) + decades * step / count) for step in range(count + 1)]
    rounded = (float(f"{one:.2g}") for one in drawn)
    return sorted({one for one in rounded if low <= one <= high})


def _whole(low: int, high: int) -> list[int]:
    if high - low <= WHOLE_NUMBERS:
        return list(range(low, high + 1))
    return sorted({round(one) for one in _real(low, high)})


def _around(value: Scalar) -> list[Scalar]:
    match value:
        case bool():
            return [not value]
        case int():
            return [*sorted({round(value * factor) for factor in FACTORS} - {0})]
        case float():
            return [float(f"{value * factor:.2g}") for factor in FACTORS]
        case _:
            return []


def _proposal(constant: Constant, value: Scalar) -> Proposal:
    line = f"{constant.name} {constant.text} -> {constants.render(constant, value)}"
    return Proposal(
        status="ok",
        description=line,
        change_plan=f"Set {constant.name} to {value!r} and nothing else; the search tries one at a time.",
        commit_description=line,
        set={constant.name: value},
    )


def _fraction(*parts: object) -> float:
    """Return a number in [0, 1) that depends on the parts alone, on every machine and Python."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
