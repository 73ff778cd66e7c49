"""Arithmetic on numbers as source files have it, such as `2**19`: computed, and written. Pure."""

import ast
import math
import operator
import re
from collections.abc import Callable
from typing import Any


ARITHMETIC = re.compile(r"[-+*/%() .\w]+")  # no comment, no line end
POWER = re.compile(r"2\s*\*\*\s*\d+")
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


def arithmetic(text: str) -> int | float | None:
    """Return what an expression of numbers comes to; None where it is none, or comes to nothing usable."""
    if ARITHMETIC.fullmatch(text) is None:
        return None
    try:
        node = ast.parse(text.strip(), mode="eval").body
        value = _computed(node) if is_number(node) else None
        usable = value is not None and math.isfinite(value) and abs(value) <= LARGEST
    except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError):
        return None
    return value if usable else None


def is_number(node: ast.expr) -> bool:
    """Say whether an expression is arithmetic on numbers only, such as 2**19 or 4 * 1024."""
    match node:
        case ast.Constant(value=value):
            return isinstance(value, int | float) and not isinstance(value, bool)
        case ast.UnaryOp(operand=operand):
            return is_number(operand)
        case ast.BinOp(left=left, right=right):
            return is_number(left) and is_number(right)
        case _:
            return False


def is_power_of_two(value: object) -> bool:
    """Say whether a value is 2, 4, 8 and so on."""
    return type(value) is int and value > 1 and value & (value - 1) == 0


def written_as_power(text: str, value: object) -> str | None:
    """Return a power of two in the manner of `2**19`; None where the text or the value is none."""
    if POWER.fullmatch(text.strip()) is None or not is_power_of_two(value):
        return None
    assert isinstance(value, int)  # is_power_of_two looked
    return re.sub(r"\d+$", str(value.bit_length() - 1), text.strip())


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
