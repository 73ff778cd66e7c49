"""What one setting is: its type and default, and beside them what it means and what it may hold. Pure."""

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any, TypeVar, cast

from attrs import field, frozen


@frozen(kw_only=True)
class Setting:
    """What is known of one setting beside its type and default."""

    meaning: str  # one sentence, for people
    holds: Callable[[Any], bool]  # whether a value makes sense
    expected: str  # said where it does not
    decides: bool  # whether two results are compared only where it agrees


def _anything(_value: object) -> bool:
    return True


T = TypeVar("T")


def setting(
    default: T,
    meaning: str,
    *,
    holds: Callable[[Any], bool] = _anything,
    expected: str = "",
    decides: bool = False,
) -> T:
    """Define a field of the settings; a dict as default stands for a new empty one each."""
    about = {"setting": Setting(meaning=meaning, holds=holds, expected=expected, decides=decides)}
    if isinstance(default, dict):
        made: Any = field(factory=dict, metadata=about)
    else:
        made = field(default=default, metadata=about)
    return cast("T", made)


def _positive(value: float) -> bool:
    return value > 0


def _not_negative(value: float) -> bool:
    return value >= 0


def above_zero(default: T, meaning: str) -> T:
    """Define a setting that is more than 0."""
    return setting(default, meaning, holds=_positive, expected="more than 0")


def amount(default: T, meaning: str, *, decides: bool = False) -> T:
    """Define a setting that is 0 or more."""
    return setting(default, meaning, holds=_not_negative, expected="0 or more", decides=decides)


def is_inside(path: str) -> bool:
    """Say whether a path stays within the repository and is written in its plain form."""
    parts = PurePosixPath(path).parts
    plain = str(PurePosixPath(*parts)) == path
    return bool(parts) and not path.startswith("/") and ".." not in parts and plain
