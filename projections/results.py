"""Rows of results.tsv: the five columns of the upstream project, one row per recorded iteration.

A view, always rewritten whole. What never trained has no commit and counts as a crash, so that notebooks
which drop crashes do not take its 0.000000 for a score; its description begins with "not applied:". What the
world is to blame for begins with "accident:". What was not trained, since its code was known, counts so, too,
and begins with "same code as"; so does what was stopped early, with "stopped early:", and what was vetoed
before it was trained, with "vetoed:". What was retracted is no keep; it begins with "retracted:".
"""

from collections.abc import Iterable

from autoresearch.events.values import KNOWN_CODE, VETOES
from autoresearch.projections.timeline import Row, Timeline


VERSION = "7"  # grows with any change of what a table looks like; state.json names it
COLUMNS = ("commit", "val_bpb", "memory_gb", "status", "description")


def results_tsv(timeline: Timeline, *, metric: str = COLUMNS[1]) -> str:
    """Return the whole table; no line holds a tab or a line end inside a field."""
    lines = ["\t".join((COLUMNS[0], tsv_safe(metric), *COLUMNS[2:]))]
    given = [(row, row.as_given if row.retracted is None else "") for row in timeline.rows if row.recorded]
    lines += [as_given or line_of(row) for row, as_given in given]
    return "\n".join(lines) + "\n"


def line_of(row: Row) -> str:
    """Return a row's line of the table, without a line end."""
    return "\t".join(_fields(row))


def _fields(row: Row) -> Iterable[str]:
    scored = row.outcome == "succeeded" and row.metric is not None
    yield row.commit[:7] if row.commit else "none"
    yield f"{row.metric:.6f}" if scored else "0.000000"
    yield f"{row.memory_gb:.1f}" if scored else "0.0"
    yield _status(row)
    yield tsv_safe(f"{_kind(row)}{row.description}")


def _status(row: Row) -> str:
    if row.outcome != "succeeded":
        return "crash"
    if row.retracted is not None or row.verdict == "dropped":
        return "discard"
    if row.verdict == "remeasured":
        # The best once more, for a verdict, is a baseline for what comes after it. On fresh seeds (or the
        # baseline) it is none, and who takes each keep's gain from the one before it would count it.
        return "keep" if row.inputs.get("purpose") == "verdict" else "discard"
    return row.verdict or "recorded"


def _kind(row: Row) -> str:
    """Return what tells rows apart that have one status; "" for what was discarded, or crashed, by itself."""
    if row.retracted is not None:
        return "retracted: "
    if row.accident:
        return "accident: "
    if row.rule == KNOWN_CODE:
        return f"same code as {row.inputs['same_as']}: "
    if row.outcome == "stopped_early":
        return "stopped early: "
    if row.rule == VETOES[0]:
        return "vetoed: "
    return "not applied: " if row.outcome == "not_applied" else ""


def tsv_safe(text: str) -> str:
    """Return the text as one TSV field: control characters and runs of white space become one space.

    Double quotes become single ones, since readers such as pandas take a leading one for quoting.
    """
    printable = text if text.isprintable() else "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.replace('"', "'").split())
