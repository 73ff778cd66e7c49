"""The envelope of what `--json` prints: one object, with the name and the version of its form first.

docs/schemas/NAME-VERSION.schema.json says what each form holds. Imports only what starts fast.
"""

import json


TYPE_CHECKING = False  # as in typing, which takes 3 ms to import
if TYPE_CHECKING:
    from typing import Any

VERSIONS: dict[str, int] = {}  # of the forms that have another one than the first


def document(form: str, **fields: object) -> "dict[str, Any]":  # Any: it is JSON
    """Return an object of a form, by default one for each command."""
    return {"schema": f"autoresearch.{form}/{VERSIONS.get(form, 1)}", **fields}


def json_text(value: object) -> str:
    """Return one JSON document, for people and programs."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
