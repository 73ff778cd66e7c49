"""What agent programs say that speak in plain text, read into the shape of engine/agents/transcripts.py.

A command of the user's own may write its answer to a file instead, which it is told by its environment. That
lies in the job's temporary folder, the one place beside the checkout that it may write to, and is kept among
the job's files before that folder goes: whoever dies in between finds it in the one or the other.

aider tells its tokens in a log of JSON lines, which is called so that it lies among the text (as of 0.86).
"""

import json
import os
import re
import stat
from collections.abc import Iterable, Mapping

from autoresearch.engine.agents.transcripts import (
    LINE_LIMIT,
    TEXT_LIMIT,
    Json,
    Said,
    as_count,
    as_dict,
    as_dollars,
    parsed,
    total,
)
from autoresearch.engine.paths import ANSWER, JobPaths
from autoresearch.engine.ports.agent import Ask
from autoresearch.engine.ports.jobs import JobOutput
from autoresearch.engine.proposals.parse import decoded
from autoresearch.engine.proposals.schema import NoProposal, check_schema, schema_file
from autoresearch.engine.system.foreign_files import lines_of
from autoresearch.events.files import write_atomic
from autoresearch.events.values import AgentStep, Usage, because, why


BANNER = re.compile(r"Aider v(\S+)")
MAIN_MODEL = re.compile(r"Main model: (\S+)")
SPENT = re.compile(r"^Tokens: .*$", re.MULTILINE)
ERROR_LIMIT = 500  # characters of what it said in the place of an answer
RETRYING = re.compile(r"Retrying in [\d.]+ seconds\.\.\.")
FILE_LIMIT = TEXT_LIMIT  # bytes of an answer file: as much as is read of what is printed
ACCOUNT = ("usage", "model", "session")  # beside the proposal or the verdict
# Of what is asked for in each step; in "apply" the change itself is the answer.
SCHEMAS: Mapping[AgentStep, str] = {
    "propose": "proposal",
    "edit": "proposal",
    "apply": "account",
    "triage": "verdict",
    "review": "review",
}


def read_plain(log: Iterable[bytes]) -> Said:
    """Read the output of any program: all of it is text, and its end is what counts."""
    end = b""
    for piece in log:
        end = (end + piece)[-TEXT_LIMIT:]
    return Said(text=end.decode(errors="replace").strip(), answered=True)


def protocol(ask: Ask, job: JobPaths) -> dict[str, str]:
    """Return what the environment tells a command of the user's own."""
    return {
        "AUTORESEARCH_STEP": ask.step,
        "AUTORESEARCH_RUN": ask.run,
        "AUTORESEARCH_ITERATION": str(ask.iteration),
        "AUTORESEARCH_SCHEMA": str(schema_file(SCHEMAS[ask.step])),
        "AUTORESEARCH_ANSWER": str(job.answer_draft),
        "AUTORESEARCH_MODEL": ask.model,
    }


def keep_answer(job: JobPaths) -> None:
    """Copy the answer file of a job that has ended among its files. Done twice is done.

    Of what is larger than an answer enough to see that is kept, and of a link or a folder an empty file.

    Raises: OSError: the disk refuses it now.
    """
    if not os.path.lexists(job.answer_draft):
        return
    try:
        # Not the file that a link names, and without waiting for who writes into a pipe.
        file = os.open(job.answer_draft, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # a link, a socket, or one that may not be read
        write_atomic(job.answer, b"")
        return
    try:
        is_file = stat.S_ISREG(os.fstat(file).st_mode)
        write_atomic(job.answer, _beginning(file) if is_file else b"")
    finally:
        os.close(file)


def answer_file(step: AgentStep, output: JobOutput) -> Said | None:
    """Return what the answer file of an ended job says; None where it wrote none.

    Raises: OSError: it cannot be read now.
    """
    pieces = output.file(ANSWER)
    if pieces is None:
        return None
    try:
        answer = _object(b"".join(pieces))
        account = {name: answer.pop(name, None) for name in ACCOUNT}
        if step in ("triage", "review"):
            check_schema(answer, SCHEMAS[step])
    except NoProposal as error:
        return Said(answered=True, unusable=because("answer_file", error.reason))
    used = as_dict(account.get("usage"))
    cost = used.get("cost_usd")
    return Said(
        text=json.dumps(answer, ensure_ascii=False, separators=(",", ":")),
        usage=Usage(
            **{name: as_count(count) for name, count in used.items() if name != "cost_usd"},
            cost_usd=as_dollars(cost),
            cost_basis="unknown" if cost is None else "reported",
        ),
        model=account.get("model"),
        session_id=account.get("session"),
        answered=True,
    )


def _beginning(file: int) -> bytes:
    """Return what an open file holds, of a larger one a byte more than an answer may have."""
    with open(file, "rb", closefd=False) as draft:
        return draft.read(FILE_LIMIT + 1)


def _object(raw: bytes) -> Json:
    if not raw:
        raise NoProposal(why("file_empty"))
    if len(raw) > FILE_LIMIT:
        raise NoProposal(why("file_too_long", most=FILE_LIMIT))
    answer: Json = decoded(raw)
    check_schema(answer, "account")
    return answer


def read_aider(log: Iterable[bytes]) -> Said:
    """Read `aider --analytics-log /dev/stdout`: usage is the sum of its calls, unknown if one did not end.

    It ends with 0 whatever happened: a call that began and did not end is its only sign of a failure. Which
    part of the input came out of a cache it does not tell, and a price of 0 is one that it does not know.
    """
    calls, text, words, calling = list[Usage](), "", list[str](), False
    model = version = None
    for line in lines_of(log, LINE_LIMIT):
        event = _event(line)
        if event is None:
            said = line.decode(errors="replace").rstrip("\r\n")
            words.append(said)
            version = version or _first(BANNER, said)
            model = model or _first(MAIN_MODEL, said)
        elif event["event"] == "message_send_starting":
            calling, words = True, []
        elif event["event"] == "message_send":
            calling = False
            calls.append(_usage(as_dict(event.get("properties"))))
            text, words = SPENT.sub("", "\n".join(words)).strip()[-TEXT_LIMIT:], []
    lost = calling or not calls
    return Said(
        text=text,
        usage=Usage() if lost else total(calls),
        model=model,
        version=version,
        error=_last_error(words) if lost else "",
        answered=not lost,
    )


def _event(line: bytes) -> Json | None:
    """Return a line of its log; what a model says in JSON is none."""
    event = parsed(line)
    return event if event is not None and "event" in event and "properties" in event else None


def _usage(sent: Json) -> Usage:
    cost = as_dollars(sent.get("cost"))
    return Usage(
        input_uncached=as_count(sent.get("prompt_tokens")),
        output=as_count(sent.get("completion_tokens")),
        cost_usd=cost or None,
        cost_basis="reported" if cost else "unknown",
    )


def _last_error(words: list[str]) -> str:
    """Return what it said since its last call began, or its last try of that."""
    tries = [" ".join(one.split()) for one in RETRYING.split("\n".join(words))]
    return next((one for one in reversed(tries) if one), "")[:ERROR_LIMIT]


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.match(text)
    return found[1][:200] if found else None
