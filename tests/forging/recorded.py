"""Forgeries of the history of tests/forging/story.py, which decisions, files, commits and heads gainsay."""

from tests.forging.changes import (
    Forgery,
    again,
    both,
    drop,
    envelope,
    insert,
    move,
    put,
)
from tests.forging.witnessed import GIT, HEADS, JOBS
from tests.tampering import Record, first


OTHER_SHA = "0" * 64
IMPORTED = {
    "source": "results.tsv",
    "name": "results.tsv",
    "sha256": OTHER_SHA,
    "rows": 1,
    "began_at": None,
    "left_out": {},
}
ROW = {
    **dict.fromkeys(("commit", "memory_gb", "proposal", "proposed_by"), None),
    **dict.fromkeys(("training_s", "started_at", "ended_at"), None),
    **dict.fromkeys(("description", "reason", "log_tail", "as_given"), ""),
    "iteration": 7,
    "metric": 0.5,
    "status": "keep",
}


def to_keep(records: list[Record]) -> None:
    """Make a keep of a discard."""
    one = first(records, "CandidateDiscarded", rule="lower")
    commit = first(records, "CandidateCommitted", iteration=one["data"]["iteration"])["data"]["commit"]
    one["type"] = "CandidateKept"
    one["data"] |= {"commit": commit, "branch_moved": True, "branch_note": None}


def to_discard(records: list[Record]) -> None:
    """Make a discard of a keep."""
    one = first(records, "CandidateKept", iteration=3)
    one["type"] = "CandidateDiscarded"
    one["data"] = {name: one["data"][name] for name in ("iteration", "rule", "inputs")}


def later_iteration(records: list[Record]) -> None:
    """Give an iteration another number."""
    for one in records:
        if one["data"].get("iteration") == 2:
            one["data"]["iteration"] = 7


# A decision, or what one rests on: the decider asks for something else.
DECISIONS = {
    "a verdict": Forgery(to_keep, "decisions", "type"),
    "a keep made a discard": Forgery(to_discard, "decisions", "type"),
    "a verdict's inputs": Forgery(
        put("CandidateKept", "inputs", {"metric": 1.0}, iteration=1), "decisions", "CandidateKept.inputs"
    ),
    "a verdict's rule": Forgery(
        put("CandidateKept", "rule", "min-delta:0.1", iteration=1), "decisions", "CandidateKept.rule"
    ),
    "a discard's inputs": Forgery(
        put("CandidateDiscarded", "inputs", {}), "decisions", "CandidateDiscarded.inputs"
    ),
    "a kept commit": Forgery(
        put("CandidateKept", "commit", "f" * 40, iteration=1), "decisions", "CandidateKept.commit"
    ),
    "a training's number": Forgery(
        put("TrainingStarted", "training", 2), "decisions", "TrainingStarted.training"
    ),
    "a trained commit": Forgery(
        put("TrainingStarted", "commit", "f" * 40, iteration=1), "decisions", "TrainingStarted.commit"
    ),
    "a slot": Forgery(put("TrainingStarted", "slot", 2), "decisions", "TrainingStarted.slot"),
    "a device": Forgery(put("TrainingStarted", "device", "1"), "decisions", "TrainingStarted.device"),
    "a deadline": Forgery(
        put("TrainingStarted", "deadline_s", 1.5), "decisions", "TrainingStarted.deadline_s"
    ),
    "a training's command": Forgery(
        put("TrainingStarted", "command", ["python", "b.py"]), "decisions", "TrainingStarted.command"
    ),
    "a base": Forgery(
        put("IterationStarted", "base_commit", "f" * 40, iteration=3),
        "decisions",
        "IterationStarted.base_commit",
    ),
    "an iteration's number": Forgery(later_iteration, "decisions", "IterationStarted.iteration"),
    "a ref": Forgery(put("CandidateCommitted", "ref", "refs/heads/x"), "decisions", "CandidateCommitted.ref"),
    "a commit's subject": Forgery(
        put("CandidateCommitted", "subject", "other"), "decisions", "CandidateCommitted.subject"
    ),
    "a row's metric": Forgery(
        put("ResultRecorded", "metric", 0.5, iteration=1), "decisions", "ResultRecorded.metric"
    ),
    "a row's outcome": Forgery(
        put("ResultRecorded", "outcome", "succeeded", iteration=5), "decisions", "ResultRecorded.outcome"
    ),
    "a row's memory": Forgery(
        put("ResultRecorded", "memory_gb", 0.1, iteration=1), "decisions", "ResultRecorded.memory_gb"
    ),
    "a row's commit": Forgery(
        put("ResultRecorded", "commit", "f" * 40, iteration=1), "decisions", "ResultRecorded.commit"
    ),
    "a row's text": Forgery(
        put("ProposalChosen", "description", "nothing"), "decisions", "ProposalChosen.description"
    ),
    "who proposed": Forgery(
        put("ProposalChosen", "source", "search", source="agent"), "decisions", "ProposalChosen.source"
    ),
    "which proposal": Forgery(
        put("ProposalChosen", "received", 4, iteration=1), "decisions", "ProposalChosen.received"
    ),
    "how it ended": Forgery(put("RunStopped", "how", "stopped"), "decisions", "RunStopped.how"),
    "why it ended": Forgery(
        put("RunStopped", "reason.inputs.completed", 9), "decisions", "RunStopped.reason"
    ),
    "the order": Forgery(
        move("CandidateCommitted", which={"iteration": 1}, before="ChangeApplied", to={"iteration": 1}),
        "decisions",
        "type",
    ),
    "a second training": Forgery(again("TrainingStarted"), "decisions", "type"),
    "an answer without what came of it": Forgery(drop("ProposalChosen", iteration=4), "decisions", "type"),
    "a crash that no agent looked at": Forgery(
        both(
            drop("AgentAsked", iteration=5, step="triage"),
            drop("AgentAnswered", iteration=5, step="triage"),
        ),
        "decisions",
        "type",
    ),
    "an answer that failed": Forgery(
        put("AgentAnswered", "outcome", "failed", iteration=6), "decisions", "ProposalChosen.source"
    ),
    "an iteration that was left out": Forgery(
        lambda records: records.__setitem__(
            slice(None), [one for one in records if one["data"].get("iteration") != 6]
        ),
        "decisions",
        "type",
    ),
}

# Who may record what, and after what.
TRANSITIONS = {
    "the run's name": Forgery(put("RunStarted", "run_id", "other-r001"), "transitions", "RunStarted.run_id"),
    "another writer": Forgery(envelope("TrainingStarted", "by", "cli"), "transitions", "TrainingStarted.by"),
    "an import planted in a run": Forgery(
        insert("RunImported", 1, IMPORTED, before="RunnerStarted", by="import"), "transitions", "type"
    ),
    "a planted import, and a run said to be imported": Forgery(
        both(
            insert("RunImported", 1, IMPORTED, before="RunnerStarted", by="import"),
            put("RunStarted", "base_commit", ""),
        ),
        "transitions",
        "RunStarted.by",
    ),
    "a result planted as imported": Forgery(
        insert("ResultImported", 1, ROW, before="RunStopped", by="import"), "transitions", "type"
    ),
    "an unknown event": Forgery(insert("ScoreImproved", 1, {}, before="RunStopped"), "history", "type"),
    "a field that there is not": Forgery(
        insert("NoteAdded", 1, {"text": "x", "more": 1}, before="RunStopped"), "history", "record"
    ),
}

FORGED = DECISIONS | TRANSITIONS | JOBS | GIT | HEADS
