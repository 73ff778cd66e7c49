"""Guards: a candidate that is better and breaks one is not kept."""

import pytest
from attrs import evolve

from autoresearch.engine.core import commands as do
from autoresearch.engine.core import dry_run
from autoresearch.engine.core.decider import decide
from autoresearch.events import catalog as ev
from autoresearch.events.compared import definitions
from autoresearch.events.setting import guard_argv
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import why
from autoresearch.projections.state_text import say_kept
from autoresearch.projections.summary import standing
from autoresearch.projections.words.wording import say, say_verdict
from tests.given import (
    BASELINE,
    asked,
    candidate,
    given,
    kept,
    opened,
    row,
    set_up,
    started,
    trained,
    training,
)


def verdict_on(metric: float, *guards: str, **also: float) -> do.Command:
    """Return the verdict on a candidate that printed this; the baseline measured 1.5."""
    config = RunConfig(agent="none", keep_rule="lower", final=0, guards=guards)
    begun = (started(config), asked(), *BASELINE, *candidate(1))
    run = given(*begun, training(1), trained(1, metric, also=also), row(1, metric))
    return decide(run)[0]


@pytest.mark.parametrize(
    ("guard", "value", "holds"),
    [
        ("peak_vram_mb < 60000", 59999.0, True),
        ("peak_vram_mb < 60000", 60000.0, False),
        ("peak_vram_mb<=6e4", 60000.0, True),
        ("tokens_per_s > 1000", 1000.0, False),
        ("tokens_per_s >= 1000", 1000.0, True),
        ("drift > -0.5", -0.25, True),
    ],
)
def test_a_guard_is_hard_before_a_keep(guard: str, value: float, holds: bool):  # noqa: FBT001
    """A better candidate is kept within its guard, and discarded beyond it, with the number."""
    name = guard.replace("<", " ").replace(">", " ").split()[0]
    command = verdict_on(1.25, guard, **{name: value})
    assert isinstance(command, do.KeepCandidate if holds else do.DiscardCandidate)
    if not holds:
        assert ("guard", {"guard": guard, "value": value}) == (command.rule, command.inputs)
        assert f"it breaks the guard {guard}: {value:g}" == say_verdict(command.rule, command.inputs)


def test_a_baseline_outside_of_a_bound_is_kept_and_said():
    """The guard and its number stand with the state of the run, until the settings drop the guard."""
    config = RunConfig(agent="none", keep_rule="lower", final=0, guards=(" loss < 2", "peak_vram_mb < 60000"))
    numbers = {"loss": 1.0, "peak_vram_mb": 70000.0}
    run = given(
        *(started(config), asked(), set_up(), opened(0, first="train"), training(0)),
        *(trained(0, 1.5, also=numbers), row(0, 1.5), kept(0)),
    )
    said = say_kept(standing(run)["reasons"]["baseline"])
    assert "the baseline is outside of peak_vram_mb < 60000: 70000; nothing is kept" in said
    without = evolve(config, guards=(" loss < 2",))
    dropped = dry_run.after(run, [ev.ConfigChanged(config=without, changed=("guards",))])
    assert None is standing(dropped)["reasons"]["baseline"]


def test_a_number_that_is_not_known_breaks_its_guard():
    """Where the training did not print it, nobody can say that the guard holds."""
    command = verdict_on(1.25, "peak_vram_mb < 60000")
    assert isinstance(command, do.DiscardCandidate)
    assert "it breaks the guard peak_vram_mb < 60000: unknown" == say_verdict(command.rule, command.inputs)


TESTS, LINT = "tests: pytest -q", "lint: ruff check ."


def checking(number: int, guard: str, *, iteration: int = 1) -> ev.GuardStarted:
    """The command of a guard was started, on the first candidate unless another one is named."""
    return ev.GuardStarted(
        iteration=iteration,
        check=number,
        guard=guard,
        slot=1,
        device="cpu",
        command=("pytest", "-q"),
        deadline_s=600.0,
    )


def checked(number: int, guard: str, *, exit_code: int, iteration: int = 1) -> ev.GuardFinished:
    """The command of a guard ended so, on the first candidate unless another one is named."""
    return ev.GuardFinished(
        iteration=iteration,
        check=number,
        guard=guard,
        holds=exit_code == 0,
        reason=why("exit_code_said", "1 failed", exit_code=exit_code) if exit_code else None,
        exit_code=exit_code,
        signal=None,
        started_at="2026-03-08T21:05:00.000Z",
        ended_at="2026-03-08T21:05:05.000Z",
        seconds=5.0,
        output=trained(0, 1).output,
    )


def better(*more: ev.Event, metric: float = 1.25) -> tuple[do.Command, ...]:
    """Return what is to be done with a better candidate that two commands guard; the baseline has 1.5."""
    config = RunConfig(agent="none", keep_rule="lower", final=0, guards=(TESTS, LINT))
    begun = (started(config), asked(), *BASELINE, *candidate(1), training(1), trained(1, metric))
    return decide(given(*begun, row(1, metric), *more))


def test_a_command_is_run_before_a_keep_one_after_the_other():
    """What is to be kept is held to each command; after the last one that holds it is kept."""
    (first,) = better()
    assert do.CheckGuard(iteration=1, check=1, guard=TESTS, slot=1, device="cpu", deadline_s=600.0) == first
    held = (checking(1, TESTS), checked(1, TESTS, exit_code=0))
    (second,) = better(*held)
    assert (2, LINT) == (second.check, second.guard)
    (kept,) = better(*held, checking(2, LINT), checked(2, LINT, exit_code=0))
    assert isinstance(kept, do.KeepCandidate)


def guarded_baseline(*more: ev.Event) -> tuple[do.Command, ...]:
    """Return what is to be done with a baseline that was trained, where two commands guard candidates."""
    config = RunConfig(agent="none", keep_rule="lower", final=0, guards=(TESTS, LINT))
    kept = next(place for place, event in enumerate(BASELINE) if isinstance(event, ev.CandidateKept))
    return decide(given(started(config), asked(), *BASELINE[:kept], *more))


def test_the_commands_are_run_on_the_baseline():
    """It is kept once all hold, and the run goes on."""
    (first,) = guarded_baseline()
    assert (0, 1, TESTS) == (first.iteration, first.check, first.guard)
    held = (checking(1, TESTS, iteration=0), checked(1, TESTS, exit_code=0, iteration=0))
    (second,) = guarded_baseline(*held)
    assert (0, 2, LINT) == (second.iteration, second.check, second.guard)
    last = (checking(2, LINT, iteration=0), checked(2, LINT, exit_code=0, iteration=0))
    (kept,) = guarded_baseline(*held, *last)
    assert isinstance(kept, do.KeepCandidate)


def test_a_baseline_that_fails_one_pauses_the_run_once_it_is_kept():
    """The pause says which and why; who lifts it goes on, and so does who drops the guard."""
    failed = (checking(1, TESTS, iteration=0), checked(1, TESTS, exit_code=1, iteration=0))
    (kept,) = guarded_baseline(*failed)
    assert isinstance(kept, do.KeepCandidate)
    behind = (*failed, BASELINE[-1])
    (pause,) = guarded_baseline(*behind)
    assert "fails the guard tests: pytest -q: exit code 1: 1 failed; no candidate" in say(pause.reason)
    (going_on,) = guarded_baseline(*behind, ev.RunPaused(reason=pause.reason), ev.RunUnpaused())
    assert isinstance(going_on, do.StartIteration)
    without = RunConfig(agent="none", keep_rule="lower", final=0, guards=(LINT,))
    changed = ev.ConfigChanged(config=without, changed=("guards",))
    assert isinstance(guarded_baseline(*behind, changed)[0], do.StartIteration)


def test_a_command_that_fails_ends_its_candidate():
    """The candidate is discarded, with the guard and why it does not hold; no other command is run."""
    (ended,) = better(checking(1, TESTS), checked(1, TESTS, exit_code=1))
    assert isinstance(ended, do.DiscardCandidate)
    assert "guard_failed" == ended.rule
    said = say_verdict(ended.rule, ended.inputs)
    assert "it fails the guard tests: pytest -q: exit code 1: 1 failed" == said


def test_a_check_that_is_lost_begins_again():
    """A kill or a reboot is no answer: the same command is run again, under the next number."""
    lost = ev.JobLost(iteration=1, step="guard", number=1, reason=why("machine_restarted"))
    (again,) = better(checking(1, TESTS), lost)
    assert (2, TESTS) == (again.check, again.guard)


def test_no_command_is_run_on_what_is_not_kept_anyway():
    """What is no better is discarded without a check."""
    (ended,) = better(metric=1.75)
    assert isinstance(ended, do.DiscardCandidate)


@pytest.mark.parametrize(
    ("guard", "argv"),
    [
        ("tests: pytest -q", ("pytest", "-q")),
        ("my tests :  {python} -m pytest 'a b'", ("{python}", "-m", "pytest", "a b")),
        ("size: test 3 -lt 4", ("test", "3", "-lt", "4")),
        ("tests:", None),
        ("tests: pytest '", None),
        (": pytest", None),
        ("pytest -q", None),
    ],
)
def test_a_guard_is_a_bound_or_a_command(guard: str, argv: tuple[str, ...] | None):
    """A name, a colon and a command is one; what is neither is refused."""
    about, _ = definitions()["guards"]
    assert (argv is not None) == about.holds((guard,))
    if argv is not None:
        assert argv == guard_argv(guard)


def test_what_is_no_better_is_judged_by_the_rule():
    """A candidate that is not better is discarded for that, whatever it breaks."""
    command = verdict_on(1.75, "peak_vram_mb < 1", peak_vram_mb=2.0)
    assert isinstance(command, do.DiscardCandidate)
    assert "lower" == command.rule
