"""What the search may turn: which constants, and to which values. Pure.

A comment behind a constant says so at its end; where any does, only those are tried:

    MATRIX_LR = 0.03  # for matrices; search: 0.01..0.1
    WINDOW = "SSSL"   # search: "SSSL" | "SL" | "L"
    batch_size = 12   # tune            values around it
    CLIP = 1.0        # search: no      never, and this alone chooses nothing

Otherwise names in capitals, fields of classes of settings, options and keys of configuration files are, but
for what is only reported, seeds, lengths of a training, and the like. A power of two stays one, a
fraction stays below one, a whole number stays whole.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Literal

from attrs import evolve, frozen

from autoresearch.engine.proposals import constants, python_constants
from autoresearch.engine.proposals.constants import PYTHON, Constant
from autoresearch.engine.search import uses
from autoresearch.engine.search.values import HALF, annotated, around
from autoresearch.events.errors import InvalidInput
from autoresearch.events.values import Scalar


FACT = 1e9  # a number from here on is a fact about the world, such as a card's FLOPS
TARGET = re.compile(r"\b(?:search|tune):\s*(.+?)\s*$")
BARE = re.compile(r"(?:^#|[;,.])\s*(?:tune|search)\s*$")
# Of a name, the parts that say that it is no matter of taste: how long is trained, what is told, and where.
NO_TASTE = re.compile(
    r"(?:^|_)(?:seeds?|port|rank|workers|threads|verbose|debug|logs?|logging|prints?|evals?|saves?|checkpoints?"
    r"|resume|interval|epochs?|budget|timeout|seconds|minutes|version|gpus?|devices?|vocab|profile|compile"
    r"|(?:max_|num_|n_|train_|total_)?(?:iters?|iterations|steps))(?:_|$)",
    re.IGNORECASE,
)
KEEPS_A_STEP = re.compile(r"(?:^|_)(?:warmup|warmdown|decay|cooldown)", re.IGNORECASE)

Scale = Literal["log", "below_one", "linear", "none"]  # in which values lie beside each other
_Named = tuple[str, str, Constant]  # its name among all files, its file


@frozen(kw_only=True)
class Knob:
    """A constant, what it may be set to, and how far apart two of its values are."""

    name: str
    constant: Constant
    values: tuple[Scalar, ...]
    scale: Scale
    origin: Scalar  # what it was when the run began
    width: float = 1.0  # of the range on that scale: how far its further end is from the origin
    used: bool = True  # somewhere in its file

    @property
    def value(self) -> Scalar:
        """Return what it is now."""
        return self.constant.comes_to

    def place(self, value: Scalar) -> float | None:
        """Return how far a value is from the origin, in widths; None where no way leads there."""
        match self.origin, value:
            case (bool(), _) | (_, bool()):
                return None
            case (int() | float() as origin, int() | float() as there):
                return self._distance(origin, there)
            case _:
                return None

    def _distance(self, origin: float, there: float) -> float | None:
        if self.scale == "linear":
            return (there - origin) / self.width
        if self.scale == "below_one" and there < 1:
            return math.log2((1 - origin) / (1 - there)) / self.width
        if self.scale == "log" and origin * there > 0:
            return math.log2(there / origin) / self.width
        return None


def knobs(
    files: Mapping[str, str], *, at_first: Mapping[str, str] | None = None, train: Sequence[str] = ()
) -> tuple[Knob, ...]:
    """Return what may be turned in these files; `at_first` are those that the run began with.

    What the training command gives itself, as `--lr 0.1` or `lr=0.1`, turns nothing.
    """
    told, _ = _chosen(files, train)
    began = {path: dict(_values(path, text)) for path, text in (at_first or {}).items()}
    made = [
        _knob(name, one, origin=began.get(path, {}).get(one.name, one.comes_to), text=files[path], path=path)
        for name, path, one in told
    ]
    return tuple(one for one in made if one.values)


def only_printed(files: Mapping[str, str], *, train: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the names of what would be turned, were anything but what is printed made of it."""
    return tuple(name for name, _, _ in _chosen(files, train)[1])


def left_alone(files: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of numbers that only a comment would let the search try."""
    found = [one for path, text in files.items() for one in _constants(path, text)]
    return tuple(one.name for one in found if type(one.comes_to) in (int, float) and not one.dead)


def _chosen(files: Mapping[str, str], train: Sequence[str]) -> tuple[list[_Named], list[_Named]]:
    """Return what may be turned, with its name and file, and what is left out since it is only printed."""
    found = [(path, one) for path, text in files.items() for one in _constants(path, text)]
    names = [one.name for _, one in found]
    given = {word.partition("=")[0] for word in train}
    shown = [
        (one.name if names.count(one.name) == 1 else f"{path}:{one.name}", path, one) for path, one in found
    ]
    live = [(name, path, one) for name, path, one in shown if not one.dead and one.name not in given]
    marked = [(name, path, one) for name, path, one in live if _marked(one)]
    if marked:
        return marked, []
    fair = [one for one in live if _fair(one[2]) and not _is_given(one[2], files[one[1]], one[1])]
    told = [one for one in fair if not _is_reported(one[2], files[one[1]], one[1])]
    if not told:  # the metric itself may be computed where it is printed
        return fair, []
    return told, [one for one in fair if one not in told]


def _values(path: str, text: str) -> Iterator[tuple[str, Scalar]]:
    for one in _constants(path, text):
        if not one.dead:
            yield one.name, one.comes_to


@lru_cache(maxsize=64)  # parsing train.py takes 5 ms, and one best is asked about again and again
def _constants(path: str, text: str) -> tuple[Constant, ...]:
    """Return the constants that are assigned once; none where the file cannot be read."""
    if not constants.holds_constants(path):
        return ()
    try:
        found = constants.find(text.encode(errors="replace"), path)
    except InvalidInput:
        return ()
    names = [one.name for one in found]
    return tuple(one for one in found if names.count(one.name) == 1)


@frozen(kw_only=True)
class _Uses:
    """Names by what a file does with them."""

    reported: frozenset[str] = frozenset()  # and nothing else
    given: frozenset[str] = frozenset()  # a call gives another value
    unread: frozenset[str] = frozenset()


@lru_cache(maxsize=64)
def _uses(text: str, path: str) -> _Uses:
    if not path.endswith(PYTHON):
        return _Uses()
    tree = python_constants.parsed(text.encode())
    names = frozenset(_stem(one) for one in _constants(path, text) if one.kind == "name")
    return _Uses(
        reported=uses.only_reported(tree),
        given=uses.given_by_keyword(tree),
        unread=uses.never_used(tree, names),
    )


def _marked(one: Constant) -> bool:
    said = TARGET.search(one.comment)
    return BARE.search(one.comment) is not None or (said is not None and said[1] != "no")


def _stem(one: Constant) -> str:
    return one.name.partition("[")[0]


def _is_reported(one: Constant, text: str, path: str) -> bool:
    return _stem(one) in _uses(text, path).reported


def _is_given(one: Constant, text: str, path: str) -> bool:
    return _stem(one) in _uses(text, path).given


def _fair(one: Constant) -> bool:
    """Say whether a constant without a comment that chooses it is tried, where none has one."""
    name = re.split(r"[.:]", one.name)[-1].partition("[")[0].strip("-").replace("-", "_")
    if TARGET.search(one.comment) or one.kind == "attribute" or (one.kind == "name" and not name.isupper()):
        return False
    if NO_TASTE.search(name) and not KEEPS_A_STEP.search(name):
        return False
    value = one.comes_to
    return not (isinstance(value, int | float) and abs(value) >= FACT)


def _knob(name: str, one: Constant, *, origin: Scalar, text: str, path: str) -> Knob:
    said = TARGET.search(one.comment)
    made = Knob(name=name, constant=one, values=(), scale="none", origin=origin)
    value = one.comes_to
    values = around(value) if said is None else annotated(one, said[1])
    values = [there for there in values if _fits(one, there) and (type(there), there) != (type(value), value)]
    numbers = [there for there in (*values, origin, value) if type(there) in (int, float)]
    used = _stem(one) not in _uses(text, path).unread
    if not values or len(numbers) < len(values) + 2:
        return evolve(made, values=tuple(values), used=used)
    low, high = min(map(float, numbers)), max(map(float, numbers))  # type: ignore[arg-type]
    scale: Scale = "log" if low * high > 0 else "linear"
    if scale == "log" and isinstance(origin, float) and origin > HALF and high < 1:
        scale = "below_one"
    made = evolve(made, values=tuple(values), scale=scale, used=used)
    # Values around the present one go along with it, so there the unit is a doubling.
    far = 1.0 if said is None and scale != "linear" else max(abs(made.place(one) or 0) for one in values)
    return evolve(made, width=far or 1.0)


def _fits(constant: Constant, value: Scalar) -> bool:
    try:
        constants.render(constant, value)
    except InvalidInput:
        return False
    return True
