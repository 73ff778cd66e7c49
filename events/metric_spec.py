"""The settings of the metric: which number of a training's output counts, and which way is better. Pure."""

import math
import re

from attrs import frozen

from autoresearch.events.setting import is_inside, setting


BITS_PER_BYTE = "val_bpb"
AS_BEFORE = r"^val_bpb:\s*(\S+)"  # the default of metric.pattern before version 3 of the settings
METRIC_FILES = (".json", ".jsonl", ".csv")
SEVERAL = ("last", "best", "void")


def _are_bounds(bounds: tuple[float, ...]) -> bool:
    return not bounds or (len(bounds) == 2 and bounds[0] < bounds[1])  # noqa: PLR2004 - a pair


def _has_one_group(pattern: str) -> bool:
    try:
        return not pattern or re.compile(pattern).groups == 1
    except (re.error, RecursionError, OverflowError):
        return False


@frozen(kw_only=True)
class MetricSpec:
    """Which number of a training's output counts, and which way is better."""

    name: str = setting(
        BITS_PER_BYTE,
        "The name of the number that counts.",
        holds=lambda name: bool(name.strip()),
        expected="a name",
        decides=True,
    )
    pattern: str = setting(
        "",
        "A regular expression with one group, the number; its last match in the output counts. Empty: lines,"
        " JSON objects and tables are found by the name (docs/training.md).",
        holds=_has_one_group,
        expected="a regular expression with exactly one group",
        decides=True,
    )
    file: str = setting(
        "",
        "A file that a training writes into its checkout or its job's folder, which holds the number instead"
        " of the output: .json, .jsonl (its last line), or .csv (its last row).",
        holds=lambda path: not path or (is_inside(path) and path.endswith(METRIC_FILES)),
        expected=f"a relative path that ends with {', '.join(METRIC_FILES)}",
        decides=True,
    )
    key: str = setting(
        "",
        "The key of the number in `metric.file`, with dots between where it is nested; empty: the name.",
        decides=True,
    )
    lower_is_better: bool = setting(True, "Whether a lower number is the better one.", decides=True)  # noqa: FBT003
    bounds: tuple[float, ...] = setting(
        (),
        "Two numbers; one that does not lie between them is no result. Empty: for val_bpb above 0, else any.",
        holds=_are_bounds,
        expected="two numbers, the lower first, or none",
        decides=True,
    )
    several: str = setting(
        "last",
        "Which number counts where several were printed: last, whose last ones have to agree where lines name"
        " several ranks; best; or void, none of them.",
        holds=lambda name: name in SEVERAL,
        expected=f"one of {', '.join(SEVERAL)}",
        decides=True,
    )

    def holds(self, value: float) -> bool:
        """Say whether a number can be one of this metric: bits per byte cannot be 0 or less."""
        least, most = self.bounds or (0.0 if self.name == BITS_PER_BYTE else -math.inf, math.inf)
        return least < value < most
