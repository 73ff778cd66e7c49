"""Every sentence of a reason: from its code to its words. Those of events are in event_sentences.py.

What is stored and compared is codes and inputs; rewording a sentence here changes no history and no audit.
Imports only what starts fast.
"""

from __future__ import annotations


TYPE_CHECKING = False  # as in typing
if TYPE_CHECKING:
    from collections.abc import Mapping


# Reasons, by their code. A field is an input; {said} is what somebody outside said.
REASONS: Mapping[str, str] = {
    # A stop, a pause, what a human is asked for.
    "done": "{completed:changes} tried",
    "done_without_best": "{completed:changes} tried",
    "as_requested": "as requested",
    "time_is_up": "the time that was asked for is up, until {until:minute}; {completed:changes} tried",
    "trainings_used_up": "what was asked for, {trainings:trainings}, is used up; {completed:changes} tried",
    "cost_used_up": "agents cost {usd:.2f} USD in {calls:calls}; at most {max_cost:.2f} was asked for",
    "cost_used_up_at_least": "agents cost at least {usd:.2f} USD in {calls:calls}, {unpriced} of unknown cost"
    " counted as the dearest; at most {max_cost:.2f} was asked for",
    "cost_untold": "none of {calls:calls} of agents says what it cost, so that {max_cost:.2f} USD cannot be"
    " held to",
    "tokens_used_up_at_least": "agents took at least {tokens:tokens}, {uncounted:calls} that do not say"
    " counted as the largest; at most {max_tokens} were asked for",
    "tokens_untold": "none of {calls:calls} of agents says what tokens it took, so that {max_tokens} cannot"
    " be held to",
    "tokens_used_up": "agents took {tokens:tokens}; at most {max_tokens} were asked for",
    "device_hours_used_up": "{hours:g} device hours were used, and the next training would take more than the"
    " {max_device_hours:g} that were asked for",
    "no_keep_for": "nothing was kept of {ideas:ideas} in a row",
    "crashes_in_a_row": "{times:trainings} in a row crashed",
    "setup_incomplete": "{missing} missing",
    "baseline_failed": "{outcome:words}",
    "remeasure_failed": "{best:name}, the best, could not be measured again: {outcome:words}",
    "no_baseline_allowed": "there is no baseline yet, and the request leaves it out",
    "no_setup_allowed": "setup is not done yet, and the request leaves it out",
    "nothing_to_do_it_on": "no iteration is open, so there is nothing to {stage}",
    "agent_failed_in_a_row": "the agent failed {times:times} in a row",
    "job_lost_in_a_row": "the {step} job of {iteration:name} was lost {times:times} in a row",
    "trouble": "{because}",
    "human": "{said}",
    "known_in_a_row": "{times} of its proposals in a row were measured already, the last as {same_as:name}",
    "not_applied_in_a_row": "{times} changes of agents in a row were not applied",
    "not_applied_in_a_row_since": "{times} changes of agents in a row were not applied, the last: {because}",
    "agent_asks": "{said}",
    "review_wanted": "{iteration:name} waits for the review of {agent}, which has to be mended first",
    "approval_wanted": "{iteration:name} would be kept, and waits for your word",
    "search_is_through": "the seeded search has tried every value it knows; drop a proposal",
    "search_knows_none": "the seeded search knows no constants in {files}; drop a proposal",
    "search_knows_unmarked": (
        "the seeded search knows no constants in {files}; drop a proposal, or put the comment "
        "`# tune` behind what it may try: {names}"
    ),
    # Setup and preparing.
    "not_in_commit": "{file} is not in commit {commit:short} of {branch}",
    "shared_is_not_there": "{path}, which is shared, is not in {folder}",
    "link_without_room": "{path} cannot be linked into the run's checkout: the commit has something there",
    "data_differs_by_slot": "the {slots} slots see different data: the first says {first}",
    "imported_from_elsewhere": "{module} is imported from {file}, not from the run's checkout",
    "uv_environment": "{named} asks for uv's environment, which is not made yet: `uv sync` makes it",
    "conda_environment": (
        "environment.yml names the conda environment {named}, which is not found: `conda env create` makes"
        " it, or `python` in the settings names another interpreter"
    ),
    "poetry_environment": (
        "{named} asks for poetry's environment, which is not found: `poetry install` makes it, or `python` in"
        " the settings names another interpreter"
    ),
    "not_prepared": "`{prepare}` has not run yet, and no check says whether it has to",
    "check_not_run": "the check `{check}` could not be run: {because}",
    "check_failed": "the check `{check}` ended with code {exit_code}: {said:said}",
    "check_not_ready": "the check `{check}` says that it is not ready",
    "check_says": "{said}",
    # Why a keep cannot be taken out of the best.
    "changed_since": "what was kept later has changed the same lines of {files}",
    "nothing_left_of_it": "nothing of it is left in the best",
    "not_utf8": "{files} is no UTF-8",
    # How a job ended.
    "guard_without_program": "the guard {guard} needs {program}, which is not found: install it where "
    "training runs, or name it otherwise in `guards`",
    "not_started": "could not be started: {said}",
    "no_room": "the disk was full",
    "machine_refused": "the machine could not start it: {said}",
    "deadline": "ended after {seconds:.0f} s, its deadline",
    "fell_behind": (
        "stopped early at {percent:.0f} % of its budget: its loss, {loss:.4f}, lay over {bound:g} above its "
        "base's, {base_loss:.4f}"
    ),
    "idle": "ended after {seconds:.0f} s: no output and no CPU use",
    "deadline_printed": "ended after {seconds:.0f} s, its deadline; it had printed {metric} {printed}",
    "idle_printed": (
        "ended after {seconds:.0f} s: no output and no CPU use; it had printed {metric} {printed}"
    ),
    "lingered": "it had its result and did not end: it was ended after {seconds:.0f} s",
    "killed_at_exit": "it had its result, and was then killed by {signal}",
    "terminated": "was told to end",
    "signal": "killed by {signal}",
    "signal_said": "killed by {signal}: {said}",
    "signal_memory": "killed by {signal}; the kernel does so when memory runs out",
    "exit_code": "exit code {exit_code}",
    "exit_code_said": "exit code {exit_code}: {said}",
    "exit_code_unshared": "exit code {exit_code}: {said}; only your checkout has {path}: name it in `shared`",
    "exit_code_stated": "exit code {exit_code}: {stated:words}",
    "exit_code_stated_said": "exit code {exit_code}: {stated:words}: {said}",
    "supervisor_killed": "the supervisor was killed",
    "end_unseen": "its supervisor was killed; by its own word and its log it ended well",
    "supervisor_killed_ended": "the supervisor was killed, and what it ran was ended from outside",
    "supervisor_killed_before": "the supervisor was killed before the job began",
    "machine_restarted": "the machine was restarted",
    "folder_gone": "its folder is gone",
    "exit_refused": "exit.json could not be written: {said}",
    "exit_damaged": "exit.json is damaged",
    "began_on_another": "it was begun for another commit, or in another place",
    "time_is_over": "ended, since the time that was asked for is over",
    "stop_now": "ended by a stop that was to be at once",
    "supervisor_told": "its supervisor was told to end it",
    # A checkout that was not what its commit says.
    "seal_gone": "what says how its files stood when it began is gone or changed",
    "file_changed_while_training": "{file}{more:more} was changed while it trained",
    "imported_while_training": (
        "{file}{more:more} of your checkout was imported, not the candidate's own: take your checkout off"
        " sys.path, or name it in inputs"
    ),
    "file_restored_while_training": "{file}{more:more} was changed while it trained, and put back",
    "packages_to_look_at": (
        "packages that trainings import, or programs that they run, were changed while one ran, by it or by "
        "somebody else: look at them, make them anew where in doubt, then lift the pause"
    ),
    "baseline_outside": (
        "the baseline is outside of {guard}: {value:g}; nothing is kept that does not get within it; "
        "`guards` of the settings says it"
    ),
    "baseline_fails_guard": (
        "the code as it stands fails the guard {guard}: {because}; no candidate that fails it is kept: mend "
        "it, commit and start anew; or lift the pause, once it can hold or for candidates that mend it"
    ),
    "packages_changed_while_training": (
        "packages that it imports, or programs that it runs, were changed while it trained"
    ),
    "environment_changed_while_training": (
        "it was evaluated by a runner with another environment than the one that it was trained by"
    ),
    "inputs_changed": "the data that it reads were changed while it trained",
    "file_gone_while_training": "{file}{more:more} was removed while it trained",
    "evaluation_disagrees": "it printed {metric} {printed:.6f}, and its evaluation found {found:.6f}",
    # The number.
    "nan": "the loss is not a number",
    "exploding": "the loss is exploding",
    "not_finite": "{metric} is {found}",
    "no_line": "it ended well, but no line of its output gives {metric}",
    "no_line_near": "it ended well, but no line of its output gives {metric} for certain; nearest: {said}",
    "no_match": "it ended well, but no line of its output matches metric.pattern, {pattern}",
    "no_match_near": (
        "it ended well, but no line of its output matches metric.pattern, {pattern}; nearest: {said}"
    ),
    "no_metric_file": "it ended well, but wrote no {file}, neither in its checkout nor in its job's folder",
    "no_metric_key": "it ended well, but {file} has no number {key}; its keys: {said:said}",
    "several_meanings": (
        "its lines give {metric} of different things ({first} | {second}); metric.pattern can say whose "
        "counts"
    ),
    "no_number": "the last {metric} is {found!r}, which is no number",
    "out_of_bounds": "{metric} is {found}, which no true one can be",
    "several_numbers": (
        "it printed {count} different {metric}, from {least:.6f} to {most:.6f}, and none is to count"
    ),
    "ranks_disagree": (
        "the last {metric} of {ranks} ranks differ ({count} different ones, from {least:.6f} to {most:.6f}); "
        "metric.pattern can say whose counts"
    ),
    "output_gone": "what it printed is gone, so it has to be trained again",
    "log_counts": "result.json says {metric} {exact}, the log {printed}: the log counts",
    # A change that may not be trained.
    "no_change": "it changes nothing",
    "foreign_files": "it touches {files}; only {editable} may change",
    "foreign_files_more": "it touches {files} and {more} more; only {editable} may change",
    "inside_submodules": (
        "it touches {files} in a submodule, and a change holds only files of the repository itself"
    ),
    "file_gone": "{file} is gone, or no longer a plain file",
    "not_plain": "{file} is no longer a plain file",
    "no_compile": "{file} does not compile: {said}",
    "no_compile_line": "{file} does not compile: line {line}: {said}",
    "unreadable_file": "{file}: {because}",
    "file_not_utf8": "it is not UTF-8 at offset {offset}",
    "file_not_python": "it is not Python: {said}",
    "file_not_read": "it is not {language}: {said}",
    "code_tried": "it is known: iteration {iteration} tries the same code now",
    "code_known": "it is known: iteration {iteration} has the same code, {name} {metric:.6f}",
    "proposal_known": "it is known: an equal one waits since event {seq}",
    "constant_repeated": "{name} is assigned {times:times} ({places}); use an edit",
    "constant_unknown": "no constant {name} in {files}",
    "constant_misspelt": "no constant {name} in {files}; did you mean {near}?",
    "constant_unknown_listed": "no constant {name} in {files}; there are {known}",
    "constant_misspelt_listed": ("no constant {name} in {files}; did you mean {near}? There are {known}"),
    "constant_dead": "{name} is not in use: {because}",
    "counts_where": "it counts where {chooser} is {wanted}, and {chooser} is {found}",
    "counts_unless": "it counts where {chooser} is not {wanted}, and {chooser} is {found}",
    "constant_of_other_kind": "{name} is {text}, a {kind}; {value} is a {value_kind}",
    "edit_without_file": "an edit names no file; editable are {editable}",
    "edit_elsewhere": "an edit is for {file}; only {editable} may change",
    "edit_of_nothing": "an edit is for {file}, which does not exist",
    "edit_misses": "edit {number} of {file}: the text to replace does not occur",
    "edit_misses_rest": (
        "edit {number} of {file}: the text to replace does not occur; its first line is line {line}, the "
        "rest differs"
    ),
    "edit_misses_near": (
        "edit {number} of {file}: the text to replace does not occur; line {line} is nearest: {near}"
    ),
    "edit_ambiguous": (
        "edit {number} of {file}: the text to replace occurs {times:times}; give more of its surroundings"
    ),
    "patch_misses": "the patch does not apply: {said:said}",
    "prose_not_installed": (
        "it is words alone (no set, edits or patch), and {agent} is not installed (no such program on PATH)"
    ),
    "prose": "it is words alone (no set, edits or patch), and no agent is there to carry them out",
    "merge_conflict": "both change the same lines ({said:said})",
    "base_has_it": "the base has this change already",
    "disturbed": "the edit checkout was changed after the change was applied, and candidate.diff is gone",
    "not_restored": "the change could not be restored from candidate.diff",
    "not_restored_said": "the change could not be restored from candidate.diff: {said:said}",
    "checkout_gone": "the checkout in which it was made is gone",
    "files_refused": "its files cannot be committed: {said:said}",
    "not_storable": "{file} is a repository of its own, or holds more than {most_mb} MB",
    "no_worktree": "{folder} is no worktree of {top}",
    "link_for_worktree": "{folder} is a link, not a worktree; remove the link",
    "branch_harmed": "it moved {branches}, which is not its to move; that was undone",
    # Agents.
    "called_back": "a human's proposal goes first, a stop was asked for, or its base moved",
    "not_installed": "{agent} is not installed (no such program on PATH)",
    "agent_not_run": "{agent} did not run to its end: {said}",
    "agent_deadline": "{agent} was still at work after {seconds:.0f} s and was ended{said:last}",
    "agent_silent": "{agent} printed nothing for {seconds:.0f} s and was ended",
    "agent_fell_silent": "{agent} fell silent and was ended after {seconds:.0f} s{said:last}",
    "agent_terminated": "{agent} was ended on request",
    "agent_said": "{agent} failed: {said}",
    "agent_killed": "{agent} was killed by signal {signal}",
    "agent_exit": "{agent} exited with {exit_code}: {said:said}",
    "agent_no_answer": "{agent} gave no answer (no output)",
    "agent_bad_lines": "{agent} gave no answer ({lines:lines} of its output could not be read)",
    "answer_empty": "the answer is empty",
    "answer_file": "what was written to AUTORESEARCH_ANSWER is no answer: {because}",
    "answer_no_proposal": "the answer holds no valid proposal: {because}",
    "close_to": "it is close to {iterations}, which tried nearly the same: propose something else, or say"
    " in the description what is different",
    "output_unreadable": "the output of {agent} cannot be read: {said}",
    # What becomes of a crash.
    "too_slow": "too slow for the budget",
    "nobody_mends": "no agent to mend it",
    "mended_enough": "mended {times:times} already",
    "agent_decided": "{said}",
    "triage_no_object": "the agent's answer holds no JSON object",
    "triage_no_action": "the agent's answer names no known action",
    "triage_no_reason": "the agent gave no reason",
    "nobody_reviews": "no agent is asked for anything in this run",
    "review_no_object": "the reviewer's answer holds no JSON object",
    "review_unclear": "the reviewer's answer is no review: {because}",
    "agent_changed_nothing": "the agent changed nothing",
    # What is no proposal: a dropped file, an answer.
    "not_a_regular_file": "it is not a regular file",
    "file_unreadable": "it cannot be read: {said}",
    "file_empty": "it is empty, or no regular file",
    "file_too_long": "it has more than {most:,} bytes",
    "proposal_too_long": "it is {bytes:,} bytes long; a proposal has at most {most:,}",
    "proposal_too_long_recorded": "written out it is longer than {most:,} bytes",
    "proposal_not_utf8": "it is not UTF-8: byte {byte:#04x} at offset {offset}",
    "proposal_empty": "it is empty",
    "proposal_asks": "it asks for input instead of proposing; a human's proposal has status ok",
    "proposal_of_two_forms": "{given} cannot go together: give at most one of {forms}",
    "no_json": "it is no JSON: {said}",
    "no_json_at": "it is no JSON: {said}, line {line} column {column}",
    "no_json_object": "it holds no JSON object",
    "constant_no_json": "{found} is no JSON",
    "key_twice": "the key {key} comes twice",
    "too_deep": "it is nested more than {most} deep",
    "number_too_large": "the number {number} is too large",
    "text_with_nul": "a text holds NUL: {text}",
    "text_with_surrogate": "a text holds half of a surrogate pair: {text}",
    "field_unprintable": "{field} holds nothing that can be printed",
    "lacks_keys": "{place} lacks {keys}",
    "unknown_key": "{place} has the unknown key {key}",
    "value_of_other_kind": "{place} must be {wanted:kinds}, not {found:kinds}",
    "value_not_known": "{place} must be {known}, not {found}",
    "value_empty": "{place} must not be empty",
    "value_too_long": "{place} is too long: {length}, at most {most}",
    "value_too_large": "set.{name} is beyond 2**53: {value}",
    "value_not_finite": "set.{name} is {value}; expected a finite number",
    "value_no_constant": "{text} is neither number, string, True, False nor None; use an edit for it",
    "no_python_name": "{place} names {name}, which is no name of a constant",
    "schema_against": "{place}: {said}",
    # What went wrong around a run: git, the disk, a program.
    "git_refused": "git failed: {said:said}",
    "git_killed": "git {command} was killed by {signal}",
    "no_commit": "{top} has no commit {commit}",
    "ref_not_set": "git could not set {ref}: {said:said}",
    "foreign_candidate": (
        "{ref} stands on {commit:short}, which is not this iteration's change; look at it, then remove it: "
        "git update-ref -d {ref}"
    ),
    "program_not_started": (
        "{program} could not be started in {folder}: {said}; install it, or correct its name"
    ),
    "command_timed_out": "{command} took longer than {seconds:g} s in {folder} and was killed",
    "disk_refused": "{path}: {doing} failed: {said}",
    "cards_unknown": "nvidia-smi does not say which graphics cards there are: {because}",
    "system_refused": "{said}",
    "system_refused_path": "{path}: {said}",
    "error_of_kind": "an error of the kind {kind}; runner.out has its words",
    # A branch, what another program wrote.
    "branch_checked_out": "{branch} is checked out; adopting brings the commit in",
    "branch_moved_elsewhere": "{branch} was moved by somebody else, to {to:short}",
    "branch_gone": "{branch} was removed by somebody else",
    "imported": "{said}",
}

CONDITIONS = {
    "deciding": "under other settings",
    "data_id": "on other data",
    "data": "on other data",
    "python": "by another Python: it changed since",
    "torch": "with another torch: it changed since",
    "threads": "with another number of threads",
    "driver": "under another driver",
    "inputs": "on other input files",
    "filters": "by other filters of git",
    "packages": "with other packages or in another environment: they changed since",
    "device": "on another device",
}
KINDS = {  # of what JSON can hold
    "array": "a list",
    "boolean": "a boolean",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}
SOURCES = {"cli": "human", "drop": "human", "file": "human"}  # of proposals; the others are said as they are

STEPS = {
    "propose": "propose",
    "edit": "make a change",
    "apply": "apply the change",
    "triage": "look at the crash",
    "review": "review a candidate",
}
