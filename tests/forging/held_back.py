"""Forgeries of the golden runs: what had to be held back. Each names the run that it is made of."""

from tests.forging.changes import both, drop, drop_all, insert, move, of, put


PAUSE = {"reason": {"code": "human", "inputs": {}, "said": "lunch"}}
STOP = {"now": False}

HELD_BACK = {
    "work in a pause": of(
        "search",
        insert("RunPaused", 1, PAUSE, before="ResultRecorded", iteration=1),
        "held back",
        "ResultRecorded.rest",
    ),
    "a pause that was lifted later": of(
        "paused-by-a-human",
        move("RunUnpaused", before="CandidateKept", to={"iteration": 1}),
        "held back",
        "ResultRecorded.rest",
    ),
    "an iteration that was opened in a pause": of(
        "search",
        insert("RunPaused", 1, PAUSE, before="IterationStarted", iteration=2),
        "held back",
        "IterationStarted.rest",
    ),
    "work after a stop was asked for": of(
        "search",
        insert("StopRequested", 1, STOP, before="IterationStarted", iteration=3),
        "held back",
        "IterationStarted.rest",
    ),
    "work of a run that is at rest": of(
        "stopped-and-resumed", drop("RunResumed"), "held back", "SetupChecked.rest"
    ),
    "a training before the setup is complete": of(
        "search", put("SetupChecked", "ok", value=False), "held back", "TrainingStarted.setup"
    ),
    "a training before a verdict that is near": of(
        "two-slots",
        move(
            "TrainingStarted",
            which={"iteration": 5, "training": 1},
            before="ResultRecorded",
            to={"iteration": 4},
        ),
        "held back",
        "TrainingStarted.near_verdict",
    ),
    "a training before the baseline's verdict": of(
        "prefetch-with-keeps",
        move("TrainingStarted", which={"iteration": 1}, before="ResultRecorded", to={"iteration": 0}),
        "held back",
        "TrainingStarted.near_verdict",
    ),
    "two trainings in one slot": of(
        "two-slots", put("TrainingStarted", "slot", 1, iteration=1), "held back", "TrainingStarted.slot"
    ),
    "a slot that there is not": of(
        "search", put("TrainingStarted", "slot", 2, iteration=1), "held back", "TrainingStarted.slot"
    ),
    "a slot that was taken before its training was evaluated": of(
        "evaluated",
        move("TrainingStarted", which={"iteration": 4}, before="EvaluationFinished", to={"iteration": 3}),
        "held back",
        "TrainingStarted.slot",
    ),
    "a verdict while the best is measured again": of(
        "best-measured-again",
        move("CandidateDiscarded", which={"iteration": 2}, before="KeepRemeasured", to={"iteration": 3}),
        "held back",
        "CandidateDiscarded.remeasure",
    ),
    "the best once more for nobody": of(
        "best-measured-again",
        put("RemeasureStarted", "because_of", 1),
        "held back",
        "RemeasureStarted.one_remeasure",
    ),
    "more prepared than asked for": of(
        "prefetch-with-keeps",
        put("LoopsRequested", "request.prefetch", 0),
        "held back",
        "IterationStarted.asked_for",
    ),
    "more iterations than asked for": of(
        "search", put("LoopsRequested", "request.loops", 3), "held back", "IterationStarted.asked_for"
    ),
    "one more prepared beside two slots": of(
        "two-slots",
        put("RunStarted", "config.slots", 1),
        "held back",
        "TrainingStarted.slot",
    ),
    "an agent asked while a human's proposal waits": of(
        "agent-proposes-and-applies",
        insert(
            "ProposalReceived",
            1,
            {
                "source": "cli",
                "name": "",
                "sha256": "1" * 64,
                "dropped_at": "",
                "proposal": {
                    "status": "ok",
                    "description": "d",
                    "change_plan": "p",
                    "commit_description": "c",
                    "set": {"LR": 0.5},
                    "edits": [],
                    "patch": None,
                },
            },
            before="IterationStarted",
            iteration=1,
        ),
        "held back",
        "AgentAsked.question",
    ),
    "the search while a human was asked": of(
        "agent-asks",
        both(
            drop("ProposalReceived"),
            put("ProposalChosen", "source", "search", iteration=2),
            put("ProposalChosen", "received", None, iteration=2),
        ),
        "held back",
        "ProposalChosen.question",
    ),
    "an agent asked once more after it failed again and again": of(
        "agent-fails-in-a-row", drop_all("RunPaused", "RunUnpaused"), "decisions", "type"
    ),
    "a training begun once more after it was lost again and again": of(
        "training-lost-in-a-row",
        drop_all("RunPaused", "RunUnpaused"),
        "held back",
        "TrainingStarted.failures",
    ),
    "a preparation begun once more after it was lost again and again": of(
        "preparation-lost-in-a-row",
        drop_all("RunPaused", "RunUnpaused"),
        "held back",
        "PrepareStarted.failures",
    ),
    "a keep that no human approved": of(
        "approved-and-vetoed",
        drop_all("CandidateApproved"),
        "held back",
        "CandidateKept.approval",
    ),
    "a keep that no review let pass": of(
        "review-beyond-the-budget",
        drop_all("ReviewMissed"),
        "held back",
        "CandidateKept.review",
    ),
    "a training of what no review let pass": of(
        "reviewed-before-training",
        drop_all("ReviewMissed"),
        "held back",
        "TrainingStarted.review",
    ),
    "a keep whose guard was never run": of(
        "guarded-by-commands",
        drop_all("GuardStarted", "GuardFinished"),
        "held back",
        "CandidateKept.guard",
    ),
    "an evaluation that is believed against its training": of(
        "evaluated",
        put("EvaluationFinished", "metric", 0.5, iteration=4),
        "held back",
        "EvaluationFinished.claim",
    ),
    "a training that printed what was found": of(
        "evaluated",
        put("TrainingFinished", "metric", 0.5, iteration=1),
        "held back",
        "EvaluationFinished.claim",
    ),
}
