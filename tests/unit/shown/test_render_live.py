import io
from pathlib import Path

import pytest
from rich.console import Console

from autoresearch.engine.runs.catalogue import run_named
from autoresearch.engine.training.progress import Progress
from autoresearch.events import catalog as ev
from autoresearch.events.values import Process, why
from autoresearch.projections.fold import fold
from autoresearch.projections.timeline import TIMELINE
from autoresearch.workflows.api.run_now import RunNow
from autoresearch.workflows.api.status import LiveFacts
from autoresearch.workflows.live.picture import picture
from tests import given as g


RUN = (g.started(), g.asked(40), g.runner_started(), *g.BASELINE)


def drawn(*events, height: int = 40, width: int = 100, **more) -> str:
    """Return the live view of a run, as a terminal shows it."""
    paths = run_named(Path("/home"), "autoresearch-mar8-r001")
    seen = {"progress": None, "gpu": None, "dropped": 0, "as_of": "2026-03-08T22:00:00.000Z"} | more
    facts = LiveFacts(runner_alive=True, **seen)
    runner = Process(pid=1, started=1, boot_id="b")
    look = RunNow(paths=paths, run=g.given(*events), runner=runner, facts=facts)
    out = io.StringIO()
    rows = fold(TIMELINE, g.recorded(*events)).rows
    Console(file=out, width=width, height=height, color_system=None).print(picture(look, rows, height=height))
    return out.getvalue()


def closed(number: int) -> tuple:
    return (
        *g.candidate(number),
        g.training(number),
        g.trained(number, 1.6),
        g.row(number, 1.6),
        g.discarded(number),
    )


def test_the_view_shows_stage_progress_table_and_what_comes_next():
    """A running training is a bar with its time left; iterations are a table; the best stands out."""
    progress = Progress(percent=42.0, seconds_left=78.0, loss=3.2, tok_per_s=2e4)
    view = drawn(*RUN, *closed(1), *g.candidate(2), g.training(2), progress=progress)
    for part in (
        "loop",
        "iteration 2: train",
        "42 %",
        "1 min 18 s left",
        "━",
        "discard",
        "1.600000",
        "best val_bpb 1.5",
        "1 change tried, 39 loops left",
    ):
        assert part in view, part
    assert "when train of iteration 2 has ended" in view


@pytest.mark.parametrize("height", [10, 24, 50])
def test_the_view_fits_the_terminal(height):
    """However many iterations there are, the view is no higher than what is seen, and has the baseline."""
    events = [event for number in range(1, 30) for event in closed(number)]
    view = drawn(*RUN, *events, height=height)
    assert len(view.splitlines()) <= max(height, 15)
    assert "29" in view
    assert ["0", "keep"] in [line.split()[:2] for line in view.splitlines()]
    assert len(view.splitlines()) >= min(height, 40) - 8
    assert ("before" in view) == (height < 40)


def test_a_pause_and_a_question_are_what_the_view_says():
    """What a human has to do stands where the progress would."""
    assert "paused: look at it" in drawn(*RUN, ev.RunPaused(reason=why("human", "look at it")))
    asks = ev.InputNeeded(iteration=1, question=why("agent_asks", "which way?"))
    assert "a proposal is needed: which way?" in drawn(*RUN, g.opened(1), asks)
    later = ev.QuestionAsked(iteration=0, agent="codex", question="rate or depth?", until="")
    view = drawn(*RUN, later, width=200)
    assert (
        f"asked: rate or depth? (codex, baseline); `autoresearch answer --question {len(RUN) + 1} TEXT`"
        in view
    )


def test_a_hostile_description_draws_nothing():
    """Markup and escape sequences in a description are shown as text, or not at all."""
    view = drawn(*RUN, g.opened(1), g.chosen(1, description="[bold red]x[/] \x1b[2J\x07"))
    assert "[bold red]x[/] [2J" in view
    assert "\x1b" not in view
