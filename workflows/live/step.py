"""Walk through a history in a terminal, one event forward or back at a time. Never writes.

A state is folded from the nearest one that was kept on the way, so going back is as fast as going on.
"""

import os
import re
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.as_of import Moment
from autoresearch.engine.runs.load import Loaded, load, nothing
from autoresearch.events.encoding.codec import Position, Recorded
from autoresearch.events.errors import UsageRefused
from autoresearch.events.log.read import lines, read
from autoresearch.projections.words.event_text import line
from autoresearch.workflows.pages.tables import state_page


EVERY = 256  # events that are folded for a step, at most: so near is a state kept
FAR = 4096  # events between two states that are kept elsewhere: 0.1 s to fold, while keeping one takes 0.01 s
KEYS = {b"n": 1, b" ": 1, b"\x1b[C": 1, b"\x1b[B": 1, b"p": -1, b"\x1b[D": -1, b"\x1b[A": -1}
VERDICT = re.compile(rb',"type":"Candidate(?:Kept|Discarded)"')
ENVELOPE = 100  # bytes of a line within which its type stands
QUIT = (b"q", b"\x03", b"\x04", b"")  # also Ctrl-C, Ctrl-D, and the end of the input
CLEAR = "\x1b[H\x1b[2J\x1b[3J"
HELP = "n or right: next   p or left: back   g NUMBER Enter: go there   q: leave"


def walk_through(paths: RunPaths, *, begin: int) -> None:
    """Show one moment after the other, as the keys say, until q.

    Raises:
        UsageRefused: this is no terminal.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageRefused(
            "--step needs a terminal to walk in",
            remedy="name a moment instead, as in --at 57, or pipe `history`",
        )
    walk = Walk(paths, begin)
    with _single_keys() as next_key:
        while True:
            _show(walk)
            key = next_key()
            if key in QUIT:
                return
            if key == b"g":
                walk.go(_number(next_key))
            elif key in KEYS:
                walk.go(walk.seq + KEYS[key])


class Walk:
    """A place in a history, and how to get to another one."""

    def __init__(self, paths: RunPaths, seq: int) -> None:
        self._paths = paths
        self._kept: dict[int, Loaded] = {0: nothing()}
        self.seq = 0
        self.moment = Moment(loaded=nothing(), came=None)
        self.happened: Recorded | None = None
        self.go(seq)

    def go(self, seq: int) -> None:
        """Go to an event; before the first and behind the last there is nowhere to go."""
        seq = max(seq, 1)
        before = self._state(seq - 1)
        found = list(read(self._paths.history, after=seq - 1, upto=seq + 1, since=before.position))
        if not found or found[0].seq != seq:
            if before.position.seq and self.seq != before.position.seq:
                self.go(before.position.seq)  # the last event there is
            return
        self.seq, self.happened = seq, found[0]
        self.moment = Moment(loaded=before.after(found[0]), came=found[1] if found[1:] else None)

    def _state(self, seq: int) -> Loaded:
        """Return the states after an event, or after the last one where there are fewer."""
        near = max(kept for kept in self._kept if kept <= seq)
        loaded = self._kept[near]
        stops = {*range(near - near % FAR + FAR, seq, FAR), seq - seq % EVERY, seq}
        for upto in sorted(stop for stop in stops if stop > near):
            loaded = load(self._paths, upto=upto, since=loaded)
            if loaded.position.seq == upto and upto % EVERY == 0:
                self._kept[upto] = loaded
        return loaded


def verdicts(paths: RunPaths) -> list[int]:
    """Return the events that kept or discarded something; of a long history in a fraction of a second."""
    found = lines(paths.history, Position.start())
    return [seq for seq, raw, _, _ in found if VERDICT.search(raw, 0, ENVELOPE)]


def _show(walk: Walk) -> None:
    happened = line(walk.happened) if walk.happened else ""
    came = line(walk.moment.came) if walk.moment.came else "nothing yet: the history ends here"
    page = f"happened  {happened}\n\n{state_page(walk.moment.loaded.run)}then      {came}\n\n{HELP}\n"
    columns = os.get_terminal_size(sys.stdout.fileno()).columns or 80
    shown = [text[:columns] for text in page.splitlines()]
    sys.stdout.write(CLEAR + "\r\n".join(shown) + "\r\n")
    sys.stdout.flush()


@contextmanager
def _single_keys() -> Iterator[Callable[[], bytes]]:
    """Give out keys as they are pressed, not lines; the terminal is as it was afterwards."""
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    try:
        tty.setraw(terminal)
        yield lambda: _key(terminal)
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _key(terminal: int) -> bytes:
    """Return one key; an arrow is three bytes."""
    first = os.read(terminal, 1)
    if first != b"\x1b":
        return first
    second = os.read(terminal, 1)
    return first + second + os.read(terminal, 1) if second in (b"[", b"O") else second


def _number(next_key: Callable[[], bytes]) -> int:
    """Read a number up to Enter, and show it."""
    digits = ""
    sys.stdout.write("go to ")
    while True:
        sys.stdout.flush()
        key = next_key()
        if key.isdigit():
            digits += key.decode()
            sys.stdout.write(key.decode())
        elif key in (b"\x7f", b"\b") and digits:
            digits = digits[:-1]
            sys.stdout.write("\b \b")
        elif key in (b"\r", b"\n", *QUIT):
            return int(digits[:15] or 0)
