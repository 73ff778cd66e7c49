"""The ways out of errors, and every other mention of a command, which is named as the program was called.

The engine names a way out and fills in its fields; the sentences are here.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from autoresearch.events.errors import WayOut
from autoresearch.projections.state_text import say_no_gain


TYPE_CHECKING = False  # as in typing
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


DOOR_NAME = "run_experiment.py"
PULL_LFS = "git lfs pull; in submodules: git submodule foreach git lfs pull"

SENTENCES = {
    "add_baseline": "leave out --only, or name the baseline too: --only setup,baseline,loop",
    "add_loop": "add loop to --only",
    "add_setup": "leave out --only, or name setup too: --only setup,baseline,loop",
    "ask_for_more": "`{program} resume --loops N` asks for more",
    "begin": "begin one: `{program} start --loops 5`",
    "begin_earlier": (
        "begin with propose, or with train for what stands in the worktree: --loop-only train,record,decide"
    ),
    "name_reviewer": 'set review_agent in the settings, or review = "off"',
    "agent_again": (
        "put it back, or name who proposes: `{program} resume --loops N --agent NAME`, or --no-stochastic"
    ),
    "answer_example": 'for example `{program} answer "the rate, not the depth"`',
    "answer_number": 'say which: `{program} answer --question N "..."`',
    "approve": "`{program} approve {number}` lets it be kept, `{program} veto {number} --why TEXT` does not",
    "veto_example": "for example `{program} veto {number} --why 'it reads the validation data'`",
    "branch_example": "for example --branch autoresearch/mar10",
    "commit_or_init": (
        "git add {file} && git commit; or, if your script has no such file, `{program} init` writes the "
        "settings of your repository: editable, protected, prepare and check"
    ),
    "commands": "`{program} --help` lists what there is",
    "consolidate": "`{program} consolidate` says which keeps are in doubt",
    "drop_one_or_add_loop": "drop one of the two, or add loop to --only",
    "event_times": "`{program} history` shows the times",
    "events": "`{program} history` lists them",
    "experiments": "`{program} experiments` lists the iterations",
    "go_on_with_stages": "`{program} resume --loops 1 --loop-only {stages}` goes on with it",
    "stop_and_resume": "`{program} stop`, then `{program} resume` from a shell without that limit",
    "hand_over_or_stop": "leave out --no-background-train to hand it the request, or `{program} stop` first",
    "idea_example": "for example `{program} ideas add 'a cosine schedule'`, `{program} ideas drop 3`",
    "drop_idea": "`{program} ideas drop N` takes one off",
    "put_idea_first": "`{program} ideas first {number}` puts it before the others",
    "install_or_stay": (
        "install it where it stays: `uv tool install {source}`; "
        "or call it by `uvx --from {source} autoresearch`; or stay with it: --no-background-train"
    ),
    "key_example": "any name of your own, another one for each intent: --key night-3-resume",
    "list_stages": "list the stages in --only",
    "look_and_resume": "look into it, then `{program} resume --run-id {run_id}`",
    "make_environment": 'make it, or name another interpreter: python = "PATH" in the settings',
    "map_metric": "name it with --map metric=COLUMN",
    "mend_and_resume": "mend it, then `{program} resume --run-id {run_id}`",
    "mend_or_skip": "mend it, or take the rest with --skip-bad; --map says which column is what",
    "more_or_another": (
        "`{program} resume --run-id {run_id} --loops N` asks it for more; "
        "`{program} start --another` begins a second one"
    ),
    "name_training": "name its command: `{program} init --train 'python my_script.py'`",
    "say_better": "`{program} init --yes --metric '{metric}' --better higher`, or lower",
    "name_branch": "name the branch yourself: --branch NAME",
    "name_event_or_iteration": "name an event or an iteration instead: --at 57, --at iteration:7",
    "name_metric": (
        "say in the settings where the number is: metric.name, metric.pattern (one "
        "group around it) or metric.file; `{program} resume --run-id {run_id}` then reads the same output "
        "again"
    ),
    "name_few_memories": "name up to {most} others: `{program} runs` lists them",
    "name_other_branch": "name another one: --branch autoresearch/NAME",
    "name_repository": "name the repository: --repo PATH",
    "note_instead": '`{program} note --run-id {run_id} "..."` says so to whoever looks',
    "note_example": 'for example `{program} note "depth 8 was too slow here"`',
    "other_run_id": "leave out --run-id, or resume it",
    "propose": "drop a proposal as next_proposal.json, or use `{program} propose`",
    "propose_constant": (
        "`{program} propose --set NAME=VALUE` sets a constant; an edit or a patch changes the rest"
    ),
    "propose_form": (
        "`{program} propose --set NAME=VALUE`, or edits or a patch in a file; "
        "`{program} resume --loops N --agent NAME` asks an agent"
    ),
    "propose_example": "`{program} propose p.json`, or `{program} propose --set DEPTH=4`",
    "propose_or_unpause": "`{program} propose`, or `{program} unpause`, then it goes on",
    "repair": (
        "restore it from a copy, or `{program} repair {run_id}` goes on with what is whole and sets the rest "
        "aside"
    ),
    "repair_lost": (
        "put the newer history back, or `{program} repair {run_id}` goes on with what it has and sets aside "
        "what git has seen beyond"
    ),
    "repair_or_forget": (
        "restore it from a copy, or `{program} repair {run_id}` goes on with what it has; "
        "if {state} is not of this history, delete that"
    ),
    "look_at": "`{program} show {number}` has what came of it; another value is another experiment",
    "make_shared": "make it, or take it out of `shared` in the settings; `{program} doctor` looks again",
    "install_lfs": f"git lfs install && {PULL_LFS}",
    "retract_doubtful": (
        '`{program} retract {number} --why "doubtful on fresh seeds"` makes the baseline the best again'
    ),
    "device_taken": (
        "wait until it has ended, or stop it; `{program} init --yes --no-trial` writes the settings untried"
    ),
    "doubtful_along": (
        "`{program} consolidate --seeds 5` measures it once more on more seeds; "
        "`git merge {commit}` takes it along as it is"
    ),
    "retract_example": 'for example `{program} retract {number} --why "another program used the card"`',
    "resume": "`{program} resume --run-id {run_id}` goes on",
    "retry_baseline": (
        "see `{program} logs 0`; `{program} resume --run-id {run_id}` trains the same code again, "
        "`{program} start` takes new code"
    ),
    "runs": "`{program} runs` lists them",
    "runs_look_like": "`{program} runs` lists them; they look like {example}",
    "runs_near": "did you mean {near}? `{program} runs` lists them",
    "say_seeds": "name more, as in --seeds 3",
    "say_loops": "say how many, as in --loops 5",
    "say_loops_or_as_before": (
        "say how many, as in --loops 5; without it the run goes on as it was asked to before"
    ),
    "see_output_and_resume": (
        "`{program} logs 0` shows its output; mend it, then `{program} resume --run-id {run_id}`"
    ),
    "set_example": "for example --set DEPTH=4",
    "start_anew": "`{program} start` begins a run that measures it anew",
    "start_with_code_here": "`{program} start` begins a run with the code that is here",
    "start_with_imported_code": (
        "begin a run with its best code: git branch autoresearch/NAME {commit}, "
        "then `{program} start --branch autoresearch/NAME`"
    ),
    "start_with_new_metric": (
        "`{program} start` begins a run with the new metric; put the old one back to resume"
    ),
    "start_without_protection": (
        "name {path} in `protected` again to resume; `{program} start` begins a run in which it may change"
    ),
    "status": "`{program} status` says how it stands",
    "stop_first": "`{program} stop --run-id {run_id}` first",
    "outside_sandbox": (
        "give the command in a shell outside of it, or as a tool of `{program} mcp`, which agent programs "
        "start outside; or keep this shell open: `{program} resume --follow`"
    ),
    "write_outside_sandbox": (
        "where a sandbox keeps it so, give the command in a shell outside of it, or as a tool of "
        "`{program} mcp`, which agent programs start outside"
    ),
    "publish_by_hand": (
        "the branch stands: git push origin {branch} && gh pr create --head {branch} --body-file {text}"
    ),
    "publish_without_pr": "leave out --pr: the branch and its text are made without it",
    "publish_elsewhere": (
        "publish from where the run began: git switch --detach {base}, "
        "or bring it by hand: git cherry-pick {commit}"
    ),
    "publish_other_name": "look at it: git log {branch}; another one: `{program} publish --name NAME`",
    "propose_one": "`{program} propose FILE` hands one in, and says the number that takes it back",
    "raise_later": "ask for more with `{program} resume --for 8h` when that is over",
    "resume_as_before": "leave it out, or resume with --interrupted alone",
    "say_length": "as in --for 8h, 90m or 1h30m",
    "say_time_ahead": "name a time ahead: --until 07:00, --until 2026-03-09T07:00 or --for 8h",
    "stop_now": "`{program} stop --now --run-id {run_id}` ends it",
    "unpause": "`{program} unpause` goes on",
    "wait_or_stop": "wait for it, or `{program} stop` ends it",
    "withdraw_one": "`{program} withdraw {number}` takes that one back; `{program} proposals` lists all",
}


def worded(remedy: str | WayOut) -> str:
    """Return the way out as a sentence; "" where there is none."""
    if isinstance(remedy, str):
        return remedy
    return SENTENCES[remedy.name].format(program=program(), **remedy.fields)


def typed(words: str) -> str:
    """Return a command as it can be typed, in the quotes that set it off from a sentence."""
    return f"`{program()} {words}`"


def after_no_gain(standing: Mapping[str, Any]) -> list[str]:
    """Say what fresh seeds show and what to do then, where they show no gain; empty where they do."""
    gain = standing["gain"]
    if gain is None or gain["shown"]:
        return []
    said = f"{say_no_gain(gain['value'], gain['half_width'])} on fresh seeds"
    stay = [one for one in standing["keeps"] if one["taken_out"] is None]
    doubtful = [one["iteration"] for one in stay if one["verdict"] == "doubtful"]
    if doubtful and len(standing["keeps"]) == 1:
        return [f"{said}: {worded(WayOut('retract_doubtful', number=str(doubtful[0])))}"]
    if doubtful:
        return [f"{said}: {typed('consolidate --drop')} tries the best without the doubtful keeps"]
    return [f"{said}: {typed('consolidate')} says which keeps are in doubt"]


def program() -> str:
    """Return how this program was called."""
    return f"python {shlex.quote(sys.argv[0])}" if Path(sys.argv[0]).name == DOOR_NAME else "autoresearch"
