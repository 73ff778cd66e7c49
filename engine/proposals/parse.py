"""Proposals: bytes or an agent's words in, a checked Proposal out, or one sentence on what is wrong.

The published schema decides; what it cannot say (bytes, duplicate keys, depth, numbers that the log cannot
hold) is decided here. In the one-line fields a line break or other control character becomes a space; NUL
and lone surrogates are refused anywhere. Knows nothing of files and runs.
"""

import ast
import hashlib
import json
import math
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NoReturn

from autoresearch.events.errors import InvalidInput, UsageRefused
from autoresearch.events.values import UNPRINTABLE, Edit, Proposal, Scalar


MAX_BYTES = 1_000_000  # as it is given, and as it is recorded: one line of the history holds it
MAX_DEPTH = 20
MAX_INT = 2**53  # beyond it JSON readers disagree on the number
ANSWER_CHARACTERS = 2**18  # of an agent's answer, its end is looked at
ANSWER_ATTEMPTS = 2000
FORMS = ("set", "edits", "patch")
ONE_LINE = ("description", "commit_description")
# Control characters, line and paragraph separators, and what turns the reading direction around.

JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
KINDS = {"object": "an object", "array": "a list", "string": "a string", "number": "a number"}


def parse(raw: bytes) -> Proposal:
    """Return the proposal that a file holds: strict JSON in UTF-8, with or without a byte order mark.

    Raises:
        InvalidInput: says what is wrong, and where.
    """
    if len(raw) > MAX_BYTES:
        raise InvalidInput(f"it is {len(raw):,} bytes long; a proposal has at most {MAX_BYTES:,}")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"it is not UTF-8: byte {raw[error.start]:#04x} at offset {error.start}"
        ) from error
    if not text.strip():
        raise InvalidInput("it is empty")
    _check_depth(text)
    try:
        value = _decoder(strict=True).decode(text)
    except json.JSONDecodeError as error:
        raise InvalidInput(f"it is no JSON: {error.msg}, line {error.lineno} column {error.colno}") from error
    except (ValueError, RecursionError) as error:  # an integer of thousands of digits
        raise InvalidInput(f"it is no JSON: {_cut(str(error))}") from error
    return _checked(value)


def parse_text(text: str) -> Proposal:
    """Return the last proposal in an agent's answer, fenced or bare, whatever stands around it.

    Raises:
        InvalidInput: no JSON object is in it, or none is a proposal; then about the last one.
    """
    objects = list(_objects(text[-ANSWER_CHARACTERS:]))
    if not objects:
        raise InvalidInput("the answer holds no JSON object")
    reasons = []
    for value in reversed(objects):
        try:
            return _checked(value)
        except InvalidInput as error:
            reasons.append(error)
    raise reasons[0]


def from_fields(description: str, plan: str, commit: str, settings: list[str]) -> Proposal:
    """Return the proposal that a command's options describe; `settings` are NAME=VALUE.

    A value is read as a Python literal, and taken as a string where it is none. An empty plan or commit
    line says what the description says.

    Raises:
        UsageRefused: a setting has no "=", or comes twice.
        InvalidInput: as for a file.
    """
    values: dict[str, Scalar] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name.strip().isidentifier():
            raise UsageRefused(
                f"--set {_cut(setting)}: expected NAME=VALUE", remedy="for example --set DEPTH=4"
            )
        if name.strip() in values:
            raise UsageRefused(f"--set {name.strip()} was given twice")
        values[name.strip()] = _literal(value.strip())
    said = {"status": "ok", "description": description, "change_plan": plan or description}
    return _checked(
        said | {"commit_description": commit or description} | ({"set": values} if values else {})
    )


def refuse_question(proposal: Proposal) -> None:
    """Refuse what only asks: a human is asked, and does not ask.

    Raises:
        InvalidInput: it is no proposal but a question.
    """
    if proposal.status != "ok":
        raise InvalidInput(
            "asks for input instead of proposing; status must be ok",
            remedy='a human\'s proposal has "status": "ok"',
        )


def identity(raw: bytes) -> str:
    """Return what tells one dropped proposal from another: the SHA-256 of its bytes, in hex."""
    return hashlib.sha256(raw).hexdigest()


def _checked(value: Any) -> Proposal:  # noqa: ANN401 - the schema has yet to say what it is
    for text in _strings(value):
        _check_text(text)
    _check_schema(value)
    given = [form for form in FORMS if value.get(form)]
    if len(given) > 1:
        raise InvalidInput(
            f"{' and '.join(given)} cannot go together: give at most one of {', '.join(FORMS)}"
        )
    for name, number in value.get("set", {}).items():
        _check_number(name, number)
    if len(json.dumps(value, ensure_ascii=False).encode()) > MAX_BYTES:
        raise InvalidInput(f"written out it is longer than {MAX_BYTES:,} bytes")
    lines = {name: " ".join(UNPRINTABLE.sub(" ", value[name]).split(" ")).strip() for name in ONE_LINE}
    for name, line in lines.items():
        if not line:
            raise InvalidInput(f"{name} holds nothing that can be printed")
    return Proposal(
        status=value["status"],
        change_plan=value["change_plan"],
        **lines,
        set=dict(value.get("set", {})),
        edits=tuple(
            Edit(file=one.get("file", ""), search=one["search"], replace=one["replace"])
            for one in value.get("edits", [])
        ),
        patch=value.get("patch") or None,
    )


def _check_schema(value: object) -> None:
    """Raise for the first thing that the published schema has against a value, in our words."""
    error = next(
        iter(sorted(_validator().iter_errors(value), key=lambda one: (len(one.path), str(one.path)))), None
    )
    if error is None:
        return
    where = ".".join(str(part) for part in error.absolute_path) or "it"
    raise InvalidInput(_cut(f"{where} {_in_words(error)}", 300))


def _in_words(error: Any) -> str:  # noqa: ANN401 - jsonschema is imported only where it is used
    found = error.instance
    match error.validator:
        case "required":
            missing = [name for name in error.validator_value if name not in found]
            return f"lacks {', '.join(missing)}"
        case "additionalProperties" if error.validator_value is False:
            unknown = sorted(set(found) - set(error.schema["properties"]))
            return f"has the unknown key {_cut(json.dumps(unknown[0]))}"
        case "type":
            wanted = (
                [error.validator_value] if isinstance(error.validator_value, str) else error.validator_value
            )
            return f"must be {' or '.join(KINDS.get(one, one) for one in wanted)}, not {_kind(found)}"
        case "enum":
            return f"must be {' or '.join(error.validator_value)}, not {_cut(json.dumps(found))}"
        case "minLength" | "pattern" if "propertyNames" not in error.absolute_schema_path:
            return "must not be empty"
        case "pattern":
            return f"names {_cut(json.dumps(found))}, which is no Python name"
        case "maxLength" | "maxItems":
            return f"is too long: {len(found)}, at most {error.validator_value}"
        case _:
            return str(error.message)


@cache
def _validator() -> Any:  # noqa: ANN401 - as above
    # Importing these takes 170 ms, and most commands never see a proposal.
    from importlib import resources  # noqa: PLC0415

    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # noqa: PLC0415

    # Found by name: what people touch stands above the engine, which imports nothing of it.
    schema = resources.files("autoresearch.workflows").joinpath("schemas/proposal.schema.json").read_bytes()
    return Draft202012Validator(json.loads(schema))


def _decoder(*, strict: bool) -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=_no_duplicates, parse_constant=_no_constant, parse_float=_finite, strict=strict
    )


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise InvalidInput(f"the key {_cut(json.dumps(name))} comes twice")
        found[name] = value
    return found


def _no_constant(name: str) -> NoReturn:
    raise InvalidInput(f"{name} is no JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise InvalidInput(f"the number {_cut(digits)} is too large")
    return value


def _check_depth(text: str) -> None:
    depth = 0
    for bracket in re.finditer(r"[\[\]{}]", JSON_STRING.sub("", text)):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > MAX_DEPTH:
            raise InvalidInput(f"it is nested more than {MAX_DEPTH} deep")


def _check_text(text: str) -> None:
    if "\0" in text:
        raise InvalidInput(f"a text holds NUL: {_cut(json.dumps(text))}")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidInput(f"a text holds half of a surrogate pair: {_cut(json.dumps(text))}")


def _check_number(name: str, value: Scalar) -> None:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > MAX_INT:
        raise InvalidInput(f"set.{name} is beyond 2**53: {_cut(str(value))}")
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidInput(f"set.{name} is {value}; expected a finite number")


def _strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for one in value:
                yield from _strings(one)
        case dict():
            for name, one in value.items():
                yield from _strings(name)
                yield from _strings(one)


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Find the outermost JSON objects in prose; line breaks inside strings are forgiven."""
    decoder = _decoder(strict=False)
    start = text.find("{")
    for _ in range(ANSWER_ATTEMPTS):
        if start < 0:
            return
        try:
            value, end = decoder.raw_decode(text, start)
            _check_depth(text[start:end])
        except (ValueError, RecursionError, InvalidInput):
            end = start + 1
        else:
            yield value
        start = text.find("{", end)


def _literal(text: str) -> Scalar:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text
    if value is None or isinstance(value, str | int | float):
        return value
    raise InvalidInput(f"{_cut(text)} is neither number, string, True, False nor None; use an edit for it")


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case _:
            return "an object"


def _cut(text: str, length: int = 80) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
