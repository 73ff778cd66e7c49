"""Redacting takes time in proportion to the text, whatever is in it."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autoresearch.events.encoding.redact import redact


FRAGMENTS = [
    *("a", "1", "A", " ", "\t", "\n", "-", "_", "=", ":", "'", '"', "/", ".", "@", ","),
    *("sk-", "TOKEN", "SECRET", "PASSWORD", "API_KEY", "eyJ", "eyJaaaaaaaaaa", "://", "bearer", "basic"),
    *("-----BEGIN ", "-----END ", "PRIVATE KEY-----", "ghp_", "hf_", "xoxb-", "pypi-", "a1", "abcdefgh12"),
]
LENGTH = 8_000  # characters


def _seconds(text: str) -> float:
    """Return the processor's time for one text, the least of three."""
    took = []
    for _ in range(3):
        begin = time.process_time()
        redact(text)
        took.append(time.process_time() - begin)
    return min(took)


def _growth(fragment: str) -> float:
    """Return how much longer twice the text takes."""
    once, twice = (fragment * (size // len(fragment)) for size in (LENGTH, 2 * LENGTH))
    return _seconds(twice) / _seconds(once)


@pytest.mark.long  # it measures a ratio of times, which a loaded machine may spoil
@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=5).map("".join))
@example("-eyJ")
@example("eyJ_-")
@example("eyJaaaaaaaaaa.")
@example("-----BEGIN PRIVATE KEY-----")
def test_twice_the_text_takes_twice_the_time(fragment: str):
    """A text twice as long takes far less than the four times that trying from everywhere would."""
    assert min(_growth(fragment) for _ in range(2)) < 3
