"""How a run at one moment looks in a terminal (rich). Pure."""

from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from autoresearch.projections.state_text import say_comparisons, say_gain, say_row, say_waiting
from autoresearch.projections.summary import Phase
from autoresearch.projections.timeline import Row
from autoresearch.projections.words.times import counted, duration, one_line
from autoresearch.projections.words.wording import loops_left_words, name_of
from autoresearch.workflows.api.experiments import status_of
from autoresearch.workflows.api.next_step import next_step
from autoresearch.workflows.api.run_now import RunNow
from autoresearch.workflows.pages.proposing import approval_words, health_words, question_words
from autoresearch.workflows.pages.status import (
    holdout_words,
    keeps_words,
    now_words,
    prefetch_words,
)
from autoresearch.workflows.pages.tables import gain_words


BAR_CELLS = 40
DESCRIPTION = 200  # characters of one: more than a wide terminal has left for it
ASKS = 2  # questions and keeps to approve that are shown, the newest
WIDE = 110  # columns from which on the table has gains
FRAME_ROWS = 14  # lines of the view beside the table of iterations

COLOURS: dict[Phase, str] = {
    "done": "green",
    "failed": "red",
    "interrupted": "red",
    "waiting": "yellow",
    "paused": "yellow",
    "stopped": "yellow",
}
STATUS_COLOURS = {
    "keep": "green",
    "crash": "red",
    "not_applied": "magenta",
    "accident": "yellow",
    "vetoed": "yellow",
    "stopped_early": "magenta",
    "retracted": "yellow",
    "open": "cyan",
}
FAILED = ("crash", "not_applied", "accident", "vetoed", "stopped_early", "retracted")


def within(console: Console, parts: list[RenderableType], most: int) -> list[RenderableType]:
    """Return lines that take at most so many rows: if need be, the last of them are cut to a row each."""
    found = list(parts)
    for at in reversed(range(len(found))):
        if height_of(console, found) <= most:
            break
        if isinstance(one := found[at], Text):
            cut = one.copy()
            cut.no_wrap, cut.overflow = True, "ellipsis"
            found[at] = cut
    return found


def height_of(console: Console, parts: list[RenderableType]) -> int:
    """Return how many rows of a terminal these take."""
    return len(console.render_lines(Group(*parts), pad=False))


def picture(seen: RunNow, rows: list[Row], *, height: int) -> RenderableType:
    """Return the view of one moment, at most as high as the terminal."""
    shown = max(3, height - FRAME_ROWS)
    parts: list[RenderableType] = [*head_of(seen)]
    if rows:
        parts += [Text(), table_of(seen, in_view(seen, rows, shown), left_out=len(rows) - shown)]
    parts += [Text(), next_of(seen)]
    return Group(*parts)


def head_of(seen: RunNow) -> list[RenderableType]:
    """Return how the run stands, what is being done, and what waits for a human."""
    return [*_standing(seen), *_now(seen), *_asks(seen)]


def next_of(seen: RunNow) -> RenderableType:
    """Return what comes next, and of a run that does nothing by itself what to do; else an empty line."""
    words = one_line(_at_rest(seen) or next_step(seen.run), 200)
    return Text("" if words == "nothing" else f"next  {words}", style="dim")


def _at_rest(seen: RunNow) -> str:
    """Say how to go on with a run that does nothing by itself; short, as it stands above the keys."""
    match seen.phase:
        case "done" | "stopped":
            more = "resume" if seen.run.loops_left else "resume --loops 10"
            return f"at rest: `{more}` goes on, `report` says what came of it"
        case "failed":
            return "at rest: `doctor` looks for what is wrong, `resume` goes on"
        case "interrupted":
            return "no runner is alive: `resume` goes on"
        case _:
            return ""


def in_view(seen: RunNow, rows: list[Row], shown: int) -> list[Row]:
    """Return the newest rows; the baseline and the best stay in view, in the place of the oldest of them."""
    best = seen.run.best.iteration if seen.run.best else None
    older = [row for row in rows[:-shown] if row.iteration in (0, best)]
    return [*older, *rows[-shown:][len(older) :]]


def _standing(seen: RunNow) -> list[RenderableType]:
    run, word = seen.run, seen.phase
    first = Text.assemble((run.run_id, "bold"), ": ", (word, COLOURS.get(word, "cyan")), f", on {run.branch}")
    second = Text()
    if run.best is not None:
        best = f"{seen.glance.standing['best_metric']:.6f}"
        second.append(f"best {run.config.metric.name} ").append(best, "bold green")
        second.append(f", {name_of(run.best.iteration)}; ")
        if run.gain is not None and run.gain.iteration == run.best.iteration:
            second.append(f"gain {say_gain(run.gain.gain, run.gain.half_width, run.gain.pairs)}; ")
    second.append(f"{counted(run.completed, 'change')} tried, {loops_left_words(run.loops_left)} left")
    if run.best is not None and (chosen := say_comparisons(run.comparisons)):
        second.append(f"; {chosen}")
    lines: list[RenderableType] = [first, second]
    if held := holdout_words(seen.glance.standing):
        lines.append(Text(one_line(f"holdout: {held}", 200)))
    if keeps := keeps_words(seen.glance.standing):
        lines.append(Text(one_line(f"keeps: {keeps}", 200)))
    return lines


def _now(seen: RunNow) -> list[RenderableType]:
    standing = seen.glance.standing
    words = say_waiting(standing) or now_words(seen.glance)
    if not words:
        return []
    prefetched = prefetch_words(standing)
    lines: list[RenderableType] = [Text(one_line(words, 200))]
    if seen.facts.progress is not None and seen.facts.progress.percent is not None:
        bar = ProgressBar(total=100.0, completed=seen.facts.progress.percent, width=BAR_CELLS)
        left = seen.facts.progress.seconds_left
        grid = Table.grid(padding=(0, 1))
        grid.add_row(
            bar,
            Text(f"{seen.facts.progress.percent:3.0f} %"),
            Text("" if left is None else f"{duration(max(0.0, left))} left"),
        )
        lines.append(grid)
    if prefetched:
        lines.append(Text(one_line(f"prefetch: {prefetched}", 200), style="dim"))
    return lines


def _asks(seen: RunNow) -> list[RenderableType]:
    """Return what waits for a human, each with its way out, and which agents fail; of a run that goes on."""
    if seen.phase in ("done", "stopped"):
        return []
    standing = seen.glance.standing
    asked = [*approval_words(standing), *question_words(standing)][-ASKS:]
    failing = health_words(standing)
    lines = [Text(f"asked: {one_line(words, 200)}", style="yellow") for words in asked]
    return [*lines, *([Text(one_line(failing, 200), style="yellow")] if failing else [])]


def table_of(
    seen: RunNow, rows: list[Row], *, left_out: int, chosen: int | None = None, width: int = 0
) -> Table:
    """Return the iterations, one a line, and how many are not among them; the chosen one stands out.

    Numbers are never cut: the description has what is left. Where there is `width`, gains are there, too.
    """
    wide = width >= WIDE
    best = seen.run.best.iteration if seen.run.best else None
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name, justify in (("#", "right"), ("status", "left"), (seen.run.config.metric.name, "right")):
        table.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for name in ("time", *(("gain",) if wide else ())):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("description", overflow="ellipsis")  # alone may be shrunk; its cells do not wrap
    if left_out > 0:
        table.add_row("…", Text(f"{left_out} before", style="dim"))
    for row in rows:
        status = status_of(row)
        score = "-" if row.metric is None else f"{row.metric:.6f}"
        table.add_row(
            str(row.iteration),
            Text(status, style=STATUS_COLOURS.get(status, "")),
            Text(score, style="bold green" if row.iteration == best else ""),
            "-" if row.training_s is None else duration(row.training_s),
            *((gain_words(row),) if wide else ()),
            Text(_description(row), no_wrap=True, overflow="ellipsis"),
            style="reverse" if row.iteration == chosen else "",
        )
    return table


def _description(row: Row) -> str:
    """Return what was tried, and of what failed also why."""
    why = say_row(row) if status_of(row) in FAILED else ""
    return one_line(f"{why}: {row.description}" if why else row.description, DESCRIPTION)
