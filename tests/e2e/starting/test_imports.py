"""What a command imports: what it uses, and nothing that takes time beside."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.views import rebuild
from autoresearch.events import catalog as ev
from autoresearch.events.values import why
from autoresearch.workflows.cli.main import COMMANDS
from tests import given as g
from tests.cli_helpers import BRANCH, git, make_repo, make_run


ROOT = Path(__file__).resolve().parents[3]
RUN = "autoresearch-mar8-r001"
NO_RUN = "--run-id nosuch-r001"  # where the command would do something
DONE = (
    g.asked(0),
    g.runner_started(),
    *g.BASELINE,
    ev.RunStopped(how="done", reason=why("done_without_best", completed=0)),
)
HEAVY = {
    *("attr", "orjson", "typer", "pydantic", "rich", "watchdog", "jsonschema", "torch", "tomllib", "typing"),
    *("csv", "dataclasses", "importlib.metadata", "importlib.resources", "logging", "shutil", "sqlite3"),
    *("subprocess", "tempfile"),
}
# Whatever a command does, it takes these: the command line, the log, and git.
COMMON = {"attr", "dataclasses", "orjson", "shutil", "subprocess", "typer", "typing"}
TABLES = COMMON | {"csv"}
SETTINGS = COMMON | {"csv", "tomllib"}  # from pyproject.toml
VERSION = {"csv", "importlib.metadata", "importlib.resources", "tempfile"}  # of what is installed
MAY = {
    "status": (f"status --run-id {RUN}", set[str]()),
    "status --at": ("status --at 3", COMMON),
    "status --json": (f"status --json --run-id {RUN}", set[str]()),
    "runs": ("runs", COMMON),
    "experiments": ("experiments --csv", TABLES),
    "show": ("show 0", COMMON),
    "replay": ("replay", SETTINGS),
    "rerun": ("rerun --recorded", SETTINGS),
    "logs": ("logs", COMMON),
    "history": ("history", COMMON),
    "watch": ("watch", COMMON),
    "wait": ("wait --timeout 0", COMMON),
    "note": ("note x", COMMON),
    "proposals": ("proposals", COMMON),
    "withdraw": ("withdraw 1", COMMON),
    "ideas": ("ideas", COMMON),
    "answer": ("answer x", COMMON),
    "approve": ("approve 1", COMMON),
    "veto": ("veto 1 --why x", COMMON),
    "pause": (f"pause {NO_RUN}", COMMON),
    "unpause": (f"unpause {NO_RUN}", COMMON),
    "stop": (f"stop {NO_RUN}", COMMON),
    # jsonschema itself takes much
    "propose": (f"propose --set A=1 {NO_RUN}", HEAVY - {"pydantic", "rich", "torch", "watchdog"}),
    "start": (f"start --loops 1 --run-id {RUN}", SETTINGS | VERSION),
    "resume": (f"resume {NO_RUN}", SETTINGS),
    "final": ("final nosuch-r001", SETTINGS),
    "consolidate": ("consolidate nosuch-r001", SETTINGS),
    "ablate": ("ablate nosuch-r001", SETTINGS),
    "report": ("report", SETTINGS),
    "plot": ("plot -o plot.json", SETTINGS),
    "notebook": ("notebook -o run.ipynb", SETTINGS),
    "export": ("export webhook --to http://127.0.0.1:9/", COMMON | {"logging", "tempfile", "watchdog"}),
    "sql": ("sql SELECT", COMMON | VERSION | {"logging"}),
    "mcp": ("mcp --repo nowhere", COMMON),
    "serve": ("serve --home nowhere", COMMON),
    # they look for packages, and whether the file system tells of changes
    "init": ("init --repo nowhere", SETTINGS | VERSION | {"logging", "watchdog"}),
    "doctor": ("doctor --repo nowhere", SETTINGS | VERSION | {"logging", "watchdog"}),
    "adopt": (f"adopt {NO_RUN}", TABLES),
    "publish": (f"publish {NO_RUN}", TABLES),
    "clean": ("clean nosuch-r001", TABLES),
    "retract": (f"retract 1 --why x {NO_RUN}", TABLES),
    "fork": ("fork nosuch-r001", SETTINGS | VERSION),
    "rebuild": (f"rebuild {RUN}", SETTINGS),
    "repair": (f"repair {RUN}", TABLES),
    "import": ("import results.tsv", SETTINGS | VERSION),
}
PROGRAM = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from autoresearch.workflows.run_experiment import main
try:
    main()
finally:
    for name, one in sys.modules.items():
        print("imported", name, getattr(one, "__file__", None), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> RunPaths:
    """A run that is done, with its caches."""
    repo = make_repo(tmp_path_factory.mktemp("imports") / "repo")
    git(repo, "checkout", "-q", "-b", BRANCH)
    paths = make_run(repo, *DONE)
    rebuild(paths)
    return paths


def imported(done: RunPaths, words: str) -> dict[str, str]:
    """Return the modules that a command line has loaded, with their files. Nothing is preloaded by `site`."""
    installed = ":".join(entry for entry in sys.path if entry.endswith("site-packages"))
    ended = subprocess.run(
        [sys.executable, "-S", "-c", PROGRAM, str(ROOT / "src"), *words.split()],
        cwd=done.home,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": installed, "PYTHONUTF8": "1"},
        text=True,
        capture_output=True,
        check=False,
    )
    listed = [line.split(maxsplit=2) for line in ended.stderr.splitlines() if line.startswith("imported ")]
    return {name: file for _, name, file in listed}


def test_every_command_is_looked_at():
    """No command is without its list."""
    assert set(COMMANDS) == set(MAY) - {"status --json", "status --at"}


@pytest.mark.parametrize("command", MAY)
def test_a_command_imports_what_it_uses(done, command: str):
    """A command imports no more of what takes time than its list says, and never torch."""
    words, may = MAY[command]
    loaded = imported(done, words).keys()
    assert "autoresearch.workflows.run_experiment" in loaded
    assert set() == (HEAVY & loaded) - may


def test_the_quick_answer_is_from_the_standard_library(done):
    """`status --json` of a run with a valid snapshot loads nothing that was installed."""
    rebuild(done)  # whatever other tests appended
    files = imported(done, "status --json")
    assert "autoresearch.workflows.cli.main" not in files
    assert not [name for name, file in files.items() if "site-packages" in file]
