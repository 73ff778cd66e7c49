"""What a call cost where its program names no price: from a table that is pinned, and named by its digest.

The list prices of the makers as of 2025-11, in USD for a million tokens; those of gemini as models.dev has
them for Google, in opencode-ai 1.18.33, for requests of at most 200,000 tokens: longer ones of its pro models
cost twice as much, and a call does not say which it had. An estimate is written into the
history with the digest of the table, so that no replay needs the prices of its own day. A model that is not
here has no price: unknown, not zero.
"""

import hashlib
import json
import re

from attrs import evolve, frozen

from autoresearch.events.values import Usage


MILLION = 1_000_000
DATED = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{8}|latest)$")


@frozen(kw_only=True)
class Price:
    """USD for a million tokens; reasoning is a part of what comes out."""

    uncached: float
    cached: float
    written: float = 0.0  # into a cache
    out: float


PRICES = {
    "claude-haiku-4-5": Price(uncached=1.0, cached=0.1, written=1.25, out=5.0),
    "claude-opus-4-1": Price(uncached=15.0, cached=1.5, written=18.75, out=75.0),
    "claude-opus-4-5": Price(uncached=5.0, cached=0.5, written=6.25, out=25.0),
    "claude-sonnet-4": Price(uncached=3.0, cached=0.3, written=3.75, out=15.0),
    "claude-sonnet-4-5": Price(uncached=3.0, cached=0.3, written=3.75, out=15.0),
    "codex-mini": Price(uncached=1.5, cached=0.375, out=6.0),
    "gemini-2.5-flash": Price(uncached=0.3, cached=0.03, out=2.5),
    "gemini-2.5-flash-lite": Price(uncached=0.1, cached=0.01, out=0.4),
    "gemini-2.5-pro": Price(uncached=1.25, cached=0.125, out=10.0),
    "gemini-3-flash-preview": Price(uncached=0.5, cached=0.05, out=3.0),
    "gemini-3.1-flash-lite": Price(uncached=0.25, cached=0.025, out=1.5),
    "gemini-3.1-pro-preview": Price(uncached=2.0, cached=0.2, out=12.0),
    "gemini-3.5-flash": Price(uncached=1.5, cached=0.15, out=9.0),
    "gpt-4.1": Price(uncached=2.0, cached=0.5, out=8.0),
    "gpt-5": Price(uncached=1.25, cached=0.125, out=10.0),
    "gpt-5-codex": Price(uncached=1.25, cached=0.125, out=10.0),
    "gpt-5-mini": Price(uncached=0.25, cached=0.025, out=2.0),
    "gpt-5-nano": Price(uncached=0.05, cached=0.005, out=0.4),
    "gpt-5.1": Price(uncached=1.25, cached=0.125, out=10.0),
    "gpt-5.1-codex": Price(uncached=1.25, cached=0.125, out=10.0),
    "o3": Price(uncached=2.0, cached=0.5, out=8.0),
    "o4-mini": Price(uncached=1.1, cached=0.275, out=4.4),
}
DIGEST = hashlib.sha256(
    json.dumps(
        {name: [one.uncached, one.cached, one.written, one.out] for name, one in sorted(PRICES.items())}
    ).encode()
).hexdigest()[:16]


def priced(usage: Usage, model: str | None) -> tuple[Usage, str]:
    """Return the usage with a cost where one can be told, and the digest of the table it is from, or ""."""
    price = PRICES.get(DATED.sub("", (model or "").rpartition("/")[2]))
    given = (usage.input_uncached, usage.input_cached, usage.output)
    if usage.cost_usd is not None or price is None or None in given:
        return usage, ""
    uncached, cached, out = (one or 0 for one in given)
    cost = uncached * price.uncached + cached * price.cached + out * price.out
    cost += (usage.cache_write or 0) * price.written
    return evolve(usage, cost_usd=cost / MILLION, cost_basis="estimated"), DIGEST
