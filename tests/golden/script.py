"""What a golden run is played from: the answers of the world, and what humans say when a condition holds."""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import define, field

from autoresearch.events import catalog as ev
from autoresearch.events.metric_spec import AS_BEFORE, MetricSpec
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Proposal, Request
from autoresearch.projections.run_state import RunState


RETRY_AT = "2026-03-08T23:30:00.000Z"

# The settings of agents as they were before failures had kinds.
AGENTS_BEFORE: dict[str, Any] = {
    "when_agent_fails": "pause",
    "agent_timeout_s": 600.0,
    "agent_idle_s": 120.0,
    "backlog": 0,
}

Batch = tuple[ev.Event, ...]
Say = Callable[[RunState], Batch]  # what somebody says before the next decision, if anything


def nobody(_run: RunState) -> Batch:
    """Say nothing."""
    return ()


@define
class Script:
    """What the world answers: a metric or an outcome for each training, an outcome for each call."""

    config: RunConfig = RunConfig(
        keep_rule="lower", final=0, metric=MetricSpec(pattern=AS_BEFORE), **AGENTS_BEFORE
    )
    requests: tuple[Request, ...] = (Request(loops=3),)
    decides: int = 1  # by which rules (RULES of engine/core/decider.py): the histories of before say none
    devices: tuple[str, ...] = ("cpu",)
    classes: tuple[tuple[str, ...], ...] = ()  # of the devices, for each start of a runner; else not known
    setup: tuple[bool, ...] = (True,)  # of each look at the setup
    trainings: Mapping[tuple[int, int], float | str] = field(factory=dict)  # iteration, training
    evaluations: Mapping[tuple[int, int], float | str] = field(factory=dict)
    also: Mapping[int, Mapping[str, float]] = field(factory=dict)  # what it printed beside the metric
    rereads: Mapping[int, float] = field(factory=dict)  # what an iteration's output gives, read again
    looks: Mapping[tuple[int, int], float | str] = field(factory=dict)  # at the holdout: iteration, look
    checks: Mapping[tuple[int, int], str] = field(factory=dict)  # of guards: failed or lost; else it holds
    data_ids: Mapping[int, str] = field(factory=dict)
    data_seen: tuple[str, ...] = ("d1",)  # at each look at the setup
    surroundings: Mapping[int, Mapping[str, str]] = field(factory=dict)  # of the trainings of an iteration
    calls: Mapping[tuple[int, int], str] = field(factory=dict)  # lost, failed, asks, prose ...
    preparations_lost: frozenset[int] = frozenset()
    beside: Mapping[int, Mapping[str, str]] = field(factory=dict)  # of proposals: keys that change nothing
    misses: frozenset[int] = frozenset()  # iterations whose proposal has edits that miss
    failures: frozenset[int] = frozenset()  # iterations whose change does not apply
    rebased: Mapping[int, str] = field(factory=dict)
    same_tree: frozenset[int] = frozenset()
    same_code: Mapping[int, int] = field(factory=dict)  # by iteration: whose code it has, too
    losers: frozenset[int] = frozenset()  # iterations that lie far behind the curve of their base
    human: Say = nobody
    time: Say = nobody  # what the runner's clock makes it note
    slow_checks: bool = False  # everything else ends before the command of a guard
    last_first: bool = False  # of several jobs, the one that was started last ends first


PLAIN = RunConfig(
    keep_rule="lower",
    final=0,
    check=(),
    prepare=(),
    protected=(),
    metric=MetricSpec(pattern=AS_BEFORE),
    **AGENTS_BEFORE,
)
AGENT = Request(loops=3, agent="opencode")


def at(*seqs_and_events: tuple[Callable[[RunState], bool], Batch]) -> Say:
    """Say each batch once, when its condition holds of the run for the first time."""
    left = list(seqs_and_events)

    def human(run: RunState) -> Batch:
        for entry in left:
            when, batch = entry
            if when(run):
                left.remove(entry)
                return batch
        return ()

    return human


def trains(number: int) -> Callable[[RunState], bool]:
    return lambda run: any(n == number and job.step == "train" for n, job in run.jobs)


def done_after(iterations: int) -> Callable[[RunState], bool]:
    return lambda run: run.stopped == "done" and run.completed == iterations


def prepared_beside_training(run: RunState) -> bool:
    ready = any(one.next_stage == "train" and one.job is None and one.number > 0 for one in run.open)
    return ready and any(job.step == "train" for _, job in run.jobs)


def proposal(number: int) -> Proposal:
    return Proposal(
        status="ok",
        description=f"rate {number}",
        change_plan=f"set LR to {number / 10}",
        commit_description=f"experiment: rate {number}",
        set={"LR": number / 10},
    )


def received(number: int, *, first: bool = False) -> ev.ProposalReceived:
    """Return a human's proposal."""
    return ev.ProposalReceived(
        source="cli", name="", sha256="1" * 64, dropped_at="", proposal=proposal(number), first=first
    )
