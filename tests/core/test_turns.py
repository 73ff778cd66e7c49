"""Whose turn it is to propose, where agents and the search take turns, and who carries it out."""

from collections.abc import Sequence

from attrs import evolve

from autoresearch.engine.core import commands as do
from autoresearch.engine.core.decider import decide
from autoresearch.events import catalog as ev
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Usage, why
from autoresearch.projections.parts.proposers import Proposer, proposer_named
from autoresearch.projections.run_state import RunState
from autoresearch.projections.summary import waiting_for_human
from tests.given import (
    BASELINE,
    agent_answered,
    agent_asked,
    applied,
    asked,
    chosen,
    committed,
    given,
    kept,
    opened,
    received,
    row,
    started,
    trained,
    training,
)
from tests.given import discarded as not_kept


A, B, SEARCH = "codex:gpt-5.5", "claude", "search"
LATER = "2026-03-08T23:00:00.000Z"
LIMITED = ev.AgentFailure(kind="limited", retry_at=LATER)
WRONG_KEY = ev.AgentFailure(kind="permanent", retry_at="")
UNUSABLE = ev.AgentFailure(kind="unusable", retry_at="")
BY_GAIN = RunConfig(keep_rule="lower", final=0, agent_turns="by-gain")
CENT, DOLLAR = (Usage(cost_usd=usd, cost_basis="reported") for usd in (0.01, 1.0))


def begun(*names: str, config: RunConfig | None = None) -> tuple[ev.Event, ...]:
    """A run in which these take turns, with its baseline."""
    first, *others = names
    return started(config), asked(60, agent=first, others=tuple(others)), *BASELINE


def answers(
    number: int, agent: str, *, step: str = "propose", call: int = 1, **more: object
) -> tuple[ev.Event, ...]:
    """An agent was asked, and answered."""
    outcome = "failed" if "failure" in more else "ok"
    asked_of = agent_asked(number, step, call, agent=agent)
    return asked_of, agent_answered(number, step, outcome, call, agent=agent, **more)


def proposed(number: int, who: str, *, usage: Usage | None = None, **more: object) -> tuple[ev.Event, ...]:
    """An iteration got its proposal from an agent, or the search."""
    if who == SEARCH:
        return opened(number), chosen(number, **more)
    return opened(number), *answers(number, who, usage=usage), chosen(number, source="agent", **more)


def tried(number: int, who: str, *, gain: float = 0.0, usage: Usage | None = None) -> tuple[ev.Event, ...]:
    """An iteration was tried, and kept where it gained anything."""
    commit = f"{number:040x}"
    verdict = evolve(kept(number, commit), inputs={"gain": gain}) if gain else not_kept(number)
    return (
        *proposed(number, who, usage=usage),
        applied(number),
        committed(number, commit),
        training(number, commit=commit),
        trained(number, 1.5 - gain),
        row(number, 1.5 - gain),
        verdict,
    )


def turn(*events: ev.Event) -> str:
    """Return who is asked to propose after these events."""
    (command,) = decide(given(*events))
    if isinstance(command, do.ProposeBySearch):
        return SEARCH
    assert isinstance(command, do.AskForProposal)
    return command.agent


def next_turn(number: int, *events: ev.Event) -> str:
    """Return who is asked to propose for a new iteration, which stands on the best there is."""
    best = given(*events).best
    assert best is not None
    return turn(*events, opened(number, base=best.commit))


def turns(events: Sequence[ev.Event], first: int, count: int) -> list[str]:
    """Return who proposes, turn by turn, where nothing is kept."""
    found: list[str] = []
    for number in range(first, first + count):
        found.append(next_turn(number, *events))
        events = (*events, *tried(number, found[-1]))
    return found


def done_by(name: str, *events: ev.Event) -> Proposer:
    """Return what one has done after these events."""
    return proposer_named(given(*events).proposers, name)


def asks(state: RunState) -> list[tuple[str, str]]:
    """Return which commands are given, and to which agent."""
    return [(type(one).__name__, getattr(one, "agent", "")) for one in decide(state)]


def test_they_take_turns_as_they_are_listed():
    """Each is asked in its turn, the search among them."""
    assert [A, B, SEARCH, A, B, SEARCH, A] == turns(begun(A, B, SEARCH), 1, 7)
    assert [B, A, B] == turns(begun(B, A), 1, 3)


def test_a_search_that_is_through_leaves_its_turn_to_the_others():
    """Whether a failure of an agent would pause the run or not: nobody failed."""
    for when in ("search", "pause"):
        config = RunConfig(keep_rule="lower", final=0, when_agent_fails=when)
        story = (*begun(SEARCH, A, config=config), opened(1))
        assert SEARCH == turn(*story)
        through = (*story, ev.InputNeeded(iteration=1, question=why("search_is_through")))
        assert A == turn(*through)
        assert waiting_for_human(given(*through, agent_asked(1, "propose", agent=A))) is None


def test_one_that_rests_is_passed_over():
    """The next that can answer is asked in the same iteration; only where all rest, the search steps in."""
    limited = (*begun(A, B), opened(1), *answers(1, A, failure=LIMITED))
    assert B == turn(*limited)
    both = (*limited, *answers(1, B, call=2, failure=WRONG_KEY))
    assert SEARCH == turn(*both)
    back = ev.WaitEnded(agent=A, until=LATER, now=LATER)
    assert A == turn(*both, back)


def test_who_was_passed_over_is_the_next():
    """One whose rest is over was asked longest ago."""
    limited = (*begun(A, B, "aider"), opened(1), *answers(1, A, failure=LIMITED))
    back = ev.WaitEnded(agent=A, until=LATER, now=LATER)
    once = (*limited, *tried(1, B)[1:], *tried(2, "aider"))
    assert B == next_turn(3, *once)
    assert A == next_turn(3, *once, back)


def test_an_unusable_answer_is_asked_again_of_the_same():
    """Each has two tries in an iteration, and then the next has its own two."""
    story = (*begun(A, B), opened(1), *answers(1, A, failure=UNUSABLE))
    assert A == turn(*story)
    story += answers(1, A, call=2, failure=UNUSABLE)
    assert B == turn(*story)
    story += answers(1, B, call=3, failure=UNUSABLE)
    assert B == turn(*story)
    story += answers(1, B, call=4, failure=UNUSABLE)
    assert SEARCH == turn(*story)


def test_who_proposes_carries_out_and_mends():
    """The agent whose idea it is applies it; where that rests, or a human has it, another one does."""
    prose = (*begun(A, B), *tried(1, A), *proposed(2, B, set={}))
    assert [("AskToApply", B)] == asks(given(*prose))
    failed = (*prose, *answers(2, B, step="apply", call=2, failure=LIMITED))
    assert [("AskToApply", A)] == asks(given(*failed))
    human = (*begun(A, B), *tried(1, A), received(set={}), opened(2))
    by_human = (*human, chosen(2, source="drop", received=given(*human).waiting[0].seq))
    assert [("AskToApply", A)] == asks(given(*by_human))


def test_a_change_waits_where_all_rest_for_a_while():
    """With one wrong key and one agent that comes back, what only an agent can do waits for that one."""
    story = (*begun(A, B), *proposed(1, A, set={}), *answers(1, A, step="apply", call=2, failure=WRONG_KEY))
    assert [("AskToApply", B)] == asks(given(*story))
    transient = ev.AgentFailure(kind="transient", retry_at=LATER)
    assert () == decide(given(*story, *answers(1, B, step="apply", call=3, failure=transient)))


def test_what_each_did_is_counted():
    """Proposals, keeps with their gain, calls, money and time on devices are those of whose idea it was."""
    story = (*begun(A, B), *tried(1, A, gain=0.2, usage=CENT), *tried(2, B, usage=DOLLAR), *tried(3, SEARCH))
    mine, theirs = done_by(A, *story), done_by(B, *story)
    assert (1, 1, 0.2, 1, 0.01, 300.0) == (
        mine.proposals,
        mine.closed,
        mine.gain,
        mine.calls,
        mine.costs.usd,
        mine.device_s,
    )
    assert (1, 1, 0.0, 1.0) == (theirs.proposals, theirs.closed, theirs.gain, theirs.costs.usd)
    assert (1, 1) == (done_by(SEARCH, *story).proposals, done_by(SEARCH, *story).calls)
    taken = ev.ResultRetracted(iteration=1, why="a leak", with_descendants=False)
    assert 0.0 == done_by(A, *story, taken).gain


def test_by_gain_a_fresh_one_is_tried_first():
    """However much the first gains, each has its first turn."""
    story = (*begun(A, B, SEARCH, config=BY_GAIN), *tried(1, A, gain=0.2, usage=CENT))
    assert B == next_turn(2, *story)
    assert SEARCH == next_turn(3, *story, *tried(2, B, usage=CENT))


def test_by_gain_who_gains_more_for_the_money_has_more_turns():
    """At equal cost it is who gains; of two that gain alike, who is cheaper; nobody is forgotten for ever."""
    equal = begun(A, B, config=BY_GAIN)
    for number in range(1, 21):
        who = next_turn(number, *equal)
        equal += tried(number, who, gain=0.01 if who == B else 0.0, usage=CENT)
    assert done_by(B, *equal).proposals > 12
    assert done_by(A, *equal).proposals > 2
    cheap = begun(A, B, config=BY_GAIN)
    for number in range(1, 21):
        who = next_turn(number, *cheap)
        cheap += tried(number, who, gain=0.01, usage=CENT if who == A else DOLLAR)
    assert done_by(A, *cheap).proposals > 12


def test_by_gain_without_a_cost_calls_count():
    """Where one call did not tell its cost, no money counts: who needs fewer calls has more turns."""
    story = begun(A, B, config=BY_GAIN)
    for number in range(1, 13):
        who = next_turn(number, *story)
        untold = Usage() if number == 2 else CENT
        story += tried(number, who, gain=0.01, usage=untold if who == B else DOLLAR)
    assert 6 == done_by(A, *story).proposals
