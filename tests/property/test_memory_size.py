"""The prompt is a projection: the same history gives the same bytes, and they have a stated size."""

from attrs import field, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from autoresearch.engine.agents.prompts import DIFF_LIMIT, PROMPT_LIMIT, Section, propose_prompt
from autoresearch.engine.memory import recall
from autoresearch.engine.memory.backlog import IDEAS, LESSONS, idea_text, lesson_of
from autoresearch.engine.memory.recall import Code
from autoresearch.engine.search.knobs import knobs
from autoresearch.events.metric_spec import MetricSpec
from autoresearch.events.values import Best, Proposal, Score, why
from autoresearch.projections.agent_health import Question
from autoresearch.projections.fold import Rows
from autoresearch.projections.parts.backlog import (
    MEMORIES,
    MEMORY_LIMIT,
    Backlog,
    LaterIdea,
    Lesson,
    NamedMemory,
)
from autoresearch.projections.parts.worded import MOST_NAMES, WORDED, worded
from autoresearch.projections.run_state import RunState
from autoresearch.projections.timeline import Row, Timeline


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
SHORT = st.text(max_size=12) | st.text("`\n", max_size=12)
COMMITS = st.sampled_from([letter * 40 for letter in "abcd"])
CONSTANTS = "".join(f"{'LONG_NAME_' * 9}{n} = {n}.5\n" for n in range(200))
KNOBS = knobs({"train.py": CONSTANTS})
TIMES = 500  # texts are made long by repeating a short one


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Return a text of any content and up to six thousand characters."""
    return draw(SHORT) * draw(st.sampled_from([1, 1, 1, 100, TIMES]))


@st.composite
def rows(draw: st.DrawFn, iteration: int) -> Row:
    """Return a row of any kind."""
    return Row(
        iteration=iteration,
        started_at="",
        base_commit=draw(COMMITS),
        commit=draw(COMMITS | st.none()),
        source=draw(st.sampled_from(["agent", "search", "baseline"])),
        description=draw(texts()),
        settings=draw(st.dictionaries(texts(), NUMBERS | texts(), max_size=3)),
        touched=tuple(draw(st.lists(texts(), max_size=MOST_NAMES))),
        outcome=draw(st.sampled_from(["succeeded", "crashed", "not_applied", "stopped_early"])),
        metric=draw(NUMBERS | st.none()),
        verdict=draw(st.sampled_from(["keep", "discard", "crash", "not_applied", None])),
        inputs={"gain": draw(NUMBERS)} if draw(st.booleans()) else {},
        reason=why("exit_code_said", draw(texts()), exit_code=1),
        retracted=draw(st.none() | texts()),
    )


@frozen
class Told:
    """What a prompt is made of; its repr is short, since its texts are not."""

    run: RunState = field(repr=False)
    timeline: Timeline = field(repr=False)
    text: str = field(repr=False)
    code: Code = field(repr=False)
    questions: tuple[Question, ...] = field(repr=False)


@st.composite
def backlogs(draw: st.DrawFn) -> Backlog:
    """Return what was left for later, as much of it as a state remembers."""
    idea = LaterIdea(
        number=1,
        text=idea_text(draw(texts())),
        agent=draw(SHORT),
        iteration=None,
        noted_at="",
        dropped=draw(st.booleans()),
    )
    lesson = Lesson(iteration=1, agent="", text=lesson_of(draw(texts())))
    memory = NamedMemory(
        run_id="r" * 70,
        seq=1,
        head="0" * 64,
        sha256="0" * 64,
        metric=draw(SHORT) * 8,
        lower_is_better=True,
        text=(draw(texts()) + "x")[:MEMORY_LIMIT],
    )
    return Backlog(
        memories=(memory,) * draw(st.sampled_from([0, 1, MEMORIES])),
        ideas=(idea,) * draw(st.sampled_from([0, 1, 300])),
        lessons=(lesson,) * draw(st.sampled_from([0, 20])),
    )


@st.composite
def histories(draw: st.DrawFn) -> Told:
    """Return what was folded of a history: few kinds of rows, repeated up to hundreds of times."""
    kinds = [draw(rows(number)) for number in range(draw(st.integers(0, 6)))]
    closed = [row for row in kinds if row.verdict is not None] * draw(st.sampled_from([1, 3, 150]))
    plan = Proposal(
        status="ok",
        description="",
        change_plan=draw(texts()),
        commit_description="",
        hypothesis=draw(texts()),
    )
    keep = Best(iteration=draw(st.integers(0, 5)), commit=draw(COMMITS), tree="", scores=(Score(metric=1.0),))
    timeline = Timeline(
        closed=Rows(closed),
        open=tuple(row for row in kinds if row.verdict is None),
        notes=tuple(draw(st.lists(texts(), max_size=10))),
        worded=tuple(worded(row.iteration, plan) for row in closed[-WORDED:]),
    )
    run, text = (
        RunState(keeps=(keep,) * draw(st.sampled_from([0, 1, 300])), backlog=draw(backlogs())),
        draw(texts()) * draw(st.sampled_from([1, 10])),
    )
    asked = Question(number=1, iteration=1, agent="a", text=draw(texts()), asked_at="", answer=draw(texts()))
    questions = (asked,) * draw(st.sampled_from([0, 10]))
    return Told(run, timeline, text, Code(diff=text, knobs=KNOBS if draw(st.booleans()) else ()), questions)


def prompt(told: Told) -> str:
    """Return what a proposer is told."""
    return propose_prompt(
        metric=MetricSpec(),
        baseline=1.0,
        best=None,
        memory=recall.recall(told.run, told.timeline, told.code),
        notes=told.timeline.notes,
        questions=told.questions,
        guidance=told.text,
        editable=("train.py",),
        trouble=told.text,
        backlog=True,
    )


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_prompt_is_a_function_of_the_history_within_its_size(drawn: st.DataObject) -> None:
    """Whatever a history holds, its prompt is no longer than the limit, and made twice it is the same."""
    told = drawn.draw(histories())
    made = prompt(told)
    assert len(made) <= PROMPT_LIMIT
    assert made == prompt(told)


def test_all_sections_full_stay_within_the_size() -> None:
    """With every part of a prompt as long as it may be, the whole is no longer than the limit."""
    long = "x" * 10**5
    sections = [
        *(recall.STANDING, recall.CHAIN, recall.NEWEST, recall.OLDER, recall.NEAR_MISSES, recall.CRASHES),
        *(recall.CONSTANTS, recall.OPEN, recall.PLATEAU_LIMIT, DIFF_LIMIT, IDEAS, LESSONS),
    ]
    full = propose_prompt(
        metric=MetricSpec(name=long),
        baseline=1.0,
        best=1.0,
        memory=[
            *(Section("t" * 100, "x" * limit) for limit in sections),
            *(Section("t" * 400, "x" * MEMORY_LIMIT) for _ in range(MEMORIES)),
        ],
        notes=[long] * 10,
        questions=[Question(number=1, iteration=1, agent="a", text=long, asked_at="", answer=long)] * 10,
        guidance=long,
        editable=[long],
        trouble=long,
        backlog=True,
    )
    assert 0.9 * PROMPT_LIMIT < len(full) <= PROMPT_LIMIT
