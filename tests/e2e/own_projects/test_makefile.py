"""The Makefile's environment: what is there is used, what another Python or a Ctrl-C left is made anew."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


ROOT = Path(__file__).resolve().parents[3]
HERE = "{} {}".format(*sys.version_info[:2])

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def python(folder: Path, says: str) -> None:
    """Put a program in the place of an environment's Python that says this of itself."""
    program = folder / ".venv" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\n{says}\n")
    program.chmod(0o755)


def unfinished(folder: Path) -> None:
    python(folder, f"echo {HERE}")
    (folder / ".venv" / ".unfinished").touch()


def a_broken_link(folder: Path) -> None:
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "python").symlink_to("/no/such/python")


STATES: dict[str, tuple[Callable[[Path], object], bool]] = {
    "nothing": (lambda _: None, True),
    "sound": (lambda folder: python(folder, f"echo {HERE}"), False),
    "of another Python": (lambda folder: python(folder, "echo 3 10"), True),
    "without pip": (lambda folder: python(folder, "echo no module named pip >&2; exit 1"), True),
    "of a Python that is gone": (a_broken_link, True),
    "unfinished": (unfinished, True),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("target", ["run", "test"])
def test_an_environment_is_made_where_none_is_sound(tmp_path: Path, state: str, target: str):
    """An environment of another Python, or one that was not finished, is made anew; a sound one is not."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "pyproject.toml").touch()
    leave, made_anew = STATES[state]
    leave(tmp_path)
    done = subprocess.run(
        ["make", "--dry-run", target, f"PYTHON={sys.executable}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert made_anew == (f"{sys.executable} -m venv .venv" in done.stdout), done.stdout
    assert "pip install --quiet --index-url https://download.pytorch.org/whl/cpu" in done.stdout
    assert "pip install --quiet --editable '.[train" in done.stdout


def test_the_torch_for_cards_is_fetched_where_it_is_asked_for(tmp_path: Path):
    """By default torch is the CPU's; with GPU=1 no index but pip's own is named, and the other kind goes."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "pyproject.toml").touch()
    python(tmp_path, f'echo "$@" >> calls; echo {HERE}')
    calls = tmp_path / "calls"
    for words, wanted in (([], "0.3 GB"), (["GPU=1"], "2.7 GB"), (["GPU=1"], ""), ([], "0.3 GB")):
        calls.unlink(missing_ok=True)
        done = subprocess.run(
            ["make", ".venv/.run", f"PYTHON={sys.executable}", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        assert (wanted in done.stdout) if wanted else ("downloads" not in done.stdout)
        said = calls.read_text()
        assert bool(wanted) == ("pip install" in said)
        assert ("whl/cpu" in said) == (bool(wanted) and not words)
        assert (tmp_path / ".venv" / (".torch-gpu" if words else ".torch-cpu")).exists()
    assert "pip uninstall --quiet --yes torch" in said


def test_an_old_python_is_refused(tmp_path: Path):
    """A Python that is too old makes no environment, and the way out is named."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "pyproject.toml").touch()
    old = tmp_path / "old"
    old.write_text('#!/bin/sh\nexec "$REAL" -c "import sys; sys.version_info = (3, 10); $2"\n')
    old.chmod(0o755)
    done = subprocess.run(
        ["make", "run", f"PYTHON={old}"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "REAL": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 2 == done.returncode
    assert "make PYTHON=python3.11" in done.stderr
    assert not (tmp_path / ".venv").exists()
