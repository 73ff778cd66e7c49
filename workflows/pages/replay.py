"""Audits, moments and what-ifs -> text. Pure; the states themselves: workflows/pages/tables.py."""

from autoresearch.engine.audit.report import Audit, Check, NotSeen, Unseen
from autoresearch.engine.runs.as_of import Moment
from autoresearch.engine.verdicts.what_if import WhatIf
from autoresearch.events.values import Best
from autoresearch.projections.run_state import RunState
from autoresearch.projections.words.event_text import line
from autoresearch.projections.words.times import mean_of, one_line
from autoresearch.projections.words.wording import name_of, say_verdict, short
from autoresearch.workflows.pages.tables import state_page, table
from autoresearch.workflows.pages.ways_out import typed


VALUE_CHARACTERS = 200

# Of each kind of thing that an audit could not look at: what it is, and what follows.
NOT_SEEN: dict[Unseen, tuple[str, str]] = {
    "anchor_gone": ("the ref that names the head of the log is gone", "a cut at its end would not show"),
    "base_gone": ("the commit that the run began on is gone", "its tree is not compared"),
    "branch_elsewhere": (
        "the run's branch does not hold what was kept, nor does another",
        "that it was moved there is not confirmed",
    ),
    "branch_gone": ("the run's branch is gone", "that it was moved to what was kept is not confirmed"),
    "code_gone": (
        "the code that the search looked at is gone",
        "that it proposed this is not confirmed",
    ),
    "commit_gone": ("a candidate's commit, or its base, is gone", "its tree and its diff are not compared"),
    "curve_gone": ("a training's progress.jsonl is gone", "why it was stopped early is not confirmed"),
    "diff_gone": ("candidate.diff is gone", "nothing else has the change that was applied"),
    "exit_gone": ("exit.json is gone or cannot be read", "how the job ended is not confirmed"),
    "fork_gone": (
        "what the run was forked from is gone, or ends earlier",
        "that it began with this is not confirmed",
    ),
    "imported": (
        "the run was imported",
        "its trainings were measured elsewhere, and its code is not here",
    ),
    "job_gone": ("a job's folder is gone", "what it left is not compared with the history"),
    "answer_gone": ("the file of an agent's answer is gone", "what it answered is not confirmed"),
    "log_gone": ("a job's output.log is gone", "that it printed this result is not confirmed"),
    "other_search": (
        "another version of the search proposed this",
        "that it did is not confirmed",
    ),
    "nothing_in_git": ("this repository has none of the run's commits", "no code is compared"),
    "prompt_gone": ("prompt.txt is gone", "what the agent was told is not confirmed"),
    "proposal_gone": ("a proposal's file is gone", "that it came so is not confirmed"),
    "ref_gone": ("a candidate's ref is gone", "that it was kept under its name is not confirmed"),
    "signature_unknown": (
        "the signature of a commit that names a head of the log is by a key that git does not know",
        "who made it is not confirmed",
    ),
    "source_gone": ("what was imported is gone", "that it says so is not confirmed"),
    "spec_gone": ("spec.json is gone", "that the job was run so is not confirmed"),
}


def audit_page(audit: Audit, run: RunState) -> str:
    """Return the state, one line for each check, the first difference, what was not seen, and the outcome."""
    rebuild = typed(f"rebuild {run.run_id}")
    rows = [
        (
            one.name,
            str(one.count),
            one.unit,
            f"{_verdict(one)}; {rebuild} makes it" if one.absent else _verdict(one),
        )
        for one in audit.checks
    ]
    checks = table(("check", "", "", ""), rows, right=frozenset({1}))
    return f"{state_page(run)}\n{checks}\n{_first(audit)}{_not_seen(audit)}{_ENDS[audit.outcome]}\n"


def moment_page(moment: Moment) -> str:
    """Return the state as of a moment, what happened there, and what came next."""
    came = line(moment.came) if moment.came else "nothing yet: the history ends here"
    return f"{state_page(moment.loaded.run)}then      {came}\n"


def what_if_page(found: WhatIf) -> str:
    """Return a run under another rule: what would change, and what can be said of it."""
    own = "" if found.rule != found.own_rule else ", which is its own"
    head = f"judged by {found.rule}{own}; the run was judged by {found.own_rule}"
    rows = [
        (
            str(one.iteration),
            "-" if one.metric is None else f"{one.metric:.6f}",
            one.was,
            one.would_be,
            "changed" if one.changed else "",
            "other code" if one.other_code else "",
            one_line(say_verdict(one.rule, one.inputs), 100),
        )
        for one in found.judged
    ]
    columns = ("#", "metric", "was", "would be", "", "", "by the other rule")
    return f"{head}\n\n{table(columns, rows, right=frozenset({0, 1}))}\n{what_it_means(found)}"


_ENDS = {
    "true": "all true, no difference",
    "false": "something is false",
    "unknown": "no difference, but not all could be looked at",
}


def _verdict(check: Check) -> str:
    if check.differences:
        return f"{check.differences} difference{'' if check.differences == 1 else 's'}"
    missed = sum(one.times for one in check.not_seen)
    said = [f"{missed} not seen" if missed else "", check.note]
    left = "; ".join(one for one in said if one)
    return left if left and (missed or not check.count) else f"ok; {left}" if left else "ok"


def _not_seen(audit: Audit) -> str:
    found = [(one.name, told) for one in audit.checks for told in one.not_seen]
    if not found:
        return ""
    return f"could not be looked at\n{''.join(f'  {name}: {not_seen_line(told)}' for name, told in found)}\n"


def not_seen_line(told: NotSeen) -> str:
    """Say what could not be looked at, and what follows."""
    what, follows = NOT_SEEN[told.what]
    record = "" if told.seq is None else f", record {told.seq}"
    more = "" if told.times == 1 else f", and {told.times - 1} more"
    return f"{what} ({one_line(told.first, VALUE_CHARACTERS)}{record}{more}): {follows}\n"


def _first(audit: Audit) -> str:
    first = audit.first
    if first is None:
        return ""
    where = first.place if first.line is None else f"{first.place}, line {first.line}"
    record = "" if first.seq is None else f" (record {first.seq})"
    said = [one_line(text, VALUE_CHARACTERS) for text in (first.field, first.expected, first.found)]
    return (
        f"first difference, of {first.check}: {where}{record}\n"
        f"  field     {said[0]}\n  expected  {said[1]}\n  found     {said[2]}\n\n"
    )


def what_it_means(found: WhatIf) -> str:
    """Say how many verdicts would change, where the code would be another, and what the best would be."""
    changed = found.changed
    if not changed:
        return "no verdict changes\n"
    names = ", ".join(str(one.iteration) for one in changed)
    said = [f"{len(changed)} verdict{'' if len(changed) == 1 else 's'} would change: {names}"]
    if found.other_from is None:
        said.append("no later iteration stands on another code for it")
    else:
        said.append(
            f"from {name_of(found.other_from)} on, the real run would have trained other code: "
            "those results are not what it would have got"
        )
    other = {one.iteration for one in found.judged if one.other_code}
    foreign = ", measured on that other code" if found.best and found.best.iteration in other else ""
    said.append(f"best would be {_best(found.best)}{foreign}; it is {_best(found.own_best)}")
    return "\n".join(said) + "\n"


def _best(best: Best | None) -> str:
    if best is None:
        return "none"
    number = f"{best.metric:.6f}{mean_of(len(best.under(best.conditions)))}"
    return f"{number} of {name_of(best.iteration)}, commit {short(best.commit)}"
