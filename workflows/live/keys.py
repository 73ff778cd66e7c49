"""Keys of a terminal: the bytes that it sends, told apart. Knows nothing of what is shown.

Pasted text is no keys: a terminal marks it, once asked to. What is no key that we know is passed over.
"""

import os
import re
import select
import termios
import time
import tty


NAMES = {
    sent: name
    for name, forms in (
        ("up", (b"\x1b[A", b"\x1bOA")),
        ("down", (b"\x1b[B", b"\x1bOB")),
        ("right", (b"\x1b[C", b"\x1bOC")),
        ("left", (b"\x1b[D", b"\x1bOD")),
        ("page_up", (b"\x1b[5~",)),
        ("page_down", (b"\x1b[6~",)),
        ("home", (b"\x1b[H", b"\x1bOH", b"\x1b[1~", b"\x1b[7~")),
        ("end", (b"\x1b[F", b"\x1bOF", b"\x1b[4~", b"\x1b[8~")),
        ("enter", (b"\r", b"\n")),
    )
    for sent in forms
}
PASTE_BEGINS, PASTE_ENDS = b"\x1b[200~", b"\x1b[201~"
ASK_FOR_MARKS, NO_MARKS = "\x1b[?2004h", "\x1b[?2004l"
ESCAPE_S = 0.05  # a sequence comes at once; the Escape key is a byte that nothing follows

# A letter after ESC [ is the end of a sequence; the Linux console's F1 to F5 have two brackets.
_WHOLE = re.compile(rb"\x1b(?:\[\[.|\[[0-?]*[ -/]*[@-Z\\-~]|O.|[^\x1b\[O])", re.DOTALL)
_HALF = re.compile(rb"\x1b(?:\[\[|\[[0-?]*[ -/]*|O)?", re.DOTALL)
_MOST = 64  # bytes of a sequence: no key has as many


class Decoder:
    """Bytes as they come, in pieces of any length; keys as they were pressed."""

    def __init__(self) -> None:
        self._left = b""
        self._is_pasted = False

    @property
    def is_half(self) -> bool:
        """Say whether what came may be the beginning of a sequence."""
        return bool(self._left) and not self._is_pasted

    def feed(self, piece: bytes) -> list[str]:
        """Return the keys that are whole now: a name, or the character itself."""
        self._left += piece
        keys = []
        while self._left:
            if self._is_pasted:
                if not self._paste_is_over():
                    break
                continue
            one = self._first()
            if one is None:
                break
            self._left = self._left[len(one) :]
            self._is_pasted = one == PASTE_BEGINS
            keys += _named(one)
        return keys

    def flush(self) -> list[str]:
        """Return what is left where nothing more comes: the Escape key, or nothing that is known."""
        keys = ["escape"] if self._left == b"\x1b" else []
        self._left = self._left if self._is_pasted else b""
        return keys

    def _first(self) -> bytes | None:
        """Return the bytes of the first key; None while it is half."""
        if self._left[:1] != b"\x1b":
            return self._left[:1]
        whole = _WHOLE.match(self._left)
        if whole:
            return whole[0]
        half = _HALF.match(self._left)
        assert half is not None  # the ESC at least
        if half.end() == len(self._left) <= _MOST:
            return None
        return half[0]

    def _paste_is_over(self) -> bool:
        """Pass over what is pasted; its end may be cut in two."""
        _, end, rest = self._left.partition(PASTE_ENDS)
        self._is_pasted = not end
        self._left = rest if end else self._left[-len(PASTE_ENDS) + 1 :]
        return bool(end)


class Keyboard:
    """The keys of a terminal, unseen, between `take` and `give_back`. Ctrl-C stays a signal."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self._decoder = Decoder()
        self._before = termios.tcgetattr(terminal)
        self._is_gone = False

    def take(self) -> None:
        """Have keys come as they are pressed."""
        self._before = termios.tcgetattr(self._terminal)
        tty.setcbreak(self._terminal, termios.TCSADRAIN)

    def give_back(self) -> None:
        """Put the terminal back as it was; what was typed and not read is no command for a shell."""
        termios.tcsetattr(self._terminal, termios.TCSAFLUSH, self._before)

    def pressed(self, most_s: float) -> list[str]:
        """Return the keys that were pressed; wait at most so long for the first."""
        if self._is_gone:
            time.sleep(most_s)
            return []
        if not self._comes(most_s):
            return []
        keys = self._decoder.feed(self._read())
        while self._decoder.is_half:
            more = self._read() if self._comes(ESCAPE_S) else b""
            keys += self._decoder.feed(more) if more else self._decoder.flush()
        return keys

    def _comes(self, most_s: float) -> bool:
        return bool(select.select([self._terminal], [], [], most_s)[0])

    def _read(self) -> bytes:
        piece = os.read(self._terminal, 4096)
        self._is_gone = not piece  # hung up: it would be readable for ever
        return piece


def _named(one: bytes) -> list[str]:
    if one in NAMES:
        return [NAMES[one]]
    if one == b"\x1b":
        return ["escape"]
    return [one.decode()] if len(one) == 1 and b"!" <= one <= b"~" else []
