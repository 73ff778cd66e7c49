"""What is shown of a run that somebody moves through by keys: a table, an experiment, a log; now or then.

It draws nothing itself and knows no terminal: keys by their names go in, what is to be shown comes out.
"""

from collections.abc import Sequence
from typing import Literal

from rich.console import Console, Group, RenderableType
from rich.text import Text

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import Commits
from autoresearch.engine.runs.load import Loaded
from autoresearch.projections.timeline import Row
from autoresearch.projections.words.event_text import line
from autoresearch.projections.words.times import one_line
from autoresearch.projections.words.wording import name_of
from autoresearch.workflows.api.run_now import RunNow, as_it_stood
from autoresearch.workflows.live.picture import head_of, height_of, in_view, next_of, table_of, within
from autoresearch.workflows.live.step import Walk, verdicts
from autoresearch.workflows.live.text import LogEnd, experiment_lines, wrapped


Page = Literal["table", "experiment", "log", "keys"]

FOOTER = "? keys   q leave   Enter open   l log   ← → step in time"
KEYS = (
    "up, down, j, k      one line up or down",
    "PageUp, PageDown    one screen up or down",
    "Home                the first",
    "End                 the last, and live again",
    "Enter               open an experiment: what `show N` says",
    "l                   its log, or that of what is trained now, as it grows",
    "Esc                 back",
    "left, right         the run as of one event earlier or later",
    "[, ]                as of the verdict before or behind: kept, or discarded",
    "0                   live again",
    "q                   leave; what runs goes on",
)
STEPS = {"up": -1, "k": -1, "down": 1, "j": 1}
SCREENS = {"page_up": -1, "page_down": 1}
FEWEST = 6  # rows of the table with its head, however low the terminal is: what stands above is cut for it


class Browser:
    """One look at a run: which page, which row of it, as of when."""

    def __init__(self, paths: RunPaths, git: Commits) -> None:
        self._paths, self._git = paths, git
        self._live: Loaded | None = None
        self._generation = 0
        self._walk: Walk | None = None  # through the past
        self._verdicts: tuple[tuple[int, int], list[int]] | None = None  # of which history
        self.moves = 0  # grows with each key
        self._page: Page = "table"
        self._chosen: int | None = None  # an iteration; None: the newest, whichever that is
        self._opened: int | None = None  # an iteration that stays the one that is read
        self._top: int | None = 0  # first line of the page; None: its end is shown
        self._room = 1  # lines of what scrolls, when it was last drawn
        self._length = 0  # of the page then
        self._log = LogEnd()
        self._told: tuple[tuple[int, int], list[str]] | None = None  # an experiment's lines

    @property
    def is_at_rest(self) -> bool:
        """Say whether what is shown is what `watch` shows without any key."""
        return self._walk is None and self._page == "table" and self._chosen is None

    @property
    def follows_log(self) -> bool:
        """Say whether what is shown grows without an event."""
        return self._page == "log"

    def come(self, loaded: Loaded, *, generation: int = 0) -> None:
        """Take the states that are the newest; of another generation, their past is another one too."""
        self._walk = self._walk if generation == self._generation else None
        self._live, self._generation = loaded, generation

    @property
    def loaded(self) -> Loaded:
        """Return the states that are shown."""
        assert self._live is not None  # come() was called
        return self._live if self._walk is None else self._walk.moment.loaded

    def press(self, key: str) -> None:
        """Do what a key says; one that means nothing here does nothing."""
        self.moves += 1
        match key:
            case "left" | "right":
                self._step(-1 if key == "left" else 1)
            case "[" | "]":
                self._step_to_verdict(-1 if key == "[" else 1)
            case "0":
                self._walk = None
            case "?":
                self._open("table" if self._page == "keys" else "keys")
            case "l":
                self._open("table" if self._page == "log" else "log")
            case "enter" if self._page == "table" and (row := self._of()) is not None:
                self._open("experiment")
                self._opened = row.iteration
            case "escape":
                self._open("table")
            case "end":
                self._walk, self._top = None, None
                self._chosen = None if self._page == "table" else self._chosen
            case _ if self._page == "table":
                self._choose(key)
            case _:
                self._scroll(key)

    def frame(self, console: Console, seen: RunNow) -> RenderableType:
        """Return what is to be shown, as high as the terminal. `seen` is how the run stands now."""
        seen = seen if self._walk is None else as_it_stood(self._paths, self.loaded.run)
        head: list[RenderableType] = (
            [*self._then(), *head_of(seen)] if self._page == "table" else self._title()
        )
        foot: list[RenderableType] = [Text(FOOTER, style="dim", no_wrap=True, overflow="ellipsis")]
        if self._page == "table":
            foot = [next_of(seen), *foot]
        below = height_of(console, [Text(), Text(), *foot])
        head = within(console, head, console.height - below - FEWEST)
        taken = height_of(console, head) + below
        room = max(1, console.height - taken)
        body = (
            self._table(seen, room, console.width)
            if self._page == "table"
            else self._lines(console.width, room)
        )
        blank = [Text()] * max(0, console.height - taken - height_of(console, [body]))
        return Group(*head, Text(), body, *blank, Text(), *foot)

    @property
    def _rows(self) -> list[Row]:
        return self.loaded.timeline.rows

    def _step(self, by: int) -> None:
        """Go one event back or on; on from the last one is live."""
        assert self._live is not None  # come() was called
        last = self._live.position.seq
        if self._walk is not None:
            self._walk.go(self._walk.seq + by)
        elif by < 0 and last > 1:
            self._walk = Walk(self._paths, max(1, last + by))
        if self._walk is not None and self._walk.seq >= last:
            self._walk = None

    def _step_to_verdict(self, direction: int) -> None:
        """Go to the nearest verdict that way; behind the last one is live, before the first one nothing."""
        assert self._live is not None  # come() was called
        last = self._live.position.seq
        if not self._verdicts or self._verdicts[0] != (self._generation, last):
            self._verdicts = ((self._generation, last), verdicts(self._paths))
        now = last if self._walk is None else self._walk.seq
        that_way = [seq for seq in self._verdicts[1] if (seq - now) * direction > 0]
        if that_way or direction > 0:
            self._step((min(that_way, key=lambda seq: abs(seq - now)) if that_way else last) - now)

    def _open(self, page: Page) -> None:
        self._page = page
        self._opened = None if page == "table" else self._opened
        self._top = None if page == "log" else 0

    def _choose(self, key: str) -> None:
        """Move the bar; below the last row, the newest is meant again."""
        numbers = [row.iteration for row in self._rows]
        if not numbers:
            return
        place = numbers.index(self._chosen) if self._chosen in numbers else len(numbers) - 1
        place += STEPS.get(key, 0) + SCREENS.get(key, 0) * max(1, self._room - 2)
        place = 0 if key == "home" else place
        if key == "home" or key in STEPS or key in SCREENS:
            self._chosen = numbers[max(0, place)] if place < len(numbers) else None

    def _scroll(self, key: str) -> None:
        last = max(0, self._length - self._room)
        top = last if self._top is None else min(self._top, last)
        top += STEPS.get(key, 0) + SCREENS.get(key, 0) * max(1, self._room - 1)
        top = 0 if key == "home" else max(0, top)
        self._top = None if top >= last and self._page == "log" else min(top, last)

    def _of(self) -> Row | None:
        """Return the iteration that is meant: the opened or chosen one, else the newest (that has a log)."""
        wanted = self._chosen if self._opened is None else self._opened
        rows = self._rows
        newest = (row for row in reversed(rows) if row.trainings or self._page != "log")
        found = next((row for row in rows if row.iteration == wanted), None)
        return found or next(newest, None)

    def _then(self) -> list[RenderableType]:
        """Return which event of the past is shown; nothing where it is now."""
        if self._walk is None or self._walk.happened is None:
            return []
        said = one_line(f"as of {line(self._walk.happened)}", 200)
        return [Text(said, style="black on yellow", no_wrap=True, overflow="ellipsis")]

    def _title(self) -> list[RenderableType]:
        row = self._of()
        of = "" if row is None else name_of(row.iteration)
        said = {"experiment": of, "log": f"the log of {of or 'nothing yet'}", "keys": "keys"}.get(
            self._page, ""
        )
        return [*self._then(), Text(f"{self._paths.run_id}: {said}", style="bold", no_wrap=True)]

    def _table(self, seen: RunNow, room: int, width: int) -> RenderableType:
        """Return as many rows as there is room for; with a bar, those around it."""
        rows = self._rows
        self._room = room
        if len(rows) + 1 <= room:
            return table_of(seen, rows, left_out=0, chosen=self._chosen, width=width)
        shown = max(1, room - 2)
        place = next((at for at, row in enumerate(rows) if row.iteration == self._chosen), None)
        if place is None:
            return table_of(seen, in_view(seen, rows, shown), left_out=len(rows) - shown, width=width)
        begin = max(0, min(place - shown // 2, len(rows) - shown))
        return table_of(seen, rows[begin : begin + shown], left_out=begin, chosen=self._chosen, width=width)

    def _lines(self, width: int, room: int) -> RenderableType:
        """Return the part of a text that is to be seen, cut to the width."""
        cut = [piece for one in self._text() for piece in wrapped(one, width)]
        self._room, self._length = room, len(cut)
        last = max(0, len(cut) - room)
        top = last if self._top is None else min(self._top, last)
        return Group(*(Text(one, no_wrap=True) for one in cut[top : top + room]))

    def _text(self) -> Sequence[str]:
        row = self._of()
        if self._page == "keys":
            return KEYS
        if row is None:
            return ["no iteration has begun"]
        if self._page == "log":
            return self._log.lines(self._paths, row.iteration, row.trainings)
        told = (row.iteration, self.loaded.position.seq)
        if self._told is None or self._told[0] != told:
            self._told = (told, experiment_lines(self._paths, self._git, self.loaded, row.iteration))
        return self._told[1]
