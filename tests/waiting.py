"""How long a test waits, in one place: for a condition, never for a time in which a fast machine gets there.

A test that passes looks again and again, and goes on at once; only one that fails takes so long. Where eight
others compete for two cores, a second of work takes ten: the limit is far beyond that, and says no more than
that something hangs. AUTORESEARCH_TEST_PATIENCE multiplies it; for a whole test, pytest has its own timeout.
"""

import os
import time
from collections.abc import Callable
from typing import Any


PATIENCE_S = 60.0 * float(os.environ.get("AUTORESEARCH_TEST_PATIENCE", "1"))  # one condition, one process


def until(true: Callable[[], Any], *, within_s: float = PATIENCE_S, every_s: float = 0.005) -> Any:
    """Look until there is something true, and return it."""
    give_up = time.monotonic() + within_s
    while not (found := true()):
        assert time.monotonic() < give_up, f"not within {within_s:g} s"
        time.sleep(every_s)
    return found
