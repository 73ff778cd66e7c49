"""Proposals: bytes or an agent's words in, a checked Proposal out, or the reason why it is none.

The published schema decides (engine/proposals/schema.py); what it cannot say (bytes, duplicate keys, depth,
numbers that the log cannot hold) is decided here. In the one-line fields a line break or other control
character becomes a space; NUL and lone surrogates are refused anywhere. Knows nothing of files and runs.
"""

import ast
import hashlib
import json
import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from autoresearch.engine.proposals.schema import NoProposal, check_schema, cut
from autoresearch.events.errors import UsageRefused, WayOut, Wrong
from autoresearch.events.values import UNPRINTABLE, Edit, Proposal, Scalar, why


MAX_BYTES = 1_000_000  # as it is given, and as it is recorded: one line of the history holds it
MAX_DEPTH = 20
MAX_INT = 2**53  # beyond it JSON readers disagree on the number
ANSWER_CHARACTERS = 2**18  # of an agent's answer, its end is looked at
ANSWER_ATTEMPTS = 2000
FORMS = ("set", "edits", "patch")
KNOWN = {"status", "description", "change_plan", "commit_description", "hypothesis", "expected", *FORMS}
NAME = re.compile(r"[A-Za-z0-9_./:\[\]-]+")  # of a constant, as the schema has it
ONE_LINE = ("description", "commit_description")

JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def parse(raw: bytes) -> Proposal:
    """Return the proposal that a file holds: strict JSON in UTF-8, with or without a byte order mark.

    Raises:
        NoProposal: says what is wrong, and where.
    """
    if len(raw) > MAX_BYTES:
        raise NoProposal(why("proposal_too_long", bytes=len(raw), most=MAX_BYTES))
    return _checked(decoded(raw))


def decoded(raw: bytes) -> Any:  # noqa: ANN401 - anything that JSON can say
    """Return what strict JSON in UTF-8 says.

    Raises:
        NoProposal: it is none.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NoProposal(why("proposal_not_utf8", byte=raw[error.start], offset=error.start)) from error
    if not text.strip():
        raise NoProposal(why("proposal_empty"))
    _check_depth(text)
    try:
        value: Any = _decoder(strict=True).decode(text)
    except json.JSONDecodeError as error:
        raise NoProposal(why("no_json_at", error.msg, line=error.lineno, column=error.colno)) from error
    except (ValueError, RecursionError) as error:  # an integer of thousands of digits
        raise NoProposal(why("no_json", cut(str(error)))) from error
    for text in _strings(value):
        _check_text(text)
    return value


def parse_text(text: str) -> Proposal:
    """Return the last proposal in an agent's answer, fenced or bare, whatever stands around it.

    Raises:
        NoProposal: no JSON object is in it, or none is a proposal; then about the last one.
    """
    objects = list(_objects(text[-ANSWER_CHARACTERS:]))
    if not objects:
        raise NoProposal(why("no_json_object"))
    reasons = []
    for value in reversed(objects):
        try:
            return _checked(value)
        except NoProposal as error:
            reasons.append(error)
    raise reasons[0]


def from_fields(
    description: str,
    plan: str,
    commit: str,
    settings: list[str],
    *,
    hypothesis: str = "",
    expected: str = "",
) -> Proposal:
    """Return the proposal that a command's options describe; `settings` are NAME=VALUE.

    A value is read as a Python literal, and taken as a string where it is none. An empty plan or commit
    line says what the description says.

    Raises:
        UsageRefused: a setting has no "=", or comes twice.
        NoProposal: as for a file.
    """
    values: dict[str, Scalar] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not NAME.fullmatch(name.strip()):
            raise UsageRefused(
                Wrong("setting_without_value", setting=cut(setting)), remedy=WayOut("set_example")
            )
        if name.strip() in values:
            raise UsageRefused(Wrong("setting_twice", setting=name.strip()))
        values[name.strip()] = _literal(value.strip())
    said = {"status": "ok", "description": description, "change_plan": plan or description}
    said |= {"commit_description": commit or description, "hypothesis": hypothesis, "expected": expected}
    return _checked(said | ({"set": values} if values else {}))


def refuse_question(proposal: Proposal) -> None:
    """Refuse what only asks: a human is asked, and does not ask.

    Raises:
        NoProposal: it is but a question.
    """
    if proposal.status != "ok":
        raise NoProposal(why("proposal_asks"))


def identity(raw: bytes) -> str:
    """Return what tells one dropped proposal from another: the SHA-256 of its bytes, in hex."""
    return hashlib.sha256(raw).hexdigest()


def _checked(value: Any) -> Proposal:  # noqa: ANN401 - the schema has yet to say what it is
    for text in _strings(value):
        _check_text(text)
    check_schema(value)
    given = [form for form in FORMS if value.get(form)]
    if len(given) > 1:
        raise NoProposal(why("proposal_of_two_forms", given=" and ".join(given), forms=", ".join(FORMS)))
    for name, number in value.get("set", {}).items():
        _check_number(name, number)
    if len(json.dumps(value, ensure_ascii=False).encode()) > MAX_BYTES:
        raise NoProposal(why("proposal_too_long_recorded", most=MAX_BYTES))
    lines = {name: " ".join(UNPRINTABLE.sub(" ", value[name]).split(" ")).strip() for name in ONE_LINE}
    for name, line in lines.items():
        if not line:
            raise NoProposal(why("field_unprintable", field=name))
    return Proposal(
        status=value["status"],
        change_plan=value["change_plan"],
        description=lines["description"],
        commit_description=lines["commit_description"],
        set=dict(value.get("set", {})),
        edits=tuple(
            Edit(file=one.get("file", ""), search=one["search"], replace=one["replace"])
            for one in value.get("edits", [])
        ),
        patch=value.get("patch") or None,
        hypothesis=value.get("hypothesis", ""),
        expected=str(value.get("expected", "")),
        other={name: json.dumps(one) for name, one in value.items() if name not in KNOWN},
    )


def _decoder(*, strict: bool) -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=_no_duplicates, parse_constant=_no_constant, parse_float=_finite, strict=strict
    )


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise NoProposal(why("key_twice", key=cut(json.dumps(name))))
        found[name] = value
    return found


def _no_constant(name: str) -> NoReturn:
    raise NoProposal(why("constant_no_json", found=name))


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise NoProposal(why("number_too_large", number=cut(digits)))
    return value


def _check_depth(text: str) -> None:
    depth = 0
    for bracket in re.finditer(r"[\[\]{}]", JSON_STRING.sub("", text)):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > MAX_DEPTH:
            raise NoProposal(why("too_deep", most=MAX_DEPTH))


def _check_text(text: str) -> None:
    if "\0" in text:
        raise NoProposal(why("text_with_nul", text=cut(json.dumps(text))))
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise NoProposal(why("text_with_surrogate", text=cut(json.dumps(text))))


def _check_number(name: str, value: Scalar) -> None:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > MAX_INT:
        raise NoProposal(why("value_too_large", name=name, value=cut(str(value))))
    if isinstance(value, float) and not math.isfinite(value):
        raise NoProposal(why("value_not_finite", name=name, value=str(value)))


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
        except (ValueError, RecursionError, NoProposal):
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
    raise NoProposal(why("value_no_constant", text=cut(text)))
