"""A document for a terminal."""

from typing import assert_never

from autoresearch.workflows.pages.tables import table
from autoresearch.workflows.report.document import (
    Block,
    Chart,
    Cite,
    Commands,
    Document,
    Heading,
    Line,
    Listing,
    Paragraph,
    Span,
    Table,
)


BARS = "▁▂▃▄▅▆▇█"
MOST_BARS = 72


def text_of(document: Document) -> str:
    """Return the page; a figure names the event that it stands in as #57."""
    parts = [document.title, *(_block(block) for block in document.blocks)]
    return "\n\n".join(part.rstrip("\n") for part in parts if part) + "\n"


def _block(block: Block) -> str:
    match block:
        case Heading(text=text):
            return f"{text}\n{'-' * len(text)}"
        case Paragraph(line=line):
            return _line(line)
        case Listing(lines=lines):
            return "\n".join(f"- {_line(line)}" for line in lines)
        case Table(head=head, rows=rows, right=right):
            return table(head, [[_span(span) for span in row] for row in rows], right=right)
        case Commands(lines=lines):
            wide = max(len(command) for command, _ in lines)
            return "\n".join(f"  {command.ljust(wide)}  {words}" for command, words in lines)
        case Chart():
            return bars(block)
        case _:
            assert_never(block)


def _line(line: Line) -> str:
    return "".join(_span(span) for span in line)


def _span(span: Span) -> str:
    if isinstance(span, Cite):
        return span.text if span.seq is None else f"{span.text} #{span.seq}"
    return span


def bars(chart: Chart) -> str:
    """Draw the best so far as a row of bars: the longer, the better; each stands for as many iterations."""
    last = max(point.iteration for point in chart.points)
    kept = {point.iteration: point.value for point in chart.points if point.kept}
    best, values = None, []
    for iteration in range(last + 1):
        best = kept.get(iteration, best)
        values.append(best)
    step = max(1.0, len(values) / MOST_BARS)
    shown = [values[int(place * step)] for place in range(int(len(values) / step))]
    known = [value for value in shown if value is not None]
    if not known:
        return ""
    worst, good = (max(known), min(known)) if chart.lower_is_better else (min(known), max(known))
    span = good - worst
    row = "".join(
        " " if value is None else BARS[round((value - worst) / span * (len(BARS) - 1)) if span else 0]
        for value in shown
    )
    return f"best so far, from {worst:.6f} to {good:.6f}\n{row}"
