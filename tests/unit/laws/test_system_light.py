"""What starts fast says the same as the standard library, which takes its time."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoresearch.engine.paths import is_run_id
from autoresearch.engine.system.light import from_json, suppress, to_json


ROOT = Path(__file__).resolve().parents[3]
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
HELD = st.dictionaries(st.text(), st.recursive(SCALARS, lambda held: st.dictionaries(st.text(), held)))
SLOW = {"json", "re", "enum", "signal", "contextlib", "typing", "collections", "functools", "subprocess"}


@given(HELD)
def test_what_is_written_is_json(value: dict[str, Any]) -> None:
    """The bytes are those that json writes, and both read them back."""
    assert json.dumps(value) == to_json(value)
    assert value == json.loads(to_json(value)) == from_json(to_json(value).encode())


@given(st.dictionaries(st.text(), SCALARS | st.lists(SCALARS)))
def test_what_json_writes_is_read(value: dict[str, Any]) -> None:
    """Lists too, and white space between."""
    for indent in (None, 2):
        assert value == from_json(json.dumps(value, indent=indent).encode())


@pytest.mark.parametrize("text", [b"", b"{", b'{"a": }', b"nothing", b"\xff\xfe", b'{"a": "\n"}'])
def test_what_is_no_json_is_refused(text: bytes) -> None:
    """As json refuses it: with a ValueError."""
    try:
        read = from_json(text)
    except ValueError:
        read = None
    assert read is None


def test_errors_are_passed_over_as_named() -> None:
    """A named error and its kinds end the block in silence, any other goes on."""
    with suppress(OSError, ValueError):
        raise FileNotFoundError
    with pytest.raises(TypeError), suppress(OSError, ValueError):
        raise TypeError


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        *[(one, True) for one in ("a-r001", "mar10-r001", "a-r12-r345", "0--r123456789", "a--r001")],
        *[(one, False) for one in ("", "-r001", "-a-r001", "a-r01", "a-r1234567890", "A-r001", "a_b-r001")],
        *[
            (one, False)
            for one in ("a-r001\n", "a-r00a", "../a-r001", "ä-r001", "a-r٣٣٣", "a-r0²1", "a-R001")
        ],
    ],
)
def test_a_run_id_is_a_slug_and_a_number(name: str, *, is_one: bool) -> None:
    """Small letters, digits and dashes, then three to nine digits: nothing that leads out of a folder."""
    assert is_one == is_run_id(name)


def test_a_supervisor_imports_nothing_that_takes_time() -> None:
    """Each job waits for its supervisor to start, so of the standard library it takes what C has."""
    program = "import sys, autoresearch.engine.jobs.supervisor; print(*sys.modules)"
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], env=env, capture_output=True, text=True, check=True
    )
    assert set() == SLOW & set(done.stdout.split())
