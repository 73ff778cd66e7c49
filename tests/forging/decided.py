"""Forgeries of the golden runs: what a rule determines. No file and no commit is needed to notice one."""

from tests.forging.changes import again, both, drop, envelope, of, put
from tests.forging.held_back import HELD_BACK


DECIDED = {
    "code that was never measured, answered from the log": of(
        "known-code",
        put("CandidateCommitted", "code_sha256", f"{9:064x}", iteration=3),
        "decisions",
        "type",
    ),
    "the number of what was answered": of(
        "known-code",
        put("CandidateDiscarded", "inputs.metric", 1.0, iteration=3),
        "decisions",
        "CandidateDiscarded.inputs",
    ),
    "a keep to take out that was never kept": of(
        "taken-out",
        put("ProposalReceived", "without.keep", 3),
        "transitions",
        "without.keep",
    ),
    "a keep taken out on the seed that it was chosen on": of(
        "taken-out",
        put("ProposalReceived", "without.repeats", [1]),
        "transitions",
        "without.repeats",
    ),
    "what may be lost without a keep": of(
        "taken-out",
        put("CandidateKept", "inputs.may_lose", 9.0, iteration=10),
        "decisions",
        "CandidateKept.inputs",
    ),
    "what a keep gives beside the others": of(
        "taken-out",
        put("CandidateDiscarded", "inputs.gain", -9.0, iteration=11),
        "decisions",
        "CandidateDiscarded.inputs",
    ),
    "a keep that was only to be measured": of(
        "taken-out",
        put("ProposalReceived", "without.purpose", "ablate"),
        "decisions",
        "CandidateDiscarded.rule",
    ),
    "a best that measured something else": of(
        "best-measured-again", put("KeepRemeasured", "metric", 3.0), "decisions", "KeepRemeasured.metric"
    ),
    "what the best measured before": of(
        "best-measured-again", put("KeepRemeasured", "before", 0.1), "decisions", "KeepRemeasured.before"
    ),
    "a best measured under what was not wanted": of(
        "best-measured-again", put("KeepRemeasured", "met", value=False), "decisions", "KeepRemeasured.met"
    ),
    "in what conditions differ": of(
        "best-measured-again",
        put("RemeasureStarted", "differ_in", ["packages"]),
        "decisions",
        "RemeasureStarted.differ_in",
    ),
    "another commit measured as the best": of(
        "best-measured-again",
        put("RemeasureStarted", "commit", "f" * 40),
        "decisions",
        "RemeasureStarted.commit",
    ),
    "other data hidden": of(
        "best-measured-again",
        put("TrainingFinished", "measured.data_id", "d1", iteration=2),
        "decisions",
        "type",
    ),
    "other settings hidden": of("settings-changed-and-back", drop("ConfigChanged"), "decisions", "type"),
    "another kind of card hidden": of(
        "two-kinds-of-cards",
        put("RunnerStarted", "device_classes", ["L4", "L4"]),
        "decisions",
        "type",
    ),
    "a device that is not there": of(
        "three-devices",
        put("RunnerStarted", "devices", ["0", "1"]),
        "held back",
        "IterationStarted.asked_for",
    ),
    "settings that changed without being named": of(
        "settings-changed-and-back",
        put("ConfigChanged", "changed", []),
        "transitions",
        "ConfigChanged.changed",
    ),
    "a metric that was to be lowered": of(
        "higher-is-better",
        put("RunStarted", "config.metric.lower_is_better", value=True),
        "decisions",
        "type",
    ),
    "a rule that asked for less": of(
        "min-delta", put("RunStarted", "config.keep_rule", "lower"), "decisions", "type"
    ),
    "data that the setup did not find": of(
        "search", put("SetupChecked", "data_id", "d9"), "transitions", "measured.data_id"
    ),
    "a setup that lacked something": of(
        "search", put("SetupChecked", "ok", value=False), "decisions", "type"
    ),
    "a preparation that was not needed": of(
        "prepares", put("SetupChecked", "ok", value=True), "decisions", "type"
    ),
    "the number of a preparation": of(
        "prepares", put("PrepareStarted", "preparation", 2), "transitions", "PrepareStarted.preparation"
    ),
    "a preparation that never ended": of("prepares", drop("PrepareFinished"), "decisions", "type"),
    "an evaluation of another training": of(
        "evaluated", put("EvaluationStarted", "training", 2), "transitions", "EvaluationStarted.training"
    ),
    "an evaluation on another device": of(
        "evaluated", put("EvaluationStarted", "device", "7"), "decisions", "EvaluationStarted.device"
    ),
    "an evaluation left out": of(
        "evaluated",
        both(drop("EvaluationStarted", iteration=1), drop("EvaluationFinished", iteration=1)),
        "decisions",
        "type",
    ),
    "a success without a number": of(
        "evaluated",
        put("EvaluationFinished", "metric", None, iteration=1),
        "transitions",
        "EvaluationFinished.metric",
    ),
    "a number of a crash": of(
        "search",
        put("TrainingFinished", "metric", 1.0, iteration=4),
        "transitions",
        "TrainingFinished.metric",
    ),
    "a voided training left out": of(
        "voided-and-tampered", drop("TrainingVoided", iteration=1), "transitions", "TrainingStarted.iteration"
    ),
    "one blamed that was never voided": of(
        "voided-and-tampered",
        both(
            put("TrainingFinished", "outcome", "tampered", iteration=3),
            put("TrainingFinished", "metric", None, iteration=3),
        ),
        "transitions",
        "TrainingFinished.outcome",
    ),
    "a base that did not move": of("prefetch-with-keeps", drop("BaseMoved"), "decisions", "type"),
    "a base that moved elsewhere": of(
        "prefetch-with-keeps", put("BaseMoved", "base_commit", "f" * 40), "decisions", "BaseMoved.base_commit"
    ),
    "the base of before": of(
        "prefetch-with-keeps", put("BaseMoved", "old_base", "f" * 40), "transitions", "BaseMoved.old_base"
    ),
    "a change that was rebased, said to be lost": of(
        "prefetch-with-keeps", put("CandidateRebased", "how", "empty"), "decisions", "type"
    ),
    "what was rebased": of(
        "prefetch-with-keeps",
        put("CandidateRebased", "made_on", "f" * 40),
        "decisions",
        "CandidateRebased.made_on",
    ),
    "a candidate that did not give way": of(
        "prefetch-deferred", drop("CandidateDeferred"), "transitions", "ProposalChosen.iteration"
    ),
    "what gave way": of(
        "prefetch-deferred",
        put("CandidateDeferred", "description", "other"),
        "decisions",
        "CandidateDeferred.description",
    ),
    "a proposal taken up that waits nowhere": of(
        "human-first",
        put("ProposalChosen", "received", 2, iteration=1),
        "transitions",
        "ProposalChosen.received",
    ),
    "the order of two humans": of(
        "human-first",
        put("ProposalChosen", "received", 11, iteration=1),
        "decisions",
        "ProposalChosen.received",
    ),
    "an answer of an agent that was not asked": of(
        "agent-proposes-and-applies", drop("AgentAsked", iteration=1), "transitions", "AgentAnswered.call"
    ),
    "who was asked": of(
        "agent-proposes-and-applies", put("AgentAsked", "agent", "codex"), "decisions", "AgentAsked.agent"
    ),
    "what an agent was asked for": of(
        "agent-proposes-and-applies", put("AgentAsked", "step", "apply"), "decisions", "AgentAsked.step"
    ),
    "a crash that nobody looked at": of("agent-mends", drop("CrashTriaged"), "decisions", "type"),
    "a crash mended once too often": of(
        "agent-mends",
        put("RunStarted", "config.fix_attempts", 1),
        "decisions",
        "type",
    ),
    "a stage that the request may do": of(
        "only-some-stages",
        put("IterationLeftOpen", "next_stage", "record"),
        "decisions",
        "IterationLeftOpen.next_stage",
    ),
    "more stages than asked for": of("only-some-stages", drop("IterationLeftOpen"), "decisions", "type"),
    "a result that was taken back": of("retracted", drop("ResultRetracted"), "decisions", "type"),
    "another result taken back": of(
        "retracted", put("ResultRetracted", "iteration", 99), "transitions", "ResultRetracted.iteration"
    ),
    "a pause lifted that was none": of("paused-by-a-human", drop("RunPaused"), "transitions", "type"),
    "a runner of a run at rest": of(
        "stopped-and-resumed", again("RunStopped", how="stopped"), "transitions", "type"
    ),
    "a time that is none": of(
        "search", envelope("ResultRecorded", "at", "yesterday"), "times", "ResultRecorded.at"
    ),
    "a time of long before": of(
        "search", envelope("ResultRecorded", "at", "2026-01-08T21:00:00.000Z"), "times", "ResultRecorded.at"
    ),
    "a time that is still to come": of(
        "search", envelope("RunStopped", "at", "2999-03-08T21:00:00.000Z"), "times", "RunStopped.at"
    ),
    "a time of another zone": of(
        "search", envelope("RunStopped", "at", "2026-03-08T21:00:00+01:00"), "times", "RunStopped.at"
    ),
    "one write of two times": of(
        "agent-proposes-and-applies",
        envelope("ProposalChosen", "at", "2026-03-08T21:00:01.000Z"),
        "times",
        "ProposalChosen.at",
    ),
}

FORGED = HELD_BACK | DECIDED
