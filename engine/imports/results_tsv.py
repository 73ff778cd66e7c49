"""Read the upstream project's results.tsv: five columns, one row per experiment. Pure.

Takes what real tables do (a word for a commit, blank lines, CRLF, a byte-order mark, no last line end) and
refuses the rest with file, line and what was expected; nothing is guessed.
"""

import re
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from math import isfinite
from typing import Literal, get_args

from attrs import evolve as replace
from attrs import frozen

from autoresearch.events import catalog as ev
from autoresearch.events.encoding.redact import redact
from autoresearch.events.errors import InvalidInput
from autoresearch.events.metric_spec import MetricSpec
from autoresearch.projections.results import COLUMNS, line_of
from autoresearch.projections.timeline import imported_row


MOST_CHARACTERS = 2**15  # of a row: an event must fit into a line of the history
NO_COMMIT = "none"  # what our own tables say of a change that was never committed
NUMBER = re.compile(r"[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")
HASH = re.compile(r"[0-9a-f]{7,64}")
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")  # all but the tab
ROW_REMEDY = f"a row is {', '.join(COLUMNS)}, separated by tabs; mend the line, or take the row out"
TABLE_REMEDY = "only an upstream results.tsv can be imported, or a run folder of the single-file runner"

Status = Literal["keep", "discard", "crash"]


@frozen(kw_only=True)
class Source:
    """What is to be imported: the head of a history, its rows, and the branch where it is known."""

    head: ev.RunImported
    results: tuple[ev.ResultImported, ...]
    branch: str | None
    metric: MetricSpec = MetricSpec()


def read_table(name: str, data: bytes, *, secrets: Sequence[str] = ()) -> Source:
    """Return the rows of a table; `name` is the file's, for messages and for the event.

    Raises:
        InvalidInput: a line is not what it must be.
    """
    lines = _lines(name, data)
    _check_head(name, lines[0] if lines else "")
    rows = [(number, line) for number, line in enumerate(lines[1:], start=2) if line.strip()]
    if not rows:
        raise InvalidInput(
            f"{name}:1 has the right columns, but no row follows: there is nothing to import",
            remedy=TABLE_REMEDY,
        )
    text = "\n".join(lines)
    # Looked through once and not line by line, where nothing is found: a third of the time of a long table.
    clean: Callable[[str], str] = str
    if redact(text, secrets) != text:
        clean = partial(redact, secrets=tuple(secrets))
    first = 0 if _is_baseline(rows[0][1]) else 1
    results = tuple(
        _result(f"{name}:{number}", line, iteration, clean)
        for iteration, (number, line) in enumerate(rows, start=first)
    )
    head = ev.RunImported(
        source="results.tsv",
        name=name,
        sha256=sha256(data).hexdigest(),
        rows=len(results),
        began_at=None,
        left_out={},
        columns={},
        skipped={},
    )
    return Source(head=head, results=results, branch=None)


def is_hash(commit: str) -> bool:
    """Say whether a commit column holds what git may know: a hash, and no word."""
    return HASH.fullmatch(commit) is not None


def shown(text: str, limit: int = 120) -> str:
    """Return a foreign text for a message: quoted, escaped and cut."""
    return repr(text if len(text) <= limit else f"{text[:limit]}...")


def _lines(name: str, data: bytes) -> list[str]:
    """Return the lines of the file without their ends; the last one may lack its own."""
    lines: list[str] = []
    for number, raw in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        try:
            lines.append(raw.removesuffix(b"\r").decode())
        except UnicodeDecodeError as error:
            raise InvalidInput(
                f"{name}:{number} is not UTF-8: {shown(raw.decode(errors='replace'))}", remedy=TABLE_REMEDY
            ) from error
    return lines


def _check_head(name: str, head: str) -> None:
    if head.split("\t") == list(COLUMNS):
        return
    found = shown(", ".join(head.split("\t"))) if head.strip() else "nothing"
    raise InvalidInput(
        f"{name}:1 has the columns {found}; expected {', '.join(COLUMNS)}, separated by tabs",
        remedy=TABLE_REMEDY,
    )


def _is_baseline(line: str) -> bool:
    """Say whether the first row is the baseline: what a table begins with, unless it was discarded."""
    fields = line.split("\t")
    return fields[3:4] == ["keep"] or fields[-1].lower().startswith("baseline")


def _result(where: str, line: str, iteration: int, clean: Callable[[str], str]) -> ev.ResultImported:
    fields = line.split("\t")
    if len(fields) != len(COLUMNS):
        raise _refused(where, f"{len(fields)} fields", f"{len(COLUMNS)}: {', '.join(COLUMNS)}", line)
    if len(line) > MOST_CHARACTERS:
        raise _refused(where, f"{len(line)} characters", f"at most {MOST_CHARACTERS}", line)
    if CONTROL.search(line):
        raise _refused(where, "a control character", "printable text", line)
    commit, value, memory, said, description = fields
    if not commit or commit.split() != [commit]:
        raise _refused(where, f"the commit {shown(commit)}", "a commit, or one word", line)
    status = _status(where, said, line)
    metric = _number(where, "val_bpb", value, line)
    memory_gb = _number(where, "memory_gb", memory, line)
    if status == "keep" and not metric:
        raise _refused(where, f"a kept row with val_bpb {shown(value)}", "a result above 0", line)
    result = ev.ResultImported(
        iteration=iteration,
        commit=None if commit == NO_COMMIT else commit,
        metric=metric if metric and status != "crash" else None,
        memory_gb=memory_gb or None,
        status=status,
        description=clean(description),
        proposal=None,
        proposed_by=None,
        reason="",
        training_s=None,
        started_at=None,
        ended_at=None,
        log_tail="",
        as_given="",
    )
    given = clean(line)
    return result if line_of(imported_row(result)) == given else replace(result, as_given=given)


def _status(where: str, said: str, line: str) -> Status:
    known: tuple[Status, ...] = get_args(Status)
    for status in known:
        if said == status:
            return status
    raise _refused(where, f"the status {shown(said)}", " or ".join(known), line)


def _number(where: str, column: str, text: str, line: str) -> float:
    number = float(text) if NUMBER.fullmatch(text) else None
    if number is None or not isfinite(number):
        raise _refused(where, f"{column} {shown(text)}", "a finite number, 0 or more", line)
    return number


def _refused(where: str, found: str, expected: str, line: str) -> InvalidInput:
    return InvalidInput(f"{where} has {found}; expected {expected}; in {shown(line)}", remedy=ROW_REMEDY)
