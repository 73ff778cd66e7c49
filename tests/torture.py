"""What the long fault tests try this time: which instants, drawn from which seed, and how many of them.

A run has hundreds of instants to be killed at, and each costs seconds, so a long form draws some: others each
day, the same again under AUTORESEARCH_TORTURE_SEED (`make torture SEED=...`; a session prints its own).
AUTORESEARCH_TORTURE_SHARE says how many of what a long form draws: 1 for half an hour a file at most, a
fiftieth for `make torture-short`, 100 for all there is.
"""

import os
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any


SEED = os.environ.get("AUTORESEARCH_TORTURE_SEED") or f"{datetime.now(UTC):%Y-%m-%d}"
os.environ["AUTORESEARCH_TORTURE_SEED"] = SEED  # to the workers of this session, also after midnight
SHARE = float(os.environ.get("AUTORESEARCH_TORTURE_SHARE") or 1)


def times(most: int) -> int:
    """Return how often to try what is tried so often at most in a whole session; once at least."""
    return max(1, round(most * SHARE))


def dice(*names: object) -> random.Random:
    """Return this session's chance for what bears these names."""
    return random.Random(" ".join(map(str, (SEED, *names))))  # noqa: S311 - instants, not secrets


def sample(of: Sequence[Any], most: int, *names: object) -> list[Any]:
    """Draw some, in their order; all where that is fewer than `times(most)`."""
    count = min(times(most), len(of))
    return [of[at] for at in sorted(dice(*names).sample(range(len(of)), count))]
