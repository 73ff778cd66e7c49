"""Short ways to say which events a run has seen, for tests that need no disk."""

from autoresearch.engine.core.decider import RULES
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Recorded
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import (
    LOOP_STAGES,
    Measured,
    OutputDigest,
    Process,
    Proposal,
    Request,
    Usage,
    why,
)
from autoresearch.projections.fold import fold
from autoresearch.projections.reducers.run import RUN
from autoresearch.projections.run_state import RunState


BASE = "b" * 40
BROKE = why("exit_code_said", "it broke", exit_code=1)
HUNG = why("agent_silent", agent="opencode", seconds=1.0)
OUTPUT = OutputDigest(bytes=10, sha256="0" * 64, tail="the end")


def recorded(*events: ev.Event, after: int = 0) -> list[Recorded]:
    """Put events into envelopes, numbered from `after` + 1, a second apart."""
    return [
        Recorded(
            seq=seq,
            at=f"2026-03-08T21:{seq // 60:02d}:{seq % 60:02d}.000Z",
            by="test",
            key=None,
            tx=None,
            event=event,
            hash="0" * 64,
            end=seq,
        )
        for seq, event in enumerate(events, start=after + 1)
    ]


def given(*events: ev.Event) -> RunState:
    """Return the run's state after these events."""
    return fold(RUN, recorded(*events))


def started(config: RunConfig | None = None) -> ev.RunStarted:
    """A run was created."""
    return ev.RunStarted(
        run_id="autoresearch-mar8-r001",
        branch="autoresearch/mar8",
        base_commit=BASE,
        base_tree="t" * 40,
        config=config or RunConfig(keep_rule="lower", final=0),
        program_version="0",
    )


def asked(
    loops: int = 1, *, agent: str = "none", loop_stages: tuple = LOOP_STAGES, **more
) -> ev.LoopsRequested:
    """Loops were asked for."""
    return ev.LoopsRequested(request=Request(loops=loops, agent=agent, loop_stages=loop_stages, **more))


def set_up(*, ok: bool = True, preparable: bool = False) -> ev.SetupChecked:
    """Setup was looked at."""
    missing = () if ok else (why("check_says", "data - in the cache"),)
    return ev.SetupChecked(
        ok=ok,
        missing=missing,
        preparable=preparable,
        data_id="d1",
        shared=(),
        inputs=(),
        python_path=(),
        interpreter=(),
        interpreter_from="",
        libraries=(),
        versions={},
    )


def opened(iteration: int, *, base: str = BASE, first: str = "propose") -> ev.IterationStarted:
    """An iteration was opened."""
    return ev.IterationStarted(iteration=iteration, base_commit=base, first_stage=first)


def training(
    iteration: int,
    number: int = 1,
    commit: str = BASE,
    *,
    slot: int = 1,
    device: str = "cpu",
    repeat: int = 1,
) -> ev.TrainingStarted:
    """A training was started."""
    return ev.TrainingStarted(
        iteration=iteration,
        training=number,
        repeat=repeat,
        seed=None,
        slot=slot,
        device=device,
        commit=commit,
        command=("python", "train.py"),
        deadline_s=900,
        seal="5ea1",
        surroundings={},
    )


def voided(iteration: int, *files: str, number: int = 1) -> ev.TrainingVoided:
    """A training ended, and somebody had touched these files meanwhile."""
    reason = why("file_changed_while_training", file=files[0], more=len(files) - 1)
    return ev.TrainingVoided(
        iteration=iteration, training=number, files=files, reason=reason, seconds=300.0, output=OUTPUT
    )


def trained(
    iteration: int,
    metric: float | None,
    *,
    outcome: str = "succeeded",
    number: int = 1,
    data_id: str = "d1",
    also: dict[str, float] | None = None,
) -> ev.TrainingFinished:
    """A training ended."""
    return ev.TrainingFinished(
        iteration=iteration,
        training=number,
        outcome=outcome,
        reason=None if outcome == "succeeded" else BROKE,
        metric=metric,
        exit_code=0,
        signal=None,
        started_at="2026-03-08T21:00:00.000Z",
        ended_at="2026-03-08T21:05:00.000Z",
        seconds=300.0,
        cpu_seconds=None,
        measured=Measured(peak_vram_mb=2048.0, data_id=data_id),
        also=also or {},
        printed=None,
        output=OUTPUT,
        progress=None,
    )


def row(iteration: int, metric: float | None, *, outcome: str = "succeeded") -> ev.ResultRecorded:
    """A result was recorded."""
    return ev.ResultRecorded(
        iteration=iteration,
        commit=BASE,
        outcome=outcome,
        metric=metric,
        memory_gb=2.0,
    )


def kept(iteration: int, commit: str = BASE) -> ev.CandidateKept:
    """A candidate was kept."""
    return ev.CandidateKept(
        iteration=iteration,
        commit=commit,
        rule="lower",
        inputs={},
        branch_moved=True,
        branch_note=None,
    )


def discarded(iteration: int) -> ev.CandidateDiscarded:
    """A candidate was discarded."""
    return ev.CandidateDiscarded(iteration=iteration, rule="lower", inputs={})


def proposal(**more) -> Proposal:
    """A proposal that sets one constant."""
    fields = {
        "status": "ok",
        "description": "raise the rate",
        "change_plan": "set LR to 0.1",
        "commit_description": "experiment: LR 0.1",
        "set": {"LR": 0.1},
    }
    return Proposal(**(fields | more))


def chosen(
    iteration: int, *, source: str = "search", received: int | None = None, **more
) -> ev.ProposalChosen:
    """An iteration got its proposal."""
    said = proposal(**more)
    return ev.ProposalChosen(
        iteration=iteration,
        source=source,
        description=said.description,
        proposal=said if received is None else None,
        received=received,
        search=int(source == "search" and received is None),
    )


def applied(iteration: int, change: int = 1, sha: str = "1" * 64) -> ev.ChangeApplied:
    """A proposal was applied."""
    return ev.ChangeApplied(
        iteration=iteration, change=change, files=("train.py",), insertions=1, deletions=1, diff_sha256=sha
    )


def committed(
    iteration: int,
    commit: str = "c" * 40,
    change: int = 1,
    tree: str = "",
    *,
    code: str = "",
    base_code: str = "",
) -> ev.CandidateCommitted:
    """A candidate was committed."""
    return ev.CandidateCommitted(
        iteration=iteration,
        change=change,
        commit=commit,
        tree=tree or commit[::-1] + "x",
        base_commit=BASE,
        ref=f"refs/autoresearch/r/{iteration}",
        subject="experiment",
        diff_sha256="1" * 64,
        code_sha256=code,
        base_code_sha256=base_code,
    )


def agent_asked(iteration: int, step: str, call: int = 1, *, agent: str = "opencode") -> ev.AgentAsked:
    """An agent was asked."""
    return ev.AgentAsked(
        iteration=iteration,
        step=step,
        call=call,
        agent=agent,
        prompt_sha256="0" * 64,
        sandbox="landlock",
    )


def agent_answered(
    iteration: int,
    step: str,
    outcome: str = "ok",
    call: int = 1,
    failure: ev.AgentFailure | None = None,
    *,
    agent: str = "opencode",
    usage: Usage | None = None,
) -> ev.AgentAnswered:
    """An agent answered."""
    return ev.AgentAnswered(
        iteration=iteration,
        step=step,
        call=call,
        agent=agent,
        outcome=outcome,
        reason=None if outcome == "ok" else HUNG,
        failure=failure,
        seconds=1.0,
        usage=usage or Usage(),
        model_asked="",
        agent_version="",
        prices="",
        output=OUTPUT,
        session_id=None,
        model=None,
    )


def runner_started(device_class: str = "cpu", *, decides: int = RULES) -> ev.RunnerStarted:
    """A runner took the run."""
    process = Process(pid=1, started=1, boot_id="boot")
    return ev.RunnerStarted(
        process=process,
        mode="background",
        program_version="0",
        devices=("cpu",),
        device_classes=(device_class,),
        driver="",
        landlock=0,
        decides=decides,
    )


def received(*, source: str = "drop", **more) -> ev.ProposalReceived:
    """A human's proposal arrived."""
    return ev.ProposalReceived(
        source=source, name="next_proposal.json", sha256="0" * 64, dropped_at="", proposal=proposal(**more)
    )


BASELINE: tuple[ev.Event, ...] = (
    set_up(),
    opened(0, first="train"),
    training(0),
    trained(0, 1.5),
    row(0, 1.5),
    kept(0),
)


def candidate(iteration: int, commit: str = "c" * 40) -> tuple[ev.Event, ...]:
    """An iteration came as far as its commit."""
    return (opened(iteration), chosen(iteration), applied(iteration), committed(iteration, commit))
