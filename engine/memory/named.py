"""What another run of the repository found, folded into a text that stays with the run that is told it. Pure.

Facts alone, as data: no number of it is ever compared with one of the run that is told.
"""

from hashlib import sha256

from autoresearch.engine.memory.ideas import ideas_of, line_of, signed
from autoresearch.engine.memory.room import fitting
from autoresearch.events import catalog as ev
from autoresearch.events.compared import definitions, value_of
from autoresearch.events.metric_spec import MetricSpec
from autoresearch.events.settings import RunConfig
from autoresearch.projections.parts.backlog import MEMORY_LIMIT, NamedMemory
from autoresearch.projections.run_state import RunState
from autoresearch.projections.timeline import Timeline
from autoresearch.projections.words.times import one_line


SETTINGS, CHAIN, IDEAS = 600, 1_200, 2_000  # characters of the parts of one
WIDTH = 120  # of a description


def memory_of(run: RunState, timeline: Timeline, *, run_id: str, head: str) -> ev.MemoryNamed:
    """Return what is recorded of a run that is named as memory, as it stands."""
    spec = run.config.metric
    text = _text(run, timeline)
    return ev.MemoryNamed(
        run_id=run_id,
        seq=run.seq,
        head=head,
        metric=one_line(spec.name, 100),
        lower_is_better=spec.lower_is_better,
        sha256=sha256(text.encode()).hexdigest(),
        text=text,
    )


def title_of(one: NamedMemory, metric: MetricSpec) -> str:
    """Say of which run a memory is, and what its numbers are worth here."""
    way = "lower" if one.lower_is_better else "higher"
    same = (one.metric, one.lower_is_better) == (one_line(metric.name, 100), metric.lower_is_better)
    worth = "the same metric" if same else "another metric than this run's: its gains say nothing here"
    return (
        f"From another run, {one.run_id}, which is no result of this one "
        f"({one.metric}, {way} is better: {worth}; measured under its own settings):"
    )


def _text(run: RunState, timeline: Timeline) -> str:
    rows = timeline.rows
    ideas = ideas_of(rows, lower_is_better=run.config.metric.lower_is_better)
    closed = [one for one in reversed(ideas) if one.row.verdict is not None]
    told = dict.fromkeys((one.iteration for one in run.keeps), "")
    told |= {row.iteration: one_line(row.description, WIDTH) for row in rows}
    gains = {one.number: one.gain for one in ideas}
    kept = [
        f"{one.iteration}  {signed(gains.get(one.iteration))}  {one.metric:.6f}  {told[one.iteration]}"
        for one in run.keeps
    ]
    text = "\n".join(
        [
            f"settings: {_settings(run.config)}",
            "kept, each on the one before (number, gain, metric, description):",
            fitting([*kept[:1], *reversed(kept[1:])], CHAIN, of="older ones"),
            "every idea, the newest first (number, gain, verdict, description):",
            fitting([line_of(one, WIDTH)[:400] for one in closed], IDEAS, of="older ones"),
        ]
    )
    return text[:MEMORY_LIMIT]


def _settings(config: RunConfig) -> str:
    """Return the settings that decide what is compared, where they are no defaults."""
    said = [
        f"{key} = {value_of(config, key)}"
        for key, (about, default) in definitions().items()
        if about.decides and value_of(config, key) != default
    ]
    return one_line(", ".join(said) or "as by default", SETTINGS)
