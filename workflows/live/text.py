"""What `watch` shows as text that scrolls: an experiment, the end of a log. Reads only."""

from attrs import evolve as replace
from rich.cells import cell_len, chop_cells

from autoresearch.engine.jobs import pack
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import Commits
from autoresearch.engine.runs.load import Loaded
from autoresearch.engine.runs.one_iteration import one_iteration
from autoresearch.workflows.api.experiments import candidate_diff, story_of
from autoresearch.workflows.pages.tables import artifacts_words, story_page


LOG_LINES = 20  # of the end of a log on an experiment's page
LOG_BYTES = 2**16  # of a log, from its end
LINE = 2000  # characters of one line


def experiment_lines(paths: RunPaths, git: Commits, loaded: Loaded, number: int) -> list[str]:
    """Return what `show N` says, as of these states of the run."""
    row = loaded.timeline.row(number)
    one = one_iteration(paths, number)
    if row is None or one is None:
        return ["it has not begun"]
    seq = loaded.position.seq
    story = story_of(replace(one, row=row, events=tuple(told for told in one.events if told.seq <= seq)))
    diff = candidate_diff(git, paths, story)
    left = paths.artifacts(number)
    artifacts = artifacts_words(left) if left.is_dir() else ""
    metric = loaded.run.config.metric.name
    return printable(story_page(story, metric=metric, diff=diff, tail_lines=LOG_LINES, artifacts=artifacts))


class LogEnd:
    """The end of a training's log; read again only where it has grown."""

    def __init__(self) -> None:
        self._seen: tuple[str, bool, int] | None = None
        self._lines: list[str] = []

    def lines(self, paths: RunPaths, iteration: int, training: int) -> list[str]:
        """Return the lines that its training has printed, the last 64 KiB of them."""
        if not training:
            return ["nothing was trained yet"]
        job = paths.job(iteration, "train", training)
        ended = pack.holds(job.exit)
        if ended and self._seen is not None and self._seen[:2] == (str(job.output), True):
            return self._lines
        file = pack.opened(job.output)
        if file is None:
            return [f"{job.output} is not there (yet)"]
        with file:
            size = file.seek(0, 2)
            if self._seen != (str(job.output), ended, size):
                file.seek(max(0, size - LOG_BYTES))
                self._lines = printable(file.read(LOG_BYTES).decode(errors="replace"))
                self._seen = (str(job.output), ended, size)
        return self._lines


def wrapped(line: str, width: int) -> list[str]:
    """Return a line in pieces that fit a width, between words where one ends in the last third of it."""
    pieces, rest = [], line
    while cell_len(rest) > width:
        piece = chop_cells(rest[: 4 * width], width)[0] or rest[0]  # a wide one in a single column
        end = piece.rfind(" ") + 1
        piece = piece[:end] if end > 2 * len(piece) / 3 and not rest.startswith(" ", len(piece)) else piece
        pieces.append(piece)
        rest = rest[len(piece) :]
    return [*pieces, rest]


def printable(text: str) -> list[str]:
    """Return a text's lines with what does something to a terminal as blanks."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    return [_line(one) for one in lines]


def _line(text: str) -> str:
    shown = text[:LINE].expandtabs(4)
    plain = shown if shown.isprintable() else "".join(c if c.isprintable() else " " for c in shown)
    return plain if len(text) <= LINE else f"{plain}…"
