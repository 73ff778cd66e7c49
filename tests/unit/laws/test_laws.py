"""The laws of the house, read off the source: who may import whom, and who owns what."""

import ast
import functools
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import attrs

from autoresearch.engine.runs.catalogue import run_named
from autoresearch.projections.run_state import Iteration, RunState, Setup
from autoresearch.projections.timeline import Row, Timeline


# Who may name files that are called as a run's are, and why.
FOREIGN_NAMES = {
    "events/kinds/run_events.py": {"results.tsv"},  # a kind of source, as it is stored
    "engine/imports/results_tsv.py": {"results.tsv"},  # the same
    "engine/imports/single_file_runner.py": {"history.jsonl", "state.json"},  # another program's
}

ROOT = Path(__file__).resolve().parents[3]
LAYERS = ("events", "projections", "engine", "workflows")
MODULES = sorted(
    path for layer in LAYERS for path in (ROOT / layer).rglob("*.py") if "workflows/runs" not in str(path)
)
BESIDE = sorted(path for folder in ("text", "bench") for path in (ROOT / folder).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))

# The rooms of the house, the lowest first. A room may import what lies in a lower row, and itself.
ROWS: tuple[tuple[str, ...], ...] = (
    ("events",),
    ("events.encoding",),
    ("events.log",),
    ("projections.parts", "projections.words"),
    ("projections",),  # with its reducers
    ("engine.ports", "engine.paths", "engine.system"),
    ("engine.git", "engine.jobs", "engine.metrics", "engine.proposals", "engine.sealing", "engine.verdicts"),
    ("engine.agents", "engine.core", "engine.search", "engine.training"),
    ("engine.memory", "engine.runs"),
    ("engine.asking", "engine.imports"),
    ("engine.control", "engine.loop"),
    ("engine.audit", "engine.onboarding"),
    ("workflows.api",),
    ("workflows.pages",),
    ("workflows.quick_status", "workflows.report"),
    ("workflows.live", "workflows.web", "workflows.mcp"),
    ("workflows.exports",),
    ("workflows.cli",),
    ("workflows.background", "workflows.python", "workflows.reference", "workflows.run_experiment"),
)
ROW_OF = {room: row for row, rooms in enumerate(ROWS) for room in rooms}
MOST_FILES = 13  # in a folder: a dozen modules and its __init__.py

# Pure: no clock, no disk, no process, no chance. The core knows nothing but events and projections.
WORLDLY = {"os", "time", "random", "datetime", "socket", "secrets", "uuid", "subprocess", "shutil"}
PURE_ROOMS = (
    "engine.core",
    "engine.memory",
    "engine.verdicts",
    "projections",
    "projections.parts",
    "projections.words",
)

# Who alone may import what. A dependency with one owner can be replaced in one place.
OWNERS = {
    "subprocess": {"engine/system/", "engine/jobs/"},
    "signal": {
        "engine/system/",
        "engine/jobs/",
        "engine/training/result.py",  # names them in reasons, sends none
    },
    "watchdog": {"engine/proposals/drop_folder.py"},
    "fcntl": {"engine/system/locks.py", "engine/jobs/", "events/log/append.py"},
    "jsonschema": {"engine/proposals/schema.py"},
    "orjson": {  # the log's own format; elsewhere only where megabytes are read or written
        "engine/agents/transcripts.py",
        "events/encoding/codec.py",
        "events/encoding/schema.py",
        "events/log/",
        "projections/fold.py",  # the lines of the log itself, a million at a time
        "projections/snapshot.py",
    },
    "typer": {"workflows/cli/", "workflows/reference.py"},
    "starlette": {"workflows/web/"},
    "uvicorn": {"workflows/web/"},
    "mcp": {"workflows/mcp/"},
    "mcp_types": {"workflows/mcp/"},
    "sse_starlette": {"workflows/web/"},
    "apprise": {"workflows/exports/notify.py"},
    "opentelemetry": {"workflows/exports/otlp.py"},
    "mlflow": {"workflows/exports/trackers/mlflow.py"},
    "wandb": {"workflows/exports/trackers/wandb.py"},
    "requests": {"workflows/exports/otlp.py"},  # its exporter takes a session of it
    "duckdb": {"workflows/exports/sql.py"},
    "pandas": {"workflows/python.py"},
    "vl_convert": {"workflows/report/drawn.py"},
    "rich": {"workflows/live/", "workflows/cli/"},
    "torch": set[str](),
}


@functools.cache
def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(path.read_text())


@functools.cache
def imports(path: Path) -> frozenset[str]:
    """Return the dotted names a module imports, anywhere in it, below the package's own name."""
    found: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(name.removeprefix("autoresearch.") for name in found)


def relative(path: Path) -> str:
    """Return a module's place in the repository."""
    return str(path.relative_to(ROOT))


def room_of(dotted: str) -> str | None:
    """Return the room that a dotted name lies in; None for what is not ours."""
    parts = dotted.split(".")
    two = ".".join(parts[:2])
    return two if two in ROW_OF else parts[0] if parts[0] in ROW_OF else None


def test_every_module_has_a_room():
    """Each module lies in a room of the house, and no folder has more than a dozen modules."""
    modules = [path for path in MODULES if not (path.name == "__init__.py" and path.parent.name in LAYERS)]
    assert None not in {room_of(".".join(path.relative_to(ROOT).with_suffix("").parts)) for path in modules}
    folders = Counter(path.parent for path in [*MODULES, *BESIDE])
    assert [] == [relative(folder) for folder, files in folders.items() if files > MOST_FILES]


def test_no_arrow_leads_upward():
    """A module imports from its own room or from a lower row, so that no circle is possible."""
    wrong = []
    for path in MODULES:
        own = room_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for name in imports(path):
            other = room_of(name)
            if own and other and own != other and ROW_OF[other] >= ROW_OF[own]:
                wrong.append(f"{relative(path)} imports {name}")
    assert [] == wrong


def test_a_dependency_has_its_owner():
    """Nobody but the owner imports what has one."""
    wrong = [
        f"{relative(path)} imports {name}"
        for name, owners in OWNERS.items()
        for path in MODULES
        if any(one == name or one.startswith(f"{name}.") for one in imports(path))
        and not any(relative(path).startswith(owner) for owner in owners)
    ]
    assert [] == wrong


def test_a_module_is_small_and_says_what_it_does():
    """A module has a docstring and fits in the head."""
    for path in MODULES:
        text = path.read_text()
        assert ast.get_docstring(ast.parse(text)), path
        assert len(text.splitlines()) <= 370, path


def test_a_test_says_what_is_true():
    """Every test has a docstring of one sentence."""
    for path in TESTS:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                said = ast.get_docstring(node) or ""
                assert said.endswith("."), f"{path}: {node.name}"


def test_one_place_says_how_long_a_test_waits():
    """No test gives a process a time of its own: on a busy machine each such time is too short one day."""
    wrong = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.walk(parsed(path)):
            told = node.keywords if isinstance(node, ast.Call) else ()
            limits = [one.value for one in told if one.arg in ("timeout", "within_s", "patience_s")]
            if any(isinstance(limit, ast.Constant) for limit in limits):
                wrong.append(f"{relative(path)}:{node.lineno}")
    assert [] == wrong


def test_what_calls_itself_pure_is():
    """The projections, the core, and every module that says so know no clock, disk, process or chance."""
    for path in MODULES:
        dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        said = ast.get_docstring(parsed(path)) or ""
        if room_of(dotted) in PURE_ROOMS or re.search(r"\bPure[.:]", said):
            found = imports(path)
            worldly = {name for name in found if name.split(".")[0] in WORLDLY or name == "pathlib.Path"}
            assert not worldly, path


def test_the_core_knows_events_and_projections_alone():
    """The core imports nothing of ours but events, projections and verdicts; verdicts not the core."""
    for room in ("core", "verdicts"):
        allowed = ("events.", "projections.", "engine.verdicts", f"engine.{room}")
        assert not [path for path in (ROOT / "engine" / room).glob("*.py") if not _knows_only(path, allowed)]


def _knows_only(path: Path, allowed: tuple[str, ...]) -> bool:
    own = {name for name in imports(path) if name.split(".")[0] in LAYERS}
    return all(name.startswith(allowed) for name in own)


def owned_names() -> set[str]:
    """Return the names in a run's folder and in a job's, as their owner gives them."""
    run = run_named(Path("/home"), "a-r001")
    files = [run, run.runs, run.job(1, "train", 1)]
    found = {path.name for one in files for path in vars(one).values() if isinstance(path, Path)}
    others = {run.folder.name, run.job(1, "train", 1).folder.name, run.runs.door.name}
    return (found | {run.candidate_diff(1).name}) - others


def literals(path: Path) -> Iterator[tuple[ast.Constant, bool]]:
    """Yield each text in a module but for docstrings, and whether it is joined to a path."""
    tree = parsed(path)
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    joined = {id(node.right) for node in ast.walk(tree) if isinstance(node, ast.BinOp)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node, id(node) in joined


def test_names_of_files_have_one_owner():
    """No module but engine/paths.py names a file of a run or of a job; a plain word, where a path is made."""
    owned = owned_names()
    assert {"history.jsonl", "claim", "output.log", "prompt.txt", ".results.sha256"} <= owned
    wrong = [
        f"{relative(path)}:{node.lineno}: {node.value!r}"
        for path in MODULES
        if relative(path) != "engine/paths.py"
        for node, joined in literals(path)
        if node.value in owned
        and (joined or "." in node.value)
        and node.value not in FOREIGN_NAMES.get(relative(path), ())
    ]
    assert [] == wrong


def test_refs_have_one_owner():
    """No module but engine/core/refs.py spells the refs of a run."""
    wrong = [
        f"{relative(path)}:{node.lineno}: {node.value!r}"
        for path in MODULES
        if relative(path) != "engine/core/refs.py"
        for node, _ in literals(path)
        if "refs/autoresearch" in str(node.value)
    ]
    assert [] == wrong


def test_the_engine_knows_ports_and_no_player():
    """Who runs git and who starts jobs is chosen where a run is assembled, and in the commands."""
    players = ("engine.git.repository.RealGit", "engine.jobs.launcher.RealJobs")
    wrong = [
        f"{relative(path)} imports {name}"
        for path in MODULES
        for name in imports(path)
        if name in players and not relative(path).startswith(("engine/loop/assembly.py", "workflows/cli/"))
    ]
    assert [] == wrong


def test_only_reducers_change_a_state():
    """Nobody outside of the projections assigns to a field of a state."""
    states = (RunState, Iteration, Setup, Timeline, Row)
    fields = {one.name for state in states for one in attrs.fields(state)}
    for path in MODULES:
        if path.relative_to(ROOT).parts[0] == "projections":
            continue
        for node in ast.walk(parsed(path)):
            stored = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
            if stored and node.attr in fields:
                assert isinstance(node.value, ast.Name), f"{path}:{node.lineno}"
                assert node.value.id in ("self", "cursor"), f"{path}:{node.lineno}: {node.attr}"


def test_no_command_imports_torch():
    """Importing every module of the runner leaves torch alone."""
    names = [
        "autoresearch." + ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in MODULES
        if path.stem != "__init__"
    ]
    each = f"for name in {names!r}: importlib.import_module(name)"
    code = f"import importlib, sys\n{each}\nprint('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "src", capture_output=True, text=True, check=True
    )
    assert "False" == done.stdout.strip()


def test_each_dependency_says_why():
    """Every dependency in pyproject.toml names its owner or its use in a comment."""
    text = (ROOT / "pyproject.toml").read_text()
    project = tomllib.loads(text)["project"]
    wanted = [
        *project["dependencies"],
        *(one for extra in project["optional-dependencies"].values() for one in extra),
    ]
    for one in wanted:
        lines = [line for line in text.splitlines() if f'"{one}"' in line]
        assert any("#" in line for line in lines), one
