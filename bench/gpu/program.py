"""What a section finds, and other programs run for it."""

import subprocess
from pathlib import Path
from typing import Any


ROOT = Path(__file__).resolve().parents[2]

Found = dict[str, Any]  # whatever JSON holds


def output(*words: str, cwd: Path = ROOT, timeout_s: float = 60.0) -> str:
    """Run a program; return what it printed, errors last."""
    done = subprocess.run(  # noqa: S603 - a list, no shell
        words,
        cwd=cwd,
        capture_output=True,
        check=False,
        timeout=timeout_s,
        encoding="utf-8",
        errors="replace",
    )
    return done.stdout + done.stderr
