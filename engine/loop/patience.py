"""What the world refuses is tried again, more slowly each time."""

import time
from collections.abc import Callable

from autoresearch.engine.loop.trouble import may_get_room, tell_people, while_waiting
from autoresearch.events.errors import AutoresearchError


TROUBLE_LIMIT = 5  # failures of one effect in a row before a human is asked


class Patience:
    """Counts the failures in a row of whatever is tried again."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        """Begin without a failure; `tell` hears what is waited for, and "" once nothing is."""
        self._failures = 0
        self._tell = tell
        self._told = False

    def renew(self) -> None:
        """Forget the failures: something went well, or a human was asked."""
        self._failures = 0
        if self._told:
            self._tell("")
            self._told = False

    def is_over(self, error: AutoresearchError | OSError) -> bool:
        """Count a failure; say whether a human is to be asked, as of no disk that may get room."""
        self._failures += 1
        return self._failures >= TROUBLE_LIMIT and not may_get_room(error)

    def wait(self, error: AutoresearchError | OSError) -> None:
        """Tell people of the failure, and sleep, longer with each in a row."""
        tell_people(f"{error}; trying again")
        self._tell(while_waiting(error))
        self._told = True
        time.sleep(min(0.1 * 2 ** min(self._failures, 6), 5.0))
