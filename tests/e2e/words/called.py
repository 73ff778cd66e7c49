"""The command line called in this process, on a real repository, with no runner launched."""

import shlex
from pathlib import Path

from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import event_type
from autoresearch.events.log.read import read
from autoresearch.events.values import why
from autoresearch.workflows.cli.main import main
from tests import given as g


ROOT = Path(__file__).resolve().parents[3]
DONE = ev.RunStopped(how="done", reason=why("done_without_best", completed=0))
BASELINE_ONLY = (g.asked(0), g.runner_started(), *g.BASELINE, DONE)


def call(words: str, capsys) -> tuple[int, str, str]:
    """Run one command line; return its code, what it printed, and what it complained of."""
    code = main(shlex.split(words))
    said = capsys.readouterr()
    return code, said.out, said.err


def types(paths, after: int = 0) -> list[str]:
    return [event_type(one.event) for one in read(paths.history, after)]
