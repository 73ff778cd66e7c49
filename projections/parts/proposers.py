"""What each who proposes has done, gained and cost: agents, the search, and the human. Pure."""

from typing import Any

from attrs import evolve as replace
from attrs import frozen

from autoresearch.events.values import ProposalSource, Request, Usage
from autoresearch.projections.parts.costs import Costs


SEARCH = "search"  # a name in lists of agents
HUMAN = "human"
WHO: dict[ProposalSource, str] = {"search": SEARCH, "file": HUMAN, "drop": HUMAN, "cli": HUMAN}
HOUR_S = 3600.0


@frozen(kw_only=True)
class Kept:
    """What one keep gained on its base, as its verdict has it; above 0 is better."""

    iteration: int
    gain: float


@frozen(kw_only=True)
class Proposer:
    """One who proposes, by its name."""

    name: str
    asked: int = 0  # seq of the event by which it had its turn last; 0: it had none
    proposals: int = 0  # that an iteration got
    closed: int = 0  # of these, the iterations that are over
    keeps: tuple[Kept, ...] = ()  # that nobody retracted
    costs: Costs = Costs()  # of its calls, for whatever step
    device_s: float = 0.0  # that its proposals took on devices

    @property
    def gain(self) -> float:
        """Return what its keeps gained, all together."""
        return sum(kept.gain for kept in self.keeps)

    @property
    def calls(self) -> int:
        """Return what it was called; the search is called once for each of its proposals."""
        return self.proposals if self.name == SEARCH else self.costs.calls

    def usd(self, device_hour_usd: float) -> float | None:
        """Return what it cost, agents and devices; None where a call did not say."""
        told = self.costs.unpriced == 0
        return self.costs.usd + self.device_s / HOUR_S * device_hour_usd if told else None


def told(one: Proposer) -> dict[str, Any]:  # Any: it is JSON
    """Return what one has done as `status` and `report` have it; what is not known is null."""
    known, unpriced = one.costs.known_usd, one.costs.unpriced
    return {
        "name": one.name,
        "proposals": one.proposals,
        "keeps": len(one.keeps),
        "gain": one.gain,
        "calls": one.costs.calls,
        "usd": None if known is None else round(known, 6),
        "calls_of_unknown_cost": unpriced,
        "device_s": one.device_s,
    }


Proposers = tuple[Proposer, ...]


def taking_turns(request: Request) -> tuple[str, ...]:
    """Return who takes turns in proposing, as they are listed: agents, and the search where it is named."""
    return (request.agent, *request.others) if request.asks_agent else ()


def agents_of(request: Request | None) -> tuple[str, ...]:
    """Return the agents that a request lets be asked; of no request, none."""
    return () if request is None else tuple(one for one in taking_turns(request) if one != SEARCH)


def proposer_named(known: Proposers, name: str) -> Proposer:
    """Return what one has done; one that never had a turn has done nothing."""
    return next((one for one in known if one.name == name), Proposer(name=name))


def had_turn(known: Proposers, name: str, seq: int) -> Proposers:
    """Note whose turn it was."""
    return _with(known, replace(proposer_named(known, name), asked=seq))


def proposed(known: Proposers, name: str, seq: int) -> Proposers:
    """Note that an iteration got a proposal of it, and, with the `seq` of that, its turn; 0: it had that."""
    one = proposer_named(known, name)
    return _with(known, replace(one, proposals=one.proposals + 1, asked=seq or one.asked))


def answered(known: Proposers, name: str, usage: Usage, *, proposals: int) -> Proposers:
    """Note what a call of it cost."""
    one = proposer_named(known, name)
    return _with(known, replace(one, costs=one.costs.plus(usage, proposals=proposals)))


def on_device(known: Proposers, name: str, seconds: float) -> Proposers:
    """Note what its proposal took on a device."""
    if not name:  # the baseline, or what stood in the worktree
        return known
    one = proposer_named(known, name)
    return _with(known, replace(one, device_s=one.device_s + seconds))


def closed(known: Proposers, name: str, kept: Kept | None) -> Proposers:
    """Note what became of its proposal."""
    if not name:
        return known
    one = proposer_named(known, name)
    keeps = one.keeps if kept is None else (*one.keeps, kept)
    return _with(known, replace(one, closed=one.closed + 1, keeps=keeps))


def without(known: Proposers, gone: frozenset[int]) -> Proposers:
    """Take back what keeps gained that are retracted."""
    return tuple(
        replace(one, keeps=tuple(kept for kept in one.keeps if kept.iteration not in gone)) for one in known
    )


def _with(known: Proposers, after: Proposer) -> Proposers:
    others = (one for one in known if one.name != after.name)
    return tuple(sorted((*others, after), key=lambda one: one.name))
