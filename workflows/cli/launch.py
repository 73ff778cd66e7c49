"""What commands share that want a runner at work. Knows nothing of what it is asked to do."""

import sys
from pathlib import Path

from autoresearch.engine.control.launch import launch
from autoresearch.engine.paths import RunPaths


RUNNER = Path(__file__).absolute().parents[1] / "background.py"


def ensure_runner(paths: RunPaths) -> str:
    """Give the run a background runner, unless one is alive; return a sentence on it."""
    launched = launch(paths, (sys.executable, str(RUNNER), str(paths.home), paths.run_id))
    who = f", process {launched.runner.pid}" if launched.runner and launched.runner.pid else ""
    if launched.already:
        return f"a runner is at work already{who}: it hears this"
    return f"runner started in the background{who}; it goes on by itself"
