"""Which changes of a file are none: the digest by which candidates are the same code."""

import pytest

from autoresearch.engine.proposals.same_code import digest


SOURCE = b'''"""A script."""
import os

SEED = 1
WIDTH = 8  # wide
NAMES = ["a", "b"]


def step(x: int, *, by: float = 0.5) -> float:
    """Take a step."""
    return x * by if x else {**globals()}
'''


def of(source: bytes, *, name: str = "train.py", seed_env: str = "S") -> str:
    return digest({name: source}, seed_env=seed_env)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"# wide", b"# wider"),
        (b"WIDTH = 8", b"WIDTH   =   (8)"),
        (b'"""A script."""', b'"""Another one."""'),
        (b'    """Take a step."""\n', b""),
        (b'["a", "b"]', b"[\n    'a',\n    'b',\n]"),
        (b"\nSEED = 1", b"\n\n\nSEED = 2"),
    ],
)
def test_what_changes_nothing_is_the_same_code(old: bytes, new: bytes):
    """Comments, layout, docstrings, ways to write a value and the number of a seed do not count."""
    assert old in SOURCE
    assert of(SOURCE) == of(SOURCE.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"WIDTH = 8", b"WIDTH = 8.0"),
        (b"WIDTH = 8", b"WIDTH = True"),
        (b"WIDTH = 8", b"WIDTH = 9"),
        (b'"a", "b"', b'"b", "a"'),
        (b'"a", "b"', b'"a b"'),
        (b"x * by", b"x / by"),
        (b"0.5", b"0.25"),
        (b"SEED = 1", b"SEED = os.getpid()"),
        (b"SEED = 1", b"SPEED = 1"),
        (b"{**globals()}", b"{None: globals()}"),
        (b"x: int, *, by", b"x: int, by"),
    ],
)
def test_what_changes_something_is_other_code(old: bytes, new: bytes):
    """A value, its type, an order, an operator, a name: each makes other code."""
    assert old in SOURCE
    assert of(SOURCE) != of(SOURCE.replace(old, new))


def test_the_default_of_the_seed_variable_is_a_seed():
    """Only for the variable that the settings name."""
    one, other = (b'import os\nX = int(os.environ.get("S", "%d"))\n' % n for n in (1, 2))
    assert of(one) == of(other)
    assert of(one, seed_env="T") != of(other, seed_env="T")


def test_a_docstring_that_is_read_counts():
    """Where the program reads `__doc__`, its text may decide anything."""
    one, other = (b'"""%d"""\nWIDTH = int(__doc__)\n' % n for n in (1, 2))
    assert of(one) != of(other)


@pytest.mark.parametrize("name", ["train.py", "train.cu"])
def test_what_no_python_parses_counts_by_its_bytes(name: str):
    """A file of another language, or one that does not parse, is the same only where each byte is."""
    assert of(b"int a = 1; // x", name=name) == of(b"int a = 1; // x", name=name)
    assert of(b"int a = 1; // x", name=name) != of(b"int a = 1; // y", name=name)


def test_a_missing_file_is_no_empty_one():
    """A file that is gone, an empty one and one under another name are three things."""
    found = [digest(files, seed_env="") for files in ({"a.py": None}, {"a.py": b""}, {"b.py": b""})]
    assert 3 == len(set(found))


def test_a_deep_or_long_program_has_a_digest():
    """Neither a number of ten thousand digits nor a deep expression breaks it."""
    assert of(b"X = 0x" + b"f" * 10_000) != of(b"X = 0x" + b"f" * 9_999)
    assert of(b"X = " + b"-" * 100_000 + b"1") != of(b"X = 1")
