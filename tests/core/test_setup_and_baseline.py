"""What is decided before the first iteration."""

from autoresearch.engine.core import commands as do
from autoresearch.engine.core.decider import decide
from autoresearch.events import catalog as ev
from autoresearch.events.values import why
from tests.core.commands import changed, lost, names
from tests.given import (
    BASE,
    BASELINE,
    asked,
    given,
    opened,
    set_up,
    started,
    trained,
    training,
)


def test_nothing_starts_without_a_request():
    """A run that nobody asked anything of is done at once."""
    assert names(decide(given(started()))) == ["Stop"]


def test_a_changed_check_is_asked_again():
    """Setup that was complete is looked at again once what looks at it is another command."""
    story = [started(), asked(3), *BASELINE, changed("check", check=("./check",))]
    assert (do.CheckSetup(),) == decide(given(*story))
    assert ["StartIteration"] == names(decide(given(*story, set_up())))
    assert ["StartIteration"] == names(decide(given(*story[:-1], changed("seed", seed=1))))


def test_a_changed_prepare_prepares_again():
    """Data that is there was made by another command: it is prepared and looked at once more, then used."""
    story = [started(), asked(3), *BASELINE, changed("prepare", prepare=("./prepare",)), set_up()]
    assert (do.Prepare(preparation=1),) == decide(given(*story))
    story.append(ev.PrepareStarted(preparation=1, command=("./prepare",)))
    assert () == decide(given(*story))
    output = trained(0, 1).output
    finished = ev.PrepareFinished(preparation=1, ok=True, reason=None, seconds=1.0, output=output, made=())
    story.append(finished)
    assert (do.CheckSetup(),) == decide(given(*story))
    assert ["StartIteration"] == names(decide(given(*story, set_up())))


def test_a_changed_prepare_is_not_run_where_that_was_ruled_out():
    """With `--no-auto-prepare` what the check finds is enough."""
    story = [started(), asked(3, auto_prepare=False), *BASELINE, changed("prepare", prepare=("./p",))]
    assert (do.CheckSetup(),) == decide(given(*story))
    assert ["StartIteration"] == names(decide(given(*story, set_up())))


def test_only_setup_does_no_more():
    """At rest it leaves the loops that were asked for before to a `resume`; then they go on."""
    missing = ev.RunStopped(how="setup_incomplete", reason=why("setup_incomplete", missing=1))
    story = [started(), asked(3), set_up(ok=False), missing, asked(0, stages=("setup",)), set_up()]
    (stop,) = decide(given(*story))
    assert do.Stop(how="done", reason=why("done_without_best", completed=0)) == stop
    assert 3 == given(*story).loops_left
    story.append(ev.RunStopped(how="done", reason=stop.reason))
    assert ["StartIteration"] == names(decide(given(*story, ev.RunResumed())))
    assert 3 == given(*story, ev.RunResumed()).loops_left
    assert 5 == given(*story, asked(2)).loops_left


def test_setup_comes_first():
    """A new run begins by looking at files and data."""
    assert decide(given(started(), asked(3))) == (do.CheckSetup(),)


def test_missing_data_is_prepared_once():
    """Data that is missing is prepared, looked at again, and if it still is missing the run stops."""
    story = [started(), asked(), set_up(ok=False, preparable=True)]
    assert decide(given(*story)) == (do.Prepare(preparation=1),)
    story.append(ev.PrepareStarted(preparation=1, command=("python", "prepare.py")))
    assert decide(given(*story)) == ()
    story.append(
        ev.PrepareFinished(
            preparation=1,
            ok=False,
            reason=why("exit_code_said", "no network"),
            seconds=1.0,
            output=trained(0, 1).output,
            made=(),
        )
    )
    assert decide(given(*story)) == (do.CheckSetup(),)
    story.append(set_up(ok=False, preparable=True))
    assert decide(given(*story)) == (
        do.Stop(how="setup_incomplete", reason=why("setup_incomplete", missing=1)),
    )


def test_resume_looks_at_setup_again():
    """After a stop for incomplete setup, resume looks at everything again and may prepare again."""
    story = [
        started(),
        asked(),
        set_up(ok=False),
        ev.RunStopped(how="setup_incomplete", reason=why("human", "x")),
    ]
    assert decide(given(*story)) == ()
    assert decide(given(*story, ev.RunResumed())) == (do.CheckSetup(),)


def test_no_auto_prepare():
    """A request without auto-prepare does not start prepare.py."""
    state = given(started(), asked(auto_prepare=False), set_up(ok=False, preparable=True))
    assert names(decide(state)) == ["Stop"]


def test_the_baseline_is_iteration_zero():
    """The baseline is trained on the base commit, as iteration 0, before any loop."""
    state = given(started(), asked(3), set_up())
    assert decide(state) == (do.StartIteration(iteration=0, base_commit=BASE, first_stage="train"),)
    state = given(started(), asked(3), set_up(), opened(0, first="train"))
    assert decide(state) == (
        do.StartTraining(iteration=0, training=1, slot=1, device="cpu", commit=BASE, deadline_s=900.0),
    )


def test_a_failed_baseline_stops_the_run_and_resume_tries_again():
    """A crashed baseline ends the run; resume trains it as a second attempt."""
    story = [
        started(),
        asked(),
        set_up(),
        opened(0, first="train"),
        training(0),
        trained(0, None, outcome="crashed"),
    ]
    assert decide(given(*story)) == (
        do.Stop(how="baseline_failed", reason=why("baseline_failed", outcome="crashed")),
    )
    story += [ev.RunStopped(how="baseline_failed", reason=why("human", "x")), ev.RunResumed()]
    assert decide(given(*story)) == (
        do.StartTraining(iteration=0, training=2, slot=1, device="cpu", commit=BASE, deadline_s=900.0),
    )


def test_setup_and_baseline_alone():
    """A request for setup and baseline only is done when the baseline stands."""
    story = [started(), asked(0, stages=("setup", "baseline")), *BASELINE]
    assert names(decide(given(*story))) == ["Stop"]


def test_a_lost_preparation_begins_again():
    """Preparing that vanished is started anew, and asks a human after three losses in a row."""
    story = [started(), asked(), set_up(ok=False, preparable=True)]
    for number in (1, 2, 3):
        assert decide(given(*story)) == (do.Prepare(preparation=number),)
        story += [ev.PrepareStarted(preparation=number, command=("p",)), lost(0, "prepare", number)]
    (pause,) = decide(given(*story))
    assert pause == do.PauseRun(reason=why("job_lost_in_a_row", step="prepare", iteration=0, times=3))
    story += [ev.RunPaused(reason=pause.reason), ev.RunUnpaused()]
    assert decide(given(*story)) == (do.Prepare(preparation=4),)
