"""A runner that dies at any instant of these runs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.world import Crashed, World, anchored, audited, crash_at, log_end
from tests.fault.runner.judged_runs import (
    a_run_for_an_hour,
    a_run_out_of_time,
    a_run_reviewed_before_keeps,
    a_run_reviewed_before_training,
    a_run_that_asks_a_human,
    a_run_with_guards,
)
from tests.fault.runner.measured_runs import (
    a_run,
    a_run_of_known_code,
    a_run_on_seeds,
    a_run_that_confirms,
    a_run_that_consolidates,
    a_run_that_is_evaluated,
    a_run_that_is_touched,
    a_run_that_stops_losers,
    a_run_under_new_settings,
    a_run_with_a_holdout,
    a_run_without_its_keeps,
    events_of,
    rows,
)


RUNS = {
    "a run": a_run,
    "under new settings": a_run_under_new_settings,
    "touched": a_run_that_is_touched,
    "evaluated": a_run_that_is_evaluated,
    "on seeds": a_run_on_seeds,
    "consolidated": a_run_that_consolidates,
    "confirmed": a_run_that_confirms,
    "taken out": a_run_without_its_keeps,
    "known code": a_run_of_known_code,
    "losers stopped": a_run_that_stops_losers,
    "looked at": a_run_with_a_holdout,
    "guarded": a_run_with_guards,
    "approved": a_run_that_asks_a_human,
    "reviewed before training": a_run_reviewed_before_training,
    "reviewed before keeps": a_run_reviewed_before_keeps,
    "for an hour": a_run_for_an_hour,
    "out of time": a_run_out_of_time,
}


def instants(run: Callable[[Path], World]) -> int:
    """Count the instants of a run above, so that no crash is left out when the runner changes."""
    import tempfile  # noqa: PLC0415

    count = 0

    def around(_name, act):
        nonlocal count
        count += 2
        return act()

    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder)).runner(around).run()
    return count


def once_a_run(world: World) -> list[str]:
    """Return the names of a history's events, without those that each start of a runner brings."""
    return [name for name in events_of(world) if name not in ("RunnerStarted", "SetupChecked")]


PARTS, FEW = 8, 24  # a part is every eighth instant; in `make test` some runs have every 24th alone
ALL = [("a run", part, PARTS) for part in range(PARTS)]
SOME = [(run, 0, FEW) for run in list(RUNS)[1:]]
REST = [
    pytest.param(run, part, PARTS, marks=pytest.mark.long) for run in list(RUNS)[1:] for part in range(PARTS)
]


@pytest.mark.parametrize(("run", "part", "of"), [*ALL, *SOME, *REST])
def test_a_crash_before_and_after_every_effect_and_append(tmp_path: Path, run: str, part: int, of: int):
    """Wherever the runner dies, the next one ends with the same rows, trains nothing twice, audits clean."""
    whole = RUNS[run](tmp_path / "whole")
    whole.runner().run()
    for instant in range(part, instants(RUNS[run]), of):
        world = RUNS[run](tmp_path / str(instant))
        with pytest.raises(Crashed):
            world.runner(crash_at(instant)).run()
        assert 0 == world.runner().run()
        assert rows(whole) == rows(world), f"instant {instant}"
        assert sorted(set(world.trained)) == sorted(world.trained), f"trained twice at instant {instant}"
        assert whole.trained == world.trained
        assert once_a_run(whole) == once_a_run(world), f"instant {instant}"
        assert audited(world) is None, f"instant {instant}"
        assert log_end(world) == anchored(world), f"instant {instant}"
