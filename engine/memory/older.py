"""The ideas that are not the newest, one line each, grouped by what they touched, within a size. Pure."""

from collections.abc import Sequence

from autoresearch.engine.memory.ideas import Idea, line_of, signed
from autoresearch.engine.memory.room import fitting
from autoresearch.projections.words.times import one_line


WIDTHS = (160, 80, 40)  # of a description, the first at which all of them fit
LEAST = 20  # characters of a line, at least
HEADS = 0.5  # of the room, for groups of which only the counts are told


def grouped(ideas: Sequence[Idea], limit: int) -> str:
    """Return the ideas by what they touched, the group touched last first.

    Where they do not all fit, the newest have their lines, and the others are counted in their groups.
    """
    for width in WIDTHS if len(ideas) * LEAST < limit else ():
        text = "\n".join(_blocks(ideas, {one.number for one in ideas}, width))
        if len(text) <= limit:
            return text
    heads = int(limit * HEADS)
    told, left = set[int](), limit - heads
    for one in reversed(ideas):
        left -= len(line_of(one, WIDTHS[-1])) + 3
        if left < 0:
            break
        told.add(one.number)
    blocks = _blocks(ideas, told, WIDTHS[-1])
    return fitting("\n".join(blocks).split("\n"), limit, of="lines of older ideas")


def _blocks(ideas: Sequence[Idea], told: set[int], width: int) -> list[str]:
    groups: dict[str, list[Idea]] = {}
    for one in ideas:
        groups.setdefault(one.touches, []).append(one)
    newest_first = sorted(groups.items(), key=lambda group: -group[1][-1].number)
    return ["\n".join([_head(name, of, told), *_lines(of, told, width)]) for name, of in newest_first]


def _head(name: str, ideas: Sequence[Idea], told: set[int]) -> str:
    gains = [one.gain for one in ideas if one.gain is not None]
    kept, only = sum(one.kept for one in ideas), sum(one.number not in told for one in ideas)
    best = f", best {signed(max(gains))}" if gains else ""
    counted = f", {only} of them only counted here" if only else ""
    return f"{one_line(name, 80)}: {len(ideas)} tried, {kept} kept{best}{counted}"


def _lines(ideas: Sequence[Idea], told: set[int], width: int) -> list[str]:
    return [f"  {line_of(one, width)}" for one in ideas if one.number in told]
