"""One iteration of a run, from its own records: of a long history, what comes before and after is not read.

They are found by halving the history, since iterations begin in the order of their numbers; from there on
every line is checked as ever.
"""

import re
from collections.abc import Mapping

from attrs import frozen

from autoresearch.engine.paths import RunPaths
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Position, Recorded
from autoresearch.events.log.read import lines, read, record
from autoresearch.events.log.seek import position_before, position_by
from autoresearch.events.values import Proposal
from autoresearch.projections.fold import fold
from autoresearch.projections.timeline import TIMELINE, Row, Timeline


_BEGINS = re.compile(
    rb'\{"seq":\d+,(?:"tx":\[\d+,\d+\],)?"type":"(?:IterationStarted|RemeasureStarted|ResultInherited|ResultImported)",[^{]*'
    rb'"data":\{"iteration":(\d+),'
)
CLOSES = (
    ev.CandidateKept,
    ev.CandidateDiscarded,
    ev.KeepRemeasured,
    ev.RemeasureDropped,
    ev.ResultInherited,
    ev.ResultImported,
)


@frozen(kw_only=True)
class OneIteration:
    """What a history holds of one iteration."""

    row: Row
    events: tuple[Recorded, ...]
    proposals: Mapping[int, Proposal]  # by the seq of the event that it was received with, or deferred


def one_iteration(paths: RunPaths, number: int) -> OneIteration | None:
    """Return an iteration as of now, or as its verdict left it; None where it has not begun.

    Raises:
        NotFound, CorruptHistory: as reading a history does.
    """
    wanted = re.compile(rb'"iteration":%d[,}]' % number)
    own: list[Recorded] = []
    for line in lines(paths.history, before_iteration(paths, number)):
        if not wanted.search(line[1]):
            continue
        one = record(paths.history, line)
        if getattr(one.event, "iteration", None) == number:
            own.append(one)
            if isinstance(one.event, CLOSES):
                break
    proposals = {
        one.event.received: proposal
        for one in own
        if isinstance(one.event, ev.ProposalChosen)
        and one.event.received is not None
        and (proposal := _proposal(paths, one.event.received)) is not None
    }
    row = fold(TIMELINE, own, since=Timeline(proposals=dict(proposals))).row(number)
    return OneIteration(row=row, events=tuple(own), proposals=proposals) if row is not None else None


def before_iteration(paths: RunPaths, number: int) -> Position:
    """Return a place before the first record of an iteration, as near as is cheap."""
    return position_by(paths.history, lambda line: _is_before(line, number))


def _is_before(line: bytes, number: int) -> bool | None:
    begins = _BEGINS.match(line)
    return None if begins is None else int(begins[1]) < number


def _proposal(paths: RunPaths, seq: int) -> Proposal | None:
    """Return the proposal that a record brought, took, or deferred."""
    begin = position_before(paths.history, seq)
    event = next((one.event for one in read(paths.history, after=seq - 1, upto=seq, since=begin)), None)
    match event:
        case ev.ProposalReceived():
            return event.proposal
        case ev.ProposalChosen(proposal=Proposal() as proposal):
            return proposal
        case ev.ProposalChosen(received=int() as earlier):
            return _proposal(paths, earlier)
        case ev.CandidateDeferred():
            return _proposal(paths, event.chosen)
        case _:
            return None
