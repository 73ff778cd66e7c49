"""The constants of a Python file: `NAME = literal` at its top level, found and replaced byte for byte.

A file may hold the constants of several profiles, in the branches of `if PROFILE == "small":` and `else:`,
where PROFILE is a constant above: the branch that it chooses is live, the others are dead. What surrounds a
literal (comment, spacing, line ends, encoding mark) is never touched.
"""

import ast
import math
import operator
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from attrs import frozen

from autoresearch.events.errors import InvalidInput
from autoresearch.events.values import Reason, Scalar, because, why
from autoresearch.projections.words.wording import say


LINE_ENDS = re.compile(rb"\r\n|\r|\n")  # as Python sees them, not as str.splitlines does
MARK = b"\xef\xbb\xbf"
ARITHMETIC = re.compile(r"[-+*/%() .\w]+")  # no comment, no line end
LARGEST = 2**53  # what arithmetic may come to; beyond it JSON readers disagree on a number
MOST_POWER = 64  # an exponent beyond it is no constant, and takes for ever to compute
OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}


class DoesNotApply(InvalidInput):
    """A change does not fit the file it is for, or no constants can be read there; `reason` says why."""

    reason: Reason

    def __init__(self, reason: Reason) -> None:
        """Keep the reason."""
        super().__init__(say(reason), reason=reason)


@frozen(kw_only=True)
class Constant:
    """One assignment of a literal; `start` and `end` are the literal's byte offsets in its file."""

    name: str
    value: Scalar
    plain: bool  # value is what the literal says; False for a list, a tuple or an arithmetic expression
    start: int
    end: int
    text: str  # the literal as it is written
    comment: str  # what follows on its last line, from the "#"
    dead: Reason | None = None  # why a new value would change nothing; None where it would


def find(source: bytes) -> tuple[Constant, ...]:
    """Return all constants in their order; a name that is assigned twice is there twice.

    A dead one is there where no live one has its name.

    Raises:
        DoesNotApply: the file is not Python, or not UTF-8.
    """
    starts = [0, *(match.end() for match in LINE_ENDS.finditer(source))]
    # Python counts the columns of the first line behind the mark.
    starts[0] = len(MARK) if source.startswith(MARK) else 0
    found = []
    for name, node, dead in _assignments(_parsed(source).body, {}):
        assert node.end_lineno is not None and node.end_col_offset is not None  # noqa: PT018 - parsed from text
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        rest = LINE_ENDS.split(source[end:], maxsplit=1)[0].decode()
        plain, value = _value(node)
        found.append(
            Constant(
                name=name,
                value=value,
                plain=plain,
                start=start,
                end=end,
                text=source[start:end].decode(),
                comment=rest[rest.index("#") :] if "#" in rest else "",
                dead=dead,
            )
        )
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
    """Write a value as a Python literal in the manner of the constant; an equal value as it stands.

    JSON does not tell 8 from 8.0: a whole number stays whole where it was, and a float stays a float.
    Arithmetic on numbers, a string such as "2**18", is written as it stands where a number is.

    Raises:
        DoesNotApply: the constant holds another kind of value.
    """
    old = constant.value if constant.plain else _arithmetic(constant.text)
    before = _kind(old) if constant.plain else "number"
    number = _arithmetic(value) if isinstance(value, str) and before == "number" else None
    if number is not None and type(number) is type(old) and number != old:
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
    written = repr(value)
    if isinstance(value, str) and constant.text.startswith('"') and not {'"', "\\"} & set(written):
        return f'"{written[1:-1]}"'
    return written


def _arithmetic(text: str) -> int | float | None:
    """Return what an expression of numbers comes to; None where it is none, or comes to nothing usable."""
    if ARITHMETIC.fullmatch(text) is None:
        return None
    try:
        node = ast.parse(text.strip(), mode="eval").body
        value = _computed(node) if _is_number(node) else None
        usable = value is not None and math.isfinite(value) and abs(value) <= LARGEST
    except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError):
        return None
    return value if usable else None


def _computed(node: ast.expr) -> int | float:
    """Compute an expression of numbers, none of whose parts grows beyond what a constant may be."""
    match node:
        case ast.Constant(value=int() | float() as plain):
            return plain
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_computed(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _computed(operand)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATIONS:
            first, second = _computed(left), _computed(right)
            if isinstance(op, ast.Pow) and abs(second) > MOST_POWER:
                raise ValueError
            value: int | float | complex = OPERATIONS[type(op)](first, second)
            if isinstance(value, complex) or abs(value) > LARGEST:
                raise ValueError
            return value
        case _:
            raise ValueError


def _parsed(source: bytes) -> ast.Module:
    try:
        source.decode()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except UnicodeDecodeError as error:
        raise DoesNotApply(why("file_not_utf8", offset=error.start)) from error
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise DoesNotApply(why("file_not_python", str(error))) from error


def _assignments(
    body: Sequence[ast.stmt], known: dict[str, Scalar], dead: Reason | None = None
) -> Iterator[tuple[str, ast.expr, Reason | None]]:
    """Yield each name that is assigned a literal, the literal, and why it is dead; `known` stand above it."""
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=node):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as node):
                pass
            case ast.If():
                for branch, reason in _branches(statement, known):
                    yield from _assignments(branch, known, reason or dead)
                continue
            case _:
                continue
        if not _is_literal(node):
            continue
        plain, value = _value(node)
        if plain and not dead:
            known[name] = value
        yield name, node, dead


def _branches(statement: ast.If, known: dict[str, Scalar]) -> list[tuple[list[ast.stmt], Reason | None]]:
    """Return both branches, each with why it is dead; none where it takes more than constants to choose."""
    match statement.test:
        case ast.Compare(
            left=ast.Name(id=name), ops=[ast.Eq()], comparators=[ast.Constant(value=wanted)]
        ) if name in known:
            so = known[name] == wanted
            code = "counts_unless" if so else "counts_where"
            dead = why(code, chooser=name, wanted=repr(wanted), found=repr(known[name]))
            return [(statement.body, None if so else dead), (statement.orelse, dead if so else None)]
    return []


def _is_literal(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=value):
            return value is None or isinstance(value, bool | int | float | str)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=ast.Constant(value=int() | float())):
            return True
        case ast.BinOp(left=left, right=right):
            return _is_number(left) and _is_number(right)
        case _:
            return False


def _is_number(node: ast.expr) -> bool:
    """Say whether an expression is arithmetic on numbers only, such as 2**19 or 4 * 1024."""
    match node:
        case ast.Constant(value=value):
            return isinstance(value, int | float) and not isinstance(value, bool)
        case ast.UnaryOp(operand=operand):
            return _is_number(operand)
        case ast.BinOp(left=left, right=right):
            return _is_number(left) and _is_number(right)
        case _:
            return False


def _value(node: ast.expr) -> tuple[bool, Scalar]:
    """Return whether the literal is plain, and its value; arithmetic is not computed."""
    if isinstance(node, ast.BinOp):
        return False, None
    value: Scalar = ast.literal_eval(node)
    return True, value


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
