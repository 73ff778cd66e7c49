"""Draw the rules: the true quality of a night against the share of luck in its keeps. Plain SVG."""

from html import escape


WIDTH, HEIGHT = 760, 460
LEFT, RIGHT, TOP, BOTTOM = 70, 30, 50, 60
MOST_LUCK = 0.7
OURS = ("climb", "confirm")
STYLE = """  text { font: 13px sans-serif; fill: #333; }
  .title { font-size: 15px; }
  .axis { stroke: #999; }
  .grid { stroke: #eee; }
  .ours { fill: #0b6bcb; }
  .theirs { fill: #b3541e; }"""


def picture(points: dict[str, tuple[float, float]]) -> str:
    """Return the picture; a point is a rule's luck and its quality, both from 0 to 1."""
    parts = [_frame(), *_grid()]
    taken: list[tuple[float, float]] = []
    for name, (luck, quality) in sorted(points.items(), key=lambda point: -point[1][1]):
        x, y = _x(luck), _y(quality)
        ours = "ours" if name.startswith(OURS) else "theirs"
        down = y + 4
        while any(abs(down - other) < 15 and abs(x - beside) < 170 for beside, other in taken):
            down += 1
        taken.append((x, down))
        left = luck > MOST_LUCK * 0.75
        place = f'x="{x - 10:.0f}" text-anchor="end"' if left else f'x="{x + 10:.0f}"'
        parts.append(f'<circle class="{ours}" cx="{x:.0f}" cy="{y:.0f}" r="6"/>')
        parts.append(f'<text {place} y="{down:.0f}" class="{ours}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _x(luck: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * min(luck, MOST_LUCK) / MOST_LUCK


def _y(quality: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * max(0.0, quality)


def _frame() -> str:
    middle = (LEFT + WIDTH - RIGHT) / 2
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"
  aria-label="Quality of a night against the luck in its keeps, by rule">
<style>
{STYLE}
</style>
<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>
<text class="title" x="{LEFT}" y="26">A night of 100 trainings: up is more true gain, left is less luck</text>
<text x="{middle:.0f}" y="{HEIGHT - 16}" text-anchor="middle">keeps that are luck</text>
<text transform="translate(18 {HEIGHT / 2:.0f}) rotate(-90)" text-anchor="middle">true gain</text>
<line class="axis" x1="{LEFT}" y1="{_y(0):.0f}" x2="{WIDTH - RIGHT}" y2="{_y(0):.0f}"/>
<line class="axis" x1="{LEFT}" y1="{_y(0):.0f}" x2="{LEFT}" y2="{_y(1):.0f}"/>"""


def _grid() -> list[str]:
    lines = []
    for tenths in range(8):
        x = _x(tenths / 10)
        lines.append(f'<text x="{x:.0f}" y="{_y(0) + 20:.0f}" text-anchor="middle">{10 * tenths} %</text>')
    for fifths in range(1, 6):
        y = _y(fifths / 5)
        lines.append(f'<line class="grid" x1="{LEFT}" y1="{y:.0f}" x2="{WIDTH - RIGHT}" y2="{y:.0f}"/>')
        lines.append(f'<text x="{LEFT - 8}" y="{y + 4:.0f}" text-anchor="end">{20 * fifths} %</text>')
    return lines
