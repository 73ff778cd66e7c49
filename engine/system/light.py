"""What starts fast: parts of the standard library's json and contextlib, without what those import.

For the supervisor of each job, for which the next training waits. Python itself takes 8 ms to start; json
takes 8 more, contextlib 3, the enumerations of signal 5 (2026-11).
"""

from __future__ import annotations

import _json


TYPE_CHECKING = False  # as in typing, which takes 3 ms to import
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any


class suppress:  # noqa: N801 - as contextlib's
    """Pass over these errors in the block, as contextlib.suppress does."""

    def __init__(self, *errors: type[BaseException]) -> None:
        self._errors = errors

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Say whether the error is one to pass over."""
        return kind is not None and issubclass(kind, self._errors)


class _Rules:
    """How JSON is read: what json.JSONDecoder tells the scanner by default."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float


_scan = _json.make_scanner(_Rules())  # type: ignore[arg-type] # it asks for these names alone


def from_json(text: bytes) -> Any:  # noqa: ANN401 - it is JSON
    """Return what a JSON text that begins with its value holds.

    Raises: ValueError: it is none.
    """
    try:
        value, _ = _scan(text.decode(), 0)
    except (StopIteration, SystemError) as error:  # it finds no json to take its own error from
        raise ValueError(text[:80]) from error
    return value


def to_json(value: object) -> str:
    """Return a value made of dicts, texts, finite numbers, booleans and None as JSON."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{to_json(key)}: {to_json(held)}' for key, held in value.items())}}}"
    if isinstance(value, str):
        return str(_json.encode_basestring_ascii(value))
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return repr(value)
