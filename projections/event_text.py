"""Events -> text: one line for each, the same for the same event. Pure.

Text that came from outside is made one line of printable characters and cut, so that a hostile name or
log cannot forge a line. States are rendered in workflows/pages/tables.py.
"""

from typing import assert_never

from autoresearch.events import catalog as ev
from autoresearch.events.codec import RawEvent, Recorded
from autoresearch.events.values import LOOP_STAGES, TOP_STAGES, Request, Usage
from autoresearch.projections.times import duration


LINE_CHARACTERS = 240
FULL_HASH = 40  # characters; shorter is how an imported table wrote it


def line(recorded: Recorded) -> str:
    """Return the event's line, without a line end: time, number, what happened."""
    return f"{recorded.at} #{recorded.seq} {say(recorded.event)}"


def say(event: ev.Event | RawEvent) -> str:
    """Return what happened, in one line."""
    return one_line(_words(event), LINE_CHARACTERS)


def one_line(text: str, limit: int) -> str:
    """Return the text as one printable line of at most `limit` characters."""
    start = text[: 4 * limit]
    printable = start if start.isprintable() else "".join(c if c.isprintable() else " " for c in start)
    flat = " ".join(printable.split())
    return flat if len(flat) <= limit else f"{flat[: limit - 1]}…"


def short(commit: str | None) -> str:
    """Return a commit for people: seven digits of a hash, another program's word as it is, `-` for none."""
    return "-" if not commit else commit[:7] if len(commit) >= FULL_HASH else commit


def name_of(iteration: int) -> str:
    """Return what people call an iteration: 0 is the baseline."""
    return "baseline" if iteration == 0 else f"iteration {iteration}"


def asked_for(request: Request) -> str:
    """Return what a request asks for: loops, and the stages where it restricts them."""
    words = [f"{request.loops} loop{'' if request.loops == 1 else 's'}"] if "loop" in request.stages else []
    if request.stages != TOP_STAGES:
        words.append(f"only {', '.join(request.stages)}")
    if request.loop_stages != LOOP_STAGES and "loop" in request.stages:
        words.append(f"of the loop only {', '.join(request.loop_stages)}")
    if request.timeout_s:
        words.append(f"each training ended after {duration(request.timeout_s)}")
    return "; ".join(words)


def proposer(request: Request) -> str:
    """Return who proposes where no human does."""
    return request.agent if request.stochastic and request.agent != "none" else "the seeded search"


def _words(event: ev.Event | RawEvent) -> str:
    match event:
        case RawEvent():
            return f"{event.type} v{event.version}, which this program does not know"
        case ev.ProposalReceived() | ev.ProposalRefused() | ev.ProposalChosen() | ev.InputNeeded():
            return _proposal(event)
        case ev.AgentAsked() | ev.AgentAnswered():
            return _agent(event)
        case (
            ev.IterationStarted()
            | ev.ChangeApplied()
            | ev.ChangeFailed()
            | ev.CandidateCommitted()
            | ev.IterationLeftOpen()
        ):
            return _change(event)
        case ev.CandidateOvertaken() | ev.CandidateCarriedOver() | ev.CandidateSetAside():
            return _ahead(event)
        case ev.TrainingStarted() | ev.TrainingFinished() | ev.TrainingLost() | ev.CrashTriaged():
            return _training(event)
        case ev.ResultRecorded() | ev.ResultImported() | ev.CandidateKept() | ev.CandidateDiscarded():
            return _verdict(event)
        case _:
            return _run(event)


def _run(
    event: (
        ev.RunStarted
        | ev.ConfigChanged
        | ev.LoopsRequested
        | ev.RunResumed
        | ev.RunnerStarted
        | ev.RunPaused
        | ev.RunUnpaused
        | ev.StopRequested
        | ev.RunStopped
        | ev.NoteAdded
        | ev.KeepAdopted
        | ev.RunCleaned
        | ev.SetupChecked
        | ev.PrepareStarted
        | ev.PrepareFinished
        | ev.TailHealed
        | ev.RunImported
    ),
) -> str:
    match event:
        case ev.RunStarted() if not event.base_commit:  # the code of an imported run is not known
            return f"run {event.run_id} created on {event.branch}"
        case ev.RunStarted():
            return f"run {event.run_id} created on {event.branch}, from {event.base_commit[:7]}"
        case ev.ConfigChanged():
            return f"settings changed: {', '.join(event.changed)}"
        case ev.LoopsRequested():
            return f"asked for {asked_for(event.request)}; {proposer(event.request)} proposes"
        case ev.RunResumed():
            return "asked to go on with what is left"
        case ev.RunnerStarted():
            return f"runner started in the {event.mode}, process {event.process.pid}"
        case ev.RunPaused():
            return f"paused: {event.reason}"
        case ev.RunUnpaused():
            return "the pause was lifted"
        case ev.StopRequested():
            return "asked to stop at once" if event.now else "asked to stop after the current stage"
        case ev.RunStopped():
            return f"at rest, {event.reason.replace('_', ' ')}: {event.detail}"
        case ev.KeepAdopted():
            return f"adopted: the run's branch stands on {event.commit[:7]}"
        case ev.RunCleaned():
            return f"cleaned: {event.worktrees} worktrees and {event.refs} refs were removed"
        case ev.NoteAdded():
            return f"note: {event.text}"
        case ev.SetupChecked():
            data = f", data {event.data_id[:12]}" if event.data_id else ""
            return f"setup is complete{data}" if event.ok else f"setup lacks {'; '.join(event.missing)}"
        case ev.PrepareStarted():
            return f"preparing (attempt {event.attempt}): {' '.join(event.command)}"
        case ev.PrepareFinished():
            how = "prepared" if event.ok else f"preparing failed: {event.reason};"
            return f"{how} in {duration(event.seconds)}" if event.ok else f"{how} {duration(event.seconds)}"
        case ev.TailHealed():
            return f"{event.bytes} torn bytes at the end, never acknowledged, were closed off"
        case ev.RunImported():
            rest = f"; without {event.left_out}" if event.left_out else ""
            return f"imported from {event.name} ({event.source}), {event.rows} results{rest}"
        case _:
            assert_never(event)


def _proposal(event: ev.ProposalReceived | ev.ProposalRefused | ev.ProposalChosen | ev.InputNeeded) -> str:
    match event:
        case ev.ProposalReceived():
            file = f" {event.name}" if event.name else ""
            return f"proposal received ({event.source}{file}): {event.proposal.description}"
        case ev.ProposalRefused():
            return f"proposal {event.name} refused: {event.reason}"
        case ev.ProposalChosen():
            return f"{name_of(event.iteration)} tries ({event.source}): {event.proposal.description}"
        case ev.InputNeeded():
            return f"{name_of(event.iteration)} needs a human proposal: {event.question}"


def _agent(event: ev.AgentAsked | ev.AgentAnswered) -> str:
    what = {"propose": "propose", "apply": "apply the change", "triage": "look at the crash"}[event.step]
    if isinstance(event, ev.AgentAsked):
        return f"{name_of(event.iteration)}: {event.agent} is asked to {what}"
    asked = f"{name_of(event.iteration)}: {event.agent} was asked to {what} and"
    took = f"{duration(event.seconds)}{_cost(event.usage)}"
    match event.outcome:
        case "ok":
            return f"{asked} answered in {took}"
        case "cancelled":
            return f"{asked} called back after {took}"
        case "failed":
            return f"{asked} failed after {took}: {event.reason}"


def _cost(usage: Usage) -> str:
    return "" if usage.cost_usd is None else f", {usage.cost_usd:.4f} USD"


def _change(
    event: (
        ev.IterationStarted
        | ev.ChangeApplied
        | ev.ChangeFailed
        | ev.CandidateCommitted
        | ev.IterationLeftOpen
    ),
) -> str:
    name = name_of(event.iteration)
    match event:
        case ev.IterationStarted():
            return f"{name} opened on {event.base_commit[:7]}"
        case ev.ChangeApplied():
            return f"{name} changed {', '.join(event.files)} (+{event.insertions} -{event.deletions})"
        case ev.ChangeFailed():
            return f"{name} could not be applied: {event.reason}"
        case ev.CandidateCommitted():
            return f"{name} committed as {event.commit[:7]}: {event.subject}"
        case ev.IterationLeftOpen():
            return f"{name} left open before {event.next_stage}, which was not asked for"


def _ahead(event: ev.CandidateOvertaken | ev.CandidateCarriedOver | ev.CandidateSetAside) -> str:
    name = name_of(event.iteration)
    match event:
        case ev.CandidateOvertaken():
            best = name_of(event.best_iteration)
            made = f", and its change {short(event.commit)} has to be carried over" if event.commit else ""
            return f"{name} was prepared on {short(event.old_base)} and goes on from {best}{made}"
        case ev.CandidateCarriedOver(how="conflict"):
            return f"{name} threw {short(event.commit)} away, which does not fit the base: {event.reason}"
        case ev.CandidateCarriedOver(how="already"):
            return f"{name} does not carry {short(event.commit)} over: the base has this change already"
        case ev.CandidateCarriedOver():
            how = "merged three ways" if event.how == "merge" else "its form applied anew"
            return f"{name} carried {short(event.commit)} over to {short(event.base_commit)}: {how}"
        case ev.CandidateSetAside():
            said = event.proposal.description
            return f"{name} set {short(event.commit)} aside for a human's proposal; later: {said}"


def _training(
    event: ev.TrainingStarted | ev.TrainingFinished | ev.TrainingLost | ev.CrashTriaged,
) -> str:
    name = name_of(event.iteration)
    match event:
        case ev.TrainingStarted():
            again = f", attempt {event.attempt}" if event.attempt > 1 else ""
            return f"{name} trains {event.commit[:7]}{again}"
        case ev.TrainingFinished() if event.outcome == "succeeded":
            metric = f"{event.metric:.6f}" if event.metric is not None else "no metric"
            return f"{name} trained in {duration(event.seconds)}: {metric}"
        case ev.TrainingFinished():
            outcome = event.outcome.replace("_", " ")
            return f"{name} {outcome} after {duration(event.seconds)}: {event.reason}"
        case ev.TrainingLost():
            return f"{name} lost its training (attempt {event.attempt}): {event.reason}"
        case ev.CrashTriaged():
            what = "is given up" if event.action == "discard" else "was mended and is tried again"
            return f"{name} {what}: {event.reason}"


def _verdict(
    event: ev.ResultRecorded | ev.ResultImported | ev.CandidateKept | ev.CandidateDiscarded,
) -> str:
    name = name_of(event.iteration)
    match event:
        case ev.ResultRecorded():
            result = event.outcome.replace("_", " ") if event.metric is None else f"{event.metric:.6f}"
            return f"{name} recorded: {result}, {event.description}"
        case ev.ResultImported():
            result = "no result" if event.metric is None else f"{event.metric:.6f}"
            return f"{name} imported, {event.status}: {result}, {event.description}"
        case ev.CandidateKept():
            branch = f" ({event.branch_note})" if event.branch_note else ""
            return f"{name} kept: {event.reason}{branch}"
        case ev.CandidateDiscarded():
            return f"{name} discarded: {event.reason}"
