"""Audits, moments and what-ifs -> text. Pure; the states themselves: workflows/pages/tables.py."""

from autoresearch.engine.audit.report import Audit, Check
from autoresearch.engine.core.what_if import WhatIf
from autoresearch.engine.runs.as_of import Moment
from autoresearch.events.values import Best
from autoresearch.projections.run_state import RunState
from autoresearch.projections.words.event_text import line
from autoresearch.projections.words.times import one_line
from autoresearch.projections.words.wording import name_of, say_verdict, short
from autoresearch.workflows.pages.tables import state_page, table
from autoresearch.workflows.pages.ways_out import typed


VALUE_CHARACTERS = 200


def audit_page(audit: Audit, run: RunState) -> str:
    """Return the state, one line for each check, and the first difference."""
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
    return f"{state_page(run)}\n{checks}\n{_first(audit)}"


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
    return f"{head}\n\n{table(columns, rows, right=frozenset({0, 1}))}\n{_what_it_means(found)}"


def _verdict(check: Check) -> str:
    if check.differences:
        return f"{check.differences} difference{'' if check.differences == 1 else 's'}"
    return f"ok; {check.note}" if check.note and check.count else check.note or "ok"


def _first(audit: Audit) -> str:
    first = audit.first
    if first is None:
        return "no difference\n"
    where = first.place if first.line is None else f"{first.place}, line {first.line}"
    record = "" if first.seq is None else f" (record {first.seq})"
    said = [one_line(text, VALUE_CHARACTERS) for text in (first.field, first.expected, first.found)]
    return (
        f"first difference, of {first.check}: {where}{record}\n"
        f"  field     {said[0]}\n  expected  {said[1]}\n  found     {said[2]}\n"
    )


def _what_it_means(found: WhatIf) -> str:
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
    return f"{best.metric:.6f} of {name_of(best.iteration)}, commit {short(best.commit)}"
