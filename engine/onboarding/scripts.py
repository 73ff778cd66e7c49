"""What a repository's Python files tell of themselves: which one trains, what it reads and imports. Pure."""

import ast
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from attrs import frozen


METRIC_WORDS = re.compile(
    r"loss|acc(?:uracy)?\b|bpb|score|error|\bf1\b|auc|perplexity|\bppl\b|rmse|\bmse\b|\bmae\b|bleu|reward|metric",
    re.IGNORECASE,
)
_TRAINS = re.compile(rb"\.backward\(|\.fit\(|optimi[sz]er|value_and_grad|\bepochs?\b|learning_rate|\blr\b")
_WRITES = re.compile(r"(?:save|dump|write(?:_text|_bytes|lines)?|to_csv|mkdir|makedirs|touch)\b")
_WRITING = re.compile(r"[wax][bt+]*|r[bt]?\+[bt]?")  # the mode of an open
_ARRAYS = ("np.", "numpy.")  # these name the file before what is saved
_OF_PATHS = re.compile(  # calls that make a path of others, or take one from outside
    r"(?:Pure)?Path|str|fspath|join(?:path)?|with_(?:name|suffix)|resolve|absolute|expanduser|abspath|realpath"
    r"|dirname|format|get(?:env)?"
)
_GOOD_NAMES = {"train": 60, "fit": 40, "main": 25, "run": 20, "bench": 25, "benchmark": 25, "experiment": 20}
_BAD_NAMES = re.compile(
    r"prepare|download|setup|conftest|test|eval|sample|generate|infer|predict|plot|export|convert|server|app|demo"
)
_SEED = re.compile(r"(?<!HASH)SEED\Z", re.IGNORECASE)
_BAD_FOLDERS = frozenset(
    ("tests", "test", "docs", "examples", "notebooks", "scripts", "tools", "data", "workflows")
)


@frozen(kw_only=True)
class Script:
    """One Python file that may be called."""

    path: str
    runs: bool  # called as a program it does something
    prints: bool  # something that sounds like a metric
    trains: bool
    ranks: bool  # it wants a launcher to say which of several processes it is
    imports: tuple[str, ...]  # dotted names
    relative: bool  # it imports from its own package: it is called as a module
    texts: tuple[str, ...]  # the texts in it that may be paths
    writes: tuple[str, ...]  # of these, what it writes
    seed_env: str = ""  # the variable that it reads its seed from

    @property
    def worth(self) -> int:
        """Return how likely it is that this one trains."""
        path = PurePosixPath(self.path)
        name = path.stem.lower()
        worth = 30 * self.prints + 20 * self.trains + 10 * self.runs - 4 * (len(path.parts) - 1)
        worth += max(
            (value for word, value in _GOOD_NAMES.items() if word in re.split(r"[\W_]+", name)), default=0
        )
        worth += 20 * (name in ("train", "fit"))
        if _BAD_NAMES.search(name):
            worth -= 60
        return worth - 30 * bool(_BAD_FOLDERS & set(path.parts[:-1]))


def read_script(path: str, source: bytes) -> Script | None:
    """Return what a file tells; None where it is no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    texts = tuple(dict.fromkeys(_texts(tree)))
    return Script(
        path=path,
        runs=_runs(tree),
        prints=any(METRIC_WORDS.search(text) for call in _printing(tree) for text in _texts(call)),
        trains=bool(_TRAINS.search(source)),
        ranks=_wants_ranks(tree),
        imports=tuple(dict.fromkeys(_imports(tree))),
        relative=any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(tree)),
        texts=texts,
        writes=tuple(dict.fromkeys(_written(tree))),
        seed_env=next((name for name in _variables(tree) if _SEED.search(name)), ""),
    )


def ranked(scripts: Mapping[str, Script]) -> list[Script]:
    """Return those that may be the one that trains, the likeliest first; what others import comes behind."""
    imported = {name for one in scripts.values() for name in one.imports}
    able = [one for one in scripts.values() if one.runs and one.worth > 0]
    return sorted(able, key=lambda one: (-(one.worth - 15 * (module_of(one.path) in imported)), one.path))


def needed_by(script: Script, scripts: Mapping[str, Script], source: str = "") -> tuple[str, ...]:
    """Return the repository's own files that a script imports, and those that they do, without itself."""
    found: dict[str, None] = {}
    waiting = [script]
    while waiting:
        one = waiting.pop()
        for path in _resolved(one, scripts, source):
            if path != script.path and path not in found:
                found[path] = None
                waiting.append(scripts[path])
    return tuple(found)


def module_of(path: str) -> str:
    """Return the dotted name of a file; a folder `src` at the top is none."""
    parts = PurePosixPath(path).with_suffix("").parts
    return ".".join(parts[1:] if parts[0] == "src" else parts)


def _resolved(one: Script, scripts: Mapping[str, Script], source: str) -> Iterator[str]:
    folder = PurePosixPath(one.path).parent
    for name in one.imports:
        parts = name.lstrip(".").split(".")
        for root in (str(folder), source, "."):
            for length in (len(parts), len(parts) - 1):
                path = str(PurePosixPath(root, *parts[:length]))
                yield from (
                    known for known in (f"{path}.py", f"{path}/__init__.py") if known in scripts and length
                )


def _runs(tree: ast.Module) -> bool:
    """Say whether it has a main, or does something at the top level beside defining."""
    passive = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign)
    for node in tree.body:
        if isinstance(node, ast.If) and "__name__" in ast.unparse(node.test):
            return True
        if isinstance(node, ast.For | ast.While | ast.With):
            return True
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            return True
        if not isinstance(node, (*passive, ast.AnnAssign, ast.Expr, ast.If, ast.Try)):
            return True
    return False


def _printing(tree: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name.rpartition(".")[2] in (
                "print",
                "log",
                "info",
                "write",
                "secho",
                "echo",
                "dumps",
                "set_postfix",
            ):
                yield node


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
            yield node.value


def _written(tree: ast.Module) -> Iterator[str]:
    """Yield the paths, and the names that hold one, that calls write to: not what they write."""
    held: dict[str, list[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            paths = list(_paths(node.value, {}))
            held |= {one.id: paths for one in node.targets if isinstance(one, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for target in _targets(node):
                yield from _paths(target, held)


def _targets(call: ast.Call) -> Iterator[ast.expr]:
    """Yield what a call writes to, as far as its name tells; nothing of one that only reads."""
    of = [call.func.value] if isinstance(call.func, ast.Attribute) else []
    called = ast.unparse(call.func)
    name = called.rpartition(".")[2]
    given = [*call.args, *(one.value for one in call.keywords)]
    if name == "open":
        if any(isinstance(one, ast.Constant) and _WRITING.fullmatch(str(one.value)) for one in given):
            yield from (*of, *given)
    elif name in ("write", "write_text", "write_bytes", "writelines"):
        yield from of
    elif name == "dump" or (name == "save" and len(call.args) > 1 and not called.startswith(_ARRAYS)):
        yield from given[1:]
    elif name == "save":
        yield from given[:1]
    elif _WRITES.search(called):
        yield from (*of, *given)


def _paths(node: ast.AST, held: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield the texts of an expression that is a path; a call that makes something else of it is none."""
    if isinstance(node, ast.Call) and not _OF_PATHS.fullmatch(ast.unparse(node.func).rpartition(".")[2]):
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value
    if isinstance(node, ast.Name):
        yield from held.get(node.id, ())
    for inner in ast.iter_child_nodes(node):
        yield from _paths(inner, held)


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if base:
                yield base
            yield from (f"{base}.{alias.name}".lstrip(".") for alias in node.names)


def _variables(tree: ast.Module) -> Iterator[str]:
    """Yield the environment variables that are read by their names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("environ"):
            yield from _texts(node.slice)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("environ.get", "getenv")):
            yield from (text for first in node.args[:1] for text in _texts(first))


def _wants_ranks(tree: ast.Module) -> bool:
    """Say whether it fails where no launcher has set its rank: it reads that without a default."""
    return any(
        isinstance(node, ast.Subscript)
        and ast.unparse(node.value) == "os.environ"
        and any(text in ("RANK", "LOCAL_RANK", "WORLD_SIZE") for text in _texts(node.slice))
        for node in ast.walk(tree)
    )
