"""The projections of every run: what is folded whenever a history is read. Pure.

A further one (what an agent should remember, what it cost, results by device) is one more entry here: it is
folded over the same lines, kept in state.json where its entry says so, and at hand in `Loaded`.
"""

from typing import Any

from autoresearch.projections.fold import Projection
from autoresearch.projections.reducers.run import RUN
from autoresearch.projections.timeline import TIMELINE


REGISTER: tuple[Projection[Any], ...] = (RUN, TIMELINE)
