"""What agent programs print that speak in plain text, read into the shape of engine/agents/transcripts.py.

aider tells its tokens in a log of JSON lines, which is called so that it lies among the text (as of 0.86).
"""

import re
from collections.abc import Iterable

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
from autoresearch.engine.system.foreign_files import lines_of
from autoresearch.events.values import Usage


BANNER = re.compile(r"Aider v(\S+)")
MAIN_MODEL = re.compile(r"Main model: (\S+)")
SPENT = re.compile(r"^Tokens: .*$", re.MULTILINE)
ERROR_LIMIT = 500  # characters of what it said in the place of an answer
RETRYING = re.compile(r"Retrying in [\d.]+ seconds\.\.\.")


def read_plain(log: Iterable[bytes]) -> Said:
    """Read the output of any program: all of it is text, and its end is what counts."""
    end = b""
    for piece in log:
        end = (end + piece)[-TEXT_LIMIT:]
    return Said(text=end.decode(errors="replace").strip(), answered=True)


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
