"""What an agent's program printed as JSON lines, as people read it: what it said, did, and what went wrong.

Of any line that is no JSON object with a `type`, the line itself; of types that nobody knows, nothing.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from autoresearch.projections.words.times import one_line


OUTPUT_LINES = 12  # of what a tool printed
LONGEST = 400  # characters of a tool's input, and of one line that it printed

Json: TypeAlias = dict[str, Any]  # Any: one line of a program that we do not control


def readable(log: Iterable[bytes]) -> Iterator[str]:
    """Yield a transcript in lines, of opencode, codex or claude, or of a program that prints text."""
    for raw in log:
        text = raw.decode(errors="replace").rstrip("\r\n")
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict) and isinstance(value.get("type"), str):
            yield from _lines(value)
        else:
            yield text


def _lines(line: Json) -> Iterator[str]:
    part, item, message = (_object(line.get(name)) for name in ("part", "item", "message"))
    match line.get("type"):
        case "text" | "reasoning":  # opencode
            yield from _said(part.get("text"))
        case "tool_use":
            state = _object(part.get("state"))
            yield from _did(part.get("tool"), state.get("input"), state.get("output") or state.get("error"))
        case "item.completed":  # codex
            yield from _item(item)
        case "assistant" | "user":  # claude
            for one in _list(message.get("content")):
                yield from _block(one)
        case "error" | "turn.failed":
            yield f"! {_words(line.get('error') or line.get('message'))}"
        case "result" if line.get("is_error"):
            yield f"! {_words(line.get('result') or line.get('subtype'))}"
        case _:
            return


def _item(item: Json) -> Iterator[str]:
    match item.get("type"):
        case "agent_message" | "reasoning":
            yield from _said(item.get("text"))
        case "command_execution":
            yield from _did("shell", item.get("command"), item.get("aggregated_output"))
            if item.get("exit_code"):
                yield f"  | exit code {item['exit_code']}"
        case "error":
            yield f"! {_words(item.get('message'))}"
        case str(kind):
            yield from _did(
                kind, {key: value for key, value in item.items() if key not in ("id", "type")}, ""
            )


def _block(one: Json) -> Iterator[str]:
    match one.get("type"):
        case "text" | "thinking":
            yield from _said(one.get("text") or one.get("thinking"))
        case "tool_use":
            yield from _did(one.get("name"), one.get("input"), "")
        case "tool_result":
            yield from _printed(one.get("content"))
        case _:
            return


def _said(text: object) -> Iterator[str]:
    yield from str(text or "").splitlines()


def _did(tool: object, given: object, printed: object) -> Iterator[str]:
    yield f"> {tool}: {one_line(_words(given), LONGEST)}"
    yield from _printed(printed)


def _printed(output: object) -> Iterator[str]:
    if isinstance(output, list):
        output = "\n".join(_words(one.get("text")) for one in _list(output))
    lines = _words(output).splitlines()
    yield from (f"  | {one_line(line, LONGEST)}" for line in lines[:OUTPUT_LINES])
    if len(lines) > OUTPUT_LINES:
        yield f"  | and {len(lines) - OUTPUT_LINES} more lines"


def _words(value: object) -> str:
    """Return a text as it is, of an error its message, and of anything else its JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        told = value.get("message") or _object(value.get("data")).get("message") or value.get("command")
        if isinstance(told, str):
            return told
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
