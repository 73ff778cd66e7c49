"""A document as Markdown, as GitHub shows it; figures are links to the events at its end."""

import re
from typing import assert_never

from autoresearch.workflows.report.as_text import bars
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


SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$@])")  # what would be a form, a link, or somebody's name
CODE = re.compile(r"(`[^`]+`)")


def markdown_of(document: Document) -> str:
    """Return the page."""
    parts = [f"# {_plain(document.title)}", *(_block(block) for block in document.blocks)]
    if document.events:
        parts += [
            "## Events",
            "\n".join(f'- <a id="e{event.seq}"></a>{_plain(event.text)}' for event in document.events),
        ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _block(block: Block) -> str:
    match block:
        case Heading(text=text):
            return f"## {_plain(text)}"
        case Paragraph(line=line, strong=strong):
            return f"**{_line(line)}**" if strong else _line(line)
        case Listing(lines=lines):
            return "\n".join(f"- {_line(line)}" for line in lines)
        case Table():
            return _table(block)
        case Commands(lines=lines):
            return "\n".join(f"- `{command}` {_plain(words)}" for command, words in lines)
        case Chart():
            drawn = bars(block)
            return f"```\n{drawn}\n```" if drawn else ""
        case _:
            assert_never(block)


def _table(found: Table) -> str:
    rule = ["--:" if column in found.right else "---" for column in range(len(found.head))]
    rows = [
        [_plain(word) for word in found.head],
        rule,
        *([_span(span) for span in row] for row in found.rows),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _line(line: Line) -> str:
    return "".join(_span(span) for span in line)


def _span(span: Span) -> str:
    if isinstance(span, Cite):
        return _plain(span.text) if span.seq is None else f"[{_plain(span.text)}](#e{span.seq})"
    return _plain(span)


def _plain(text: str) -> str:
    """Return text that means itself; our own `code` stays."""
    parts = CODE.split(text)
    return "".join(
        part if CODE.fullmatch(part) and "|" not in part else SPECIAL.sub(r"\\\1", part) for part in parts
    )
