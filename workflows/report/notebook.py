"""A run as a notebook of Jupyter, which reads it with pandas: plain data, the same but for the run's name."""

import json
from typing import Any


RUN = "RUN = None  # the latest run of this repository"
CELLS = (  # kind, text
    (
        "markdown",
        """\
# A run, read with pandas

Start Jupyter in the repository of the run, or name it below: a run id, its folder, or its `history.jsonl`.
Needs `pip install 'autoresearch[notebook]'`; the picture at the end `'autoresearch[plot]'`.""",
    ),
    (
        "code",
        """\
import autoresearch


RUN = None  # the latest run of this repository
table = autoresearch.read(RUN)
metric, lower = table.attrs["metric"], table.attrs["lower_is_better"]
table[["iteration", "status", "metric", "gain", "half_width", "description"]].tail(20)""",
    ),
    (
        "markdown",
        """\
## What became of the ideas""",
    ),
    (
        "code",
        """\
ideas = table[table.iteration > 0]
outcomes = ideas.groupby("status").agg(
    ideas=("iteration", "size"),
    seconds=("seconds", "sum"),
    cost_usd=("cost_usd", lambda known: known.sum(min_count=1)),  # where nobody told one: unknown, not 0
)
outcomes.sort_values("ideas", ascending=False)""",
    ),
    (
        "markdown",
        """\
## What was kept, and how sure that is

`gain` is on the base that it was compared with, `half_width` half of its 95 % interval; `sureness` says
whether fresh seeds confirmed it.""",
    ),
    (
        "code",
        """\
kept = table[table.status == "keep"].copy()
kept["best"] = kept.metric.cummin() if lower else kept.metric.cummax()
kept[["iteration", "metric", "best", "gain", "half_width", "sureness", "description"]]""",
    ),
    (
        "markdown",
        """\
## How it stood earlier

`at` takes an event, an iteration's verdict, or a time. `autoresearch.state` is what `status --json` has.""",
    ),
    (
        "code",
        """\
now = autoresearch.state(RUN)
then = autoresearch.state(RUN, at=now["seq"] // 2)
{name: (then[name], now[name]) for name in ("phase", "iterations_completed", "best_metric")}""",
    ),
    (
        "markdown",
        """\
## The picture""",
    ),
    (
        "code",
        """\
import vl_convert
from IPython.display import SVG


SVG(vl_convert.vegalite_to_svg(autoresearch.chart(RUN)))""",
    ),
)


def notebook(run: str | None) -> str:
    """Return the notebook for a run, which is an id, or a path; None: the latest."""
    cells = []
    for number, (kind, text) in enumerate(CELLS):
        named = text if run is None else text.replace(RUN, f"RUN = {json.dumps(run, ensure_ascii=False)}")
        cell: dict[str, Any] = {"cell_type": kind, "id": f"{kind[0]}{number}", "metadata": {}}
        if kind == "code":
            cell |= {"execution_count": None, "outputs": []}
        cells.append(cell | {"source": named.splitlines(keepends=True)})
    whole: dict[str, Any] = {  # Any: it is JSON
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"
