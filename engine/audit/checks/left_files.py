"""The small files that a run leaves beside its logs, by their digests and by what its history says of them.

How a job was to be run, what an agent was told, the diff that was applied, proposals as they came; and
folders of iterations and jobs that no event tells of.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attrs import frozen

from autoresearch.engine.audit.report import Tally
from autoresearch.engine.jobs import pack
from autoresearch.engine.paths import EXIT, PACK, RunPaths
from autoresearch.engine.ports.agent import STEPS
from autoresearch.engine.ports.jobs import Jobs
from autoresearch.engine.proposals.parse import identity, parse
from autoresearch.engine.proposals.schema import NoProposal
from autoresearch.engine.training.spec import CPU
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Recorded
from autoresearch.events.errors import InvalidInput
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Proposal
from autoresearch.projections.run_state import RunState


UNREAD = identity(b"")  # of what was refused without being read
_SET_LAST = ("PYTHONPATH",)  # behind the settings' own word

_ITERATION = re.compile(r"[0-9]{4,}")
_RECEIVED = re.compile(r"received_([0-9]+)\.json")

Started = ev.TrainingStarted | ev.EvaluationStarted | ev.GuardStarted | ev.HoldoutStarted | ev.PrepareStarted
Ended = ev.TrainingFinished | ev.EvaluationFinished | ev.GuardFinished | ev.HoldoutScored | ev.PrepareFinished
JobName = tuple[int, str]  # of which iteration, "train.1"


@frozen(kw_only=True)
class _Drop:
    """A proposal that came as a file."""

    seq: int
    sha256: str
    proposal: Proposal | None  # None: it was refused


class LeftFiles:
    """Compares what lies in a run's folder with what its history says was left there."""

    def __init__(self, paths: RunPaths, jobs: Jobs) -> None:
        self.tally = Tally("files", "specs, prompts, diffs, proposals and folders of the run compared")
        self._paths = paths
        self._jobs = jobs
        self._diffs: dict[int, tuple[int, str]] = {}  # seq and digest of the newest, of open iterations
        self._stored: set[int] = set()  # those of them that are committed
        self._drops: list[_Drop] = []
        self._used: dict[int, int] = {}  # seq of a drop -> the iteration that used it
        self._running: dict[
            JobName, tuple[int, Started, RunConfig]
        ] = {}  # seq of its start, and settings then
        self._told: set[JobName] = set()  # jobs that an event tells of
        self._may_be: set[JobName] = set()  # begun by a runner that died before it wrote so
        self._found = _begun(paths)  # before the history is read: what a living runner makes then is later

    def see(self, before: RunState, event: ev.Event, recorded: Recorded) -> None:
        """Compare what one event says was left; what may be replaced is compared when it no longer may."""
        self._close(before)
        match event:
            case ev.RunnerStarted():
                self._may_be |= set(_next_jobs(before))
            case (
                ev.TrainingStarted()
                | ev.EvaluationStarted()
                | ev.GuardStarted()
                | ev.HoldoutStarted()
                | ev.PrepareStarted()
            ):
                self._told.add(_name_of(event))
                self._running[_name_of(event)] = recorded.seq, event, before.config
            case (
                ev.TrainingFinished()
                | ev.EvaluationFinished()
                | ev.GuardFinished()
                | ev.HoldoutScored()
                | ev.PrepareFinished()
            ):
                self._spec(_name_of(event), before.run_id)
            case ev.JobLost():  # perhaps since it was begun for another
                self._running.pop((event.iteration, f"{event.step}.{event.number}"), None)
            case ev.AgentAsked():
                self._told.add((event.iteration, f"{event.step}.{event.call}"))
                self._prompt(event, recorded)
            case ev.ChangeApplied():
                self._diffs[event.iteration] = recorded.seq, event.diff_sha256
                self._stored.discard(event.iteration)
            case ev.CandidateCommitted():
                self._stored.add(event.iteration)
                if event.commit != event.base_commit:
                    self._diffs[event.iteration] = recorded.seq, event.diff_sha256
            case ev.ProposalReceived() if event.source == "drop":
                drop = _Drop(seq=recorded.seq, sha256=event.sha256, proposal=event.proposal)
                self._drops.append(drop)
            case ev.ProposalRefused():
                self._drops.append(_Drop(seq=recorded.seq, sha256=event.sha256, proposal=None))
            case ev.ProposalChosen() if event.received is not None:
                self._used[event.received] = event.iteration
            case _:
                pass

    def finish(self, run: RunState, end: int) -> None:
        """Compare what can only be compared at the end."""
        self._close(run)
        self._may_be |= set(_next_jobs(run))
        for drop in self._drops:
            self._proposal(drop, run)
        self._proposals_nobody_dropped(end)
        self._folders_nobody_made(run)

    def _close(self, run: RunState) -> None:
        """Compare the diffs of iterations that are closed."""
        for number in [one for one in self._diffs if run.iteration(one) is None]:
            seq, sha256 = self._diffs.pop(number)
            stored = number in self._stored
            self._stored.discard(number)
            path = self._paths.candidate_diff(number)
            found = self._read(path)
            if found is None:
                if not stored:  # else git has it
                    self.tally.miss("diff_gone", self._name(path), seq=seq)
                continue
            self._same(path, "diff_sha256", sha256, identity(found), seq=seq)

    def _spec(self, name: JobName, run_id: str) -> None:
        """Compare how a job was to be run whose end counts."""
        known = self._running.pop(name, None)
        if known is None:
            return
        seq, began, config = known
        folder = self._paths.iteration(name[0]) / name[1]
        spec = self._jobs.spec(folder)
        if spec is None:
            self.tally.miss("spec_gone", self._name(folder), seq=seq)
            return
        self._same(folder, "spec.command", began.command, spec.command, seq=seq)
        for variable, wanted in _environment(config, began, run_id).items():
            self._same(folder, f"spec.env.{variable}", wanted, spec.env.get(variable), seq=seq)

    def _prompt(self, event: ev.AgentAsked, recorded: Recorded) -> None:
        path = self._paths.job(event.iteration, event.step, event.call).prompt
        found = self._read(path)
        if found is None:
            self.tally.miss("prompt_gone", self._name(path), seq=recorded.seq)
            return
        self._same(path, "prompt_sha256", event.prompt_sha256, identity(found), seq=recorded.seq)

    def _proposal(self, drop: _Drop, run: RunState) -> None:
        used = self._used.get(drop.seq)
        if drop.proposal is None:
            places = sorted(self._paths.refused.glob(f"{drop.seq:06d}-*"))[:1]  # then the reason, beside it
        elif used is None:
            places = [self._paths.received_proposal(drop.seq)]
        elif any(seq > drop.seq and one == used for seq, one in self._used.items()):
            return  # a later one took its name
        else:
            places = [self._paths.consumed_proposal(used)]
        if drop.sha256 == UNREAD:
            return
        path = next((one for one in places if one.is_file()), None)
        if path is None:
            if not self._is_on_its_way(drop, run):
                named = self._name(places[0]) if places else f"record {drop.seq}"
                self.tally.miss("proposal_gone", named, seq=drop.seq)
            return
        raw = path.read_bytes()
        self._same(path, "sha256", drop.sha256, identity(raw), seq=drop.seq)
        if drop.proposal is not None:
            self._same(path, "proposal", drop.proposal, _parsed(raw), seq=drop.seq)

    def _is_on_its_way(self, drop: _Drop, run: RunState) -> bool:
        """Say whether a proposal's file lies where it is before, or after, its event is written.

        Or where an iteration took it that was opened since the history was read.
        """
        taken = [self._paths.consumed_proposal(one.number) for one in run.open]
        number = run.last_iteration + 1
        while (later := self._paths.consumed_proposal(number)).is_file():
            taken.append(later)
            number += 1
        found = (path for path in (*self._paths.dropped(), *taken) if path.is_file())
        return any(identity(path.read_bytes()) == drop.sha256 for path in found)

    def _proposals_nobody_dropped(self, end: int) -> None:
        known = {one.seq for one in self._drops}
        for path in sorted(self._paths.consumed.glob("received_*.json")):
            named = _RECEIVED.fullmatch(path.name)
            if named is not None and int(named[1]) <= end and int(named[1]) not in known:
                self._differ(
                    path, "file", "a proposal that record dropped", "no such record", seq=int(named[1])
                )

    def _folders_nobody_made(self, run: RunState) -> None:
        for folder, begun in self._found.items():
            self.tally.count += 1
            number = int(folder.name)
            if number > run.last_iteration + 1 or (
                number > 0 and number > run.last_iteration and run.stopped
            ):
                self._differ(folder, "folder", "an iteration that an event opened", f"iteration {number}")
                continue
            for job in self._jobs_in(folder):
                told = (number, job) in self._told or (number, job) in self._may_be
                if not told and (begun is None or job in begun) and pack.holds(folder / job / EXIT):
                    self._differ(folder / job, "folder", "a job that an event started", job)

    def _jobs_in(self, folder: Path) -> tuple[str, ...]:
        try:
            return pack.jobs(folder)
        except InvalidInput as error:
            self._differ(folder, "pack", "what can be read", error)
            return ()

    def _read(self, path: Path) -> bytes | None:
        try:
            return pack.read(path)
        except InvalidInput as error:
            self._differ(path, "pack", "what can be read", error)
            return None

    def _same(self, path: Path, field: str, expected: object, found: object, *, seq: int) -> None:
        self.tally.count += 1
        if expected != found:
            self._differ(path, field, expected, found, seq=seq)

    def _differ(
        self, path: Path, field: str, expected: object, found: object, *, seq: int | None = None
    ) -> None:
        self.tally.differ(place=self._name(path), seq=seq, field=field, expected=expected, found=found)

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self._paths.folder))


def _begun(paths: RunPaths) -> dict[Path, frozenset[str] | None]:
    """Return the folders of iterations, and the jobs begun in each; None: packed, so that all had ended."""
    top = paths.iteration(0).parent
    found = sorted(path for path in top.glob("*") if _ITERATION.fullmatch(path.name) and path.is_dir())
    return {
        folder: None if (folder / PACK).exists() else frozenset(one.name for one in folder.iterdir())
        for folder in found
    }


def _name_of(event: Started | Ended) -> JobName:
    match event:
        case ev.TrainingStarted() | ev.TrainingFinished():
            return event.iteration, f"train.{event.training}"
        case ev.EvaluationStarted() | ev.EvaluationFinished():
            return event.iteration, f"evaluate.{event.evaluation}"
        case ev.GuardStarted() | ev.GuardFinished():
            return event.iteration, f"guard.{event.check}"
        case ev.HoldoutStarted() | ev.HoldoutScored():
            return event.iteration, f"holdout.{event.look}"
        case _:
            return 0, f"prepare.{event.preparation}"


def _next_jobs(run: RunState) -> Iterator[JobName]:
    """Yield the jobs that may be begun in a state, whichever of them is."""
    yield 0, f"prepare.{run.setup.preparations + 1}"
    for one in run.open:
        yield one.number, f"train.{one.trainings + 1}"
        yield one.number, f"evaluate.{one.evaluations + 1}"
        yield one.number, f"guard.{one.checks + 1}"
        yield one.number, f"holdout.{one.looks + 1}"
        yield from ((one.number, f"{step}.{one.calls + 1}") for step in STEPS)


def _environment(config: RunConfig, event: Started, run_id: str) -> dict[str, Any]:
    """Return what a job's environment must hold, as far as its event and the settings say."""
    env: dict[str, str] = {}
    if not isinstance(event, ev.PrepareStarted):
        env = {
            "AUTORESEARCH_RUN": run_id,
            "AUTORESEARCH_ITERATION": str(event.iteration),
            "AUTORESEARCH_SLOT": str(event.slot),
        }
        env |= {"CUDA_VISIBLE_DEVICES": event.device} if event.device != CPU else {}
        env |= {"AUTORESEARCH_BUDGET": config.training_budget} if config.training_budget else {}
    if isinstance(event, ev.TrainingStarted):
        env |= {"AUTORESEARCH_COMMIT": event.commit, "AUTORESEARCH_ATTEMPT": str(event.training)}
        env |= {config.seed_env: str(event.seed)} if event.seed is not None and config.seed_env else {}
    return {name: value for name, value in (env | config.env).items() if name not in _SET_LAST}


def _parsed(raw: bytes) -> Proposal | None:
    try:
        return parse(raw)
    except NoProposal:
        return None
