"""The chart of one or several runs as a Vega-Lite specification: plain data, with its values inside.

Every form of `plot`, and `autoresearch.chart` in Python, are drawn from it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from autoresearch.events.errors import UsageRefused
from autoresearch.workflows.report.chart import Scale, best_so_far, scale_of, ticks
from autoresearch.workflows.report.chart_form import BAND, MARK, RADIUS, RADIUS_KEPT, RESULT, area
from autoresearch.workflows.report.document import Chart, Point


SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"  # the name of the form; nobody fetches it
WIDTH, HEIGHT = 800, 360

JSON = dict[str, Any]  # Any: a specification nests as deep as it likes


def specification(charts: Mapping[str, Chart]) -> JSON:
    """Return the specification of charts by run id: one panel, and a colour each where there are several.

    Raises:
        UsageRefused: they measure different things.
    """
    measured = _one_metric(charts)
    scales = [scale_of(chart) for chart in charts.values() if chart.points]
    room = Scale(
        last=max((scale.last for scale in scales), default=1),
        low=min((scale.low for scale in scales), default=0.0),
        high=max((scale.high for scale in scales), default=1.0),
    )
    legend = {"title": None, "symbolType": "square", "symbolOpacity": 1}
    colour = {"field": "run", "type": "nominal", "legend": legend} if len(charts) > 1 else None
    results = [_result(run, one, room) for run, of in charts.items() for one in of.points]
    return {
        "$schema": SCHEMA,
        "title": {"text": _title(charts), "subtitle": _legend(charts, room), "anchor": "start"},
        "background": "white",
        "width": WIDTH,
        "height": HEIGHT,
        "datasets": {
            "results": sorted(results, key=lambda one: one["kept"]),  # what was kept lies on top
            "best": [one for run, of in charts.items() for one in _best(run, of)],
        },
        "encoding": {
            "x": {
                "field": "iteration",
                "type": "quantitative",
                "axis": {
                    "values": [tick for tick in ticks(0, room.last) if tick == int(tick)],
                    "format": "d",
                },
            },
        },
        "layer": [_band(measured, room, colour), _line(colour), _points(colour)],
        "config": {"axis": {"grid": True, "gridOpacity": 0.5}, "view": {"stroke": None}},
    }


def _one_metric(charts: Mapping[str, Chart]) -> Chart:
    found = {(chart.metric, chart.lower_is_better): run for run, chart in charts.items()}
    if len(found) > 1:
        said = ", ".join(f"{metric} in {run}" for (metric, _), run in found.items())
        raise UsageRefused(
            f"these runs do not measure the same: {said}", remedy="draw each into a file of its own"
        )
    return next(iter(charts.values()))


def _title(charts: Mapping[str, Chart]) -> str:
    chart = next(iter(charts.values()))
    direction = "lower" if chart.lower_is_better else "higher"
    return f"{', '.join(charts)}: {chart.metric}, {direction} is better"


def _legend(charts: Mapping[str, Chart], room: Scale) -> Sequence[str]:
    """Say what stands for what, as far as it is there."""
    points = [point for chart in charts.values() for point in chart.points]
    if not points:
        return ["no result yet"]
    said = ["line: the best so far; large: kept; small: not kept"]
    if any(point.kept and point.within_noise for point in points):
        said[0] += "; hollow: kept within noise"
    if not all(room.holds(point.value) for point in points):
        said[0] += "; arrow: beyond the edge"
    if any(chart.of_seeds for chart in charts.values()):
        said.append("band: one standard deviation over seeds about the best")
    return said


def _result(run: str, point: Point, room: Scale) -> JSON:
    """Return a row of the results; what is far off is drawn at the edge, as an arrow."""
    far = (
        "circle" if room.holds(point.value) else "triangle-up" if point.value > room.high else "triangle-down"
    )
    return {
        "run": run,
        "iteration": point.iteration,
        "value": point.value,
        "shown": min(max(point.value, room.low), room.high),
        "shape": far,
        "kept": point.kept,
        "within_noise": point.within_noise,
        "title": point.title,
        "seq": point.seq,
    }


def _best(run: str, chart: Chart) -> list[JSON]:
    """Return the steps of the best so far, and one standard deviation over seeds about each."""
    rows = []
    for iteration, value in best_so_far(chart):
        around = chart.of_seeds or 0.0
        rows.append(
            {
                "run": run,
                "iteration": iteration,
                "value": value,
                "low": value - around,
                "high": value + around,
            }
        )
    return rows


def _band(chart: Chart, room: Scale, colour: JSON | None) -> JSON:
    title = f"{chart.metric} ({'lower' if chart.lower_is_better else 'higher'} is better)"
    scale = {"domain": [room.low, room.high], "zero": False, "nice": False}
    return {
        "data": {"name": "best"},
        "mark": {"type": "area", "interpolate": "step-after", "opacity": BAND, "clip": True, "color": MARK},
        "encoding": {
            "y": {"field": "low", "type": "quantitative", "title": title, "scale": scale},
            "y2": {"field": "high"},
            **({"color": colour} if colour else {}),
        },
    }


def _line(colour: JSON | None) -> JSON:
    return {
        "data": {"name": "best"},
        "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 2, "color": MARK},
        "encoding": {
            "y": {"field": "value", "type": "quantitative"},
            **({"color": colour} if colour else {}),
        },
    }


def _points(colour: JSON | None) -> JSON:
    told = {"condition": {"test": "datum.kept", "value": MARK}, "value": RESULT}
    paint = {**colour, "legend": None} if colour else told
    hollow = {"test": "datum.kept && datum.within_noise", "value": 0}
    faint = {"test": "!datum.kept", "value": 0.55}
    return {
        "data": {"name": "results"},
        "mark": {"type": "point", "strokeWidth": 1.5, "opacity": 1},
        "encoding": {
            "y": {"field": "shown", "type": "quantitative"},
            "shape": {"field": "shape", "type": "nominal", "scale": None},
            "size": {"condition": {"test": "datum.kept", "value": area(RADIUS_KEPT)}, "value": area(RADIUS)},
            "stroke": paint,
            "fill": paint,
            "fillOpacity": {"condition": [hollow, faint], "value": 1},
            "strokeOpacity": {"condition": faint, "value": 1},
            "tooltip": [
                {"field": "title", "type": "nominal", "title": "experiment"},
                {"field": "run", "type": "nominal"},
                {"field": "value", "type": "quantitative"},
                {"field": "seq", "type": "quantitative", "title": "event", "format": "d"},
            ],
        },
    }
