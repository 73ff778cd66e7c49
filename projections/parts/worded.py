"""What is kept of the words of proposals: what the newest said at length, the names in all of them. Pure."""

import re

from attrs import frozen

from autoresearch.events.values import Proposal


WORDED = 8  # closed rows whose proposals are kept at length
MOST_NAMES = 2  # that tell what a change touched
SHORT = 600  # characters of a text that are kept
LONG = 8_000  # characters of a text that are looked at for names
CONSTANT = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b|\b[A-Z]{5,}\b")


@frozen(kw_only=True)
class Worded:
    """What a proposal said at length, the beginning of each text."""

    iteration: int
    change_plan: str
    hypothesis: str
    expected: str


def worded(iteration: int, proposal: Proposal) -> Worded:
    """Return what is kept of an iteration's proposal."""
    return Worded(
        iteration=iteration,
        change_plan=proposal.change_plan[:SHORT],
        hypothesis=proposal.hypothesis[:SHORT],
        expected=proposal.expected[:SHORT],
    )


def with_words(before: tuple[Worded, ...], iteration: int, proposal: Proposal | None) -> tuple[Worded, ...]:
    """Return the newest words, those of one more closed row among them."""
    return before if proposal is None else (*before, worded(iteration, proposal))[-WORDED:]


def names_in(proposal: Proposal) -> tuple[str, ...]:
    """Return the first constants that a proposal names, by how they are written; none where it sets some."""
    if proposal.set:
        return ()
    changed = " ".join(f"{edit.search} {edit.replace}" for edit in proposal.edits)
    texts = (changed, proposal.patch or "", proposal.description, proposal.change_plan)
    found = dict.fromkeys(name for text in texts for name in CONSTANT.findall(text[:LONG]))
    return tuple(list(found)[:MOST_NAMES])
