"""Compiled files of Python on a disk that was, or is, full."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT
from tests.fault.machine.test_disk_full import fill, mount


PACKAGES = ("events", "projections", "engine", "workflows", "src")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Copy the program, without anything that is compiled, and without runs that were made here."""

    def left_out(folder: str, names: list[str]) -> set[str]:
        runs = {"runs"} if Path(folder) == ROOT / "workflows" else set()
        return {"__pycache__", *runs} & set(names)

    for name in PACKAGES:
        shutil.copytree(ROOT / name, tmp_path / name, symlinks=True, ignore=left_out)
    who = ("-c", "user.name=User", "-c", "user.email=user@localhost")
    for words in (("init", "-q"), (*who, "commit", "-q", "--allow-empty", "-m", "start")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    return tmp_path


def call(checkout: Path, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, str(checkout / "workflows" / "run_experiment.py"), *words]
    return subprocess.run(command, env=env, cwd=cwd or checkout, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "module", ["workflows/quick_status.py", "workflows/cli/main.py", "workflows/cli/look.py"]
)
@pytest.mark.parametrize("cut", [20, 100, -30])
def test_a_torn_file_is_named(checkout: Path, module: str, cut: int):
    """Whichever compiled file is torn, two lines name it and the way out, which helps."""
    assert call(checkout, "runs").returncode == 0
    source = checkout / module
    (compiled,) = (source.parent / "__pycache__").glob(f"{source.stem}.*.pyc")
    compiled.write_bytes(compiled.read_bytes()[:cut])
    refused = call(checkout, "runs")
    assert 3 == refused.returncode, refused.stderr
    first, second = refused.stderr.splitlines()
    assert f"{compiled} is damaged" in first.replace("/src/autoresearch/", "/")
    subprocess.run(second.partition("`")[2].rstrip("`"), shell=True, check=True)  # noqa: S602 - as a user would
    assert call(checkout, "runs").returncode == 0


def test_nothing_is_compiled_without_room(checkout: Path):
    """On a full disk commands work, and leave no compiled file that could be torn."""
    small = checkout / "small"
    small.mkdir()
    mount("-t", "tmpfs", "-o", "size=8m", "autoresearch-test", str(small))
    try:
        for name in PACKAGES:
            shutil.move(checkout / name, small / name)
        assert call(small, "runs", cwd=checkout).returncode == 0
        assert {"autoresearch"} >= {one.parent.parent.name for one in small.rglob("*.pyc")}
        fill(small)
        assert call(small, "runs", cwd=checkout).returncode == 0
    finally:
        subprocess.run(["umount", "--lazy", str(small)], check=True)
