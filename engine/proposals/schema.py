"""What the published schema has against a proposal, as a reason of ours. Pure, but for reading the schema."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from autoresearch.events.errors import InvalidInput
from autoresearch.events.values import Reason, why
from autoresearch.projections.words.wording import say


CUT = 80  # characters of what is quoted in a reason


class NoProposal(InvalidInput):
    """A file or an answer holds no proposal; `reason` says why, as a value."""

    reason: Reason

    def __init__(self, reason: Reason) -> None:
        """Keep the reason."""
        super().__init__(say(reason), reason=reason)


def schema_file(name: str) -> Path:
    """Return where a published schema lies: proposal, verdict, review, or account."""
    # Found by its place: what people touch stands above the engine, which imports nothing of it.
    return Path(__file__).parents[2] / "workflows" / "schemas" / f"{name}.schema.json"


def check_schema(value: object, name: str = "proposal") -> None:
    """Raise for the first thing that a published schema has against a value.

    Raises:
        NoProposal: there is something.
    """
    error = next(
        iter(sorted(_validator(name).iter_errors(value), key=lambda one: (len(one.path), str(one.path)))),
        None,
    )
    if error is not None:
        place = cut(".".join(str(part) for part in error.absolute_path)) or "it"
        raise NoProposal(_reason(error, place))


def cut(text: str) -> str:
    """Return as much of a text as a reason quotes."""
    return text if len(text) <= CUT else f"{text[: CUT - 1]}…"


def _reason(error: Any, place: str) -> Reason:  # noqa: ANN401 - jsonschema is imported only where it is used
    found = error.instance
    match error.validator:
        case "required":
            missing = [name for name in error.validator_value if name not in found]
            return why("lacks_keys", place=place, keys=", ".join(missing))
        case "additionalProperties" if error.validator_value is False:
            unknown = sorted(set(found) - set(error.schema["properties"]))
            return why("unknown_key", place=place, key=cut(json.dumps(unknown[0])))
        case "type":
            one = isinstance(error.validator_value, str)
            wanted = error.validator_value if one else " ".join(error.validator_value)
            return why("value_of_other_kind", place=place, wanted=wanted, found=_kind(found))
        case "enum":
            known = " or ".join(error.validator_value)
            return why("value_not_known", place=place, known=known, found=cut(json.dumps(found)))
        case "minLength" | "pattern" if "propertyNames" not in error.absolute_schema_path:
            return why("value_empty", place=place)
        case "pattern":
            return why("no_python_name", place=place, name=cut(json.dumps(found)))
        case "maxLength" | "maxItems":
            return why("value_too_long", place=place, length=len(found), most=error.validator_value)
        case _:
            return why("schema_against", cut(str(error.message)), place=place)


@cache
def _validator(name: str) -> Any:  # noqa: ANN401 - as above
    # Importing this takes 170 ms, and most commands never see a proposal.
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # noqa: PLC0415

    return Draft202012Validator(json.loads(schema_file(name).read_bytes()))


def _kind(value: object) -> str:
    """Return what JSON calls the kind of a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"
