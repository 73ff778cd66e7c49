"""When two candidates are the same code: a digest without comments, formatting, docstrings and seeds.

What no Python can parse counts by its bytes, and a docstring counts where the file reads `__doc__`. A seed is
a number given to a name such as SEED or DATA_SEED, or the default of the variable that `seed_env` names.
"""

import ast
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping

from autoresearch.events.settings import RunConfig


SEED = re.compile(r"(?:.*_)?seed", re.IGNORECASE)


def digest_at(commit: str, config: RunConfig, *, show: Callable[[str, str], bytes | None]) -> str:
    """Return the digest of what is editable, as it stands at a commit; `show` is git's."""
    return digest({name: show(commit, name) for name in config.editable}, seed_env=config.seed_env)


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
            tree = ast.parse(content)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return b"bytes " + content
        return "".join(_written(tree, seed_env)).encode()
    return b"bytes " + content


def _written(tree: ast.Module, seed_env: str) -> Iterator[str]:
    """Write a tree without positions, the same by every Python: what is empty is left out.

    Without recursion, since trees may be deeper than a stack.
    """
    documented = any(
        "__doc__" in (getattr(one, "id", ""), getattr(one, "attr", "")) for one in ast.walk(tree)
    )
    left: list[object] = [tree]
    while left:
        one = left.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, ast.Constant):
            yield f"({_literal(one.value)})"
        elif isinstance(one, ast.AST):
            yield f"({type(one).__name__}"
            left.append(")")
            for name, value in reversed(list(_fields(one, seed_env, documented=documented))):
                left += [value, f" {name}="]
        elif isinstance(one, list):
            yield "["
            left.append("]")
            left += reversed([part if isinstance(part, ast.AST) else _literal(part) for part in one])
        else:
            yield _literal(one)


def _fields(one: ast.AST, seed_env: str, *, documented: bool) -> Iterator[tuple[str, object]]:
    """Return what a node holds, but for what does not count."""
    seed = _seed_in(one, seed_env)
    for name, value in ast.iter_fields(one):
        if value is None or value == [] or name in ("type_comment", "type_ignores"):
            continue
        if name == seed:
            yield name, "a seed"
        elif name == "body" and isinstance(value, list) and not documented and _has_docstring(one):
            yield name, value[1:]
        else:
            yield name, value


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
