from pathlib import Path

import pytest
from attrs import evolve

from autoresearch.engine.control.outcome import Proposer, StartOutcome
from autoresearch.engine.runs.catalogue import run_named
from autoresearch.engine.system.gpu import parse
from autoresearch.engine.training.progress import Progress
from autoresearch.events import catalog as ev
from autoresearch.events.kinds.candidate_events import Without
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import OPEN_END, Process, why
from autoresearch.projections.summary import sandbox, standing
from autoresearch.projections.words.wording import say
from autoresearch.workflows.api import status
from autoresearch.workflows.api.next_step import next_step
from autoresearch.workflows.api.run_now import RunNow
from autoresearch.workflows.api.status import LiveFacts
from autoresearch.workflows.pages.acts.start import start_lines
from autoresearch.workflows.pages.status import status_page
from tests import given as g


FIELDS = [
    *(
        "schema",
        "run_id",
        "branch",
        "phase",
        "setup_done",
        "baseline_done",
        "iterations_completed",
        "loops_left",
    ),
    *("started_at", "elapsed_s", "device_hours", "until", "trainings_left"),
    *("cost", "budgets", "ends_at", "seconds_left"),
    *(
        "metric",
        "best_metric",
        "baseline_metric",
        "seeds_in_common",
        "gain",
        "comparisons",
        "holdout",
        "keeps",
        "not_reviewed",
    ),
    *("best_val_bpb", "baseline_val_bpb", "kept_commit", "in_progress", "trainings", "progress"),
    "counts",
    "not_applied_in_a_row",
    *(
        "trouble",
        "waits_for",
        "sandbox",
        "waiting_proposals",
        "ideas",
        "memory",
        "need_input",
        "questions",
        "approvals",
        "proposer",
        "proposers",
        "agents",
        "gpu",
        "state_path",
        "history_path",
        "runner_log_path",
        "seq",
        "as_of",
    ),
]
LATE = "2026-03-08T23:00:00.000Z"
RUNNER = Process(pid=7, started=1, boot_id="b")


def look(*events, runner: Process | None = RUNNER, **more) -> RunNow:
    paths = run_named(Path("/home"), "autoresearch-mar8-r001")
    seen = {"progress": None, "gpu": None, "dropped": 0, "as_of": LATE} | more
    facts = LiveFacts(runner_alive=runner is not None, **seen)
    return RunNow(paths=paths, run=g.given(*events), runner=runner, facts=facts)


def phase_of(*events, alive: bool = True, dropped: int = 0, as_of: str = LATE) -> str:
    return look(*events, runner=RUNNER if alive else None, dropped=dropped, as_of=as_of).phase


def status_object(seen: RunNow) -> dict:
    """Return what `status --json` prints of what was seen."""
    return status.status_object(seen.paths, standing(seen.run), seen.facts)


def page_of(seen: RunNow) -> str:
    """Return what `status` prints of what was seen."""
    return status_page(seen.glance)


BEGUN = (g.started(), g.asked(2), g.runner_started())
NEEDS = ev.InputNeeded(iteration=1, question=why("agent_asks", "which way?"))


@pytest.mark.parametrize(
    ("events", "alive", "expected"),
    [
        (BEGUN, True, "setup"),
        ((*BEGUN, g.set_up()), True, "baseline"),
        ((*BEGUN, *g.BASELINE), True, "loop"),
        ((*BEGUN, *g.BASELINE), False, "interrupted"),
        ((*BEGUN, *g.BASELINE, g.opened(1), NEEDS), True, "waiting"),
        ((*BEGUN, *g.BASELINE, g.opened(1), NEEDS), False, "waiting"),
        ((*BEGUN, *g.BASELINE, g.opened(1), NEEDS, g.received()), False, "interrupted"),
        ((*BEGUN, ev.RunPaused(reason=why("human", "r"))), True, "paused"),
        ((*BEGUN, ev.RunPaused(reason=why("human", "r"))), False, "paused"),
        ((*BEGUN, ev.RunPaused(reason=why("human", "r")), ev.RunUnpaused()), False, "interrupted"),
        ((*BEGUN, ev.RunStopped(how="done", reason=why("human", ""))), False, "done"),
        ((*BEGUN, ev.RunStopped(how="stopped", reason=why("human", ""))), False, "stopped"),
        ((*BEGUN, ev.RunStopped(how="setup_incomplete", reason=why("human", ""))), False, "failed"),
        ((*BEGUN, ev.RunStopped(how="baseline_failed", reason=why("human", ""))), False, "failed"),
        ((*BEGUN, ev.RunStopped(how="blocked", reason=why("human", ""))), False, "failed"),
    ],
)
def test_the_phase_is_one_word_for_how_it_stands(events, alive, expected):
    """Each state of a run and its runner has one phase."""
    assert expected == phase_of(*events, alive=alive)


LEFT_ALONE = evolve(g.kept(1, "c" * 40), branch_moved=False)
KEPT = (*BEGUN, *g.BASELINE, *g.candidate(1), g.training(1), g.trained(1, 1.25), g.row(1, 1.25), LEFT_ALONE)
DONE = ev.RunStopped(how="done", reason=why("human", ""))
FAILED = ev.RunStopped(how="baseline_failed", reason=why("human", ""))
ADOPTED = ev.KeepAdopted(commit="c" * 40)


@pytest.mark.parametrize(
    ("events", "named", "not_named"),
    [
        (KEPT, (), ("report", "publish", "adopt", "resume", "doctor")),
        ((*KEPT, DONE), ("report", "adopt", "publish", "final", "resume"), ("doctor",)),
        ((*KEPT, DONE, ADOPTED), ("report", "publish", "resume"), ("adopt", "doctor")),
        ((*BEGUN, *g.BASELINE, DONE), ("report", "resume"), ("publish", "adopt", "final")),
        ((*BEGUN, FAILED), ("logs", "doctor", "resume"), ("publish", "report")),
    ],
)
def test_a_run_at_rest_says_the_next_step(events, named, not_named):
    """What a human can do with it is named on the page, and nothing that would be refused; else nothing."""
    said = next((line for line in page_of(look(*events)).splitlines() if line.startswith("next")), "")
    assert [] == [word for word in named if f"autoresearch {word}" not in said]
    assert [] == [word for word in not_named if f"autoresearch {word}" in said]


def test_a_dropped_proposal_that_nobody_hears_is_an_interrupted_run():
    """Waiting with an answer in the inbox and no runner alive needs a resume, not a human's idea."""
    events = (*BEGUN, *g.BASELINE, g.opened(1), NEEDS)
    assert "interrupted" == phase_of(*events, alive=False, dropped=1)


def test_a_runner_that_is_just_starting_is_no_interruption():
    """For ten seconds after a request, a missing runner is one on its way."""
    events = (g.started(), g.asked(2))
    assert "setup" == phase_of(*events, alive=False, as_of="2026-03-08T21:00:11.000Z")
    assert "interrupted" == phase_of(*events, alive=False, as_of="2026-03-08T21:00:13.000Z")


def test_the_object_has_exactly_the_fields_of_the_contract():
    """`status --json` has these fields, in this order, at any time of a run."""
    assert FIELDS == list(status_object(look()))
    assert FIELDS == list(status_object(look(*BEGUN, *g.BASELINE, *g.candidate(1), g.training(1))))


def test_the_object_tells_what_is_going_on():
    """Best, baseline, the open stage, progress, counts and proposals are read off the state."""
    progress = Progress(percent=42.0, seconds_left=18.0, loss=3.2, tok_per_s=2e4)
    events = (*BEGUN, *g.BASELINE, *g.candidate(1), g.training(1), g.received())
    told = status_object(look(*events, progress=progress, dropped=2))
    assert (1.5, 1.5, g.BASE) == (told["best_val_bpb"], told["baseline_val_bpb"], told["kept_commit"])
    since = "2026-03-08T21:00:14.000Z"
    going_on = {"iteration": 1, "stage": "train", "job": 1, "since": since, "purpose": None, "keep": None}
    assert going_on == told["in_progress"]
    assert {"percent": 42.0, "seconds_left": 18.0, "loss": 3.2, "tok_per_s": 2e4} == told["progress"]
    assert (2, 0, 3) == (told["loops_left"], told["iterations_completed"], told["waiting_proposals"])
    ends = ("kept", "discarded", "vetoed", "crashed", "stopped_early", "not_applied", "retracted")
    assert dict.fromkeys(ends, 0) == told["counts"]


@pytest.mark.parametrize(
    ("writes", "version", "kind", "said"),
    [
        (
            (),
            6,
            "landlock",
            "agents write below their own checkouts only, held to them by Landlock (version 6)",
        ),
        ((), 0, "no_landlock", "agents may write anywhere, since this kernel has no Landlock"),
        (("/",), 6, "anywhere", "agents may write anywhere, since agent_writes says so"),
    ],
)
def test_where_agents_are_asked_it_is_said_what_holds_them(writes, version, kind, said):
    """Object, page and the lines of `start` say what keeps agents in their checkouts, or why nothing does."""
    config = RunConfig(keep_rule="lower", final=0, agent_writes=writes)
    begun = evolve(g.runner_started(), landlock=version)
    seen = look(g.started(config), g.asked(2, agent="opencode"), begun)
    assert {"kind": kind, "version": version} == status_object(seen)["sandbox"]
    assert f"agents   {said}\n" in page_of(seen)
    assert kind == sandbox(config, version)
    proposer = Proposer(agent="opencode", wanted=True, missing=(), sandbox=kind, landlock=version)
    outcome = StartOutcome(paths=seen.paths, branch="b", request=None, seq=0, proposer=proposer)
    assert ["opencode proposes", said] == list(start_lines(outcome))[-2:]


def test_where_no_agent_is_asked_nothing_is_said_of_one():
    """A run that only searches has no sandbox, and its page no line of it."""
    seen = look(*BEGUN)
    assert status_object(seen)["sandbox"] is None
    assert "agents" not in page_of(seen)


def test_the_page_says_what_to_do():
    """A run that waits, or lacks its runner, names the way on."""
    waiting = page_of(look(*BEGUN, *g.BASELINE, g.opened(1), NEEDS))
    assert "which way?" in waiting
    assert "autoresearch propose" in waiting
    assert "autoresearch resume" in page_of(look(*BEGUN, runner=None))


def test_the_page_forges_no_line():
    """Text from outside cannot add a line to the page."""
    hostile = g.received(description="x\nbest     val_bpb 0.000001\x1b[2J")
    page = page_of(look(*BEGUN, *g.BASELINE, hostile))
    assert 1 == sum(line.startswith("best") for line in page.splitlines())
    assert "\x1b" not in page


def test_what_comes_next_is_the_deciders_word():
    """The next step is asked of the decider, or it is the end of the job that runs."""
    assert "check setup" == next_step(g.given(*BEGUN))
    assert "start training (iteration 1)" == next_step(g.given(*BEGUN, *g.BASELINE, *g.candidate(1)))
    running = g.given(*BEGUN, *g.BASELINE, *g.candidate(1), g.training(1))
    assert "when train of iteration 1 has ended" == next_step(running)


def test_a_card_is_read_from_nvidia_smi():
    """The first line counts; what the driver does not say is None."""
    card = parse("97, 40536, 81559, NVIDIA H100\n0, 1, 2, other\n")
    told = status_object(look(gpu=card))["gpu"]
    assert {
        "utilisation_percent": 97.0,
        "memory_used_mb": 40536.0,
        "memory_total_mb": 81559.0,
        "name": "NVIDIA H100",
    } == told
    assert parse("[N/A], 1, 2, Some, card").utilisation_percent is None
    assert parse("No devices were found") is None
    assert parse("") is None


def test_a_question_is_told_in_words():
    """`need_input` is the question itself, a string, as programs that read it expect."""
    asks = status_object(look(*BEGUN, *g.BASELINE, g.opened(1), NEEDS))
    assert say(NEEDS.question) == asks["need_input"]
    assert "which way?" in asks["need_input"]
    assert status_object(look(*BEGUN))["need_input"] is None


def measured(purpose: str, keep: int, repeats: tuple[int, ...]) -> ev.RemeasureStarted:
    """A kept one is measured again."""
    return ev.RemeasureStarted(
        iteration=2,
        keep=keep,
        purpose=purpose,
        commit=g.BASE,
        because_of=1 if purpose == "verdict" else None,
        repeats=repeats,
        differ_in=(),
    )


WITHOUT = evolve(g.received(), without=Without(keep=1, purpose="ablate", repeats=(2, 3)))


@pytest.mark.parametrize(
    ("events", "purpose", "keep", "said"),
    [
        ((g.opened(2),), None, None, "iteration 2: propose"),
        ((measured("final", 1, (2, 3)),), "final", 1, "iteration 2 (the final measurement: iteration 1 on"),
        (
            (measured("consolidate", 0, (2,)),),
            "consolidate",
            0,
            "(the consolidation: baseline on",
        ),
        ((measured("verdict", 1, (2,)),), "verdict", 1, "(iteration 1 measured again, to compare"),
        ((WITHOUT, g.opened(2), "chosen"), "ablate", 1, "(the ablation: the best without iteration 1)"),
    ],
)
def test_what_is_no_idea_is_named(events, purpose, keep, said):
    """A measurement of what was kept, and the best without a keep, are told in words."""
    before = (*KEPT, g.asked(0, final=2, consolidate=2, alone=True))
    taken = [g.chosen(2, received=len(before) + 1) if one == "chosen" else one for one in events]
    seen = look(*before, *taken)
    told = status_object(seen)["in_progress"]
    assert (2, purpose, keep) == (told["iteration"], told["purpose"], told["keep"])
    assert said in page_of(seen)


@pytest.mark.parametrize("until", ["", LATE])
def test_while_a_human_is_waited_for_only_a_time_ends_it(until):
    """No pace is told of a run that is paused, or waits for a disk; without a runner no end is."""
    run = (g.started(), g.asked(3, until=until), g.runner_started(), *g.BASELINE)
    paused = look(*run, ev.RunPaused(reason=why("human", "r")), as_of="2026-03-08T21:10:00.000Z")
    assert (until or None) == status_object(paused)["ends_at"]
    assert bool(until) == ("ends " in page_of(paused))
    full = look(*run, trouble="the disk is full", as_of="2026-03-08T21:10:00.000Z")
    assert (until or None) == status_object(full)["ends_at"]
    lost = look(*run, runner=None, as_of="2026-03-08T21:10:00.000Z")
    assert ("interrupted", None) == (status_object(lost)["phase"], status_object(lost)["ends_at"])


def test_the_end_is_expected_by_what_there_was():
    """Three loops of the baseline's five minutes are left, and the final's two trainings: 25 minutes."""
    run = (g.started(), g.asked(3, final=1), g.runner_started(), *g.BASELINE)
    found = status_object(look(*run, as_of="2026-03-08T21:10:00.000Z"))
    assert (1500.0, "2026-03-08T21:35:00.000Z") == (found["seconds_left"], found["ends_at"])
    assert (599.0, 0.0833) == (found["elapsed_s"], found["device_hours"])


@pytest.mark.parametrize(("back", "left"), [("2026-03-08T21:20:00.000Z", 2100.0), ("", None)])
def test_the_rest_of_an_agent_that_is_waited_for_counts(back, left):
    """Ten minutes of rest are before the 25 of work; where nobody knows how long it rests, no end is told."""
    run = (g.started(), g.asked(3, final=1), g.runner_started(), *g.BASELINE)
    seen = look(*run, as_of="2026-03-08T21:10:00.000Z")
    agents = [{"agent": "a", "rests": True, "next_try": back}]
    waits = {**seen.glance.standing, "waits_for_agent": "a", "agents": agents}
    assert left == status.seconds_left(waits, seen.glance.facts)


def test_the_end_is_expected_by_the_first_training_that_was_measured():
    """A baseline that is not kept yet, after one training, is not expected at five minutes."""
    begun = (g.started(), g.asked(3, final=0), g.runner_started(), *g.BASELINE[:-2])
    now = g.given(*begun)
    assert now.takes_s == 0
    assert max(one.took_s for one in now.open) * 3 == pytest.approx(standing(now)["work_left_s"])


def test_the_end_is_expected_behind_a_consolidation():
    """Baseline and keep are each measured on two seeds more, at five minutes: 20 minutes are left."""
    tried = (g.opened(1), g.chosen(1), g.training(1), g.trained(1, 0.9), g.row(1, 0.9), g.kept(1))
    asked = g.asked(0, consolidate=2, alone=True)
    run = (g.started(), g.asked(1, final=0), g.runner_started(), *g.BASELINE, *tried, asked)
    assert 1200.0 == pytest.approx(status_object(look(*run))["seconds_left"])


def test_the_end_is_the_limit_where_loops_have_none():
    """As many loops as fit end at the time that was asked for; at rest nothing is expected any more."""
    run = (g.started(), g.asked(OPEN_END, until=LATE), g.runner_started(), *g.BASELINE)
    seen = look(*run, as_of="2026-03-08T21:10:00.000Z")
    found = status_object(seen)
    assert (LATE, LATE, 6600.0) == (found["until"], found["ends_at"], found["seconds_left"])
    assert "in 1 h 50 min, until " in page_of(seen)
    assert "as many loops as fit left" in page_of(seen)
    rested = status_object(look(*run, ev.RunStopped(how="stopped", reason=why("as_requested"))))
    assert (None, None) == (rested["ends_at"], rested["seconds_left"])
    assert rested["elapsed_s"] < 60
