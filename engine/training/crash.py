"""Why a process says that it failed: the line that names the error, and what stands around it. Pure.

A traceback's own line goes before what came of it: a launcher's banner, other ranks that lost their peer,
what a library prints at its end.
"""

import re
from collections.abc import Iterable, Iterator

from attrs import frozen

from autoresearch.engine.metrics.log_lines import plain


LONGEST = 300  # characters of the line
_RANK = re.compile(r"(?:\[(?:rank|default)\d+\]: ?|\[\d+,\d+\]<std\w+>:? ?|\d{1,4}: |\(\w[\w.]* pid=\d+\) ?)")
_TRACEBACK = re.compile(r"\s*(?:\+ )?(?:Exception Group |Original )?Traceback \(most recent call last\):")
_RAISED = re.compile(r"(?P<kind>[A-Za-z_][\w.]*)(?::\s?(?P<said>.*))?$")
_NAMED = re.compile(
    r"[A-Za-z_][\w.]*(?:Error|Exception|Fault|OutOfMemory)(?:: .*)?$"
    r"|(?:[a-z_]\w*\.)+(?:exc|errors|exceptions)\.[A-Z]\w*(?:: .*)?$"
)
_NATIVE = re.compile(
    r"Assertion .*failed|Segmentation fault|Bus error|Fatal Python error|Sanitizer: |CUDA error"
    r"|^\s+what\(\):|panicked at|^panic: |free\(\): |malloc\(\): |corrupted (?:size|double)|stack smashing"
)
_ERROR = re.compile(r"(?:^|[\s:])(?:fatal )?error\b\s*:(?!\s*[-+]?\.?\d)", re.IGNORECASE)
# What comes of another error, or at the end of an interpreter that has one.
_CONSEQUENCES = frozenset(
    (
        "BrokenPipeError",
        "CalledProcessError",
        "ChildFailedError",
        "ConnectionResetError",
        "DistBackendError",
        "DistNetworkError",
        "KeyboardInterrupt",
        "ProcessExitedException",
        "ProcessRaisedException",
        "SystemExit",
    )
)
_ASIDE = re.compile(r"Exception ignored in|Error in atexit|Exception in thread")
_IDLE_TALK = re.compile(
    r"\W*$|wandb:|.*(?:Set TORCH\w+=|TORCHDYNAMO_VERBOSE|suppress_errors)|"
    r".*(?:it/s\]|s/it\]|\d%\||Warning:|core dumped)|make(?:\[\d+\])?: \*\*\*"
)

_RAISED_RANK, _NATIVE_RANK, _ERROR_RANK, _AFTER_RANK, _LAST_RANK = 5, 4, 3, 2, 1


@frozen
class Line:
    """A line that may say why: how sure that is, and where it stands."""

    text: str
    rank: int
    number: int

    @property
    def is_exception(self) -> bool:
        """Say whether it is that of an exception."""
        return self.rank == _RAISED_RANK

    @property
    def names_error(self) -> bool:
        """Say whether it names an error, and is not only the last one."""
        return self.rank > _LAST_RANK


def reason_line(text: str) -> Line:
    """Return the line that says why; of several that are as sure, the last, of a message its first line."""
    best = Line("", 0, 0)
    for found in _lines(text.replace("\r", "\n").split("\n")):
        if found.rank >= best.rank:
            best = found
    return best


def around(text: str, limit: int) -> str:
    """Return so many characters of a log, around the line that says why; its end, where nothing does."""
    text = text.replace("\r", "\n")
    lines = text.split("\n")
    found = reason_line(text)
    if not found.names_error:
        return text[-limit:]
    end = sum(len(line) + 1 for line in lines[: found.number + 1])
    begin = max(0, min(end - limit * 2 // 3, len(text) - limit))
    return text[begin : begin + limit]


def _lines(lines: Iterable[str]) -> Iterator[Line]:
    inside = aside = False
    source = ""
    for number, raw in enumerate(lines):
        line = _RANK.sub("", plain(raw), count=1) if _RANK.match(raw) else plain(raw)
        if not line.strip():
            continue
        if _TRACEBACK.match(line):
            inside, source = True, ""
        elif inside and line[0] in " \t|+":
            source = line.strip() if not line.strip().startswith(("File ", "^", "~")) else source
        elif inside and (found := _RAISED.match(line.rstrip())) is not None:
            yield _raised(found, number, source, aside=aside)
            inside = aside = False
        else:
            inside = False
            aside = _ASIDE.match(line) is not None
            yield Line(line.strip()[:LONGEST], _rank(line), number)


def _raised(found: re.Match[str], number: int, source: str, *, aside: bool) -> Line:
    text = found[0].strip().rstrip(":")
    if not (found["said"] or "").strip() and source:
        text = f"{text} at {source}"
    after = aside or found["kind"].rpartition(".")[2] in _CONSEQUENCES
    return Line(text[:LONGEST], _AFTER_RANK if after else _RAISED_RANK, number)


def _rank(line: str) -> int:
    if _NAMED.match(line):
        kind = line.partition(":")[0].rpartition(".")[2]
        return _AFTER_RANK if kind in _CONSEQUENCES else _RAISED_RANK
    if _NATIVE.search(line):
        return _NATIVE_RANK
    if _IDLE_TALK.match(line):
        return 0
    return _ERROR_RANK if _ERROR.search(line) else _LAST_RANK
