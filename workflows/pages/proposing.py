"""Who proposes, in lines of `status`: what it cost, who fails, who asks, and what was left for later.

Imports only what starts fast.
"""

from __future__ import annotations

from autoresearch.projections.state_text import say_kept
from autoresearch.projections.words.times import counted
from autoresearch.projections.words.wording import name_of
from autoresearch.workflows.pages.ways_out import typed


TYPE_CHECKING = False  # as in typing
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from autoresearch.projections.summary import Standing


QUESTIONS = 3  # that are shown


def health_words(standing: Standing) -> str:
    """Say which agents fail, since when, why, and when they are asked again; "" where all are well."""
    over = standing["stopped"] is not None
    return "; ".join(_failing_words(one, over=over) for one in standing["agents"] if not one["well"])


def cost_words(standing: Standing) -> str:
    """Say what agents cost: a sum over calls of which some did not say is at least that."""
    cost, most = standing["cost"], standing["budgets"]["cost_usd"]
    if not cost["calls"]:
        return ""
    calls = f"{counted(cost['calls'], 'call')} of agents"
    if cost["usd"] is None:
        return f"unknown, for {calls}{_tokens_words(cost)}"
    least = "at least " if cost["at_least"] else ""
    about = " (estimated)" if cost["calls_estimated"] else ""
    of = f" of {most:.2f}" if most else ""
    each = [
        f"{least}{cost[name]:.2f} USD a {what}"
        for name, what in (("usd_per_proposal", "proposal"), ("usd_per_keep", "keep"))
        if cost[name] is not None
    ]
    return ", ".join([f"{least}{cost['usd']:.2f}{of} USD{about} for {calls}{_tokens_words(cost)}", *each])


def _tokens_words(cost: Mapping[str, Any]) -> str:
    if cost["tokens"] is None:
        return ""
    return f", {'at least ' if cost['calls_of_unknown_tokens'] else ''}{counted(cost['tokens'], 'token')}"


def _failing_words(one: Mapping[str, Any], *, over: bool) -> str:
    model = f" with {one['model']}" if one["model"] and ":" not in one["agent"] else ""
    since = f"{one['agent']}{model}{' as reviewer' * one['reviews']} "
    since += f"{'was failing' if over else 'fails'} since {one['failing_since']}"
    times = f", {one['failures_in_a_row']} times in a row" if one["failures_in_a_row"] > 1 else ""
    why = f" ({one['kind']}: {say_kept(one['reason'])})" if one["kind"] else ""
    if not one["rests"] or over:  # whoever resumes has it asked again
        return f"{since}{times}{why}"
    again = (
        f"asked again at {one['next_try']}, or by {typed('resume')}"
        if one["next_try"]
        else f"not asked before {typed('resume')}"
    )
    good = f"; its last good answer was at {one['last_good']}" if one["last_good"] else ""
    return f"{since}{times}{why}, {again}{good}"


def question_words(standing: Standing) -> list[str]:
    """Return what agents asked and nobody has answered, the newest last, each with its way out."""
    return [
        f"{one['question']} ({one['agent']}, {name_of(one['iteration'])}); "
        + typed(f"answer --question {one['number']} TEXT")
        for one in standing["questions"][-QUESTIONS:]
    ]


def approval_words(standing: Standing) -> list[str]:
    """Return what waits for a human's word before it is kept, each with its two ways out."""
    return [
        f"{name_of(one['iteration'])}, {standing['metric']} {one['metric']:.6f}: {one['description']}; "
        + typed(f"approve {one['iteration']}")
        + " or "
        + typed(f"veto {one['iteration']} --why TEXT")
        for one in standing["approvals"]
    ]


def ideas_words(standing: Standing) -> str:
    """Say how many ideas are left for later, and which comes first; "" where none is open."""
    left = standing["ideas"]
    if not left["open"]:
        return ""
    first = left["next"][0]
    who = first["agent"] or "a human"
    more = f"; {typed('ideas')} lists them" if left["open"] > 1 else ""
    return f"{left['open']} left for later, first {first['number']} ({who}): {first['text']}{more}"


def memory_words(standing: Standing) -> str:
    """Name the other runs of which agents are told; "" where they are told of none."""
    told = [f"{one['run_id']} as of its event {one['seq']}" for one in standing["memory"]]
    return f"agents are told what was found in {', '.join(told)}" if told else ""
