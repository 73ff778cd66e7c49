"""Watch a run in a terminal: a live view (rich), and keys to move through it. Reads only."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rich.console import Console, ConsoleDimensions
from rich.live import Live
from rich.screen import Screen
from rich.segment import Segment

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import Commits
from autoresearch.engine.runs.load import load
from autoresearch.engine.system.processes.process import Suspension, suspendable, terminable
from autoresearch.workflows.api.run_now import RunNow, run_now
from autoresearch.workflows.api.status import LiveFacts
from autoresearch.workflows.live.browse import Browser
from autoresearch.workflows.live.follow import POLL_S, Ending, Pulse, RunFollower, ending_of
from autoresearch.workflows.live.keys import ASK_FOR_MARKS, NO_MARKS, Keyboard
from autoresearch.workflows.live.picture import picture


def watch_live(paths: RunPaths, git: Commits, *, leave_waiting: bool = False) -> Ending:
    """Show the live view; say how the run stood at the end. The last picture stays.

    With a keyboard it stays at rest, too, until `q`: there is much to look at then, and a `resume` is seen.
    Without one, and with `leave_waiting`, it ends when the run rests and nobody looks at something else.

    Raises:
        KeyboardInterrupt: whoever looks has seen enough.
        Terminated: this process was asked to end.
    """
    console = Console()
    if sys.stdin.isatty() and not console.is_dumb_terminal:
        return _with_keys(paths, git, console, leave_waiting=leave_waiting)
    follower, pulse = RunFollower(paths, since=load(paths)), Pulse(paths)
    with Live(console=console, auto_refresh=False, transient=False) as live:
        while True:
            follower.news()
            seen = run_now(paths, follower.loaded.run, gpu=False)
            ending = ending_of(follower, pulse, leave_waiting=leave_waiting)
            _measure(console)
            live.update(picture(seen, follower.loaded.timeline.rows, height=console.height), refresh=True)
            if ending is not None:
                return ending
            time.sleep(POLL_S)


class Drawn:
    """The whole of a terminal, drawn where something changed; as it was before, once it is given back."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._keyboard = Keyboard(sys.stdin.fileno())
        self._lines: list[list[Segment]] = []
        self._shown: tuple[object, ...] = ()  # what was drawn, before it was put into lines
        self._suspension = Suspension()

    def pressed(self, most_s: float) -> list[str]:
        """Return the keys that were pressed, waiting at most so long for the first."""
        keys = self._keyboard.pressed(most_s)
        if self._suspension.is_asked:
            self._leave()
            self._suspension.stop()
            self._take()
        return keys

    def show(self, browser: Browser, seen: RunNow) -> None:
        """Draw where something may have changed, and does look different."""
        _measure(self._console)
        now = (self._console.size, seen.run, seen.phase, browser.moves, _without_time(seen.facts))
        if now == self._shown and not browser.follows_log:
            return
        self._shown = now
        lines = self._console.render_lines(Screen(browser.frame(self._console, seen)))
        if lines != self._lines:
            self._console.update_screen_lines(lines)
            self._lines = lines

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold the terminal for the block, whatever ends it; Ctrl-Z lends it to the shell."""
        with terminable(), suspendable() as self._suspension:
            try:
                self._take()
                yield
            finally:
                self._leave()

    def _take(self) -> None:
        self._lines, self._shown = [], ()
        self._keyboard.take()
        self._console.set_alt_screen(enable=True)
        self._console.show_cursor(show=False)
        self._write(ASK_FOR_MARKS)

    def _leave(self) -> None:
        try:
            self._write(NO_MARKS)
            self._console.show_cursor(show=True)
            self._console.set_alt_screen(enable=False)
        finally:
            self._keyboard.give_back()

    def _write(self, sequence: str) -> None:
        self._console.file.write(sequence)
        self._console.file.flush()


def _measure(console: Console) -> None:
    """Give a console its terminal's size: rich believes COLUMNS and LINES, which a shell exported once."""
    with suppress(OSError, ValueError):  # it is none
        columns, rows = os.get_terminal_size(console.file.fileno())
        if columns > 0 and rows > 0:
            console.size = ConsoleDimensions(columns, rows)


def _without_time(facts: LiveFacts) -> dict[str, object]:
    """Return what can be compared of them."""
    return vars(facts) | {"as_of": None, "progress": facts.progress and vars(facts.progress)}


def _with_keys(paths: RunPaths, git: Commits, console: Console, *, leave_waiting: bool) -> Ending:
    follower, pulse = RunFollower(paths, since=load(paths)), Pulse(paths)
    browser, drawn = Browser(paths, git), Drawn(console)
    enough, ending, due = False, None, 0.0
    with drawn.taken():
        while not enough and (ending is None or not leave_waiting or not browser.is_at_rest):
            if time.monotonic() >= due:  # however many keys are pressed, the world is looked at as seldom
                due = time.monotonic() + POLL_S
                follower.news()
                browser.come(follower.loaded, generation=follower.generation)
                seen = run_now(paths, follower.loaded.run, gpu=False)
                ending = ending_of(follower, pulse, leave_waiting=leave_waiting)
            drawn.show(browser, seen)
            keys = drawn.pressed(max(0.0, due - time.monotonic()))
            enough = "q" in keys
            for key in keys:
                browser.press(key)
    console.print(picture(seen, follower.loaded.timeline.rows, height=console.height))
    if ending is None:
        raise KeyboardInterrupt
    return ending
