"""How the agents of a run are: who answers, fails, why, and rests; and what they asked the human."""

from typing import TYPE_CHECKING, Any

from attrs import evolve as replace
from attrs import frozen

from autoresearch.events import catalog as ev
from autoresearch.events.clock import later, passed
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Reason, Scalar, because, why
from autoresearch.projections.parts.models import model_of
from autoresearch.projections.parts.proposers import agents_of


if TYPE_CHECKING:
    from autoresearch.projections.run_state import Iteration, RunState

NOT_APPLIED_IN_A_ROW = 10  # changes of an agent: it is no slip any more
NOT_APPLIED_REST_S = 1800.0
KNOWN_IN_A_ROW = 3  # that were measured already, before their agent rests and the search has its turn
KNOWN_REST_S, LONGEST_REST_S = 30.0, 1800.0  # the first rest; each one after it is twice as long
SET_BACK_S = 60.0  # so far behind its beginning, a wait's clock was set back: how long it lasts, nobody knows
REMEMBERED = 20  # questions, the newest, answered or not: a state stays small


@frozen(kw_only=True)
class AgentHealth:
    """How one agent is with one model, in what it is asked: to make changes, or to review them.

    A model that there is not, or a quota of one, says nothing of the program's others; and a reviewer that
    gives nothing of use may propose well.
    """

    agent: str
    reviews: bool = False
    model: str = ""  # as the settings ask for it; "": the program's own choice
    last_good: str = ""  # when it gave its last answer that could be used; "": none yet
    failing_since: str = ""  # "": it does not fail
    in_a_row: int = 0  # failures
    kind: ev.FailureKind | None = None  # of the last of them
    reason: Reason | None = None
    retry_at: str = ""  # from when on it is asked again; "": at once, or not before somebody resumes
    rests: bool = False  # it is not asked now
    rests_since: str = ""  # when it began its last rest
    known: int = 0  # its proposals in a row that were measured already

    @property
    def needs_human(self) -> bool:
        """Say whether waiting does not help: somebody has to mend it, and to resume."""
        return self.rests and self.kind == "permanent"

    @property
    def rests_for_a_while(self) -> bool:
        """Say whether it rests until a time."""
        return self.rests and bool(self.retry_at)

    def rest_is_over(self, now: str) -> bool:
        """Say whether its time has come, or its clock was set back behind its beginning."""
        return _is_over(now, since=self.rests_since, until=self.retry_at)


@frozen(kw_only=True)
class Question:
    """A question of an agent; the same words once more are the same question."""

    number: int  # seq of its first event
    iteration: int
    agent: str
    text: str
    asked_at: str
    until: str = ""  # until when the run waits for the answer
    waits: bool = False  # it still does
    answer: str = ""  # "": none yet

    def is_overdue(self, now: str) -> bool:
        """Say whether the run waits no longer, as `AgentHealth.rest_is_over`."""
        return _is_over(now, since=self.asked_at, until=self.until)


def health_of(state: "RunState", agent: str, step: str) -> AgentHealth:
    """Return how an agent is whom a step asks; one that was never asked is well."""
    model, reviews = ("", False) if state.health_by_program else _asked_as(state.config, agent, step)
    for one in state.agents:
        if (one.agent, one.model, one.reviews) == (agent, model, reviews):
            return one
    return AgentHealth(agent=agent, model=model, reviews=reviews)


def proposing_step(config: RunConfig) -> str:
    """Return the step that agents propose in."""
    return "edit" if config.agent_mode == "edit" else "propose"


def note_asked(state: "RunState", event: ev.AgentAsked) -> None:
    """Take what is known of programs for what is known of them as proposers, once a program of now asks."""
    if event.guidance is None or not state.health_by_program:
        return
    step = proposing_step(state.config)
    state.health_by_program = False
    state.agents = tuple(replace(one, model=model_of(state.config, one.agent, step)) for one in state.agents)


def note_answer(state: "RunState", event: ev.AgentAnswered, _seq: int, at: str) -> None:
    """Note an answer, or a failure; one that was called back tells nothing."""
    if event.outcome == "cancelled":
        return
    before = health_of(state, event.agent, event.step)
    well = AgentHealth(agent=before.agent, reviews=before.reviews, model=before.model, known=before.known)
    failure = event.failure
    if event.outcome == "ok":
        after = replace(well, last_good=at)
    elif failure is None:  # of a history in which no failure had a kind
        after = replace(before, failing_since=before.failing_since or at, in_a_row=before.in_a_row + 1)
    else:
        waits = bool(failure.retry_at) or failure.kind == "permanent"
        after = replace(
            well,
            last_good=before.last_good,
            failing_since=before.failing_since or at,
            in_a_row=before.in_a_row + 1,
            kind=failure.kind,
            reason=event.reason,
            retry_at=failure.retry_at,
            rests=waits and state.config.when_agent_fails == "search",
            rests_since=at,
        )
    _put(state, after)


def note_not_applied(state: "RunState", agent: str, reason: Reason, at: str) -> None:
    """Count a change that came to nothing; after ten in a row the agent of the last rests for a while."""
    state.not_applied += 1
    if state.not_applied % NOT_APPLIED_IN_A_ROW or state.config.when_agent_fails != "search":
        return
    before = health_of(state, agent, proposing_step(state.config))
    after = replace(
        before,
        failing_since=before.failing_since or at,
        in_a_row=before.in_a_row + 1,
        kind="unusable",
        reason=because("not_applied_in_a_row_since", reason, times=state.not_applied),
        retry_at=later(at, NOT_APPLIED_REST_S),
        rests=True,
        rests_since=at,
    )
    _put(state, after)


def note_known(state: "RunState", agent: str, same_as: Scalar, at: str) -> None:
    """Count a proposal that was measured already; from the third in a row on its agent rests, ever longer."""
    before = health_of(state, agent, proposing_step(state.config))
    known = before.known + 1
    after = replace(before, known=known)
    if known >= KNOWN_IN_A_ROW and state.config.when_agent_fails == "search":
        rest_s = min(LONGEST_REST_S, KNOWN_REST_S * 2 ** min(known - KNOWN_IN_A_ROW, 10))
        after = replace(
            after,
            failing_since=before.failing_since or at,
            in_a_row=before.in_a_row + 1,
            kind="unusable",
            reason=why("known_in_a_row", times=known, same_as=same_as),
            retry_at=later(at, rest_s),
            rests=True,
            rests_since=at,
        )
    _put(state, after)


def note_new(state: "RunState", agent: str) -> None:
    """End the count of proposals that were measured already."""
    before = health_of(state, agent, proposing_step(state.config))
    if before.known:
        _put(state, replace(before, known=0))


def wait_ended(state: "RunState", event: ev.WaitEnded, _seq: int, _at: str) -> None:
    """Let an agent be asked again, whatever it rested for until then, also by iterations that gave it up."""
    for health in state.agents:
        if health.agent == event.agent and health.rests_for_a_while and health.retry_at <= event.until:
            _put(state, replace(health, rests=False))
    _ask_anew(state)


def resumed(state: "RunState", *, ends_rests: bool) -> None:
    """Let those be asked again that a human had to mend; where it `ends_rests`, all others that rest, too."""
    waited = any(one.rests_for_a_while for one in state.agents)
    for one in state.agents:
        if one.needs_human or (ends_rests and one.rests):
            _put(state, replace(one, rests=False))
    if ends_rests and waited:
        _ask_anew(state)


def _ask_anew(state: "RunState") -> None:
    state.answered = 0
    for one in state.open:
        one.gave_up = ()
    if state.need_input is not None and state.need_input.code == "search_is_through":
        state.need_input = None


def reviewer_of(state: "RunState", one: "Iteration") -> AgentHealth | None:
    """Return how the agent is whose review a candidate waits for; None where it waits for none."""
    named = one.review.agent or state.config.review_agent or next(iter(agents_of(state.request)), "")
    return health_of(state, named, "review") if one.review.waits and one.job is None else None


def first_back(state: "RunState", step: str) -> str:
    """Return the first to come back of the agents that a step may ask; "" where one of them does not rest."""
    asked = [health_of(state, name, step) for name in agents_of(state.request)]
    back = sorted((one for one in asked if not one.needs_human), key=lambda one: one.retry_at)
    return back[0].agent if back and all(one.rests for one in asked) else ""


def still_open(questions: tuple[Question, ...], text: str = "") -> tuple[Question, ...]:
    """Return those that have no answer yet; where a text is given, only those of these words."""
    return tuple(one for one in questions if not one.answer and text in ("", one.text))


def question_asked(state: "RunState", event: ev.QuestionAsked, seq: int, at: str) -> None:
    """Note a question; who asks it again, or asks twice in one iteration, leaves that to the search."""
    again = bool(still_open(state.questions, event.question))
    if not again:
        new = Question(
            number=seq,
            iteration=event.iteration,
            agent=event.agent,
            text=event.question,
            asked_at=at,
            until=event.until,
            waits=bool(event.until),
        )
        state.questions = (*state.questions, new)[-REMEMBERED:]
    one = state.iteration(event.iteration)
    if one is not None:
        gave_up(one, event.agent, again or one.asks)
        one.asks = True


def gave_up(one: "Iteration", agent: str, it_did: bool) -> None:  # noqa: FBT001
    """Note whether an agent is asked no more for an iteration's proposal."""
    others = tuple(name for name in one.gave_up if name != agent)
    one.gave_up = (*others, agent) if it_did else others


def question_answered(state: "RunState", event: ev.QuestionAnswered, _seq: int, _at: str) -> None:
    """Note an answer, with which an agent may be asked for a proposal again."""
    _settle(state, event.question, answer=event.answer)
    for one in state.open:
        one.asks, one.gave_up = False, ()
    if state.need_input is not None and state.need_input.code == "search_is_through":
        state.need_input = None


def question_timed_out(state: "RunState", event: ev.QuestionTimedOut, _seq: int, _at: str) -> None:
    """Let the run go on; the question stays open."""
    _settle(state, event.question)


def proposer_of(run: "RunState") -> dict[str, Any] | None:
    """Return which agent is asked, and why that one; None where none is."""
    request = run.request
    if request is None or not request.asks_agent:
        return None
    turns = run.config.agent_turns if request.others else None
    others = list(request.others)
    return {"agent": request.agent, "found": request.agent_found, "others": others, "turns": turns}


def open_questions(run: "RunState") -> list[dict[str, Any]]:
    """Return what agents asked and nobody has answered; `until` is when the run goes on without, or ""."""
    return [
        {
            "number": one.number,
            "iteration": one.iteration,
            "agent": one.agent,
            "question": one.text,
            "asked_at": one.asked_at,
            "until": one.until if one.waits else "",
        }
        for one in still_open(run.questions)
    ]


def settings_changed(state: "RunState") -> None:
    """Forget how those are whom the settings ask no more: a wrong name of a model may be what was mended."""
    if state.health_by_program:
        return
    state.agents = tuple(one for one in state.agents if _is_asked(state.config, one))


def _is_over(now: str, *, since: str, until: str) -> bool:
    return until <= now or passed(now, since) > SET_BACK_S


def _asked_as(config: RunConfig, agent: str, step: str) -> tuple[str, bool]:
    return model_of(config, agent, step), step == "review"


def _is_asked(config: RunConfig, one: AgentHealth) -> bool:
    steps = ("review",) if one.reviews else ("propose", "edit", "apply", "triage")
    return one.model in {model_of(config, one.agent, step) for step in steps}


def _put(state: "RunState", after: AgentHealth) -> None:
    others = (one for one in state.agents if _name(one) != _name(after))
    state.agents = tuple(sorted((*others, after), key=_name))


def _name(one: AgentHealth) -> tuple[str, bool, str]:
    return one.agent, one.reviews, one.model


def _settle(state: "RunState", number: int, *, answer: str = "") -> None:
    state.questions = tuple(
        replace(one, waits=False, answer=answer or one.answer) if one.number == number else one
        for one in state.questions
    )
