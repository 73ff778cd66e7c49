"""The chart of a run as SVG: all results, the keeps, the best so far, and how far seeds lie apart."""

import math
from html import escape
from itertools import pairwise

from attrs import frozen

from autoresearch.workflows.report.chart_form import OF_ALL, RADIUS, RADIUS_KEPT, ROOM, TICKS
from autoresearch.workflows.report.document import Chart, Point


WIDTH, HEIGHT = 960, 380
LEFT, RIGHT, TOP, BOTTOM = 76, 16, 14, 44


@frozen(kw_only=True)
class Scale:
    """From iterations and values to places in the picture."""

    last: int
    low: float
    high: float

    def x(self, iteration: float) -> float:
        """Return the place of an iteration."""
        return round(LEFT + (WIDTH - LEFT - RIGHT) * iteration / max(1, self.last), 2)

    def y(self, value: float) -> float:
        """Return the place of a value; what lies outside is at the edge."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share, 2)

    def holds(self, value: float) -> bool:
        """Say whether a value has its place."""
        return self.low <= value <= self.high


def svg(chart: Chart) -> str:
    """Return the picture; its points are links to the events that they stand in."""
    scale = scale_of(chart)
    best = best_so_far(chart)
    label = f'role="img" aria-label="{escape(chart.metric)} of each iteration"'
    parts = [
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" {label}>',
        *_axes(chart, scale),
        *_band(chart, scale, best),
        f'<polyline class="best" points="{_steps(scale, best)}"/>',
        *(_point(point, scale) for point in sorted(chart.points, key=lambda point: point.kept)),
        "</svg>",
    ]
    return "\n".join(parts)


def best_so_far(chart: Chart) -> list[tuple[int, float]]:
    """Return, from the baseline on, each iteration that became the best, and to its end the last one.

    What was kept and is neither compared with the best nor better never was: an imported table may have it.
    """
    best: list[tuple[int, float]] = []
    for point in chart.points:
        last = best[-1][1] if best else None
        better = last is None or (point.value < last if chart.lower_is_better else point.value > last)
        if point.kept and (better or point.compared or point.iteration == 0):
            best.append((point.iteration, point.value))
    return [*best, (chart.points[-1].iteration, best[-1][1])] if best else []


def scale_of(chart: Chart) -> Scale:
    """Return a scale with room for what was kept and most of the others."""
    values = sorted(point.value for point in chart.points)
    if not chart.lower_is_better:
        values.reverse()
    usual = values[: max(1, math.ceil(OF_ALL * len(values)))]
    shown = [*usual, *(point.value for point in chart.points if point.kept)]
    low, high = min(shown), max(shown)
    room = (high - low) * ROOM or abs(high) * 0.01 or 1.0
    last = max(point.iteration for point in chart.points)
    return Scale(last=last, low=low - room, high=high + room)


def _axes(chart: Chart, scale: Scale) -> list[str]:
    floor, parts = HEIGHT - BOTTOM, []
    for value in ticks(scale.low, scale.high):
        y = scale.y(value)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{value:.6g}</text>')
    for iteration in ticks(0, scale.last):
        if iteration == int(iteration):
            x = scale.x(iteration)
            parts.append(f'<text x="{x}" y="{floor + 18}" text-anchor="middle">{int(iteration)}</text>')
    direction = "lower" if chart.lower_is_better else "higher"
    parts.append(f'<text x="{LEFT}" y="{HEIGHT - 6}">{escape(chart.metric)}, {direction} is better</text>')
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 6}" text-anchor="end">iteration</text>')
    return parts


def ticks(low: float, high: float) -> list[float]:
    """Return a few round numbers between two."""
    if high <= low:
        return [low]
    rough = (high - low) / TICKS
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * times for times in (1, 2, 5, 10) if size * times >= rough)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def _band(chart: Chart, scale: Scale, best: list[tuple[int, float]]) -> list[str]:
    """Draw one standard deviation over seeds about the best so far, where it is known."""
    if chart.of_seeds is None:
        return []
    parts = []
    for (begin, value), (end, _) in pairwise(best):
        x, top, floor = scale.x(begin), scale.y(value + chart.of_seeds), scale.y(value - chart.of_seeds)
        wide, high = round(scale.x(end) - x, 2), round(floor - top, 2)
        parts.append(f'<rect class="band" x="{x}" y="{top}" width="{wide}" height="{high}"/>')
    return parts


def _steps(scale: Scale, best: list[tuple[int, float]]) -> str:
    places: list[str] = []
    for (begin, value), (end, _) in pairwise(best):
        places += [f"{scale.x(begin)},{scale.y(value)}", f"{scale.x(end)},{scale.y(value)}"]
    return " ".join(places)


def _point(point: Point, scale: Scale) -> str:
    x, y = scale.x(point.iteration), scale.y(point.value)
    kind = " ".join(["kept" if point.kept else "result", *(["hollow"] if point.within_noise else [])])
    title = f"<title>{escape(point.title)}</title>"
    if scale.holds(point.value):
        radius = RADIUS_KEPT if point.kept else RADIUS
        shape = f'<circle class="{kind}" cx="{x}" cy="{y}" r="{radius}">{title}</circle>'
    else:
        tip = 6 if y < HEIGHT / 2 else -6
        shape = f'<path class="{kind} far" d="M{x} {y} l4 {tip} h-8 z">{title}</path>'
    return shape if point.seq is None else f'<a href="#e{point.seq}">{shape}</a>'
