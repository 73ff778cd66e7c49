"""What an agent is told before it proposes: where the run stands, what was tried, and what may be turned.

Pure: the same history gives the same text, byte for byte, and no section is longer than its limit. No clock
is asked: what is left of the time is counted from the last event.
"""

from collections.abc import Iterator, Sequence

from attrs import frozen

from autoresearch.engine.agents.prompts import DIFF_LIMIT, Section
from autoresearch.engine.memory.backlog import ideas_told, lessons_told
from autoresearch.engine.memory.ideas import (
    PLATEAU,
    Idea,
    ideas_of,
    line_of,
    near_misses,
    signed,
    to_revisit,
    verdict_of,
    without_keep,
)
from autoresearch.engine.memory.named import title_of
from autoresearch.engine.memory.older import grouped
from autoresearch.engine.memory.room import fitting
from autoresearch.engine.search.knobs import Knob
from autoresearch.engine.verdicts.keep_rules import rule_of
from autoresearch.engine.verdicts.repeats import of_seeds
from autoresearch.events.clock import seconds_between
from autoresearch.events.values import OPEN_END, Scalar
from autoresearch.projections.run_state import RunState
from autoresearch.projections.timeline import Row, Timeline
from autoresearch.projections.words.times import duration, one_line
from autoresearch.projections.words.wording import say_verdict


# Characters of each section; with titles and the rest, PROMPT_LIMIT.
STANDING, CHAIN, NEWEST, OLDER, NEAR_MISSES, CRASHES, CONSTANTS, OPEN, PLATEAU_LIMIT = (
    2_000,
    6_000,
    12_000,
    20_000,
    2_000,
    3_000,
    6_000,
    2_000,
    1_000,
)
NEWEST_IDEAS = 8
FEW = 8  # near misses, and what else is a hint and no record
TOLD_VALUES = 24  # of a constant that were tried
HOUR_S = 3600.0
WIDTH = 160  # of a description


@frozen(kw_only=True)
class Code:
    """What is shown of the code: how the best differs from the baseline, and the constants of the best."""

    diff: str = ""
    knobs: tuple[Knob, ...] = ()


def recall(run: RunState, timeline: Timeline, code: Code) -> tuple[Section, ...]:
    """Return the sections of the memory; what there is nothing to say of has no text."""
    rows = timeline.rows
    ideas = ideas_of(rows, lower_is_better=run.config.metric.lower_is_better)
    closed = [one for one in ideas if one.row.verdict is not None]
    newest, older = closed[-NEWEST_IDEAS:], closed[:-NEWEST_IDEAS]
    near = near_misses(closed, of_seeds(run))[:FEW]
    crashes = [one for one in reversed(closed) if one.crashed]
    return (
        Section("Where the run stands:", _standing(run)),
        Section(
            "The kept changes, each with its gain on the one before (number, gain, metric, description):",
            _chain(run, rows),
        ),
        Section("How the best differs from the baseline:", code.diff[:DIFF_LIMIT], "diff"),
        Section(
            "The newest experiments, in full (gain on the code that it was made on; above 0 is better):",
            _newest(newest, timeline),
        ),
        Section(
            "All experiments before, by what they touched (number, gain, verdict, description):",
            grouped(older, OLDER),
        ),
        Section(
            "Near misses, the best first:",
            fitting([line_of(one, WIDTH) for one in near], NEAR_MISSES),
        ),
        Section(
            "What crashed, the newest first:",
            fitting([line_of(one, WIDTH) for one in crashes], CRASHES),
        ),
        Section("The constants, their values now, and those that were tried:", _constants(code.knobs, ideas)),
        Section(
            "Being tried now:",
            fitting([line_of(one, WIDTH) for one in ideas if one.row.verdict is None], OPEN),
        ),
        Section(
            "Lessons of agents before you, the newest first (iteration, lesson):", lessons_told(run.backlog)
        ),
        Section("Ideas for later, in their order (number, of whom, idea):", ideas_told(run.backlog)),
        *(Section(title_of(one, run.config.metric), one.text) for one in run.backlog.memories),
        Section("How to go on:", plateau(closed, run)[:PLATEAU_LIMIT], "plan"),
    )


def plateau(ideas: Sequence[Idea], run: RunState) -> str:
    """Return what is asked of an agent after many ideas without a keep; "" before."""
    streak = without_keep(ideas)
    if streak < PLATEAU:
        return ""
    spread = of_seeds(run)
    near = _apart(near_misses(ideas, spread))
    again = to_revisit(ideas, run.best.commit if run.best else "", spread)[:FEW]
    combine = f" ({_numbers(near)})" if len(near) > 1 else ""
    revisit = f" ({_numbers(again)})" if again else ""
    return (
        f"The last {streak} experiments were not kept: more of the same will not help. Do one of these:\n"
        f"- combine near misses that touch different things{combine}, in one change;\n"
        f"- take up again what was discarded, or crashed, for a reason that no longer holds, since the best "
        f"is another one now{revisit};\n"
        "- make a bold change, of the structure or the method, not one more value of a constant."
    )


def _standing(run: RunState) -> str:
    spec, rule = run.config.metric, rule_of(run.config.keep_rule)
    spread = of_seeds(run)
    lines = [
        f"{one_line(spec.name, 100)}, {'lower' if spec.lower_is_better else 'higher'} is better",
        f"a change is kept for {rule.meaning} (keep rule {one_line(run.config.keep_rule, 100)})",
        "how far two seeds of the same code lie apart is not known"
        if spread is None
        else f"two seeds of the same code lie apart by a standard deviation of {spread:.6f}: less is luck",
        *(f"and only where the guard holds: {one_line(guard, 100)}" for guard in run.config.guards),
        f"{run.completed} experiments done, {run.counts.kept} kept",
        *_left(run),
    ]
    return fitting(lines, STANDING)


def _left(run: RunState) -> Iterator[str]:
    """Yield what is left of loops, trainings and time, as of the last event."""
    limits = run.limits
    if run.loops_left < OPEN_END - run.completed:
        yield f"{run.loops_left} experiments left"
    if limits.trainings_left is not None:
        yield f"{limits.trainings_left} trainings left"
    yield from _of_budgets(run)
    if limits.until and run.updated_at:
        yield f"{duration(max(0.0, seconds_between(run.updated_at, limits.until)))} left"


def _of_budgets(run: RunState) -> Iterator[str]:
    """Yield what is left of the budgets of the whole run."""
    budgets, costs = run.budgets, run.costs
    if budgets.cost_usd:
        yield f"{max(0.0, budgets.cost_usd - costs.feared_usd):.2f} USD left for agents"
    if budgets.tokens:
        yield f"{max(0, budgets.tokens - costs.feared_tokens)} tokens left for agents"
    if budgets.device_hours:
        yield f"{max(0.0, budgets.device_hours - run.device_s / HOUR_S):.2f} device hours left"
    if budgets.no_keep_for:
        yield f"the run ends after {budgets.no_keep_for - run.without_keep} more without a keep"


def _chain(run: RunState, rows: Sequence[Row]) -> str:
    """Return what is kept, the baseline and the newest first where not all have room."""
    by_number = {row.iteration: row for row in rows}
    sign, before, lines = (1 if run.config.metric.lower_is_better else -1), None, list[str]()
    for keep in run.keeps:
        row = by_number.get(keep.iteration)
        said = row.inputs.get("gain") if row is not None else None
        gain = said if isinstance(said, float) else None if before is None else sign * (before - keep.metric)
        words = one_line(row.description, WIDTH) if row is not None else ""
        fresh = _sureness(row) if row is not None else ""
        lines.append(f"{keep.iteration}  {signed(gain)}  {keep.metric:.6f}  {words}{fresh}")
        before = keep.metric
    first, rest = lines[:1], lines[1:]
    if sum(map(len, lines)) + len(lines) <= CHAIN:
        return "\n".join(lines)
    return fitting([*first, *reversed(rest)], CHAIN, of="older ones")


def _sureness(row: Row) -> str:
    taken_out = f" (taken out again by {row.taken_out})" if row.taken_out is not None else ""
    one = row.sureness
    return f" (on fresh seeds {one.gain:+.6f} ± {one.half_width:.6f}){taken_out}" if one else taken_out


def _newest(ideas: Sequence[Idea], timeline: Timeline) -> str:
    """Return each of them with its verdict, its words and why it was tried; the newest first."""
    said = {one.iteration: one for one in timeline.worded}
    blocks = []
    for one in reversed(ideas):
        row, words = one.row, said.get(one.number)
        verdict, failed = verdict_of(row)
        judged = one_line(say_verdict(row.rule, row.inputs), WIDTH) if row.metric is not None else ""
        settings = ", ".join(f"{name} = {_value(value)}" for name, value in row.settings.items())
        lines = [
            f"{one.number}  {signed(one.gain)}  {verdict}{failed}  {one_line(row.description, WIDTH)}",
            f"  verdict: {judged}" if judged else "",
            f"  set: {one_line(settings, WIDTH)}" if settings else "",
            f"  plan: {one_line(words.change_plan, 400)}" if words else "",
            f"  why: {one_line(words.hypothesis, 200)}" if words and words.hypothesis else "",
            f"  expected: {one_line(words.expected, 100)}" if words and words.expected else "",
        ]
        blocks.append("\n".join(line for line in lines if line))
    return fitting(blocks, NEWEST)


def _constants(knobs: Sequence[Knob], ideas: Sequence[Idea]) -> str:
    tried: dict[str, list[str]] = {}
    for one in ideas:
        for name, value in one.row.settings.items():
            told = f"{_value(value)} ({signed(one.gain)}, {one.number})"
            tried.setdefault(name, []).append(told)
    lines = []
    for knob in knobs:
        values = tried.get(knob.name, [])[-TOLD_VALUES:]
        tail = f"; tried {', '.join(values)}" if values else "; never set"
        lines.append(f"{one_line(knob.name, 80)} = {_value(knob.value)}, {_range(knob)}{tail}"[:1000])
    return fitting(lines, CONSTANTS)


def _range(knob: Knob) -> str:
    numbers = [one for one in knob.values if type(one) in (int, float)]
    if len(numbers) == len(knob.values) and len(numbers) > 1:
        return f"search {_value(min(numbers))}..{_value(max(numbers))}"  # type: ignore[type-var]
    return one_line(f"search {' | '.join(map(_value, knob.values))}", 100)


def _value(value: Scalar) -> str:
    return one_line(f"{value:g}" if type(value) is float else str(value), 60)


def _apart(near: Sequence[Idea]) -> list[Idea]:
    """Return the best near miss of each thing touched."""
    first: dict[str, Idea] = {}
    for one in near:
        first.setdefault(one.touches, one)
    return list(first.values())[:3]


def _numbers(ideas: Sequence[Idea]) -> str:
    *most, last = [str(one.number) for one in ideas]
    return f"{', '.join(most)} and {last}" if most else last
