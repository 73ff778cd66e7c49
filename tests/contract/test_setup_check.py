"""What a check command may answer, read from a real process."""

from pathlib import Path

import pytest

from autoresearch.engine.training.setup import _ask_check
from autoresearch.events.errors import AutoresearchError
from autoresearch.events.settings import RunConfig
from autoresearch.projections.words.wording import say


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ('{"ready": true}', []),
        ('{"ready": true, "missing": null}', []),
        ('{"ready": false, "missing": ["data"]}', ["data"]),
        ('{"ready": false, "missing": null}', ["not ready"]),
        ('{"ready": false, "missing": 3}', ["not ready"]),
        ('{"ready": false}', ["not ready"]),
    ],
)
def test_whatever_a_check_calls_missing_is_an_answer(answer: str, said: list[str], tmp_path: Path):
    """What is missing is a list of names, or the check is only known not to be ready."""
    config = RunConfig(check=("{python}", "-c", f"print({answer!r})"))
    missing, _ = _ask_check(config, tmp_path)
    assert len(said) == len(missing)
    assert all(words in say(one) for words, one in zip(said, missing, strict=True))


@pytest.mark.parametrize("name", ["TERM", "KILL"])
def test_a_check_that_was_killed_says_nothing(name: str, tmp_path: Path):
    """One that others ended is no answer, and is asked again."""
    config = RunConfig(check=("sh", "-c", f"kill -{name} $$"))
    with pytest.raises(AutoresearchError, match=f"was killed by SIG{name}"):
        _ask_check(config, tmp_path)
