"""One line for each event: who may record it, after which states, of which commands it comes. Pure.

A command that an event comes of determines each field that both have; `determined` adds the others that do
not hang on the world. What the world decides (a metric, a commit's hash, whether a branch could be moved) is
left open here; other checks of an audit look at the world.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from attrs import asdict, frozen

from autoresearch.engine.core import commands as do
from autoresearch.engine.core import keeping
from autoresearch.engine.core.asks import reviewing
from autoresearch.engine.core.bookkeeping import commit_subject, event_of, open_iteration, proposal_at
from autoresearch.engine.core.refs import RunRefs
from autoresearch.engine.core.rules import of_ideas, of_waits
from autoresearch.engine.core.rules import transitions as states
from autoresearch.engine.core.rules.transitions import AfterCheck, Misfit
from autoresearch.events import catalog as ev
from autoresearch.events.setting import PYTHON, guard_argv, with_python, with_seed
from autoresearch.events.values import LOOP_STAGES
from autoresearch.projections.run_state import RunState


STEPS: Mapping[type[Any], str] = {
    do.AskForProposal: "propose",
    do.AskToEdit: "edit",
    do.AskToApply: "apply",
    do.AskToTriage: "triage",
    do.AskToReview: "review",
}
Determined: TypeAlias = Callable[[Any, RunState, Any], dict[str, Any]]  # of a command, its state, the event


def _nothing(_command: object, _run: RunState, _event: object) -> dict[str, Any]:
    return {}


def _all(command: Any, run: RunState, _event: object) -> dict[str, Any]:  # noqa: ANN401 - any of its commands
    return asdict(event_of(command, run), recurse=False)


def _argv(setting: str) -> Determined:
    """Determine a command line, but for the path of an interpreter that setup did not name."""

    def determined(_command: object, run: RunState, event: Any) -> dict[str, Any]:  # noqa: ANN401
        return _words(getattr(run.config, setting), run, event)

    return determined


def _training(_command: object, run: RunState, event: Any) -> dict[str, Any]:  # noqa: ANN401
    return _words(with_seed(run.config.train, event.seed), run, event)


def _words(template: tuple[str, ...], run: RunState, event: Any) -> dict[str, Any]:  # noqa: ANN401
    if run.setup.interpreter:
        return {"command": with_python(template, run.setup.interpreter)}
    if len(event.command) != len(template):
        return {"command": template}
    return {"command": tuple(map(_word, template, event.command))}


def _word(word: str, found: str) -> str:
    before, python, after = word.partition(PYTHON)
    return found if python and found.startswith(before) and found.endswith(after) else word


def _step(command: Any, _run: RunState, _event: object) -> dict[str, Any]:  # noqa: ANN401
    return {"step": STEPS[type(command)]}


def _proposal(command: Any, run: RunState, _event: object) -> dict[str, Any]:  # noqa: ANN401
    if isinstance(command, do.ProposeBySearch):
        return {"source": "search", "received": None}  # what it proposes: engine/core/rules/outcomes.py
    waiting = proposal_at(run, command.received)
    said = {"source": waiting.source, "description": waiting.proposal.description}
    return said | {"proposal": None, "search": 0}


def _change(command: Any, run: RunState, _event: object) -> dict[str, Any]:  # noqa: ANN401
    return {"change": open_iteration(run, command.iteration).change}


def _commit(command: Any, run: RunState, _event: object) -> dict[str, Any]:  # noqa: ANN401
    one = open_iteration(run, command.iteration)
    ref = RunRefs(run.run_id).candidate(one.number, one.change)
    fields: dict[str, Any] = {"change": one.change, "base_commit": one.base_commit, "ref": ref}
    if isinstance(command, do.CommitCandidate) and one.proposal is not None:
        fields["subject"] = commit_subject(one.proposal.commit_description)
        fields["diff_sha256"] = one.diff_sha256
    return fields


def _base(command: Any, run: RunState, _event: object) -> dict[str, Any]:  # noqa: ANN401
    return {"base_commit": open_iteration(run, command.iteration).base_commit}


@frozen(kw_only=True)
class EventRule:
    """What must hold of one event, whatever run it stands in."""

    by: tuple[str, ...] = ("runner",)  # who may record it: cli, runner, inbox, import, fork, log
    after: AfterCheck = states.anywhere
    of: tuple[type[Any], ...] = ()  # commands that it may come of; none: the world's, or a human's word
    determined: Determined = _nothing


EVENT_RULES: Mapping[type[Any], EventRule] = {
    ev.RunStarted: EventRule(by=("cli", "import", "fork")),
    ev.ConfigChanged: EventRule(by=("cli",), after=states.settings_named),
    ev.LoopsRequested: EventRule(by=("cli",)),
    ev.RunResumed: EventRule(by=("cli",)),
    ev.RunnerStarted: EventRule(after=states.at_work),
    ev.RunPaused: EventRule(by=("cli", "runner"), after=states.at_work, of=(do.PauseRun,), determined=_all),
    ev.RunUnpaused: EventRule(by=("cli",), after=states.paused),
    ev.StopRequested: EventRule(by=("cli",)),
    ev.TimeRanOut: EventRule(after=states.time_ran_out),
    ev.RunStopped: EventRule(
        by=("runner", "import", "fork"), after=states.at_work, of=(do.Stop,), determined=_all
    ),
    ev.NoteAdded: EventRule(by=("cli", "fork")),
    ev.IdeaNoted: EventRule(by=("cli", "runner", "fork"), after=of_ideas.next_idea),
    ev.IdeaPutFirst: EventRule(by=("cli",), after=of_ideas.open_idea),
    ev.IdeaDropped: EventRule(by=("cli",), after=of_ideas.open_idea),
    ev.IdeaTaken: EventRule(after=of_ideas.taken_idea),
    ev.LessonNoted: EventRule(by=("runner", "fork"), after=of_ideas.lesson),
    ev.MemoryNamed: EventRule(by=("cli", "fork"), after=of_ideas.memory),
    ev.KeepAdopted: EventRule(by=("cli",), after=states.something_kept),
    ev.ResultRetracted: EventRule(by=("cli",), after=states.retractable),
    ev.RunCleaned: EventRule(by=("cli",)),
    ev.SetupChecked: EventRule(of=(do.CheckSetup,)),
    ev.PrepareStarted: EventRule(
        after=states.next_preparation, of=(do.Prepare,), determined=_argv("prepare")
    ),
    ev.PrepareFinished: EventRule(after=states.preparation_running),
    ev.ProposalReceived: EventRule(by=("cli", "inbox"), after=states.takes_out_a_keep),
    ev.ProposalRefused: EventRule(by=("inbox",)),
    ev.ProposalWithdrawn: EventRule(by=("cli",), after=states.still_waits),
    ev.ProposalChosen: EventRule(
        after=states.all_of(states.before("propose"), states.proposal_waits),
        of=(do.ChooseProposal, do.ProposeBySearch),
        determined=_proposal,
    ),
    ev.InputNeeded: EventRule(after=states.before("propose"), of=(do.ProposeBySearch,)),
    ev.AgentAsked: EventRule(after=states.next_call, of=tuple(STEPS), determined=_step),
    ev.AgentAnswered: EventRule(after=states.all_of(states.call_running, reviewing.answered)),
    ev.WaitEnded: EventRule(after=of_waits.wait_is_over),
    ev.QuestionAsked: EventRule(after=states.before("propose")),
    ev.QuestionAnswered: EventRule(by=("cli",), after=of_waits.question_open),
    ev.QuestionTimedOut: EventRule(after=of_waits.answer_overdue),
    ev.IterationStarted: EventRule(after=states.next_iteration, of=(do.StartIteration,)),
    ev.ChangeApplied: EventRule(after=states.before("apply"), of=(do.ApplyProposal,), determined=_change),
    ev.ChangeMissed: EventRule(after=states.before("apply"), of=(do.ApplyProposal,), determined=_change),
    ev.ChangeFailed: EventRule(
        after=states.before("apply", "commit", "train"),
        of=(do.ApplyProposal, do.CommitCandidate, do.TakeWorktree, do.GiveUpChange),
        determined=_change,
    ),
    ev.CandidateCommitted: EventRule(
        after=states.all_of(states.before("commit", "train"), states.same("base_commit", "base_commit")),
        of=(do.CommitCandidate, do.TakeWorktree),
        determined=_commit,
    ),
    ev.BaseMoved: EventRule(
        after=states.all_of(
            states.before("propose", "apply", "train"), states.same("old_base", "base_commit")
        ),
        of=(do.MoveBase,),
        determined=_all,
    ),
    ev.CandidateRebased: EventRule(after=states.before("apply"), of=(do.RebaseCandidate,), determined=_base),
    ev.CandidateDeferred: EventRule(
        after=states.all_of(states.before("train"), states.same("commit", "commit")),
        of=(do.DeferCandidate,),
        determined=_all,
    ),
    ev.TrainingStarted: EventRule(
        after=states.all_of(
            states.before("train", "record"), states.same("commit", "commit"), states.as_told
        ),
        of=(do.StartTraining,),
        determined=_training,
    ),
    ev.TrainingFellBehind: EventRule(after=states.all_of(states.training_running, states.behind)),
    ev.TrainingFinished: EventRule(
        after=states.all_of(states.scored, states.training_running, states.blamed, states.ended_early)
    ),
    ev.TrainingReread: EventRule(after=states.all_of(states.scored, states.before("train")), of=(do.Reread,)),
    ev.EvaluationStarted: EventRule(after=states.unscored, of=(do.Evaluate,), determined=_argv("evaluate")),
    ev.EvaluationFinished: EventRule(after=states.all_of(states.scored, states.evaluation_running)),
    ev.GuardStarted: EventRule(
        after=states.guard_asked,
        of=(do.CheckGuard,),
        determined=lambda command, run, event: _words(guard_argv(command.guard), run, event),
    ),
    ev.GuardFinished: EventRule(after=states.guard_running),
    ev.HoldoutStarted: EventRule(after=states.next_look, of=(do.ScoreHoldout,), determined=_argv("holdout")),
    ev.HoldoutScored: EventRule(after=states.look_running),
    ev.ReviewGiven: EventRule(after=reviewing.given),
    ev.ReviewMissed: EventRule(
        after=states.all_of(states.before("train", "decide"), reviewing.missing),
        of=(do.MissReview,),
        determined=_all,
    ),
    ev.ApprovalAsked: EventRule(
        after=states.all_of(states.before("decide"), keeping.asked_once), of=(do.AskForApproval,)
    ),
    ev.CandidateApproved: EventRule(by=("cli",), after=keeping.asked),
    ev.CandidateVetoed: EventRule(by=("cli",), after=keeping.asked),
    ev.ApprovalTimedOut: EventRule(after=keeping.overdue),
    ev.TrainingVoided: EventRule(after=states.voidable),
    ev.JobLost: EventRule(after=states.job_running),
    ev.CrashTriaged: EventRule(after=states.before("triage"), of=(do.TriageCrash,), determined=_all),
    ev.ResultRecorded: EventRule(
        after=states.before("record", "triage"), of=(do.RecordResult,), determined=_all
    ),
    ev.CandidateKept: EventRule(after=states.before("decide"), of=(do.KeepCandidate,)),
    ev.CandidateDiscarded: EventRule(after=states.discardable, of=(do.DiscardCandidate,)),
    ev.RemeasureDropped: EventRule(
        after=states.before(*LOOP_STAGES), of=(do.DropRemeasure,), determined=_all
    ),
    ev.RemeasureStarted: EventRule(after=states.next_iteration, of=(do.Remeasure,), determined=_all),
    ev.KeepRemeasured: EventRule(after=states.before("decide"), of=(do.TakeRemeasure,), determined=_all),
    ev.GainStated: EventRule(after=states.something_kept, of=(do.StateGain,), determined=_all),
    ev.ChainConsolidated: EventRule(after=states.something_kept, of=(do.ConsolidateChain,), determined=_all),
    ev.IterationLeftOpen: EventRule(after=states.before_next_stage, of=(do.LeaveOpen,), determined=_all),
    ev.RunForked: EventRule(by=("fork",), after=states.forked_first),
    ev.ResultInherited: EventRule(by=("fork",), after=states.inherits),
    ev.RunImported: EventRule(by=("import",), after=states.behind_its_start),
    ev.ResultImported: EventRule(
        by=("import",), after=states.all_of(states.imported_run, states.next_iteration)
    ),
    ev.TailHealed: EventRule(by=("log",)),
    ev.HistoryRepaired: EventRule(by=("cli",)),
}


def misfit(run: RunState, event: ev.Event, by: str) -> Misfit | None:
    """Return what is wrong with an event in the state before it, None where it may stand there."""
    rule = EVENT_RULES[type(event)]
    writers = rule.by
    if isinstance(event, ev.ProposalReceived):
        writers = ("inbox",) if event.source == "drop" else ("cli",)
    if isinstance(event, ev.RunStarted):  # only who reads another program's results knows of no base
        writers = ("cli", "fork") if event.base_commit else ("import",)
    if by not in writers:
        return "by", " or ".join(writers), by
    begun = isinstance(event, ev.RunStarted)
    if not isinstance(event, ev.TailHealed) and begun == bool(run.run_id):
        return "type", "one RunStarted, before everything else", type(event).__name__
    return rule.after(run, event)
