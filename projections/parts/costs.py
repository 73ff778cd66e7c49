"""What the calls of agents cost, summed up: what nobody said is counted, and is never zero. Pure."""

from attrs import evolve as replace
from attrs import frozen

from autoresearch.events.values import Usage


SILENT = 5  # calls after which it is clear that no cost will be told


@frozen(kw_only=True)
class Costs:
    """A sum over calls of agents."""

    calls: int = 0
    proposals: int = 0  # that came of them
    usd: float = 0.0  # of those whose cost is known
    unpriced: int = 0  # calls whose cost is not
    estimated: int = 0  # calls whose cost was computed from a table of prices
    most_usd: float = 0.0  # that one call cost
    tokens: int = 0  # in and out, cached ones and reasoning among them
    uncounted: int = 0  # calls whose tokens are not known
    most_tokens: int = 0  # that one call took

    def plus(self, usage: Usage, *, proposals: int = 0) -> "Costs":
        """Return the sum with one more call."""
        usd, tokens = usage.cost_usd, tokens_of(usage)
        return replace(
            self,
            calls=self.calls + 1,
            proposals=self.proposals + proposals,
            usd=self.usd + (usd or 0.0),
            unpriced=self.unpriced + (usd is None),
            estimated=self.estimated + (usage.cost_basis == "estimated"),
            most_usd=max(self.most_usd, usd or 0.0),
            tokens=self.tokens + (tokens or 0),
            uncounted=self.uncounted + (tokens is None),
            most_tokens=max(self.most_tokens, tokens or 0),
        )

    @property
    def known_usd(self) -> float | None:
        """Return what is known to be spent; None where nothing is, of calls that there were."""
        return None if self.calls and self.unpriced == self.calls else self.usd

    @property
    def feared_usd(self) -> float:
        """Return what may be spent: a call whose cost is not known counts as much as the dearest."""
        return self.usd + self.unpriced * self.most_usd

    @property
    def feared_tokens(self) -> int:
        """Return what may be taken: a call whose tokens are not known counts as the largest."""
        return self.tokens + self.uncounted * self.most_tokens

    @property
    def tells_no_cost(self) -> bool:
        """Say whether no limit of cost can be held: of several calls, not one says what it cost."""
        return self.calls >= SILENT and self.unpriced == self.calls

    @property
    def tells_no_tokens(self) -> bool:
        """Say whether no limit of tokens can be held, for the same reason."""
        return self.calls >= SILENT and self.uncounted == self.calls


def tokens_of(usage: Usage) -> int | None:
    """Return all tokens of a call, in and out; None where it did not say both."""
    if usage.input_uncached is None or usage.output is None:
        return None
    return usage.input_uncached + (usage.input_cached or 0) + (usage.cache_write or 0) + usage.output
