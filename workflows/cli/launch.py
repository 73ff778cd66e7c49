"""What commands share that want a runner at work. Knows nothing of what it is asked to do."""

import sys
from pathlib import Path

from autoresearch.engine.control.launch import Launched, launch
from autoresearch.engine.paths import RunPaths


RUNNER = Path(__file__).absolute().parents[1] / "background.py"


def ensure_runner(paths: RunPaths) -> Launched:
    """Give the run a background runner, unless one is alive."""
    return launch(paths, (sys.executable, str(RUNNER), str(paths.home), str(paths.folder)))
