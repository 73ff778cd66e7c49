"""The constants of a file: literals that have a name, found and replaced byte for byte.

What surrounds a literal (comment, spacing, line ends, encoding mark) is never touched. In Python they are
what python_constants.py says, in YAML, TOML and JSON every scalar, by the path to it.
"""

import re
from pathlib import PurePosixPath

from attrs import frozen

from autoresearch.engine.proposals import config_constants, python_constants
from autoresearch.engine.proposals.numbers_written import arithmetic, written_as_power
from autoresearch.engine.proposals.python_constants import Kind, Place
from autoresearch.events.errors import InvalidInput
from autoresearch.events.values import Reason, Scalar, because, why
from autoresearch.projections.words.wording import say


LINE_ENDS = re.compile(rb"\r\n|\r|\n")  # as Python sees them, not as str.splitlines does
MARK = b"\xef\xbb\xbf"
STRING = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
PYTHON = ".py"


class DoesNotApply(InvalidInput):
    """A change does not fit the file it is for, or no constants can be read there; `reason` says why."""

    reason: Reason

    def __init__(self, reason: Reason) -> None:
        """Keep the reason."""
        super().__init__(say(reason), reason=reason)


@frozen(kw_only=True)
class Constant:
    """One literal and its name; `start` and `end` are the literal's byte offsets in its file."""

    name: str
    value: Scalar
    plain: bool  # value is what the literal says; False for an arithmetic expression
    start: int
    end: int
    text: str  # the literal as it is written
    comment: str  # what follows on its last line, from the "#"
    dead: Reason | None = None  # why a new value would change nothing; None where it would
    kind: Kind = "name"
    language: str = PYTHON  # the suffix of its file

    @property
    def comes_to(self) -> Scalar:
        """Return its value, and what arithmetic comes to."""
        return self.value if self.plain else arithmetic(self.text)


def holds_constants(path: str) -> bool:
    """Say whether a file of this name is one that constants are looked for in."""
    return PurePosixPath(path).suffix in (PYTHON, *config_constants.LANGUAGES)


def find(source: bytes, path: str = "train.py") -> tuple[Constant, ...]:
    """Return all constants in their order; a name that is assigned twice is there twice.

    A dead one is there where no live one has its name.

    Raises:
        DoesNotApply: the file is not UTF-8, or not what its name says.
    """
    language = PurePosixPath(path).suffix
    try:
        source.decode()
        found = _in_python(source) if language == PYTHON else _in_config(source, language)
    except UnicodeDecodeError as error:
        raise DoesNotApply(why("file_not_utf8", offset=error.start)) from error
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if language == PYTHON:
            raise DoesNotApply(why("file_not_python", str(error))) from error
        raise DoesNotApply(why("file_not_read", str(error), language=language[1:].upper())) from error
    live = {one.name for one in found if not one.dead}
    return tuple(one for one in found if not one.dead or one.name not in live)


def replace(source: bytes, constant: Constant, value: Scalar) -> bytes:
    """Return the file with another value in the constant's place.

    Raises:
        DoesNotApply: the constant is dead, or holds another kind of value.
    """
    if constant.dead:
        raise DoesNotApply(because("constant_dead", constant.dead, name=constant.name))
    return source[: constant.start] + render(constant, value).encode() + source[constant.end :]


def render(constant: Constant, value: Scalar) -> str:
    """Write a value as a literal in the manner of the constant; an equal value as it stands.

    JSON does not tell 8 from 8.0: a whole number stays whole where it was, and a float stays a float.
    Arithmetic on numbers, a string such as "2**18", is written as it stands where a number is in Python,
    and a power of two as one where one was.

    Raises:
        DoesNotApply: the constant holds another kind of value.
    """
    old = constant.comes_to
    before = _kind(old) if constant.plain else "number"
    number = arithmetic(value) if isinstance(value, str) and before == "number" else None
    if number is not None and type(number) is type(old) and number != old and constant.language == PYTHON:
        return str(value).strip()
    value = value if number is None else number
    after = _kind(value)
    if len({before, after} - {"None"}) > 1:
        other = {"name": constant.name, "text": constant.text, "kind": before}
        raise DoesNotApply(why("constant_of_other_kind", **other, value=repr(value), value_kind=after))
    if type(old) is float and type(value) is int:
        value = float(value)
    if type(old) is int and isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(old) is type(value) and old == value:
        return constant.text
    return written_as_power(constant.text, value) or _written(constant, value)


def _written(constant: Constant, value: Scalar) -> str:
    if constant.language != PYTHON:
        return config_constants.written(value, constant.language, like=constant.text)
    written = repr(value)
    if isinstance(value, str) and constant.text.startswith('"') and not {'"', "\\"} & set(written):
        return f'"{written[1:-1]}"'
    return written


def _in_config(source: bytes, language: str) -> list[Constant]:
    found = config_constants.find(source, language)
    return [Constant(plain=True, kind="key", language=language, **one) for one in found]


def _in_python(source: bytes) -> list[Constant]:
    starts = [0, *(match.end() for match in LINE_ENDS.finditer(source))]
    # Python counts the columns of the first line behind the mark.
    starts[0] = len(MARK) if source.startswith(MARK) else 0
    tree = python_constants.parsed(source)
    return [_constant(place, source, starts) for place in python_constants.places(tree)]


def _constant(place: Place, source: bytes, starts: list[int]) -> Constant:
    node = place.node
    assert node.end_lineno is not None and node.end_col_offset is not None  # noqa: PT018 - parsed from text
    start = starts[node.lineno - 1] + node.col_offset
    end = starts[node.end_lineno - 1] + node.end_col_offset
    plain, value = python_constants.value_of(node)
    return Constant(
        name=place.name,
        value=value,
        plain=plain,
        start=start,
        end=end,
        text=source[start:end].decode(),
        comment=_comment(LINE_ENDS.split(source[end:], maxsplit=1)[0].decode()),
        dead=place.dead,
        kind=place.kind,
    )


def _comment(rest: str) -> str:
    """Return the comment in the rest of a line, which may hold texts before it."""
    bare = STRING.sub(lambda match: "'" * len(match[0]), rest)
    return rest[bare.index("#") :] if "#" in bare else ""


def _kind(value: Scalar) -> str:
    match value:
        case None:
            return "None"
        case bool():
            return "boolean"
        case str():
            return "string"
        case _:
            return "number"
