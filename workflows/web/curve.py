"""How the loss of a training fell, by what it left: its progress.jsonl, else the step lines of its log.

For trainings of which the history has no points: those that run, and those that only print.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice

from autoresearch.engine.jobs.output import FolderOutput
from autoresearch.engine.paths import JobPaths
from autoresearch.engine.training.progress import step_in
from autoresearch.engine.training.progress_digest import SomePoints, read_progress
from autoresearch.events.errors import InvalidInput


Points = tuple[tuple[float, float], ...]  # percent of the training, and loss
PIECES = 16  # of a log, a MiB each, that are looked at: a page waits for it


def curve_left(job: JobPaths) -> Points:
    """Return some points of what a training said of its loss; none where it said nothing, or is gone."""
    with suppress(OSError, InvalidInput):  # it is a courtesy
        left = FolderOutput(job.folder)
        digest, _ = read_progress(left.file(job.progress.name))
        return digest.points if digest is not None and digest.points else _of_steps(left.log())
    return ()


def _of_steps(pieces: Iterable[bytes]) -> Points:
    found = SomePoints()
    for line in _lines(islice(pieces, PIECES)):
        told = step_in(line)
        if told is not None:
            found.add(told.percent, told.loss)
    return found.points()


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield what stands between ends of lines; a step line often ends with a carriage return alone."""
    rest = ""
    for piece in pieces:
        *whole, rest = (rest + piece.decode(errors="replace")).replace("\r", "\n").split("\n")
        yield from whole
    yield rest
