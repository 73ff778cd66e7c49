"""The last section of a look at a GPU: the runner itself, two loops with two slots on the one device."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.gpu.program import ROOT, Found, output
from bench.gpu.sections import CARD, RUNNER_NEEDS, Keep, Scale, version


DOOR = (sys.executable, "workflows/run_experiment.py")
BUSY = ("setup", "baseline", "loop")


def runner(scale: Scale, keep: Keep) -> Found:
    """Let the runner do a baseline and two loops; skipped where its packages are missing."""
    missing = [name for name in RUNNER_NEEDS if not version(name)]
    if missing or not shutil.which("git"):
        return {"skipped": f"missing here: {', '.join(missing) or 'git'}"}
    _ = scale.data  # prepares it
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = repository(scale, Path(folder) / "repository")
        # Places on a device are shared by all runs of a user: these are our own.
        os.environ |= {"AUTORESEARCH_DATASET": scale.dataset, "AUTORESEARCH_DEVICES": f"{folder}/devices"}
        os.environ.pop("AUTORESEARCH_JOB_DIR", None)
        found: Found = {"start": output(*DOOR, "start", "--loops", "2", "--no-stochastic", cwd=home)}
        try:
            _watch(scale, home, found, keep)
        finally:
            found["stop"] = output(*DOOR, "stop", "--now", cwd=home)
        found["experiments"] = json.loads(output(*DOOR, "experiments", "--json", cwd=home))["experiments"]
        found["logs"] = {str(n): output(*DOOR, "logs", str(n), cwd=home)[-1500:] for n in range(3)}
    return found


def repository(scale: Scale, home: Path) -> Path:
    """Copy what a run needs into a repository of its own, with two slots in its settings."""
    for name in ("corpus", "engine", "events", "projections", "src", "text", "workflows"):
        shutil.copytree(ROOT / name, home / name, ignore=_no_data, symlinks=True)
    for name in ("prepare.py", "program.md"):
        shutil.copy(ROOT / name, home / name)
    source = (ROOT / "train.py").read_bytes()
    if scale.device == "cuda":  # so many rows at once that two trainings fit into the memory
        source = _set(_set(source, "PROFILE", "full"), "ROWS_AT_ONCE", scale.runner_rows)
    (home / "train.py").write_bytes(source)
    settings = f'agent = "none"\nslots = 2\ntraining_budget = "{scale.runner_budget}"\nexpected_s = 60\n'
    (home / "pyproject.toml").write_text(f"[tool.autoresearch]\n{settings}", encoding="utf-8")
    (home / ".gitignore").write_text("__pycache__/\nworkflows/runs/\n", encoding="utf-8")
    for words in ("init -q -b main", "add -A", "-c user.name=b -c user.email=b@localhost commit -q -m first"):
        subprocess.run(["git", *words.split()], cwd=home, check=True)  # noqa: S603, S607 - fixed words
    return home


def _no_data(folder: str, names: list[str]) -> set[str]:
    """Leave out caches, and the runs of this repository."""
    return {
        name for name in names if name == "__pycache__" or (folder, name) == (str(ROOT / "workflows"), "runs")
    }


def _watch(scale: Scale, home: Path, found: Found, keep: Keep) -> None:
    """Write down how the run stands, and how busy the card is, until the run rests or the time is up."""
    found["card"] = []
    while time.monotonic() < scale.deadline:
        found["status"] = json.loads(output(*DOOR, "status", "--json", cwd=home))
        found["history"] = output(*DOOR, "history", cwd=home).splitlines()
        if scale.device == "cuda":
            found["card"].append(output(*CARD).strip())
        keep(found)
        if found["status"]["phase"] not in BUSY:
            return
        time.sleep(2)
    found["cut"] = "the time was up before the run rested"


def _set(source: bytes, name: str, value: str | int) -> bytes:
    sys.path.insert(0, str(ROOT / "src"))  # on a bare machine nothing is installed
    from autoresearch.engine.proposals import constants  # noqa: PLC0415 - the runner's packages are there only here

    constant = next(one for one in constants.find(source) if one.name == name)
    return constants.replace(source, constant, value)
