"""Forgeries of the history of tests/forging/story.py that files, commits and heads of the log gainsay."""

from tests.forging.changes import Forgery, both, cut, insert, made, put, put_all, replace
from tests.tampering import Record, first


OTHER_SHA = "0" * 64
NOTE = {"text": "I was here"}


def to_lost(records: list[Record]) -> None:
    """Let a training be lost whose result nobody likes, and begin again."""
    at = records.index(first(records, "TrainingFinished", iteration=6))
    lost = {
        "iteration": 6,
        "step": "train",
        "number": 1,
        "reason": {"code": "machine_restarted", "inputs": {}, "said": ""},
    }
    records[at]["type"], records[at]["v"], records[at]["data"] = "JobLost", 2, lost


def better(records: list[Record]) -> None:
    """Let a training have a better number wherever it stands."""
    metric = first(records, "TrainingFinished", iteration=3)["data"]["metric"]
    replace(f"{metric}", "1.009")(records)


def other_commit(records: list[Record]) -> None:
    """Let a candidate be another commit wherever it is named."""
    replace(first(records, "CandidateCommitted", iteration=3)["data"]["commit"], "f" * 40)(records)


def other_diff(records: list[Record]) -> None:
    """Let a change have another digest wherever it is named."""
    replace(first(records, "ChangeApplied", iteration=3)["data"]["diff_sha256"], OTHER_SHA)(records)


def never_adopted(records: list[Record]) -> None:
    """Say that a human adopted what was never kept."""
    commit = first(records, "CandidateCommitted", iteration=6)["data"]["commit"]
    at = records[-1]["at"]
    records.append(made("KeepAdopted", 1, {"commit": commit}, by="cli", at=at))


# What jobs left.
JOBS = {
    "a number, wherever it stands": Forgery(better, "job files", "TrainingFinished.metric"),
    "a crash made a success": Forgery(
        both(
            put("TrainingFinished", "outcome", "succeeded", iteration=5),
            put("TrainingFinished", "metric", 1.0, iteration=5),
        ),
        "job files",
        "TrainingFinished.outcome",
    ),
    "an exit code": Forgery(
        put("TrainingFinished", "exit_code", 0, iteration=5), "job files", "TrainingFinished.exit_code"
    ),
    "how long it trained": Forgery(
        put("TrainingFinished", "seconds", 0.5, iteration=3), "job files", "TrainingFinished.seconds"
    ),
    "what CPU it took": Forgery(
        put("TrainingFinished", "cpu_seconds", 0.5, iteration=3), "job files", "TrainingFinished.cpu_seconds"
    ),
    "when it began": Forgery(
        put("TrainingFinished", "started_at", "2026-03-08T20:04:05.123Z", iteration=3),
        "job files",
        "TrainingFinished.started_at",
    ),
    "what memory it took": Forgery(
        put("TrainingFinished", "measured.peak_vram_mb", 1.0, iteration=3),
        "job files",
        "TrainingFinished.measured",
    ),
    "on which data": Forgery(
        put("TrainingFinished", "measured.data_id", "d2", iteration=3),
        "job files",
        "TrainingFinished.measured",
    ),
    "the digest of a log": Forgery(
        put("TrainingFinished", "output.sha256", OTHER_SHA, iteration=3), "job files", "output.sha256"
    ),
    "the size of a log": Forgery(
        put("TrainingFinished", "output.bytes", 1, iteration=3), "job files", "output.bytes"
    ),
    "how long an agent thought": Forgery(
        put("AgentAnswered", "seconds", 60.5), "job files", "AgentAnswered.seconds"
    ),
    "what an agent printed": Forgery(
        put("AgentAnswered", "output.sha256", OTHER_SHA), "job files", "output.sha256"
    ),
    "a result that is said to be lost": Forgery(to_lost, "job files", "JobLost.reason"),
    "what an agent was told": Forgery(
        put("AgentAsked", "prompt_sha256", OTHER_SHA), "files", "prompt_sha256"
    ),
    "a budget": Forgery(
        put("RunStarted", "config.training_budget", "600"), "files", "spec.env.AUTORESEARCH_BUDGET"
    ),
    "an environment": Forgery(put("RunStarted", "config.env", {"SEED": "2"}), "files", "spec.env.SEED"),
    "the training, wherever it stands": Forgery(
        both(
            put("RunStarted", "config.train", ["{python}", "b.py"]),
            put_all("TrainingStarted", "command", lambda old: [old[0], "b.py"]),
        ),
        "files",
        "spec.command",
    ),
    "the digest of what was dropped": Forgery(
        put("ProposalReceived", "sha256", OTHER_SHA, source="drop"), "files", "sha256"
    ),
    "what was dropped": Forgery(
        put("ProposalReceived", "proposal.set", {"LR": 0.07}, source="drop"), "files", "proposal"
    ),
    "the digest of what was refused": Forgery(put("ProposalRefused", "sha256", OTHER_SHA), "files", "sha256"),
}

# What git has.
GIT = {
    "a commit, wherever it stands": Forgery(
        other_commit, "commits", "refs/autoresearch/autoresearch-mar8-r001/3"
    ),
    "a tree": Forgery(
        put("CandidateCommitted", "tree", "f" * 40, iteration=3), "commits", "CandidateCommitted.tree"
    ),
    "a diff, wherever it stands": Forgery(other_diff, "commits", "CandidateCommitted.diff_sha256"),
    "which files changed": Forgery(
        put("ChangeApplied", "files", ["other.py"], iteration=3), "commits", "ChangeApplied.files"
    ),
    "how many lines were added": Forgery(
        put("ChangeApplied", "insertions", 9, iteration=3), "commits", "ChangeApplied.insertions"
    ),
    "how many lines went": Forgery(
        put("ChangeApplied", "deletions", 9, iteration=3), "commits", "ChangeApplied.deletions"
    ),
    "the tree that the run began on": Forgery(
        put("RunStarted", "base_tree", "f" * 40), "commits", "RunStarted.base_tree"
    ),
    "an adoption of what was not kept": Forgery(never_adopted, "commits", "KeepAdopted.commit"),
}

# What nothing repeats, but heads of the log that commits name have seen.
HEADS = {
    "a note slipped in": Forgery(
        insert("NoteAdded", 1, NOTE, before="IterationStarted", iteration=3), "log heads", "hash"
    ),
    "how the setup was": Forgery(put("SetupChecked", "libraries", ["lib"]), "log heads", "hash"),
    "the seal of a training": Forgery(
        put("TrainingStarted", "seal", OTHER_SHA, iteration=3), "log heads", "hash"
    ),
    "why a change failed": Forgery(
        put("ChangeFailed", "reason", {"code": "no_change", "inputs": {}, "said": ""}), "log heads", "hash"
    ),
    "that the branch was not moved": Forgery(
        both(
            put("CandidateKept", "branch_moved", value=False, iteration=4),
            put(
                "CandidateKept",
                "branch_note",
                {"code": "branch_gone", "inputs": {"branch": "b"}, "said": ""},
                iteration=4,
            ),
        ),
        "log heads",
        "hash",
    ),
    "when somebody dropped it": Forgery(
        put("ProposalReceived", "dropped_at", "2026-01-01T00:00:00.000Z", source="drop"), "log heads", "hash"
    ),
    "what an agent left beside its change": Forgery(
        put("ChangeApplied", "put_back", ["notes.md"]), "log heads", "hash"
    ),
    "the process of the runner": Forgery(put("RunnerStarted", "process.pid", 1), "log heads", "hash"),
    "the last verdict cut off": Forgery(cut("CandidateDiscarded", iteration=6), "log heads", "record"),
    "the last iteration cut off": Forgery(cut("IterationStarted", iteration=6), "log heads", "record"),
    "all but the baseline cut off": Forgery(cut("IterationStarted", iteration=1), "log heads", "record"),
}
