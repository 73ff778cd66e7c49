"""Which values a constant is tried at: those that its comment names, or some around its own. Pure.

A power of two stays one, a fraction stays below one, a whole number stays whole, and a sign stays.
"""

import ast
import math
import re

from autoresearch.engine.proposals.constants import Constant
from autoresearch.engine.proposals.numbers_written import is_power_of_two
from autoresearch.events.values import Scalar


FACTORS = (0.5, 0.7, 0.85, 1.2, 1.4, 2.0)
AT_ZERO = (0.01, 0.05, 0.1, 0.2)  # what is tried of a float that is 0
LINEAR_STEPS = 100
STEPS_IN_A_DECADE = 90  # as many as there are numbers of two digits
WHOLE_NUMBERS = 1000  # a wider range of integers is tried on two significant digits
SMALL = 10  # whole numbers up to it are tried one by one, too
NUMBER = r"[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
RANGE = re.compile(rf"({NUMBER})\s*\.\.\s*({NUMBER})")
PATTERN = re.compile(r"(?=.*(.).*\1)[A-Z]{2,8}")  # SSSL: kinds of layers, in turns
HALF = 0.5


def annotated(constant: Constant, said: str) -> list[Scalar]:
    """Return the values that a comment names: a range, or choices."""
    bounds = RANGE.fullmatch(said)
    if bounds is None:
        return [_choice(one.strip()) for one in said.split("|")]
    low, high = sorted(float(one.replace("_", "")) for one in bounds.groups())
    if type(constant.comes_to) not in (int, float) or math.isinf(high - low):
        return []
    if isinstance(constant.comes_to, int):
        return [*_whole(math.ceil(low), math.floor(high), powers=is_power_of_two(constant.comes_to))]
    return [*_real(low, high)]


def _choice(text: str) -> Scalar:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return value if value is None or isinstance(value, str | int | float) else text


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


def _whole(low: int, high: int, *, powers: bool) -> list[int]:
    """Return whole numbers; powers of two alone where the present one is and the range holds others."""
    exact = [2**power for power in range(54) if low <= 2**power <= high]
    if powers and high - low > SMALL and len(exact) > 1:
        return exact
    if high - low <= WHOLE_NUMBERS:
        return list(range(low, high + 1))
    return sorted({round(one) for one in _real(low, high)})


def around(value: Scalar) -> list[Scalar]:
    """Return the values near one that nothing is said of."""
    match value:
        case bool():
            return [not value]
        case int():
            return [*_whole_around(value)]
        case float():
            return [*_real_around(value)]
        case str() if PATTERN.fullmatch(value):
            return [*_patterns(value)]
        case _:
            return []


def _whole_around(value: int) -> list[int]:
    if is_power_of_two(value):
        return [one for one in (value // 2, value * 2) if one > 1]
    near = {round(value * factor) for factor in FACTORS}
    near |= {value - 1, value + 1} if 0 < abs(value) <= SMALL else set()
    return sorted(one for one in near if one * value > 0)


def _real_around(value: float) -> list[float]:
    if value == 0:
        return [*AT_ZERO]
    sign, size = math.copysign(1, value), abs(value)
    if HALF < size < 1:  # 0.95 is as far from 0.9 as from 0.975
        drawn = [1 - (1 - size) * factor for factor in FACTORS]
    else:
        drawn = [size * factor for factor in FACTORS]
    below_one = size < 1
    kept = sorted({_rounded(one) for one in drawn})
    return [sign * one for one in kept if one > 0 and (one < 1 or not below_one)]


def _rounded(value: float) -> float:
    """Return two significant digits of a number, and of how far below 1 it is."""
    if HALF < value < 1:
        return round(1 - float(f"{1 - value:.2g}"), 12)
    return float(f"{value:.2g}")


def _patterns(value: str) -> list[str]:
    """Return patterns like SSSL: one of what repeats less, one more, and each letter alone."""
    at = next(index for index, letter in enumerate(value) if value.count(letter) > 1)
    made = [value[:at] + value[at + 1 :], value[:at] + value[at] + value[at:], *sorted(set(value))]
    return [one for one in dict.fromkeys(made) if one != value]
