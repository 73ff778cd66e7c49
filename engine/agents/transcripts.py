"""What agent programs print, read into one shape: last words, cost, and what went wrong.

Reads any output in flat memory and believes nothing in it: unknown lines are passed over, bad ones counted.
Knows the line formats of programs that print JSON (as of 2026-11); knows nothing of processes or exit codes.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

import orjson
from attrs import evolve, field, frozen, mutable

from autoresearch.engine.system.foreign_files import lines_of
from autoresearch.events.values import Reason, Usage


LINE_LIMIT = 4 * 2**20  # bytes; a longer line is passed over as a bad one
TEXT_LIMIT = 256 * 1024  # characters of last words that are kept for parsing
NUMBER_LIMIT = 2**48  # a count of tokens beyond this is nonsense, and sums must stay within 64 bits
DOLLAR_LIMIT = 1e9
# In the log of opencode, of what its stream never tells: a request that failed and is sent again. Not of the
# session's title, which a second request asks for. Or what gemini prints of that.
LOGGED = re.compile(
    rb'level=ERROR .*small=false .*\berror\.error="((?:[^"\\]|\\.)*)"|^(Attempt \d+ failed.*)'
)

Json = dict[str, Any]  # one parsed line of a program that we do not control
Number = TypeVar("Number", int, float)


@frozen(kw_only=True)
class Said:
    """What one call of an agent said, whatever its program."""

    text: str = ""
    usage: Usage = field(factory=Usage)
    session_id: str | None = None
    model: str | None = None
    version: str | None = None  # of the program
    error: str = ""  # in the program's own words
    answered: bool = False  # the program told of a turn that it brought to an end
    bad_lines: int = 0
    unreadable: str = ""  # what the system has against reading it
    unusable: Reason | None = None  # why what it wrote in the place of printing it is no answer


@mutable
class Lines:
    """The JSON objects of a log, one per line; `bad` counts the lines that are none."""

    log: Iterable[bytes]
    bad: int = 0
    logged: str = ""  # the error in the last line that is none and tells of one

    def __iter__(self) -> Iterator[Json]:
        for line in lines_of(self.log, LINE_LIMIT):
            one = parsed(line)
            if one is not None:
                yield one
            elif told := LOGGED.search(line):
                self.logged = _error_words((told[1] or told[2]).decode(errors="replace"))
            elif line.strip():
                self.bad += 1


def read_opencode(log: Iterable[bytes]) -> Said:
    """Read `opencode run --format json`: usage is the sum of all steps, unknown if one did not end."""
    lines, steps, open_step, text, error, session = Lines(log), list[Usage](), False, "", "", None
    for line in lines:
        part = as_dict(line.get("part"))
        session = _word(line.get("sessionID")) or session
        match line.get("type"):
            case "step_start":
                open_step, lines.logged = True, ""  # its request came through
            case "step_finish":
                open_step = False
                steps.append(_opencode_step(part))
            case "text":
                text = _last_words(text, part.get("text"))
            case "error":
                error = _error_words(line.get("error"))
    return Said(
        text=text,
        usage=Usage() if open_step else total(steps),
        session_id=session,
        error=error or lines.logged,
        answered=bool(steps or text),
        bad_lines=lines.bad,
    )


def read_codex(log: Iterable[bytes]) -> Said:
    """Read `codex exec --json`: its input counts the cached part too, and it names no price."""
    lines, turns, text, error, session = Lines(log), list[Usage](), "", "", None
    for line in lines:
        item = as_dict(line.get("item"))
        match line.get("type"):
            case "thread.started":
                session = _word(line.get("thread_id"))
            case "item.completed" if item.get("type") == "agent_message":
                text = _last_words(text, item.get("text"))
            case "turn.completed":
                error = ""  # a connection that was lost and found again is no failure
                turns.append(_codex_turn(as_dict(line.get("usage"))))
            case "turn.failed" | "error":
                error = _error_words(line.get("error") or line)
    return Said(
        text=text,
        usage=total(turns),
        session_id=session,
        error=error,
        answered=bool(turns),
        bad_lines=lines.bad,
    )


def read_claude(log: Iterable[bytes]) -> Said:
    """Read `claude -p --output-format json` or `stream-json`: the last line of type result says all."""
    lines, result, model, version, retries = Lines(log), Json(), None, None, ""
    for line in lines:
        if line.get("type") == "result":
            result = line
        elif line.get("subtype") == "api_retry":
            retries = _error_words(line.get("error"))
        elif line.get("type") == "system":
            model = _word(line.get("model")) or model
            version = _word(line.get("claude_code_version")) or version
    models = {name: _claude_model(as_dict(used)) for name, used in as_dict(result.get("modelUsage")).items()}
    cost = as_dollars(result.get("total_cost_usd"))
    return Said(
        text=_last_words("", result.get("result")),
        usage=evolve(
            total(list(models.values())),
            cost_usd=cost,
            cost_basis="unknown" if cost is None else "reported",
        ),
        session_id=_word(result.get("session_id")),
        version=version,
        model=model or _word(max(models, key=lambda name: models[name].output or 0, default="")),
        error=_claude_error(result) if result else retries,
        answered=bool(result),
        bad_lines=lines.bad,
    )


def read_gemini(log: Iterable[bytes]) -> Said:
    """Read `gemini --output-format stream-json`: the result sums up the tokens, and names no price.

    What it says comes in pieces, until a tool's use or another speaker begins; tries again go to stderr.
    """
    lines, result, turn, text, session = Lines(log), Json(), "", "", None
    for line in lines:
        match line.get("type"):
            case "init":
                session = _word(line.get("session_id"))
            case "message" if line.get("role") == "assistant":
                piece = line.get("content")
                turn = (turn + (piece if isinstance(piece, str) else ""))[-TEXT_LIMIT:]
                continue
            case "result":
                result = line
        text, turn = _last_words(text, turn or None), ""
    models = {name: _gemini_model(as_dict(used)) for name, used in _gemini_models(result).items()}
    failed = result.get("status") == "error"
    return Said(
        text=_last_words(text, turn or None),
        usage=total(list(models.values())),
        session_id=session,
        model=_word(max(models, key=lambda name: models[name].output or 0, default="")),
        error=_error_words(result.get("error")) if failed else "" if result else lines.logged,
        answered=bool(result),
        bad_lines=lines.bad,
    )


def total(parts: Sequence[Usage]) -> Usage:
    """Add up usages; a figure that one of them lacks is unknown in the sum, and so is a sum of none."""
    cost = _sum([part.cost_usd for part in parts])
    return Usage(
        input_uncached=_sum([part.input_uncached for part in parts]),
        input_cached=_sum([part.input_cached for part in parts]),
        cache_write=_sum([part.cache_write for part in parts]),
        output=_sum([part.output for part in parts]),
        reasoning=_sum([part.reasoning for part in parts]),
        cost_usd=cost,
        cost_basis="unknown" if cost is None else "reported",
    )


def _opencode_step(part: Json) -> Usage:
    tokens = as_dict(part.get("tokens"))
    cache = as_dict(tokens.get("cache"))
    return Usage(
        input_uncached=as_count(tokens.get("input")),
        input_cached=as_count(cache.get("read")),
        cache_write=as_count(cache.get("write")),
        output=as_count(tokens.get("output")),
        reasoning=as_count(tokens.get("reasoning")),
        cost_usd=as_dollars(part.get("cost")),
    )


def _codex_turn(usage: Json) -> Usage:
    whole, cached = as_count(usage.get("input_tokens")), as_count(usage.get("cached_input_tokens"))
    return Usage(
        input_uncached=None if whole is None or cached is None else max(0, whole - cached),
        input_cached=cached,
        cache_write=as_count(usage.get("cache_write_input_tokens")),
        output=as_count(usage.get("output_tokens")),
        reasoning=as_count(usage.get("reasoning_output_tokens")),
    )


def _gemini_models(result: Json) -> Json:
    return as_dict(as_dict(result.get("stats")).get("models"))


def _gemini_model(used: Json) -> Usage:
    """Return the usage of one model: what it thought is neither in its input nor in its output."""
    whole, cached = as_count(used.get("input_tokens")), as_count(used.get("cached"))
    said, all_of_it = as_count(used.get("output_tokens")), as_count(used.get("total_tokens"))
    known = whole is not None and said is not None and all_of_it is not None
    thought = max(0, all_of_it - whole - said) if known else None  # type: ignore[operator]  # see known
    return Usage(
        input_uncached=None if whole is None or cached is None else max(0, whole - cached),
        input_cached=cached,
        output=None if said is None else said + (thought or 0),
        reasoning=thought,
    )


def _claude_model(used: Json) -> Usage:
    return Usage(
        input_uncached=as_count(used.get("inputTokens")),
        input_cached=as_count(used.get("cacheReadInputTokens")),
        cache_write=as_count(used.get("cacheCreationInputTokens")),
        output=as_count(used.get("outputTokens")),
        reasoning=as_count(used.get("thinkingTokens")),
    )


def _claude_error(result: Json) -> str:
    if result.get("is_error"):
        return _error_words(result.get("result") or result.get("subtype"))
    denials = result.get("permission_denials")
    if not denials:
        return ""
    # The program itself calls this a success and exits with 0.
    named = {_word(as_dict(one).get("tool_name")) or "a tool" for one in denials if isinstance(denials, list)}
    return f"it was not permitted to use {', '.join(sorted(named)) or 'a tool'}"


def parsed(line: bytes) -> Json | None:
    """Return a line that is a JSON object, else None."""
    try:
        parsed = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _last_words(before: str, new: object) -> str:
    # An answer in JSON outlives the "Done." that some models say after it.
    if not isinstance(new, str) or ("{" in before and "{" not in new):
        return before
    return new[-TEXT_LIMIT:]


def _error_words(error: object) -> str:
    named = as_dict(error)
    for words in (as_dict(named.get("data")).get("message"), named.get("message"), named.get("name"), error):
        if isinstance(words, str) and words.strip():
            return " ".join(words.split())
    return "it reported an error without words"


def _sum(numbers: Sequence[Number | None]) -> Number | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known and len(known) == len(numbers) else None


def as_dict(value: object) -> Json:
    """Return a value that is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def _word(value: object) -> str | None:
    return value[:200] if isinstance(value, str) and value else None


def as_count(value: object) -> int | None:
    """Return a value that is a count of tokens, else None."""
    counts = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= NUMBER_LIMIT
    return int(value) if counts else None  # type: ignore[call-overload]  # it is an int there


def as_dollars(value: object) -> float | None:
    """Return a value that is an amount of money, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 <= value <= DOLLAR_LIMIT else None
