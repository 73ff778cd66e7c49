"""When two candidates are the same code: a digest without comments, formatting, docstrings and seeds.

What no Python can parse counts by its bytes, and a docstring counts where the file reads `__doc__`. A seed is
a number given to a name such as SEED or DATA_SEED, or the default of the variable that `seed_env` names.
"""

import ast
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from attrs import frozen

from autoresearch.events.settings import RunConfig


SEED = re.compile(r"(?:.*_)?seed", re.IGNORECASE)
# The end of a line before one that may begin a statement, and does not go on with one above it.
BETWEEN_STATEMENTS = re.compile(rb"\n(?=[A-Za-z_@\"'])(?!(?:else|elif|except|finally)\b)")
# What tells of a whole file how to read it, or ends lines where Python may not: an encoding, another grammar.
OF_WHOLE_FILE = (b"\r", b"\f", b"\0", b"FLUFL")
ENCODING = re.compile(rb"^[ \t]*#[^\n]*coding[:=]", re.MULTILINE)
MOST_GLUED = 50  # lines that no part ends with, before a file is looked at as a whole
HOLD_SEEDS = (ast.Assign, ast.AnnAssign, ast.Call)
PARTS = 4096  # that are remembered; of each about as many bytes as it has


def digest_at(commit: str, config: RunConfig, *, show: Callable[[str, str], bytes | None]) -> str:
    """Return the digest of what is editable, as it stands at a commit; `show` is git's.

    "" is not known: where folders or patterns are editable, nothing is answered without a training.
    """
    files = {name: show(commit, name) for name in config.editable}
    return "" if None in files.values() else digest(files, seed_env=config.seed_env)


def digest(files: Mapping[str, bytes | None], *, seed_env: str) -> str:
    """Return the digest of files by name; None: there is no such file."""
    whole = hashlib.sha256()
    for name, content in sorted(files.items()):
        form = _form(name, content, seed_env)
        whole.update(f"{name!a} {len(form)}\n".encode())
        whole.update(form)
    return whole.hexdigest()


def _form(name: str, content: bytes | None, seed_env: str) -> bytes:
    if content is None:
        return b"none"
    if name.endswith(".py"):
        try:
            return _by_parts(content, seed_env) or _whole(content, seed_env)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return b"bytes " + content
    return b"bytes " + content


def _by_parts(content: bytes, seed_env: str) -> bytes | None:
    """Return the form of a file, put together of its parts'; None where it has to be looked at as a whole.

    A candidate differs from its base in a statement or two, and the forms of the others are known.
    Lines of which each part can be parsed alone mean together what they mean alone, but for what tells of a
    whole file.
    """
    if any(one in content for one in OF_WHOLE_FILE) or (b"coding" in content and ENCODING.search(content)):
        return None
    parts: list[_Part] = []
    at, glued = 0, 0
    for end in (*(found.end() for found in BETWEEN_STATEMENTS.finditer(content)), len(content)):
        try:
            parts.append(_part(content[at:end], seed_env))
        except SyntaxError:  # a decorator, or a line of a long string: it goes on
            glued += 1
            if glued > MOST_GLUED:
                return None
        else:
            at = end
    if at < len(content) or any(one.reads_doc for one in parts):
        return None
    first = next((one for one in parts if one.body), None)
    if first is None:
        return b"(Module)"
    body = [form for one in parts for form in one.body][first.documents :]
    return f"(Module body=[{''.join(body)}])".encode()


@frozen(kw_only=True)
class _Part:
    """Some statements of a file."""

    body: tuple[str, ...]  # the form of each
    documents: bool  # whether the first is a docstring, where it is the file's first
    reads_doc: bool  # then docstrings count in the whole file


@lru_cache(maxsize=PARTS)
def _part(lines: bytes, seed_env: str) -> _Part:
    tree = ast.parse(lines)
    forms = tuple("".join(_nodes([one], seed_env, documented=False)) for one in tree.body)
    return _Part(body=forms, documents=_has_docstring(tree), reads_doc=_reads_doc(tree, lines))


def _whole(content: bytes, seed_env: str) -> bytes:
    """Write a file's tree without positions, the same by every Python: what is empty is left out."""
    tree = ast.parse(content)
    return "".join(_nodes([tree], seed_env, documented=_reads_doc(tree, content))).encode()


def _reads_doc(tree: ast.Module, lines: bytes) -> bool:
    if lines.isascii() and b"__doc__" not in lines:  # else Python may read other letters as these
        return False
    return any("__doc__" in (getattr(one, "id", ""), getattr(one, "attr", "")) for one in ast.walk(tree))


def _nodes(left: list[object], seed_env: str, *, documented: bool) -> Iterator[str]:
    """Write nodes, the last one first; without recursion, since trees may be deeper than a stack."""
    while left:
        one = left.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, ast.Constant):
            yield f"({_literal(one.value)})"
        elif isinstance(one, ast.AST):
            name = type(one).__name__
            if not one._fields:  # a third of all, as whether a name is read or written
                yield f"({name})"
                continue
            yield f"({name}"
            left.append(")")
            for field, value in reversed(_fields(one, seed_env, documented=documented)):
                left += [value, f" {field}="]
        elif isinstance(one, list):
            yield "["
            left.append("]")
            left += [part if isinstance(part, ast.AST) else _literal(part) for part in reversed(one)]
        else:
            yield _literal(one)


def _fields(one: ast.AST, seed_env: str, *, documented: bool) -> list[tuple[str, object]]:
    """Return what a node holds, but for what does not count."""
    seed = _seed_in(one, seed_env) if isinstance(one, HOLD_SEEDS) else ""
    found: list[tuple[str, object]] = []
    for name in one._fields:
        value = getattr(one, name, None)
        if value is None or value == [] or name in ("type_comment", "type_ignores"):
            continue
        if name == seed:
            value = "a seed"
        elif name == "body" and isinstance(value, list) and not documented and _has_docstring(one):
            value = value[1:]
        found.append((name, value))
    return found


def _seed_in(one: ast.AST, seed_env: str) -> str:
    """Return the field of a node that holds a seed; "" where none does."""
    match one:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if SEED.fullmatch(name):
            return "value" if _is_number(value) else ""
        case ast.AnnAssign(target=ast.Name(id=name), value=value) if SEED.fullmatch(name):
            return "value" if _is_number(value) else ""
        case ast.Call(args=[ast.Constant(value=str(name)), default]) if seed_env and name == seed_env:
            return "args" if isinstance(default, ast.Constant) else ""
        case _:
            return ""


def _is_number(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and type(value.value) in (int, float)


def _has_docstring(one: ast.AST) -> bool:
    if not isinstance(one, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    return ast.get_docstring(one, clean=False) is not None


def _literal(value: object) -> str:
    """Write a value so that each other one is written otherwise; a number of any length, too."""
    written = hex(value) if type(value) is int else ascii(value)
    return f"{type(value).__name__}:{written} "
