"""What an event follows from: the one that it names, or the nearest in its iteration that leads to it."""

from collections.abc import Iterable, Mapping

from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Recorded


NAMED = ("received", "question")  # fields that hold the number of an event; the words of a question are none
SAME = ("step", "call", "training", "evaluation", "check", "look")  # where both have one, it agrees

_DONE = (ev.TrainingFinished, ev.EvaluationFinished, ev.GuardFinished, ev.ChangeFailed, ev.CrashTriaged)
FOLLOWS: Mapping[type, tuple[type, ...]] = {
    ev.AgentAsked: (ev.IterationStarted, ev.ProposalChosen, ev.TrainingFinished, ev.ChangeMissed),
    ev.AgentAnswered: (ev.AgentAsked,),
    ev.ProposalChosen: (ev.AgentAnswered, ev.IterationStarted),
    ev.QuestionAsked: (ev.AgentAnswered,),
    ev.InputNeeded: (ev.AgentAnswered,),
    ev.ChangeApplied: (ev.ProposalChosen, ev.AgentAnswered, ev.CrashTriaged),
    ev.ChangeMissed: (ev.ProposalChosen, ev.AgentAnswered),
    ev.ChangeFailed: (ev.ProposalChosen, ev.AgentAnswered),
    ev.CandidateCommitted: (ev.ChangeApplied,),
    ev.CandidateRebased: (ev.BaseMoved,),
    ev.CandidateDeferred: (ev.BaseMoved,),
    ev.TrainingStarted: (
        *(ev.CandidateCommitted, ev.CandidateRebased, ev.RemeasureStarted, ev.TrainingVoided),
        *(ev.JobLost, ev.TrainingFinished, ev.IterationStarted),
    ),
    ev.TrainingFellBehind: (ev.TrainingStarted,),
    ev.TrainingFinished: (ev.TrainingStarted,),
    ev.TrainingReread: (ev.TrainingFinished,),
    ev.TrainingVoided: (ev.TrainingStarted,),
    ev.EvaluationStarted: (ev.TrainingFinished,),
    ev.EvaluationFinished: (ev.EvaluationStarted,),
    ev.GuardStarted: (ev.TrainingFinished, ev.EvaluationFinished),
    ev.GuardFinished: (ev.GuardStarted,),
    ev.HoldoutStarted: (ev.TrainingFinished,),
    ev.HoldoutScored: (ev.HoldoutStarted,),
    ev.JobLost: (ev.TrainingStarted, ev.AgentAsked, ev.EvaluationStarted),
    ev.CrashTriaged: (ev.AgentAnswered, ev.TrainingFinished),
    ev.ResultRecorded: _DONE,
    ev.CandidateKept: _DONE,
    ev.CandidateDiscarded: _DONE,
    ev.KeepRemeasured: _DONE,
    ev.ResultRetracted: (ev.CandidateKept,),
}


def causes(records: Iterable[Recorded]) -> dict[int, int]:
    """Return, by the number of an event, that of its cause, as far as that lies among these or is named."""
    found: dict[int, int] = {}
    before: dict[int, list[Recorded]] = {}  # by iteration
    for recorded in records:
        event = recorded.event
        named = next((seq for name in NAMED if isinstance(seq := getattr(event, name, None), int)), None)
        iteration = getattr(event, "iteration", None)
        earlier = before.setdefault(iteration, []) if iteration is not None else []
        cause = named or _nearest(event, earlier)
        if cause is not None:
            found[recorded.seq] = cause
        earlier.append(recorded)
    return found


def _nearest(event: object, earlier: list[Recorded]) -> int | None:
    wanted = FOLLOWS.get(type(event), ())
    fit = (one for one in reversed(earlier) if isinstance(one.event, wanted) and _agree(one.event, event))
    return next((one.seq for one in fit), None)


def _agree(one: object, other: object) -> bool:
    """Say whether two events are of the same job, as far as both name one."""
    if isinstance(other, ev.TrainingStarted):
        return True  # the next one follows from what was before it
    named = ((getattr(one, name, None), getattr(other, name, None)) for name in SAME)
    return all(here is None or there is None or here == there for here, there in named)
