"""Histories to measure on: real events in the mix of a real night, written fast and without a sync.

An iteration is what an agent and a training leave: asked and answered twice, changed, committed, trained,
recorded, judged; every fifth is kept. Logs and curves have the sizes that trainings of train.py leave.
"""

from collections.abc import Iterator
from pathlib import Path

from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Position, chain, envelope, payload
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Measured, OutputDigest, ProgressDigest, Proposal, Request, Usage


AT = "2026-03-08T21:04:05.123Z"
EVENTS_PER_ITERATION = 11
SHA = "5" * 64
_TAIL = "step 00256 (100.0%) | loss: 3.124511 | lrm: 0.05 | dt: 141ms | tok/sec: 14,512 | mfu: 0.0%\n" * 12
_CURVE = tuple((round(100 * i / 59, 1), round(8.3 - i / 12, 4)) for i in range(60))


def events(iterations: int) -> Iterator[tuple[ev.Event, ...]]:
    """Yield a run's appends: single events, and batches of what is appended together."""
    config = RunConfig()
    yield (
        ev.RunStarted(
            run_id="autoresearch-mar8-r001",
            branch="autoresearch/mar8",
            base_commit=_commit(0),
            base_tree=_commit(0),
            config=config,
            program_version="1",
        ),
        ev.LoopsRequested(request=Request(loops=10**6, agent="opencode")),
    )
    yield (
        ev.SetupChecked(
            ok=True,
            missing=(),
            preparable=False,
            data_id="d" * 16,
            shared=(),
            inputs=(),
            python_path=(),
            interpreter=(),
            interpreter_from="",
            libraries=(),
            versions={},
        ),
    )
    yield (ev.IterationStarted(iteration=0, base_commit=_commit(0), first_stage="train"),)
    yield from _trained(0)
    for number in range(1, iterations):
        yield from _iteration(number)


def write(path: Path, *, count: int) -> int:
    """Write a history of at least so many events and whole iterations; return how many there are."""
    head, shared = Position.start(), envelope(at=AT, by=b'"runner"')
    with path.open("wb", buffering=2**20) as file:
        for batch in events(count // EVENTS_PER_ITERATION + 2):
            for seq, raw, end, hash_ in chain([payload(event) for event in batch], shared, after=head):
                file.write(raw)
                head = Position(seq=seq, offset=end, hash=hash_)
            if head.seq >= count and isinstance(batch[-1], ev.CandidateKept | ev.CandidateDiscarded):
                break
    return head.seq


def _iteration(number: int) -> Iterator[tuple[ev.Event, ...]]:
    best = _commit(5 * ((number - 1) // 5))
    said = Proposal(
        status="ok",
        description=f"try {number}: a wider MLP with a smaller learning rate for its second matrix",
        change_plan="Set MLP_RATIO to 5 and scale the learning rate of `down` by 0.8, since it grows.",
        commit_description=f"experiment {number}: wider MLP",
    )
    yield (ev.IterationStarted(iteration=number, base_commit=best, first_stage="propose"),)
    for call, step in enumerate(("propose", "apply"), start=1):
        asked = ev.AgentAsked(
            iteration=number,
            step=step,  # type: ignore[arg-type]
            call=call,
            agent="opencode",
            prompt_sha256=SHA,
            sandbox="landlock",
        )
        came = (
            ev.ProposalChosen(
                iteration=number,
                source="agent",
                description=said.description,
                proposal=said,
                received=None,
            )
            if step == "propose"
            else ev.ChangeApplied(
                iteration=number,
                change=1,
                files=("train.py",),
                insertions=3,
                deletions=2,
                diff_sha256=SHA,
            )
        )
        yield (asked,)
        yield (_answered(asked), came)
    yield (
        ev.CandidateCommitted(
            iteration=number,
            change=1,
            commit=_commit(number),
            tree=_commit(number),
            base_commit=best,
            ref=f"refs/autoresearch/autoresearch-mar8-r001/{number}",
            subject=said.commit_description,
            diff_sha256=SHA,
            code_sha256="",
            base_code_sha256="",
        ),
    )
    yield from _trained(number)


def _answered(asked: ev.AgentAsked) -> ev.AgentAnswered:
    return ev.AgentAnswered(
        iteration=asked.iteration,
        step=asked.step,
        call=asked.call,
        agent=asked.agent,
        outcome="ok",
        reason=None,
        failure=None,
        seconds=73.214,
        usage=Usage(
            input_uncached=2103, input_cached=18231, output=913, cost_usd=0.0213, cost_basis="reported"
        ),
        output=OutputDigest(bytes=48211, sha256=SHA, tail=_TAIL[:400]),
        session_id="ses_df61c0ffee",
        model="some/model",
        model_asked="some/model",
        agent_version="1.18.33",
        prices="",
    )


def _trained(number: int) -> Iterator[tuple[ev.Event, ...]]:
    keep = number % 5 == 0
    metric = 2.0 - number / 10**6 + (0.0 if keep else 0.01)
    yield (
        ev.TrainingStarted(
            iteration=number,
            training=1,
            repeat=1,
            seed=None,
            slot=1,
            device="0",
            commit=_commit(number),
            command=("/usr/bin/python3", "train.py"),
            deadline_s=900.0,
            seal="5" * 16,
            surroundings={},
        ),
    )
    yield (
        ev.TrainingFinished(
            iteration=number,
            training=1,
            outcome="succeeded",
            reason=None,
            metric=metric,
            exit_code=0,
            signal=None,
            started_at=AT,
            ended_at=AT,
            seconds=301.4,
            cpu_seconds=None,
            measured=Measured(
                peak_vram_mb=60123.4,
                training_seconds=300.1,
                total_seconds=331.0,
                num_steps=1312,
                data_id="d" * 16,
                seed=42,
                device="NVIDIA H100 80GB HBM3",
                threads=8,
                torch_version="2.13.0",
            ),
            also={},
            printed=None,
            output=OutputDigest(bytes=91234, sha256=SHA, tail=_TAIL),
            progress=ProgressDigest(sha256=SHA, lines=331, points=_CURVE),
        ),
    )
    yield (
        ev.ResultRecorded(
            iteration=number,
            commit=_commit(number),
            outcome="succeeded",
            metric=metric,
            memory_gb=58.714,
        ),
    )
    if keep:
        yield (
            ev.CandidateKept(
                iteration=number,
                commit=_commit(number),
                rule="lower",
                inputs={"metric": metric, "best": 2.0, "min_delta": 0.0},
                branch_moved=True,
                branch_note=None,
            ),
        )
    else:
        yield (
            ev.CandidateDiscarded(
                iteration=number,
                rule="lower",
                inputs={"metric": metric, "best": 2.0, "min_delta": 0.0},
            ),
        )


def _commit(number: int) -> str:
    return f"{number:040x}"
