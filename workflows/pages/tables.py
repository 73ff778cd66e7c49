"""States -> text: the tables and pages that commands print. Single events: projections/words/."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from attrs import asdict

from autoresearch.events.values import KNOWN_CODE, Consolidated, Proposal, ProposalSource
from autoresearch.projections.parts.compared import compared
from autoresearch.projections.parts.proposers import WHO
from autoresearch.projections.run_state import RunState
from autoresearch.projections.state_text import (
    say_comparisons,
    say_gain,
    say_interval,
    say_row,
    say_unreviewed,
)
from autoresearch.projections.timeline import Row
from autoresearch.projections.words.event_text import Told
from autoresearch.projections.words.times import counted, duration, mean_of, one_line, signed, sureness
from autoresearch.projections.words.wording import loops_left_words, name_of, say, short
from autoresearch.workflows.api.experiments import Story, other_metrics, status_of
from autoresearch.workflows.api.next_step import next_step


DESCRIPTION_CHARACTERS = 60
AUTHOR_CHARACTERS = 40
LEGEND = (
    "\n%: how sure a gain is to be real. To the interval it adds what all tries of the run taught by then:\n"
    "how far seeds lie apart, and how seldom a change helps (docs/belief.md).\n"
)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, right: frozenset[int] = frozenset()) -> str:
    """Return aligned columns, those in `right` to the right, the last one as it is."""
    lines = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    text = ""
    for line in lines:
        cells = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        text += "  ".join(cells).rstrip() + "\n"
    return text


def experiments_table(rows: Sequence[Row], *, metric: str, best: int | None) -> str:
    """Return one line for each iteration; the best is marked."""
    also = other_metrics(rows)
    priced = any(row.cost_usd is not None or row.unpriced for row in rows)
    head = (
        "",
        "#",
        "status",
        metric,
        "gain",
        *also,
        "memory",
        "time",
        "commit",
        "by",
        *(("cost",) if priced else ()),
        "description",
    )
    lines = [
        (
            "*" if row.iteration == best else "",
            str(row.iteration),
            status_of(row),
            "-" if row.metric is None else f"{row.metric:.6f}",
            gain_words(row),
            *(f"{row.also[name]:g}" if name in row.also else "-" for name in also),
            _memory(row),
            _took(row),
            short(row.commit),
            say_author(row),
            *((say_cost(row),) if priced else ()),
            one_line(_beside(row) + row.description, DESCRIPTION_CHARACTERS),
        )
        for row in rows
    ]
    sure = LEGEND if any("%" in gain_words(row) for row in rows) else ""
    return table(head, lines, right=frozenset({1, *range(3, 7 + len(also))})) + sure


def _beside(row: Row) -> str:
    """Say what is odd about a row: it was kept without its review, or its code was known and not trained."""
    if say_unreviewed(row):
        return "not reviewed: "
    same = row.inputs.get("same_as")
    return f"known: the code of {name_of(same)}: " if row.rule == KNOWN_CODE and isinstance(same, int) else ""


def say_author(row: Row) -> str:
    """Say who proposed: an agent by its name, and its model behind a colon, as settings name them."""
    again = row.source == "baseline" and row.iteration  # what measures again was proposed by nobody
    who = ":".join(one for one in (row.agent, row.model) if one) or ("again" if again else _who(row.source))
    return one_line(who, AUTHOR_CHARACTERS)


def _who(source: ProposalSource | None) -> str:
    return WHO.get(source, source) if source else "-"


def say_cost(row: Row) -> str:
    """Say what agents cost for an iteration; what nobody told is unknown, and a part of it at least that."""
    if row.cost_usd is None:
        return "unknown" if row.unpriced else "-"
    return f"{'at least ' if row.unpriced else ''}{row.cost_usd:.4f} USD"


def gain_words(row: Row) -> str:
    """Return the gain on the best of then, half of its interval, and how sure it is, where they are known."""
    gain, half, sure = (row.inputs.get(name) for name in ("gain", "half_width", "probability"))
    if not isinstance(gain, float):
        return "-"
    said = f"{signed(gain)} ±{half:.6f}" if half and isinstance(half, float) else signed(gain)
    if row.sureness is not None and row.verdict == "keep":
        return f"{said} {row.sureness.verdict}{'' if row.taken_out is None else ', out'}"
    return f"{said} {sureness(sure)}" if isinstance(sure, float) and row.verdict == "keep" else said


def artifacts_words(folder: Path) -> str:
    """Return where the artifacts of an iteration lie, and how large they are."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return f"{folder} ({counted(len(sizes), 'file')}, {sum(sizes) / 1e6:,.1f} MB)"


def story_page(story: Story, *, metric: str, diff: str, tail_lines: int, artifacts: str = "") -> str:
    """Return an iteration's page: proposal, diff, metrics, what happened, the end of its log."""
    row = story.row
    score = "-" if row.metric is None else f"{row.metric:.6f}"
    head = [
        f"{name_of(row.iteration)}: {status_of(row)}{', not reviewed' if say_unreviewed(row) else ''}",
        *([one_line(why, 300)] if (why := say_row(row)) else []),
        f"{metric} {score}, memory {_memory(row)}, trainings {row.trainings}",
        f"commit {short(row.commit)} on {short(row.base_commit)}",
        *([f"on fresh seeds {_fresh(row.sureness)}"] if row.sureness else []),
        *([f"taken out by {name_of(row.taken_out)}"] if row.taken_out is not None else []),
        *([f"artifacts {artifacts}"] if artifacts else []),
        *([_spent(row)] if row.training_s is not None else []),
        *([f"cost of agents {say_cost(row)}"] if row.cost_usd is not None or row.unpriced else []),
        *([f"conditions {_conditions(story.conditions)}"] if story.conditions else []),
    ]
    parts = ["\n".join(head)]
    if story.proposal is not None:
        parts.append(_section(f"proposal by {say_author(row)}", proposal_text(story.proposal)))
    if diff:
        parts.append(_section("diff", diff))
    told = Told()
    parts.append(_section("events", "\n".join(told.line(told.hear(one)) for one in story.events)))
    if story.log_tail:
        tail = story.log_tail.replace("\r", "\n").rstrip().splitlines()[-tail_lines:]
        parts.append(_section("end of the training's log", "\n".join(tail)))
    return "\n\n".join(parts) + "\n"


def proposal_text(proposal: Proposal) -> str:
    """Return a proposal for people: the plan, then what is applied exactly."""
    lines = [proposal.description]
    if proposal.change_plan != proposal.description:
        lines += ["", proposal.change_plan]
    lines += [f"set {name} = {value!r}" for name, value in proposal.set.items()]
    lines += [f"edit {edit.file or 'the editable file'}" for edit in proposal.edits]
    if proposal.patch is not None:
        lines.append("patch")
    return "\n".join(lines)


def state_page(run: RunState) -> str:
    """Return the folded state for people, and what comes next; for any point of a history."""
    best, beside = run.best, compared(run.keeps, run.baseline)
    alike = beside.seeds or 1
    rows = [
        ("run", f"{run.run_id} on {run.branch}, from {run.imported or run.forked or short(run.base_commit)}"),
        ("seq", f"{run.seq}, {run.updated_at}"),
        (
            "setup",
            "complete" if run.setup.ok else "; ".join(map(say, run.setup.missing)) or "not looked at yet",
        ),
        ("baseline", "none yet" if beside.baseline is None else f"{beside.baseline:.6f}{mean_of(alike)}"),
        (
            "best",
            f"{beside.best:.6f}{mean_of(alike)}, {name_of(best.iteration)}, commit {short(best.commit)}"
            if best
            else "none yet",
        ),
        ("gain", say_gain(run.gain.gain, run.gain.half_width, run.gain.pairs) if run.gain else "not stated"),
        ("chosen", f"by {said}" if (said := say_comparisons(run.comparisons)) else ""),
        (
            "done",
            f"{counted(run.completed, 'change')} tried; "
            + ", ".join(f"{n} {k}" for k, n in asdict(run.counts).items()),
        ),
        ("left", loops_left_words(run.loops_left)),
        *(
            ("open", f"{name_of(one.number)}: {one.next_stage}{', running' if one.job else ''}")
            for one in run.open
        ),
        *(("waiting", one.proposal.description) for one in run.waiting),
        ("next", next_step(run)),
    ]
    return "".join(f"{name:<9} {one_line(words, 300)}\n" for name, words in rows if words)


def _memory(row: Row) -> str:
    return f"{row.memory_gb:.1f} GB" if row.memory_gb else "-"


def _took(row: Row) -> str:
    """Return what a training took, with how many times its base's where that is far more."""
    if row.training_s is None:
        return "-"
    times = row.inputs.get("spent_times")
    return duration(row.training_s) + (f" ({times:.1f}x)" if isinstance(times, float) else "")


def _fresh(sure: Consolidated) -> str:
    beside = f"beside the others (without it: {name_of(sure.base)})"
    against = f"on {name_of(sure.base)}" if sure.base < sure.iteration else beside
    return (
        f"{sure.verdict}: {say_interval(sure.gain, sure.half_width)} {against}, {counted(sure.pairs, 'seed')}"
    )


def _spent(row: Row) -> str:
    cpu = "" if row.cpu_s is None else f", {duration(row.cpu_s)} of CPU time"
    return f"trained for {duration(row.training_s or 0.0)}{cpu}"


def _conditions(conditions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {said:.12}" for name, said in conditions.items())


def _section(title: str, text: str) -> str:
    return f"--- {title}\n{text.rstrip()}"
