"""The audit under slips of the rules: the golden runs, or runs made with the slip, give each of them away."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.golden import player
from tests.golden.mutations import LETTING_MORE, MUTATIONS
from tests.golden.play import FOLDER, history, scripts
from tests.golden.replaying import differences, mutated


GOLDEN = sorted(FOLDER.glob("*.jsonl"))
MOST_EVENTS = 300  # of a run that is made with a slip: three times as many as a golden one
BREAKS = (AssertionError, AttributeError, LookupError, StopIteration, TypeError)  # noticed as well


@pytest.mark.parametrize("slip", MUTATIONS)
def test_a_changed_rule_is_noticed(slip: str):
    """Under any other rule, some golden run is no longer what is decided."""
    with mutated(*MUTATIONS[slip]):
        assert any(_differs(path) for path in GOLDEN)
    assert not any(_differs(path) for path in GOLDEN[:3]), "the rules were not put back"


@pytest.mark.parametrize("slip", LETTING_MORE)
def test_a_rule_that_lets_more_happen_is_noticed(slip: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A run made with the slip differs by today's rules, and under the slip by what had to be held back."""
    monkeypatch.setattr(player, "MOST", MOST_EVENTS)
    with mutated(*LETTING_MORE[slip]):
        made = list(_played(tmp_path))
        held = [path for path in made if "held back" in differences(path)]
    assert held, f"{len(made)} runs, in none of which anything was to be held back"
    assert all(differences(path) for path in held)


def _differs(path: Path) -> bool:
    """Say whether a run is not what the rules give; a rule that breaks in a state has been noticed too."""
    try:
        return bool(differences(path))
    except BREAKS:
        return True


def _played(folder: Path) -> Iterator[Path]:
    """Yield a history of each script as it is decided now; a run that comes to no end tells nothing."""
    for name, script in scripts().items():
        path = folder / f"{name}.jsonl"
        try:
            path.write_bytes(history(script))
        except BREAKS:
            continue
        yield path
