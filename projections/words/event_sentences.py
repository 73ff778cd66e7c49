"""Every sentence of an event: from its name, or a variant of it, to words. Imports only what starts fast."""

from __future__ import annotations


TYPE_CHECKING = False  # as in typing
if TYPE_CHECKING:
    from collections.abc import Mapping


# Events, by their name, or a variant of it (projections/words/event_text.py chooses). A field is the event's.
EVENTS: Mapping[str, str] = {
    "RunStarted": "run {run_id} created on {branch}, from {base_commit:short}",
    "RunStarted.imported": "run {run_id} created on {branch}",
    "ConfigChanged": "settings changed: {changed:list}",
    "LoopsRequested": "asked for {request:request}; {request:proposer} proposes",
    "RunResumed": "asked to go on with what is left",
    "RunnerStarted": "runner started in the {mode}, process {process.pid}",
    "RunPaused": "paused: {reason:reason}",
    "RunUnpaused": "the pause was lifted",
    "TimeRanOut": "until {until:minute} there is no time for one more training: nothing new is begun",
    "TimeRanOut.none": "the time until {until:minute} is over: what runs is ended",
    "StopRequested": "asked to stop after the current stage",
    "StopRequested.now": "asked to stop at once",
    "RunStopped": "idle, {how:words}: {reason:reason}",
    "KeepAdopted": "adopted: the run's branch stands on {commit:short}",
    "ResultRetracted": "{iteration:name} retracted: {why}",
    "ResultRetracted.all": "{iteration:name} retracted, with all that is made of its code: {why}",
    "RunCleaned": "cleaned: {worktrees} worktrees and {refs} refs were removed",
    "NoteAdded": "note: {text}",
    "SetupChecked": "setup is complete",
    "SetupChecked.data": "setup is complete, data {data_id:.12}",
    "SetupChecked.missing": "setup lacks {missing:reasons}",
    "PrepareStarted": "preparing ({preparation}): {command:argv}",
    "PrepareFinished": "prepared in {seconds:duration}",
    "PrepareFinished.failed": "preparing failed: {reason:reason}; {seconds:duration}",
    "TailHealed": "{bytes} torn bytes at the end, never acknowledged, were closed off",
    "HistoryRepaired": (
        "repaired: what stood from here on, {lines} lines ({bytes} bytes) and {refs} refs, lies in {aside}"
    ),
    "RunForked": "forked from {source} as of its event {seq}, with {rows} results",
    "RunImported": "imported from {name} ({source}), {rows} results",
    "RunImported.skipped": "imported from {name} ({source}), {rows} results; {skipped:skipped}",
    "RunImported.rest": "imported from {name} ({source}), {rows} results; without {left_out:left_out}",
    "ProposalReceived": "proposal received ({source}): {proposal.description}",
    "ProposalReceived.file": "proposal received ({source} {name}): {proposal.description}",
    "ProposalReceived.first": "proposal received ({source}), to be tried first: {proposal.description}",
    "ProposalWithdrawn": "the proposal of event {received} was withdrawn",
    "ProposalRefused": "proposal {name} refused: {reason:reason}",
    "ProposalChosen": "{iteration:name} tries ({source}): {description}",
    "InputNeeded": "{iteration:name} needs a human proposal: {question:reason}",
    "AgentAsked": "{iteration:name}: {agent} is asked to {step:step}",
    "AgentAsked.free": "{iteration:name}: {agent} is asked to {step:step}, and may write anywhere",
    "AgentAnswered": "{iteration:name}: {agent} was asked to {step:step} and answered in {seconds:duration}"
    "{usage:cost}",
    "AgentAnswered.cancelled": "{iteration:name}: {agent} was asked to {step:step} and called back after "
    "{seconds:duration}{usage:cost}",
    "AgentAnswered.failed": "{iteration:name}: {agent} was asked to {step:step} and failed after "
    "{seconds:duration}{usage:cost}: {reason:reason}{failure:failure}",
    "WaitEnded": "{agent} may be asked again, since {until}",
    "QuestionAsked": "{iteration:name}: {agent} asks: {question}",
    "QuestionAsked.waits": "{iteration:name}: {agent} asks, and has until {until} for an answer: {question}",
    "QuestionAnswered": "question {question} was answered: {answer}",
    "QuestionTimedOut": "question {question} has no answer until {until}; the run goes on without",
    "IterationStarted": "{iteration:name} opened on {base_commit:short}",
    "ChangeApplied": "{iteration:name} changed {files:list} (+{insertions} -{deletions})",
    "ChangeApplied.put_back": "{iteration:name} changed {files:list} (+{insertions} -{deletions}); "
    "put back, since it may not change: {put_back:list}",
    "ChangeMissed": "{iteration:name} does not fit as it stands, and goes to an agent: {reason:reason}",
    "ChangeFailed": "{iteration:name} could not be applied: {reason:reason}",
    "CandidateCommitted": "{iteration:name} committed as {commit:short}: {subject}",
    "IterationLeftOpen": "{iteration:name} left open before {next_stage}, which was not asked for",
    "BaseMoved": "{iteration:name}: its base moved from {old_base:short} to {best_iteration:name}",
    "BaseMoved.commit": "{iteration:name}: its base moved from {old_base:short} to {best_iteration:name}; "
    "its change {commit:short} is to be rebased",
    "CandidateRebased": "{iteration:name} rebased {commit:short} onto {base_commit:short}: {how}",
    "CandidateRebased.empty": "{iteration:name} does not rebase {commit:short}: the base has it already",
    "CandidateRebased.conflict": "{iteration:name} threw {commit:short} away, which does not fit the base: "
    "{reason:reason}",
    "CandidateDeferred": "{iteration:name} deferred {commit:short} for a human's proposal: {description}",
    "TrainingStarted": "{iteration:name} trains {commit:short}",
    "TrainingStarted.again": "{iteration:name} trains {commit:short}, training {training}",
    "TrainingStarted.device": "{iteration:name} trains {commit:short} on device {device}",
    "TrainingStarted.device_again": "{iteration:name} trains {commit:short} on device {device}, "
    "training {training}",
    "TrainingFinished": "{iteration:name} trained in {seconds:duration}: {metric:.6f}",
    "TrainingFinished.several": "{iteration:name} trained in {seconds:duration}: {metric:.6f}, one of "
    "{printed.count} that it printed, from {printed.least:.6f} to {printed.most:.6f}",
    "TrainingFinished.claims": "{iteration:name} trained in {seconds:duration}",
    "TrainingFellBehind": "{iteration:name} is to be stopped early: its loss lies more than {bound:g} above "
    "its base's, {points:points}",
    "TrainingFinished.stopped": "{iteration:name} was stopped early after {seconds:duration}",
    "TrainingFinished.failed": "{iteration:name} {outcome:words} after {seconds:duration}: {reason:reason}",
    "TrainingReread": "{iteration:name}: its output was read again: {metric:.6f}",
    "TrainingReread.failed": "{iteration:name}: its output was read again: {reason:reason}",
    "EvaluationStarted": "{iteration:name} is evaluated",
    "EvaluationFinished": "{iteration:name} was evaluated in {seconds:duration}: {metric:.6f}",
    "EvaluationFinished.several": "{iteration:name} was evaluated in {seconds:duration}: {metric:.6f}, one "
    "of {printed.count} that it printed, from {printed.least:.6f} to {printed.most:.6f}",
    "EvaluationFinished.failed": "{iteration:name} could not be scored, {outcome:words}: {reason:reason}",
    "GuardStarted": "{iteration:name} is held to the guard {guard}",
    "GuardFinished": "{iteration:name} passed the guard {guard} in {seconds:duration}",
    "GuardFinished.failed": "{iteration:name} failed the guard {guard}: {reason:reason}",
    "ApprovalAsked": "{iteration:name} would be kept, and waits for a human's word as long as it takes",
    "ApprovalAsked.until": "{iteration:name} would be kept, and waits for a human's word until {until}",
    "CandidateApproved": "{iteration:name} was approved",
    "CandidateVetoed": "{iteration:name} was vetoed: {why}",
    "ApprovalTimedOut": "{iteration:name}: nobody approved or vetoed it until {until}",
    "HoldoutStarted": "{keep:name} is scored on the holdout, looked at {looks_before:looks}",
    "HoldoutScored": "{keep:name} has {metric:.6f} on the holdout",
    "HoldoutScored.failed": "{keep:name} has no number on the holdout, {outcome:words}: {reason:reason}",
    "TrainingVoided": "{iteration:name} is void, and its training begins again: {reason:reason}",
    "JobLost": "{iteration:name} lost its {step} job {number}, which begins again: {reason:reason}",
    "JobLost.prepare": "preparing ({number}) was lost and begins again: {reason:reason}",
    "CrashTriaged": "{iteration:name} is given up: {reason:reason}",
    "CrashTriaged.mended": "{iteration:name} was mended and is tried again: {reason:reason}",
    "ResultRecorded": "{iteration:name} recorded: {outcome:words}",
    "ResultRecorded.metric": "{iteration:name} recorded: {metric:.6f}",
    "ResultInherited": "{iteration:name} inherited, {verdict:words}: no result, {description}",
    "ResultInherited.metric": "{iteration:name} inherited, {verdict:words}: {metric:.6f}, {description}",
    "ResultImported": "{iteration:name} imported, {status}: no result, {description}",
    "ResultImported.metric": "{iteration:name} imported, {status}: {metric:.6f}, {description}",
    "CandidateKept": "{iteration:name} kept: {verdict}",
    "CandidateKept.note": "{iteration:name} kept: {verdict} ({branch_note:reason})",
    "CandidateDiscarded": "{iteration:name} discarded: {verdict}",
    "RemeasureDropped": "{iteration:name} ends: {keep:name}, which it measured, was retracted",
    "RemeasureStarted": "{iteration:name} measures the best, {keep:name}, {differ_in:conditions}",
    "RemeasureStarted.repeats": "{iteration:name} measures {keep:name} on {repeats:seeds_of}",
    "GainStated": "gain of {keep:name} on the baseline: {gain:.6f} ± {half_width:.6f}, on {repeats:seeds_of}",
    "GainStated.alone": (
        "gain of {keep:name} on the baseline: {gain:.6f}, on {repeats:seeds_of}, too few for an interval"
    ),
    "ChainConsolidated": "on {repeats:seeds_of}: {keeps:sureness}",
    "KeepRemeasured": "{keep:name} measured again: {metric:.6f} ({before:.6f} before)",
    "KeepRemeasured.unmet": "{keep:name} measured again, but not as was wanted: {metric:.6f}",
    "RawEvent": "{type} v{version}, which this program does not know",
}
