"""JSON Schema (2020-12) of every event's data and every versioned value; derived, and frozen once written.

An event says of a versioned value inside it only that it has a version. What that version holds is a file
of its own, so that a new setting gives no event a new version.

`python -m autoresearch.events.encoding.schema --write` adds the files of new versions to events/schemas/ and
refuses to change what one that is there accepts, though not how it is described; `--check` says whether all
are there and the same.
"""

import sys
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import attrs
import orjson

from autoresearch.events.catalog import Event
from autoresearch.events.encoding.shapes import JSON, MAX_INT, hints, members, value_version
from autoresearch.events.errors import AutoresearchError, InvalidInput
from autoresearch.events.files import write_atomic


FOLDER = Path(__file__).parents[1] / "schemas"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SIMPLE: dict[Any, dict[str, JSON]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    float: {"type": "number"},
    NoneType: {"type": "null"},
    int: {"type": "integer", "minimum": -MAX_INT, "maximum": MAX_INT},
}


def schemas() -> dict[str, bytes]:
    """Return the text of every schema file by its name, `Name.vN.json`."""
    versions = {cls: cls.VERSION for cls in get_args(Event)}
    versions |= {cls: cls.VALUE_VERSION for cls in versioned_values()}
    return {f"{cls.__name__}.v{version}.json": _text(cls, version) for cls, version in versions.items()}


def versioned_values() -> tuple[Any, ...]:
    """Return the classes of values with versions of their own that events hold, by name."""
    found: dict[str, Any] = {}

    def look(annotation: object) -> None:
        for one in (*members(annotation), *get_args(annotation)):
            if attrs.has(one) and one.__name__ not in found:
                if value_version(one):
                    found[one.__name__] = one
                for inner in hints(one).values():
                    look(inner)

    for cls in get_args(Event):
        look(cls)
    return tuple(found[name] for name in sorted(found))


def schema(cls: type) -> dict[str, JSON]:
    """Return the schema of one attrs class, with the classes inside it in `$defs`."""
    inner: dict[str, dict[str, JSON]] = {}
    whole = _object(cls, inner)
    whole["description"] = (cls.__doc__ or "").split("\n\n")[0]
    if inner:
        whole["$defs"] = {name: inner[name] for name in sorted(inner)}
    return whole


def write(folder: Path = FOLDER) -> tuple[str, ...]:
    """Write the files that are missing, or described in other words; return their names.

    Raises:
        InvalidInput: a class was changed without a new VERSION.
    """
    stale = check(folder)
    changed = [name for name in stale if _refuses(folder / name, schemas()[name])]
    if changed:
        raise InvalidInput(
            f"{', '.join(changed)}: the class no longer fits its frozen schema",
            remedy="give it VERSION + 1 (a value: VALUE_VERSION + 1), an upcaster and a golden line",
        )
    folder.mkdir(exist_ok=True)
    for name in stale:
        write_atomic(folder / name, schemas()[name], sync=False)
    return stale


def check(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the names of the files that are missing or differ."""
    return tuple(
        name
        for name, text in schemas().items()
        if not (folder / name).exists() or (folder / name).read_bytes() != text
    )


def _refuses(path: Path, text: bytes) -> bool:
    """Say whether a file is there that says something else, not only in other words."""
    if not path.exists():
        return False
    was, now = orjson.loads(path.read_bytes()), orjson.loads(text)
    return {**was, "description": ""} != {**now, "description": ""}


def _text(cls: type, version: int) -> bytes:
    whole = {"$schema": _DIALECT, "title": f"{cls.__name__} v{version}", **schema(cls)}
    return orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _object(cls: type, inner: dict[str, dict[str, JSON]]) -> dict[str, JSON]:
    version = value_version(cls)
    properties: dict[str, JSON] = {"v": {"const": version}} if version else {}
    properties |= {name: _of(annotation, inner) for name, annotation in hints(cls).items()}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _of(annotation: object, inner: dict[str, dict[str, JSON]]) -> dict[str, JSON]:
    """Return the schema of one annotation; classes are put into `inner` and referred to."""
    alternatives = members(annotation)
    if len(alternatives) > 1:
        return {"anyOf": [_of(one, inner) for one in alternatives]}
    (only,) = alternatives
    if only is None:
        only = NoneType
    if only in _SIMPLE:
        return dict(_SIMPLE[only])
    if get_origin(only) is Literal:
        return {"enum": list(get_args(only))}
    if get_origin(only) is dict:
        return {"type": "object", "additionalProperties": _of(get_args(only)[1], inner)}
    if get_origin(only) is tuple:
        return _array(get_args(only), inner)
    if not attrs.has(only):
        raise InvalidInput(f"{only!r} has no schema")
    if value_version(only):
        says = f"a {only.__name__} of the version that its v says: {only.__name__}.vN.json"
        version: dict[str, JSON] = {"type": "integer", "minimum": 1, "maximum": MAX_INT}
        return {"description": says, "type": "object", "properties": {"v": version}, "required": ["v"]}
    inner.setdefault(only.__name__, _object(only, inner))
    return {"$ref": f"#/$defs/{only.__name__}"}


def _array(items: tuple[Any, ...], inner: dict[str, dict[str, JSON]]) -> dict[str, JSON]:
    if items[1:] == (Ellipsis,):
        return {"type": "array", "items": _of(items[0], inner)}
    return {
        "type": "array",
        "prefixItems": [_of(one, inner) for one in items],
        "minItems": len(items),
        "maxItems": len(items),
    }


def _main(arguments: list[str]) -> int:
    if arguments not in (["--write"], ["--check"]):
        sys.stderr.write("usage: python -m autoresearch.events.encoding.schema --write | --check\n")
        return 2
    try:
        stale = check() if arguments == ["--check"] else ()
        written = write() if arguments == ["--write"] else ()
    except AutoresearchError as error:
        sys.stderr.write(f"{error}\n{error.remedy}\n")
        return error.exit_code
    for name in (*stale, *written):
        sys.stdout.write(f"{name}\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
