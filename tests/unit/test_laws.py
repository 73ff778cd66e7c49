"""The laws of the house, read off the source: who may import whom, and who owns what."""

import ast
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import attrs
import pytest

from projections.state import Iteration, RunState, Setup
from projections.timeline import Row, Timeline


ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("events", "projections", "engine", "workflows")
MODULES = sorted(
    path for layer in LAYERS for path in (ROOT / layer).rglob("*.py") if "runs" not in path.parts
)
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))

# Who alone may import what. A dependency with one owner can be replaced in one place.
OWNERS = {
    "subprocess": {
        "engine/calling.py",
        "engine/process.py",
        "engine/supervisor.py",
        "engine/proctable.py",
        "engine/fork.py",
    },
    "signal": {
        "engine/fork.py",
        "engine/jobs.py",
        "engine/process.py",
        "engine/proctable.py",
        "engine/supervisor.py",
        "engine/training.py",  # names them in reasons, sends none
    },
    "watchdog": {"engine/inbox.py"},
    "fcntl": {
        "engine/fork.py",
        "engine/locks.py",
        "engine/supervisor.py",
        "events/log.py",
        "events/lock.py",
    },
    "jsonschema": {"engine/proposals.py"},
    "orjson": {  # the log's own format; elsewhere only where megabytes are read or written
        "engine/agent_output.py",
        "events/codec.py",
        "events/damage.py",
        "events/log.py",
        "events/schema.py",
        "projections/fold.py",  # the lines of the log itself, a million at a time
        "projections/snapshot.py",
    },
    "torch": set(),
}


def imports(path: Path) -> set[str]:
    """Return the dotted names a module imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_from_its_own_layer_or_below(path: Path):
    """No module imports from a layer above its own."""
    layer = LAYERS.index(path.relative_to(ROOT).parts[0])
    above = set(LAYERS[layer + 1 :])
    assert not {name for name in imports(path) if name.split(".")[0] in above}


@pytest.mark.parametrize("name", OWNERS)
def test_a_dependency_has_its_owner(name: str):
    """Nobody but the owner imports what has one."""
    users = {
        str(path.relative_to(ROOT))
        for path in MODULES
        if any(one == name or one.startswith(f"{name}.") for one in imports(path))
    }
    assert users <= OWNERS[name]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_small_and_says_what_it_does(path: Path):
    """A module has a docstring and fits in the head."""
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text))
    longest = 560 if path.name == "catalog.py" else 360  # a catalogue is a list
    assert len(text.splitlines()) <= longest


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_test_says_what_is_true(path: Path):
    """Every test has a docstring of one sentence."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            said = ast.get_docstring(node) or ""
            assert said.endswith("."), f"{path}: {node.name}"


def test_the_core_is_pure():
    """The fold and the decider know no clock, no disk, no process and no chance."""
    pure = [
        *(ROOT / "projections").glob("*.py"),
        ROOT / "engine" / "decider.py",
        ROOT / "engine" / "policy.py",
    ]
    worldly = {"os", "time", "random", "pathlib", "datetime", "socket", "secrets", "uuid"}
    writers = {"snapshot.py"}  # the caches are files
    for path in pure:
        if path.name not in writers:
            assert not imports(path) & worldly, path


def test_only_reducers_change_a_state():
    """Nobody outside of the projections assigns to a field of a state."""
    states = (RunState, Iteration, Setup, Timeline, Row)
    fields = {one.name for state in states for one in attrs.fields(state)}
    for path in MODULES:
        if path.relative_to(ROOT).parts[0] == "projections":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            stored = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
            if stored and node.attr in fields:
                assert isinstance(node.value, ast.Name), f"{path}:{node.lineno}"
                assert node.value.id in ("self", "place"), f"{path}:{node.lineno}: {node.attr}"


def test_no_command_imports_torch():
    """Importing every module of the runner leaves torch alone."""
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts) for path in MODULES if path.stem != "__init__"
    ]
    each = f"for name in {names!r}: importlib.import_module(name)"
    code = f"import importlib, sys\n{each}\nprint('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
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


def test_the_wheel_holds_the_four_packages(tmp_path: Path):
    """The wheel's top level is events, projections, engine and workflows, with their schemas and no run."""
    copy = tmp_path / "source"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "-w",
            str(tmp_path),
            str(copy),
        ],
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert set(LAYERS) == {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert "workflows/schemas/proposal.schema.json" in names
    assert any(name.startswith("events/schemas/") for name in names)
    assert not any("/runs/" in name for name in names)
