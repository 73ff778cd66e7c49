"""What kind of failure an agent's is, and when it is asked again: read from what its program says.

Matched on the words of the programs and of the services behind them (as of 2026-11), in their own error
first and then in the last lines they printed. What nobody knows counts as transient: it is asked again.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from autoresearch.engine.agents.named_times import named_time
from autoresearch.engine.ports.agent import Failing
from autoresearch.events import clock
from autoresearch.events.kinds.candidate_events import AgentFailure, FailureKind
from autoresearch.events.values import Reason


# Of these the code says all, whatever the program printed.
OF_CODE: Mapping[str, FailureKind] = {
    "not_installed": "permanent",
    "agent_not_run": "permanent",
    "agent_no_answer": "unusable",
    "agent_bad_lines": "unusable",
    "answer_file": "unusable",
    "branch_harmed": "unusable",
}
# Of these the program's words say more; where they say nothing, it is this.
WITHOUT_WORDS: Mapping[str, FailureKind] = {
    "agent_deadline": "silent",
    "agent_silent": "silent",
    "agent_fell_silent": "silent",
    "answer_empty": "unusable",
    "answer_no_proposal": "unusable",
}
NOT_RUN = (126, 127)  # exit codes of a shell, for what cannot be executed and what is not there
LINES = 12  # of the end of what was printed, that are looked at
PLAIN_CHARACTERS = 400  # an answer that is no longer may be the words of the program instead

# The first that a text matches counts.
WORDS: tuple[tuple[FailureKind, re.Pattern[str]], ...] = (
    ("unusable", re.compile(r"it was not permitted to use|max_turns|max_budget", re.IGNORECASE)),
    (
        "limited",
        re.compile(
            r"usage.?limit|quota|credit balance|out of credits|insufficient.{0,20}(?:credit|fund|balance)"
            r"|billing.{0,20}limit|spend(?:ing)? limit|(?:hit|reached|exceeded) (?:your|the) (?:\S+ )?limit"
            r"|limit reached ?[|·∙]|(?:hour|daily|weekly|monthly|session) limit|payment required",
            re.IGNORECASE,
        ),
    ),
    (
        "permanent",
        re.compile(
            r"(?:invalid|incorrect|missing|expired|revoked|no|set (?:the|your)) \S{0,20} ?api[- _]?key"
            r"|api[- _]?key (?:is |was )?(?:not |in|missing)(?:valid|correct|found|set|provided)?"
            r"|invalid (?:bearer|x-api-key|token|credential)|invalid_api_key|authentication_(?:error|failed)"
            r"|unauthori[sz]ed|permission_error|not (?:logged|signed) in|log ?in required"
            r"|(?:please |need to |must )(?:run .{0,12}|first )?/?log ?in"
            r"|(?:401|403) (?:unauthori|forbidden)|(?:status|error|code)\W{1,3}(?:401|403)\b"
            r"|token (?:has |is )?(?:expired|revoked|invalid)"
            r"|model.?not.?found|(?:unknown|no such|invalid|unsupported) (?:model|provider)"
            r"|model:? (?:\S+ )?(?:does not exist|is not (?:supported|available|found))"
            r"|does not exist or you do not have access|issue with the selected model"
            r"|not_found_error.{0,40}model"
            r"|(?:cannot|can't) open (?:input file\b|\S+: no such file)|sh: (?:line )?\d*:? ?\S+: not found$"
            r"|command not found|no such file or directory|permission denied|cannot execute"
            r"|sandbox.{0,60}(?:unsupported|unavailable|denied|failed|not (?:supported|available|permitted))"
            r"|bwrap: |unknown (?:option|argument)|unexpected argument|unrecognized (?:option|argument)",
            re.IGNORECASE | re.MULTILINE,
        ),
    ),
    (
        "transient",
        re.compile(
            r"overload|rate.?limit|too many requests|capacity|try(?:ing)? again|retry|reconnect"
            r"|network|connect|socket|timed? ?out|fetch failed|stream disconnected|disconnected before"
            r"|temporar|unavailable|internal server|server.?error|bad gateway|gateway timeout"
            r"|dns|resolve host|econn|enotfound|etimedout|eai_again|epipe|tls|certificate"
            r"|(?:status|error|code|http)\S{0,4} (?:408|409|425|429|5\d\d)\b",
            re.IGNORECASE,
        ),
    ),
)

FIRST_S: Mapping[FailureKind, float] = {"transient": 30.0, "silent": 30.0, "unusable": 30.0, "limited": 900.0}
MOST_S: Mapping[FailureKind, float] = {
    "transient": 1800.0,
    "silent": 1800.0,
    "unusable": 1800.0,
    "limited": 3600.0,
}
FREE_UNUSABLE = 2  # failures in a row after which one that gave no usable answer is asked at once


def failing(reason: Reason, *, error: str, tail: str, answer: str, at: datetime) -> Failing:
    """Return what kind a failure is that ended `at` a time.

    `error` is the program's own, `tail` the end of what it printed, `answer` its last words; `at` is in the
    zone of the machine, in which programs name clock times.
    """
    if reason.code in OF_CODE:
        return Failing(kind=OF_CODE[reason.code])
    if reason.code == "agent_exit" and reason.inputs.get("exit_code") in NOT_RUN:
        return Failing(kind="permanent")
    for text in _said(reason, error, tail, answer):
        kind = _kind(text)
        if kind is not None:
            named = named_time(text, at) if kind in ("transient", "limited") else None
            longer = named is not None and named > at + timedelta(seconds=MOST_S["transient"])
            return Failing(kind="limited" if longer else kind, named=named)
    return Failing(kind=WITHOUT_WORDS.get(reason.code, "transient"))


def failure(said: Failing, *, in_a_row: int, at: datetime) -> AgentFailure:
    """Return a failure with the time from which the agent may be asked again.

    `in_a_row` counts those before it. Nobody is asked sooner than after the wait, whatever was named.
    """
    wait = _wait_s(said.kind, in_a_row)
    if wait is None:
        return AgentFailure(kind=said.kind, retry_at="")
    until = at + timedelta(seconds=wait)
    if said.named is not None:
        least = at + timedelta(seconds=FIRST_S["transient"])
        until = max(said.named, least if said.kind == "limited" else until)
    return AgentFailure(kind=said.kind, retry_at=clock.from_epoch(until.timestamp()))


def moment(at: str) -> datetime:
    """Return a time of a job's exit in the zone of this machine, by whose clock programs tell the hour."""
    try:
        return datetime.fromisoformat(at).astimezone()
    except (ValueError, OverflowError):  # no time at all: somebody wrote into the job's folder
        return clock.here()


def _wait_s(kind: FailureKind, in_a_row: int) -> float | None:
    """Return how long the agent rests; None where waiting does not help, or is not needed."""
    if kind == "permanent" or (kind == "unusable" and in_a_row < FREE_UNUSABLE):
        return None
    doubled = in_a_row - FREE_UNUSABLE if kind == "unusable" else in_a_row
    return float(min(FIRST_S[kind] * 2 ** min(doubled, 16), MOST_S[kind]))


def _said(reason: Reason, error: str, tail: str, answer: str) -> Iterator[str]:
    """Yield the texts in which a program tells of its failure, the plainest first."""
    yield error
    if reason.code in ("answer_empty", "answer_no_proposal"):
        if len(answer) <= PLAIN_CHARACTERS and "{" not in answer:
            yield answer
        return
    yield reason.said
    yield "\n".join([line for line in tail.splitlines() if line.strip()][-LINES:])


def _kind(text: str) -> FailureKind | None:
    return next((kind for kind, pattern in WORDS if pattern.search(text)), None)
