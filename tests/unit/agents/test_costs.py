"""What calls of agents cost: summed up, estimated, unknown, and shown."""

import pytest
from attrs import evolve

from autoresearch.engine.agents.prices import DIGEST, priced
from autoresearch.engine.agents.versions import installed_version
from autoresearch.events.values import Usage
from autoresearch.projections.parts.costs import SILENT, Costs
from autoresearch.projections.summary import standing
from autoresearch.workflows.pages.proposing import cost_words
from tests import given as g


COUNTED = Usage(input_uncached=400, input_cached=2000, cache_write=0, output=68, reasoning=10)
TOLD = evolve(COUNTED, cost_usd=0.5, cost_basis="reported")


def summed(*usages: Usage) -> Costs:
    """Return the sum of some calls."""
    costs = Costs()
    for one in usages:
        costs = costs.plus(one)
    return costs


def test_what_is_unknown_is_never_zero() -> None:
    """A sum over calls that say nothing is unknown; of no calls it is nothing."""
    assert 0.0 == summed().known_usd
    assert summed(Usage(), Usage()).known_usd is None
    costs = summed(TOLD, Usage())
    assert (0.5, 1, 1) == (costs.known_usd, costs.unpriced, costs.uncounted)
    assert 2468 == costs.tokens


def test_a_call_of_unknown_cost_is_feared_as_the_dearest() -> None:
    """A limit is held against what may be spent: nobody learns too late that it was more."""
    assert 1.1 == pytest.approx(summed(TOLD, evolve(TOLD, cost_usd=0.1), Usage()).feared_usd)


@pytest.mark.parametrize("model", ["openai/gpt-5-codex-2025-09-15", "gemini-2.5-pro"])
def test_a_model_with_a_list_price_is_estimated(model: str) -> None:
    """Of a program that names no price the cost is computed, and the table is named by its digest."""
    usage, table = priced(COUNTED, model)
    assert (400 * 1.25 + 2000 * 0.125 + 68 * 10) / 1e6 == pytest.approx(usage.cost_usd)
    assert ("estimated", DIGEST) == (usage.cost_basis, table)


@pytest.mark.parametrize(
    ("usage", "model"),
    [(COUNTED, "my-own-model"), (COUNTED, None), (evolve(COUNTED, output=None), "gpt-5"), (TOLD, "gpt-5")],
)
def test_what_cannot_be_estimated_or_was_told_stays(usage: Usage, model: str | None) -> None:
    """An unknown model, or unknown tokens, have no price; what a program reports is not computed anew."""
    assert (usage, "") == priced(usage, model)


def test_the_version_of_a_program_is_read_off_its_place(tmp_path, monkeypatch) -> None:
    """A package.json above it, or a folder named so, tell the version; the program is not started."""
    package, by_name = tmp_path / "lib" / "agent-ai", tmp_path / "versions" / "2.1.328"
    for folder in (package / "bin", by_name, tmp_path / "bin"):
        folder.mkdir(parents=True)
    (package / "package.json").write_text('{"version": "1.18.33"}')
    for name, place in (("npm", package / "bin"), ("named", by_name), ("plain", tmp_path)):
        (place / name).write_text("#!/bin/sh\nexit 1\n")
        (place / name).chmod(0o755)
        (tmp_path / "bin" / f"{name}-agent").symlink_to(place / name)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    found = [installed_version(f"{name}-agent") for name in ("npm", "named", "plain", "missing")]
    assert ["1.18.33", "2.1.328", "", ""] == found


def answered(call: int, usage: Usage) -> tuple[object, ...]:
    """Return a question and its answer, as events."""
    answer = evolve(g.agent_answered(1, "propose", "ok"), call=call, usage=usage)
    return (g.agent_asked(1, "propose", call), answer)


def test_status_says_what_agents_cost() -> None:
    """The page has the cost of the run, a proposal and a keep; at least that where a call did not say."""
    opened = (g.started(), g.asked(3, agent="fake"), *g.BASELINE, g.opened(1))
    run = g.given(*opened, *answered(1, TOLD), *answered(2, Usage()))
    said = standing(run)
    assert {"usd": 0.5, "at_least": True, "calls_of_unknown_cost": 1, "usd_per_keep": None} == {
        name: said["cost"][name] for name in ("usd", "at_least", "calls_of_unknown_cost", "usd_per_keep")
    }
    words = "at least 0.50 USD for 2 calls of agents, at least 2,468 tokens, at least 0.25 USD a proposal"
    assert words == cost_words(said)
    unknown = standing(g.given(*opened, *answered(1, Usage())))
    assert "unknown, for 1 call of agents" == cost_words(unknown)
    assert unknown["cost"]["usd"] is None


def test_no_limit_of_cost_can_be_held_where_nobody_tells() -> None:
    """Several calls without a cost are noticed; a few, or one that tells among them, are not."""
    assert summed(*[Usage()] * SILENT).tells_no_cost
    assert not summed(*[Usage()] * (SILENT - 1)).tells_no_cost
    assert not summed(TOLD, *[Usage()] * SILENT).tells_no_cost
