"""What one training may spend: tokens or seconds, and the CPU time that tokens may cost."""

from __future__ import annotations

import argparse
import math
import os
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """What one training may spend: `tokens:524288`, or `seconds:300` (compiling and scoring are free).

    Never steps: the batch size is the experiment's to choose.
    """

    unit: str
    amount: int

    @classmethod
    def parse(cls, text: str) -> Budget:
        """Read `tokens:N` or `seconds:N`; N may hold underscores."""
        unit, _, amount = text.strip().partition(":")
        if unit in {"tokens", "seconds"} and re.fullmatch(r"[1-9][\d_]*", amount):
            return cls(unit, int(amount))
        msg = f"{text!r} is neither tokens:N nor seconds:N; say for example tokens:524288"
        raise argparse.ArgumentTypeError(msg)

    def __str__(self) -> str:
        """Return the form that `parse` reads."""
        return f"{self.unit}:{self.amount}"

    def cpu_cap(self) -> float:
        """Return the CPU seconds that a training on the CPU may take; infinity where nothing is to guard.

        A budget of tokens alone would make every larger model better. The default recipe costs 60 to 80 us of
        CPU a token (two cores, 2026-11); four times that leaves room for ideas and for slower computers.
        """
        if own := os.environ.get("AUTORESEARCH_CPU_CAP"):
            return float(own) or math.inf
        return 30 + 330e-6 * self.amount if self.unit == "tokens" else math.inf
