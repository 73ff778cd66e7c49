"""Where the scalars of YAML, TOML and JSON files stand, each by its path: `optim.lr`, `betas[0]`. Pure.

TOML and JSON are held against what Python's own readers find: a value that they see otherwise is left out.
Of YAML only what is plain is read, mappings in blocks and their scalars; the rest is passed over.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from autoresearch.events.values import Scalar


LANGUAGES = (".yaml", ".yml", ".toml", ".json")
NUMBER = r"[-+]?(?:\d[\d_]*)?(?:\.\d[\d_]*|\d\.)?(?:[eE][-+]?\d+)?"
YAML_LINE = re.compile(r"(?P<indent> *)(?P<key>[\w.-]+):(?:[ \t]+(?P<rest>\S.*?))?[ \t]*")
TOML_TABLE = re.compile(r"\s*\[(?P<path>[\w.-]+)\]\s*(?:#.*)?")
TOML_LINE = re.compile(r"\s*(?P<key>[\w-]+(?:\.[\w-]+)*)\s*=\s*(?P<rest>.+?)\s*")
QUOTED = r"\"(?:[^\"\\]|\\.)*\"|'[^']*'"
SCALAR = re.compile(rf"(?P<text>{QUOTED}|[^\s#\[\]{{}},&*!|>%@`\"'][^#]*?)(?:\s+(?P<comment>#.*))?")
WORDS: dict[str, Scalar] = {"true": True, "false": False, "null": None, "~": None}
JSON_SPACE = re.compile(r"[ \t\r\n]*")

Found = dict[str, Any]  # name, value, start, end, text, comment


def find(source: bytes, language: str) -> list[Found]:
    """Return each scalar with its name, value and place.

    Raises:
        ValueError: the file is not what its name says.
    """
    text = source.decode()
    match language:
        case ".json":
            said = json.loads(text.removeprefix("\ufeff"))
            found = list(_in_json(text))
        case ".toml":
            import tomllib  # noqa: PLC0415 - 6 ms, for those who edit such a file

            said = tomllib.loads(text)
            found = list(_in_lines(text, toml=True))
        case _:
            return _in_bytes(text, list(_in_lines(text, toml=False)))
    return _in_bytes(text, [one for one in found if _same(_at(said, one["path"]), one["value"])])


def written(value: Scalar, language: str, *, like: str) -> str:
    """Write a value in the language's own way, a text in quotes where one was."""
    match value:
        case bool():
            return "true" if value else "false"
        case None:
            return "null"
        case float():
            text = repr(value)
            # YAML takes 1e-05 for a text, and 1.0e-05 for a number.
            return re.sub(r"^(-?\d+)e", r"\1.0e", text)
        case int():
            return str(value)
    if language == ".json" or like[:1] in ("'", '"') or language == ".toml":
        return json.dumps(value, ensure_ascii=False)
    return value if _scalar(value) == value else json.dumps(value, ensure_ascii=False)


def _in_bytes(text: str, found: list[Found]) -> list[Found]:
    """Return what was found with offsets in bytes."""
    made = []
    for one in found:
        start = len(text[: one["start"]].encode())
        end = start + len(one["text"].encode())
        name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in one["path"])
        plain = {key: one[key] for key in ("value", "text", "comment")}
        made.append({"name": name.removeprefix("."), "start": start, "end": end, **plain})
    return made


def _in_lines(text: str, *, toml: bool) -> Iterator[Found]:
    """Yield the scalars of plain lines, `key: value` below their indents or `key = value` in their tables."""
    above: list[tuple[int, str]] = []  # of YAML: the keys that hold this one, by their indents
    table: list[str] = []
    inside = -1  # of YAML: deeper than this is a text of several lines, or what is not read
    for match in re.finditer(r"[^\r\n]*", text):
        line = match[0]
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        head = TOML_TABLE.fullmatch(line) if toml else None
        if toml and line.lstrip().startswith("["):
            table = head["path"].split(".") if head else ["", ""]  # a table of a list: nothing has this path
            continue
        found = (TOML_LINE if toml else YAML_LINE).fullmatch(line)
        indent = len(line) - len(line.lstrip(" "))
        if not toml:
            if 0 <= inside < indent:
                continue
            above = [one for one in above if one[0] < indent]
            inside = -1 if found else indent
        if found is None:
            continue
        path = (*table, *found["key"].split(".")) if toml else (*(key for _, key in above), found["key"])
        rest = found["rest"]
        if not toml and (rest is None or rest.startswith("#")):
            above.append((indent, found["key"]))
            continue
        inside = indent
        yield from _of_line(path, rest, match.start() + found.start("rest"))


def _of_line(path: tuple[str, ...], rest: str, start: int) -> Iterator[Found]:
    """Yield the scalar of a line, or those of its list."""
    listed = re.fullmatch(r"\[([^\[\]{}#\"']*)\](?:\s*(#.*))?", rest)
    if listed is not None:
        place = start + 1
        for index, part in enumerate(listed[1].split(",")):
            text = part.strip()
            if text:
                where = place + part.index(text)
                yield _found((*path, index), text, where, listed[2] or "")
            place += len(part) + 1
        return
    plain = SCALAR.fullmatch(rest)
    if plain is not None:
        yield _found(path, plain["text"], start, plain["comment"] or "")


def _found(path: tuple[Any, ...], text: str, start: int, comment: str) -> Found:
    return {"path": path, "value": _scalar(text), "text": text, "start": start, "comment": comment}


def _scalar(text: str) -> Scalar:
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    if text[:1] == '"':
        try:
            value = json.loads(text)
        except ValueError:
            return text
        return value if isinstance(value, str) else text
    if text[:1] == "'":
        return text[1:-1]
    if re.search(r"\d", text) and re.fullmatch(NUMBER, text):
        plain = text.replace("_", "")
        return int(plain) if re.fullmatch(r"[-+]?\d+", plain) else float(plain)
    return text


def _in_json(text: str) -> Iterator[Found]:
    """Yield the scalars of a JSON text that is known to be one."""
    found: list[Found] = []
    _walk(text, _after(text, 1 if text.startswith("\ufeff") else 0), (), found)
    yield from found


def _walk(text: str, at: int, path: tuple[Any, ...], found: list[Found]) -> int:
    """Note the scalars of the value that begins here, and return where it ends."""
    decoder = json.JSONDecoder()
    if text[at] not in "{[":
        value, end = decoder.raw_decode(text, at)
        found.append({"path": path, "value": value, "text": text[at:end], "start": at, "comment": ""})
        return end
    closes, index, at = "}" if text[at] == "{" else "]", 0, _after(text, at + 1)
    while text[at] != closes:
        key: Any = index
        if closes == "}":
            key, at = decoder.raw_decode(text, at)
            at = _after(text, _after(text, at) + 1)
        at = _after(text, _walk(text, at, (*path, key), found))
        index += 1
        at = _after(text, at + 1) if text[at] == "," else at
    return at + 1


def _after(text: str, at: int) -> int:
    """Return where the white space ends that begins here, if any does."""
    match = JSON_SPACE.match(text, at)
    assert match is not None  # it matches the empty text
    return match.end()


def _at(said: Any, path: tuple[Any, ...]) -> Any:  # noqa: ANN401 - what a file holds
    for part in path:
        try:
            said = said[part]
        except (KeyError, IndexError, TypeError):
            return _at  # nothing is the same as this
    return said


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other
