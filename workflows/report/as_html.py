"""A document as HTML within a page, in which whatever stood in a proposal is text."""

import re
from html import escape
from typing import assert_never

from autoresearch.workflows.report.chart import svg
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


CODE = re.compile(r"`([^`]+)`")
LEGEND = (
    ("kept", "kept"),
    ("kept hollow", "kept, within noise"),
    ("result", "not kept"),
)


def body_of(document: Document) -> str:
    """Return what stands between head and foot."""
    body = "\n".join(_block(block) for block in document.blocks)
    return f"<h1>{escape(document.title)}</h1>\n{body}\n{_events(document)}"


def _block(block: Block) -> str:
    match block:
        case Heading(text=text):
            return f"<h2>{escape(text)}</h2>"
        case Paragraph(line=line, strong=strong):
            return f'<p class="strong">{_line(line)}</p>' if strong else f"<p>{_line(line)}</p>"
        case Listing(lines=lines):
            return "<ul>\n" + "".join(f"<li>{_line(line)}</li>\n" for line in lines) + "</ul>"
        case Table():
            return _table(block)
        case Commands(lines=lines):
            rows = "".join(
                f"<li><code>{escape(command)}</code> {escape(words)}</li>\n" for command, words in lines
            )
            return f'<ul class="commands">\n{rows}</ul>'
        case Chart():
            return _figure(block)
        case _:
            assert_never(block)


def _figure(chart: Chart) -> str:
    keys = "".join(
        f'<span><svg viewBox="0 0 12 12"><circle class="{kind}" cx="6" cy="6" r="4"/></svg>{words}</span>'
        for kind, words in LEGEND
    )
    band = "" if chart.of_seeds is None else "<span>shaded: one standard deviation over seeds</span>"
    line = "<span>line: the best so far</span>"
    return f"<figure>\n{svg(chart)}\n<figcaption>{keys}{line}{band}</figcaption>\n</figure>"


def _table(found: Table) -> str:
    def cells(row: tuple[Span, ...], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=n' if column in found.right else ''}>{_span(span)}</{tag}>"
            for column, span in enumerate(row)
        )

    rows = "".join(f"<tr>{cells(row, 'td')}</tr>\n" for row in found.rows)
    head = cells(found.head, "th")
    box = '<div class="wide" tabindex="0" role="group" aria-label="Table">'
    return f"{box}<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>"


def _events(document: Document) -> str:
    if not document.events:
        return ""
    rows = "".join(f'<li id="e{event.seq}">{escape(event.text)}</li>\n' for event in document.events)
    return f'<h2>Events</h2>\n<ol class="events">\n{rows}</ol>'


def _line(line: Line) -> str:
    return "".join(_span(span) for span in line)


def _span(span: Span) -> str:
    if isinstance(span, Cite):
        text = escape(span.text)
        return text if span.seq is None else f'<a href="#e{span.seq}">{text}</a>'
    return CODE.sub(r"<code>\1</code>", escape(span))
