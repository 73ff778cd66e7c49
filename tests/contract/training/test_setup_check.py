"""What a check command may answer, read from a real process."""

from pathlib import Path

import pytest

from autoresearch.engine.training.check import ask
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
    missing = ask(config, tmp_path, home=tmp_path).missing
    assert len(said) == len(missing)
    assert all(words in say(one) for words, one in zip(said, missing, strict=True))


@pytest.mark.parametrize("name", ["TERM", "KILL"])
def test_a_check_that_was_killed_says_nothing(name: str, tmp_path: Path):
    """One that others ended is no answer, and is asked again."""
    config = RunConfig(check=("sh", "-c", f"kill -{name} $$"))
    with pytest.raises(AutoresearchError, match=f"was killed by SIG{name}"):
        ask(config, tmp_path, home=tmp_path)


def test_a_check_may_name_the_files_that_it_read(tmp_path: Path):
    """Which data there is, and in which files, is taken over; other kinds of answers are none."""
    told = '{"ready": true, "data_id": "d1", "inputs": ["/data/a.bin", 3]}'
    answer = ask(RunConfig(check=("{python}", "-c", f"print({told!r})")), tmp_path, home=tmp_path)
    assert ("d1", ("/data/a.bin", "3")) == (answer.data_id, answer.inputs)
    odd = '{"ready": true, "inputs": "all"}'
    assert () == ask(RunConfig(check=("{python}", "-c", f"print({odd!r})")), tmp_path, home=tmp_path).inputs
