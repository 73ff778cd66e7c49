"""A file whose parts are looked at one by one has the form that it has as a whole."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from autoresearch.engine.proposals.same_code import _by_parts, _whole


TRAIN = Path(__file__).resolve().parents[2] / "train.py"
LINES = (
    *('"""A script.', "It trains.", '"""', "'''", '"A docstring."', "# a comment", "# coding: latin-1", ""),
    *(
        "if WIDTH:",
        "    SEED = 1",
        "else:",
        "elif x: pass",
        "try:",
        "except E:",
        "finally:",
        "    pass",
        "\tpass",
    ),
    *("@cached", "@cached(", ")", "(", "def f(x):", '    "It is f."', "    return __doc__", "class A: y = 1"),
    *(
        "SEED = 2",
        "WIDTH = 8; DEPTH = 3",
        "x = 1 \\",
        "    + 2",
        "y = [",
        "1,",
        "]",
        "case x:",
        "é = 1",
        "\\",
    ),
    *(
        "from __future__ import barry_as_FLUFL",
        "1 <> 2",
        "s = 'a' \\",
        "'b'",
        "print(f'''",
        "{x}",
        "match x:",
    ),
)


@settings(deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=12), st.sampled_from(["\n", "\r\n", "\n\n", "\r", "\n\f"]))
def test_parts_come_to_the_whole(lines: list[str], end: str):
    """Whatever stands above and below one another, cut or not: the form is the same, or parts have none."""
    content = end.join(lines).encode()
    assert _by_parts(content, "S") in (whole(content), None)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 450), st.integers(-3, 3))
def test_parts_of_a_real_script_come_to_the_whole(at: int, more: int):
    """Our own train.py is looked at by its parts, and nothing else where lines of it are lost or doubled."""
    lines = TRAIN.read_bytes().splitlines(keepends=True)
    assert _by_parts(b"".join(lines), "S") == whole(b"".join(lines))
    content = b"".join([*lines[:at], *lines[max(0, at + more) :]])
    assert _by_parts(content, "S") in (whole(content), None)


def whole(content: bytes) -> bytes | None:
    """Return the form of a file that is looked at as one; None where it is no Python."""
    try:
        return _whole(content, "S")
    except (SyntaxError, ValueError):
        return None
