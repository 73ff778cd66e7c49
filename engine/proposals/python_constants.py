"""Where the constants of a Python file stand: names, elements of tuples, fields of classes, options. Pure.

    LR = 0.1                                        LR
    BETAS = (0.8, 0.95)                             BETAS[0], BETAS[1]
    class Config: lr: float = field(default=0.1)    Config.lr
    add_argument("--lr", default=0.1)               --lr      (argparse; click and typer alike)

A file may hold the constants of several profiles, in the branches of `if PROFILE == "small":` and `else:`,
where PROFILE is a constant above: the branch that it chooses is live, the others are dead.
"""

import ast
import warnings
from collections.abc import Iterator, Sequence
from typing import Literal

from attrs import frozen

from autoresearch.engine.proposals.numbers_written import is_number
from autoresearch.events.values import Reason, Scalar, why


# An attribute is a field of a class that does not look like one of settings.
Kind = Literal["name", "field", "attribute", "option", "key"]
SETTINGS = ("Config", "Settings", "Args", "Arguments", "Params", "Hyperparameters")
DECORATORS = ("dataclass", "define", "frozen", "mutable", "attrs")
ADDS_OPTION = ("add_argument", "add_option", "option", "Option")


@frozen(kw_only=True)
class Place:
    """A literal in a syntax tree, and the name that it is set by."""

    name: str
    node: ast.expr
    kind: Kind = "name"
    dead: Reason | None = None


def parsed(source: bytes) -> ast.Module:
    """Return the syntax tree, without the warnings that its compilation gives.

    Raises:
        UnicodeDecodeError, SyntaxError, ValueError, RecursionError, MemoryError: it is not Python.
    """
    source.decode()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


def places(tree: ast.Module) -> Iterator[Place]:
    """Yield each constant in the order of the file, but for options, which come last."""
    yield from _assigned(tree.body, {})
    yield from _options(tree)


def value_of(node: ast.expr) -> tuple[bool, Scalar]:
    """Return whether the literal is plain, and its value; arithmetic is not computed."""
    if isinstance(node, ast.BinOp):
        return False, None
    value: Scalar = ast.literal_eval(node)
    return True, value


def _assigned(
    body: Sequence[ast.stmt], known: dict[str, Scalar], dead: Reason | None = None
) -> Iterator[Place]:
    """Yield what is assigned at the top level; `known` are the constants above it."""
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=node):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as node):
                pass
            case ast.If():
                for branch, reason in _branches(statement, known):
                    yield from _assigned(branch, known, reason or dead)
                continue
            case ast.ClassDef():
                yield from _fields(statement, dead)
                continue
            case _:
                continue
        for place in _literals(name, node, "name", dead):
            plain, value = value_of(place.node)
            if plain and not dead:
                known[place.name] = value
            yield place


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


def _fields(one: ast.ClassDef, dead: Reason | None) -> Iterator[Place]:
    """Yield the fields of a class, also those that are `field(default=...)` or `Field(...)`."""
    kind: Kind = "field" if _holds_settings(one) else "attribute"
    for statement in one.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=node):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as node):
                pass
            case _:
                continue
        given = _default(node, "default") if isinstance(node, ast.Call) else node
        if given is None and isinstance(node, ast.Call) and _called(node) == "Field" and node.args:
            given = node.args[0]
        if given is not None:
            yield from _literals(f"{one.name}.{name}", given, kind, dead)


def _holds_settings(one: ast.ClassDef) -> bool:
    bare = [node.func if isinstance(node, ast.Call) else node for node in one.decorator_list]
    return one.name.endswith(SETTINGS) or any(_last_name(node) in DECORATORS for node in bare)


def _options(tree: ast.Module) -> Iterator[Place]:
    """Yield the defaults of command line options, each by its longest name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) in ADDS_OPTION:
            said = [one.value for one in node.args if isinstance(one, ast.Constant)]
            names = [one for one in said if isinstance(one, str) and one.startswith("--")]
            given = _default(node, "default")
            if given is None and _called(node) == "Option" and node.args:
                given = node.args[0]
            if names and given is not None:
                yield from _literals(max(names, key=len).partition("/")[0], given, "option", None)


def _default(node: ast.Call, name: str) -> ast.expr | None:
    return next((one.value for one in node.keywords if one.arg == name), None)


def _called(node: ast.Call) -> str:
    return _last_name(node.func)


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def _literals(name: str, node: ast.expr, kind: Kind, dead: Reason | None) -> Iterator[Place]:
    """Yield a literal under its name, and the elements of a tuple or list of literals each under its own."""
    if _is_literal(node):
        yield Place(name=name, node=node, kind=kind, dead=dead)
    elif isinstance(node, ast.Tuple | ast.List) and all(map(_is_literal, node.elts)):
        for index, one in enumerate(node.elts):
            yield Place(name=f"{name}[{index}]", node=one, kind=kind, dead=dead)


def _is_literal(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=value):
            return value is None or isinstance(value, bool | int | float | str)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=ast.Constant(value=int() | float())):
            return True
        case ast.BinOp(left=left, right=right):
            return is_number(left) and is_number(right)
        case _:
            return False
