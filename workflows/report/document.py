"""What a report is made of, whatever it is written as."""

from attrs import field, frozen


@frozen
class Cite:
    """A figure or word, and the event that it stands in."""

    text: str
    seq: int | None  # None: it is made of several


Span = str | Cite
Line = tuple[Span, ...]


@frozen(kw_only=True)
class Heading:
    """The title of a part."""

    text: str


@frozen(kw_only=True)
class Paragraph:
    """Some sentences; a strong one is what the reader came for."""

    line: Line
    strong: bool = False


@frozen(kw_only=True)
class Listing:
    """Points, one below the other."""

    lines: tuple[Line, ...]


@frozen(kw_only=True)
class Table:
    """Rows under a head; columns in `right` are figures."""

    head: tuple[str, ...]
    rows: tuple[tuple[Span, ...], ...]
    right: frozenset[int] = frozenset()


@frozen(kw_only=True)
class Commands:
    """What can be typed next, each with what it does."""

    lines: tuple[tuple[str, str], ...]


@frozen(kw_only=True)
class Point:
    """One result of the chart."""

    iteration: int
    value: float
    kept: bool
    within_noise: bool  # it is not told from its base
    compared: bool = False  # with its base, by a rule that states a gain
    title: str
    seq: int | None


@frozen(kw_only=True)
class Chart:
    """All results in their order, and the best so far."""

    metric: str
    lower_is_better: bool
    points: tuple[Point, ...]
    of_seeds: float | None  # standard deviation over seeds; None: not known


Block = Heading | Paragraph | Listing | Table | Commands | Chart


@frozen(kw_only=True)
class CitedEvent:
    """An event that figures stand in, in words."""

    seq: int
    text: str


@frozen(kw_only=True)
class Document:
    """A page: its title, its blocks, and the events that these cite."""

    title: str
    blocks: tuple[Block, ...]
    events: tuple[CitedEvent, ...] = field(default=())


def cited(document: Document) -> frozenset[int]:
    """Return the events that a document cites."""
    found: set[int | None] = set()
    for block in document.blocks:
        match block:
            case Paragraph(line=line):
                found |= _of(line)
            case Listing(lines=lines):
                found |= {seq for line in lines for seq in _of(line)}
            case Table(rows=rows):
                found |= {seq for row in rows for seq in _of(row)}
            case Chart(points=points):
                found |= {point.seq for point in points}
            case Heading() | Commands():
                pass
    return frozenset(seq for seq in found if seq is not None)


def _of(line: Line) -> set[int | None]:
    return {span.seq for span in line if isinstance(span, Cite)}
