"""Every error that a user can cause, each with what, where, and the way out.

Nobody reads an error's text to learn something from it: what a caller needs is a field.
Imports only what starts fast.
"""

from __future__ import annotations

import errno


TYPE_CHECKING = False  # as in typing, which takes time
if TYPE_CHECKING:
    from autoresearch.events.values import Reason


class Worded:
    """A sentence that names a command or an option of ours, as only workflows/ may: its name and fields."""

    def __init__(self, name: str, **fields: str) -> None:
        """Keep the name of a sentence in a table of workflows/pages/, and what fills it."""
        self.name = name
        self.fields = fields

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, **{self.fields!r})"


class WayOut(Worded):
    """What leads out of an error; workflows/pages/ways_out.py words it."""


class Wrong(Worded):
    """What is wrong with the words of a command; workflows/pages/acts/wrong_words.py says it.

    A field `option` is a parameter of the command, as it is named here.
    """


class AutoresearchError(Exception):
    """Say what is wrong and where (`str(error)`), and the way out (`error.remedy`).

    `exit_code` is what the command line ends with; docs/cli.md lists the codes. `reason` is what may be
    recorded of it: its message never is (projections/words/wording.py makes such errors, `stated`).
    """

    exit_code = 1

    def __init__(
        self, message: str | Wrong, *, remedy: str | WayOut = "", reason: Reason | None = None
    ) -> None:
        """Keep all; the remedy is empty where there is none, and a WayOut where it is a command of ours."""
        super().__init__(message)
        self.wrong = message if isinstance(message, Wrong) else None
        self.remedy = remedy
        self.reason = reason


class UsageRefused(AutoresearchError):
    """The words of a command are wrong; nothing was created."""

    exit_code = 2


class NotFound(AutoresearchError):
    """Something that was named does not exist, or a precondition does not hold."""

    exit_code = 3


class RunFailed(AutoresearchError):
    """The run ended in an error of its own: setup incomplete, baseline failed."""

    exit_code = 4


class InvalidInput(AutoresearchError):
    """A proposal, a configuration or an imported file does not say what it must."""

    exit_code = 5


class WrongValue(InvalidInput, ValueError):
    """A field holds what its type does not allow: the message names the field and the value."""


class CorruptHistory(AutoresearchError):
    """A history is damaged before its last line; nothing was repaired.

    `what` is wrong in line `line` of the file `path`, which begins at byte `offset`; None and "" where
    there is no such line, or where only the line's own bytes were looked at.
    """

    exit_code = 6

    def __init__(
        self,
        what: str,
        *,
        path: str = "",
        line: int | None = None,
        offset: int = 0,
        remedy: str | WayOut = "",
    ) -> None:
        """Keep each field, and make the sentence of them."""
        where = path.rpartition("/")[2]
        message = what if line is None else f"{where}:{line}: {what} (byte {offset} of {path})"
        super().__init__(message, remedy=remedy)
        self.what = what
        self.path = path
        self.line = line
        self.offset = offset


class UnknownEvent(AutoresearchError):
    """A history holds an event, or a version of one, that this program does not know."""

    exit_code = 6


class LaterValue(UnknownEvent):
    """A versioned value inside an event (settings, a request) is of a later program."""


class RunLocked(AutoresearchError):
    """Another runner holds the run."""

    exit_code = 7


class WaitingForHuman(AutoresearchError):
    """Nothing can go on before a human has spoken."""

    exit_code = 8


class WrongExpectedVersion(AutoresearchError):
    """The history is longer than the writer thought; nothing was appended."""

    exit_code = 1

    def __init__(self, path: str, *, at: int, expected: int) -> None:
        """Keep both positions, so that a caller can read what came between."""
        super().__init__(f"{path} is at {at}, not at {expected} as expected")
        self.path = path
        self.at = at
        self.expected = expected


class KeyReused(AutoresearchError):
    """An idempotency key came again with other events; nothing was appended."""

    exit_code = 1


class DiskTrouble(AutoresearchError):
    """The disk refused a write or a sync, so nothing of the append was acknowledged.

    `withdrawn` says that the next reader will not see it either; False means that it cannot be told.
    """

    exit_code = 4

    def __init__(self, path: str, *, doing: str, error: OSError, withdrawn: bool) -> None:
        """Name the path, what was being done and the system's own words."""
        limited = error.errno == errno.EFBIG
        way = "lift the limit on files (`ulimit -f`)" if limited else "make room on the disk, or mend it"
        super().__init__(
            f"{path}: {doing} failed: {error.strerror or error} (errno {error.errno})",
            remedy=f"{way}, then try again: the history takes up where it was",
        )
        self.path = path
        self.doing = doing
        self.errno = error.errno
        self.strerror = error.strerror or ""
        self.withdrawn = withdrawn


class PositionVoided(AutoresearchError):
    """A reader stands on a record that its writer withdrew, because the disk had refused to sync it.

    `seq`, `offset` and `hash` are the last position that still holds; what was read after it is void.
    """

    exit_code = 6

    def __init__(self, message: str, *, seq: int, offset: int, hash_: str) -> None:
        """Keep where to go on from."""
        super().__init__(message, remedy="read again from an earlier position, or from the beginning")
        self.seq = seq
        self.offset = offset
        self.hash = hash_
