"""Write settings into a TOML file, and leave every other byte of it as it is. Pure: text in, text out."""

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from autoresearch.events.errors import InvalidInput


_BARE = re.compile(r"[A-Za-z0-9_-]+")
_HEADER = re.compile(r"\s*\[")
WIDTH = 100  # of a line that this writes


def with_settings(text: str, table: str, settings: Mapping[str, object]) -> str:
    """Return a file with the settings in one of its tables; "" is its top. One that is there is replaced.

    Raises:
        InvalidInput: the file has them in a form that this does not know how to change.
    """
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines()
    for key, value in settings.items():
        _set(lines, table, key, value)
    whole = end.join(lines) + end
    _require(whole, table, settings)
    return whole


def as_toml(value: object) -> str:
    """Return a value as TOML writes it, on one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            plain = "'" not in value and value.isprintable() and "\\" in value
            return f"'{value}'" if plain else json.dumps(value, ensure_ascii=False)
        case Mapping():
            pairs = (f"{_key(str(name))} = {as_toml(one)}" for name, one in value.items())
            return "{ " + ", ".join(pairs) + " }" if value else "{}"
        case list() | tuple():
            return "[" + ", ".join(as_toml(one) for one in value) + "]"
        case float():
            return f"{value:g}" if not value.is_integer() else f"{int(value)}"
        case _:
            return str(value)


def _set(lines: list[str], table: str, key: str, value: object) -> None:
    begin, stop = _table(lines, table)
    inner, _, name = key.rpartition(".")
    if inner:
        sub = f"{table}.{inner}" if table else inner
        if _has_header(lines, sub):
            begin, stop = _table(lines, sub)
            key = name
    place = _statement(lines, begin, stop, key)
    new = _statement_of(key, value)
    if place is not None:
        lines[place[0] : place[1]] = new
        return
    while stop > begin and not lines[stop - 1].strip():
        stop -= 1
    lines[stop:stop] = new


def _statement_of(key: str, value: object) -> list[str]:
    line = f"{key} = {as_toml(value)}"
    if len(line) <= WIDTH or not isinstance(value, tuple | list):
        return [line]
    return [f"{key} = [", *(f"    {as_toml(one)}," for one in value), "]"]


def _has_header(lines: Sequence[str], table: str) -> bool:
    return any(_name_of(line) == table for line in lines)


def _table(lines: list[str], table: str) -> tuple[int, int]:
    """Return where the lines of a table begin and end; one that is not there is made at the end."""
    if not table:
        return 0, next((at for at, line in enumerate(lines) if _HEADER.match(line)), len(lines))
    headers = [at for at, line in enumerate(lines) if _name_of(line) == table]
    if not headers:
        if lines and lines[-1].strip():
            lines.append("")
        lines.append(f"[{table}]")
        headers = [len(lines) - 1]
    begin = headers[0] + 1
    stop = next((at for at in range(begin, len(lines)) if _name_of(lines[at]) is not None), len(lines))
    return begin, stop


def _name_of(line: str) -> str | None:
    """Return the name of the table whose header a line is; None where it is none."""
    found = re.fullmatch(r"\s*\[{1,2}\s*([^\[\]=]+?)\s*\]{1,2}\s*(?:#.*)?", line)
    return None if found is None else re.sub(r"\s*\.\s*", ".", found[1])


def _statement(lines: Sequence[str], begin: int, stop: int, key: str) -> tuple[int, int] | None:
    """Return the lines that set a key; a value may take several."""
    names = re.compile(rf"\s*{re.escape(key)}\s*=")
    for at in range(begin, stop):
        if not names.match(lines[at]):
            continue
        for end in range(at + 1, stop + 1):
            try:
                tomllib.loads("\n".join(lines[at:end]))
            except tomllib.TOMLDecodeError:
                continue
            return at, end
    return None


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name)


def _require(text: str, table: str, settings: Mapping[str, object]) -> None:
    """Refuse a text that does not say what it should."""
    try:
        found: Any = tomllib.loads(text)  # Any: TOML's values are looked at one by one
        for part in table.split(".") if table else ():
            found = found[part]
        for key, value in settings.items():
            at = found
            for part in key.split("."):
                at = at[part]
            assert as_toml(at) == as_toml(value)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AssertionError) as error:
        where = f"[{table}]" if table else "the file"
        lines = "; ".join(f"{key} = {as_toml(value)}" for key, value in settings.items())
        raise InvalidInput(
            f"the settings cannot be written into {where}: it has them in another form",
            remedy=f"write them by hand: {lines}",
        ) from error
