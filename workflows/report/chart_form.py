"""What every chart of a run has in common, as plain data: the page's, the report's, and what `plot` draws.

The page reads it from static/form.js, which is made of it (`python -m autoresearch.workflows.reference`).
"""

import json
import math
from typing import Any

from autoresearch.workflows.api.report import SHOWN


OF_ALL = 0.9  # so many of the results have room, and all that was kept; the others lie at the edge
ROOM = 0.06  # above and below these, of the span between them
TICKS = 5
RADIUS, RADIUS_KEPT = 3.5, 5.0  # pixels
MARK, RESULT = "#0a7a4b", "#8b939c"  # what was kept and the best; what was not. On a dark ground others:
MARK_DARK, RESULT_DARK = "#45c489", "#727b85"
BAND = 0.12  # how much of the mark's colour

FORM: dict[str, Any] = {  # Any: it is JSON
    "shown": sorted(SHOWN),
    "ofAll": OF_ALL,
    "room": ROOM,
    "ticks": TICKS,
    "radius": RADIUS,
    "radiusKept": RADIUS_KEPT,
}
MADE = "// Made of report/chart_form.py by `python -m autoresearch.workflows.reference --write`.\n\n"


def script() -> str:
    """Return it as the page imports it."""
    return f"{MADE}export const FORM = {json.dumps(FORM)};\n"


def area(radius: float) -> float:
    """Return how large Vega-Lite calls a circle: by its area."""
    return round(math.pi * radius**2, 1)
