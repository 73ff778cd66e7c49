"""How a sentence is made of its table's words and a value's fields. Pure.

Imports only what starts fast: the page of `status` has reasons to say.
"""

from __future__ import annotations

import string
from functools import partial

from autoresearch.projections.words.sentences import CONDITIONS, KINDS, REASONS, SOURCES, STEPS
from autoresearch.projections.words.times import counted, duration, minute_of, signed, sureness
from autoresearch.projections.words.verdicts import VERDICTS


TYPE_CHECKING = False  # as in typing
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeVar

    from autoresearch.events.errors import AutoresearchError
    from autoresearch.events.kinds.candidate_events import AgentFailure
    from autoresearch.events.values import Consolidated, CurvePoint, Reason, Request, Usage

    E = TypeVar("E", bound=AutoresearchError)

SANDBOXES = {
    "landlock": "agents write below their own checkouts only, held to them by Landlock (version {version})",
    "anywhere": "agents may write anywhere, since agent_writes says so",
    "no_landlock": "agents may write anywhere, since this kernel has no Landlock",
}
FULL_HASH = 40  # characters; shorter is how an imported table wrote it


MANY_LOOPS = 900_000  # of the million that a request without an end asks for


class Words(string.Formatter):
    """Fills a sentence; a format names how a value is said, as in `{commit:short}`."""

    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ANN401 - of any field
        """Return one value as the format says it; an unknown format is Python's own."""
        say = FORMATS.get(format_spec)
        try:
            if say is not None:
                return say(value)
            return "unknown" if value is None else str(super().format_field(value, format_spec))
        except (TypeError, ValueError, AttributeError):  # of another kind than this program writes there
            return "unknown" if value is None else str(value)

    def get_value(self, key: int | str, args: Any, kwargs: Any) -> Any:  # noqa: ANN401 - of any field
        """Return an input, and what is plainly missing as such: a later program may have left it out."""
        return kwargs.get(str(key), "?") if isinstance(key, str) else super().get_value(key, args, kwargs)


WORDS = Words()


def say(reason: Reason | None) -> str:
    """Return the sentence of a reason, without a full stop; "" for none."""
    return "" if reason is None else sentence(reason.code, reason.inputs, reason.said)


def sentence(code: str, inputs: Mapping[str, Any], said: str = "") -> str:
    """Return the sentence of a code with its inputs."""
    template = REASONS.get(code)
    if template is None:  # of a later program
        listed = ", ".join(f"{name} {value}" for name, value in inputs.items())
        return words(code) + (f" ({listed})" if listed else "") + (f": {said}" if said else "")
    inner = inputs.get("because")
    more = {"said": said}
    if isinstance(inner, str):  # all inputs lie side by side (events/values.py: because)
        rest = {name: value for name, value in inputs.items() if name != "because"}
        more["because"] = sentence(inner, rest, said)
    return WORDS.vformat(template, (), {**inputs, **more})


def stated(kind: type[E], reason: Reason) -> E:
    """Return an error that says a reason, and carries it to where it is recorded."""
    return kind(say(reason), reason=reason)


def say_verdict(rule: str, inputs: Mapping[str, Any]) -> str:
    """Return the sentence of a verdict, from its rule and what it was taken from."""
    template = VERDICTS.get(_kind(rule, inputs))
    if template is None:  # of a later program
        return words(rule)
    lower = inputs.get("lower_is_better", True)
    signs = {"better": "<", "worse": ">="} if lower else {"better": ">", "worse": "<="}
    flagged = VERDICTS["flagged"] if "spent_times" in inputs else ""
    because = (
        sentence(str(inputs.get("because")), inputs, str(inputs.get("said")))
        if rule == "guard_failed"
        else ""
    )
    return WORDS.vformat(f"{template}{flagged}", (), signs | dict(inputs) | {"because": because})


def _kind(rule: str, inputs: Mapping[str, Any]) -> str:
    """Return which sentence words a verdict: a rule that compares has one for each way it can end."""
    if rule == "vetoed" and "reviewer" in inputs:
        return "vetoed_by_review_model" if "model" in inputs else "vetoed_by_review"
    if rule in ("vetoed", "not_approved"):
        return rule
    if rule == "not_comparable":
        return next((f"{rule}_{field}" for field in inputs), rule)  # the first in which they differ
    if rule == "baseline":
        return "baseline_repeated" if inputs.get("of_seeds") is not None else rule
    if rule == "drop":
        loses = -inputs.get("gain", 0.0) > inputs.get("may_lose", 0.0)
        return "drop_loses" if loses else "drop_moved" if "best_is" in inputs else rule
    gain, delta = inputs.get("gain"), inputs.get("min_delta")
    if not isinstance(gain, int | float) or not isinstance(delta, int | float):
        return rule
    if inputs.get("half_width"):
        unsure = inputs.get("sureness", 0) < inputs.get("sureness_asked", 0)
        if gain <= delta:
            return "no_better" if gain <= 0 else "too_little_by_climb" if rule == "climb" else "too_little"
        if rule.partition(":")[0] == "confirm" and inputs.get("pairs") == 1:
            return "one_seed"  # by which it keeps nothing
        return "unsure" if unsure else "believed" if "probability" in inputs else "better"
    if gain > delta:
        return "improved_by" if delta else "improved"
    if gain > 0:
        return "too_small"
    return "no_improvement_by" if delta else "no_improvement"


def say_sandbox(kind: str, version: int) -> str:
    """Return what holds agents to their checkouts, or why nothing does."""
    return SANDBOXES.get(kind, kind).format(version=version)


def words(name: str) -> str:
    """Return a code as plain words."""
    return name.replace("_", " ")


def short(commit: str | None) -> str:
    """Return a commit for people: seven digits of a hash, another program's word as it is, `-` for none."""
    return "-" if not commit else commit[:7] if len(commit) >= FULL_HASH else commit


def name_of(iteration: int) -> str:
    """Return what people call an iteration: 0 is the baseline."""
    return "baseline" if iteration == 0 else f"iteration {iteration}"


def asked_for(request: Request) -> str:
    """Return what a request asks for: loops, and the stages where it restricts them."""
    from autoresearch.events.values import LOOP_STAGES, OPEN_END, TOP_STAGES  # noqa: PLC0415 - attrs, for whoever has a request

    loops = "as many loops as fit" if request.loops == OPEN_END else _loops(request.loops)
    said = [loops] if "loop" in request.stages else []
    if request.until:
        said.append(f"until {minute_of(request.until)}")
    if request.max_trainings:
        said.append(f"at most {counted(request.max_trainings, 'training')}")
    said += _budgets(request)
    if request.stages != TOP_STAGES:
        said.append(f"only {', '.join(request.stages)}")
    if request.loop_stages != LOOP_STAGES and "loop" in request.stages:
        said.append(f"of the loop only {', '.join(request.loop_stages)}")
    if request.timeout_s:
        said.append(f"each training ended after {duration(request.timeout_s)}")
    if request.alone:
        said.append("what was asked for before waits")
    return "; ".join(said)


def _budgets(request: Request) -> list[str]:
    """Return the budgets that a request names."""
    said = [
        f"agents at most {request.max_cost_usd:g} USD" if request.max_cost_usd else "",
        f"agents at most {counted(request.max_tokens, 'token')}" if request.max_tokens else "",
        f"at most {request.max_device_hours:g} device hours" if request.max_device_hours else "",
        f"until nothing is kept of {counted(request.no_keep_for, 'idea')} in a row"
        if request.no_keep_for
        else "",
        f"until {request.crashes_in_a_row} in a row crash" if request.crashes_in_a_row else "",
    ]
    return [words for words in said if words]


def _loops(number: int) -> str:
    return counted(number, "loop")


def loops_left_words(number: int) -> str:
    """Return how many loops are left, where it may be that only a limit ends them."""
    return "as many loops as fit" if number >= MANY_LOOPS else _loops(number)


# Why an agent is the one that is asked.
FOUND: Mapping[str, str] = {
    "named": "it was named",
    "before": "as before",
    "own_command": "agent_command is set",
    "logged_in": "the first on PATH that is logged in",
    "installed": "the first on PATH, and none there is logged in",
    "reviews": "it reviews",
    "nothing_installed": "no program that is known is on PATH",
}


def say_proposers(standing: Mapping[str, Any]) -> list[str]:
    """Say which agent is asked, and why that one; or who takes turns, and what each gained and cost."""
    asked = standing["proposer"]
    if not asked or not asked["others"]:
        return [f"{asked['agent']}: {FOUND[asked['found']]}"] if asked and asked["found"] else []
    turns = f"{', '.join((asked['agent'], *asked['others']))} take turns, {asked['turns']}"
    return [turns, *map(_proposed, standing["proposers"])]


def say_usd(one: Mapping[str, Any]) -> str:
    """Say what one who proposes cost: what nobody said is unknown, and never zero; no call has no cost."""
    if not one["calls"]:
        return "-"
    least = "at least " if one["calls_of_unknown_cost"] else ""
    return "unknown" if one["usd"] is None else f"{least}${one['usd']:.2f}"


def _proposed(one: Mapping[str, Any]) -> str:
    ideas = f"{one['proposals']} idea{'' if one['proposals'] == 1 else 's'}, {one['keeps']} kept"
    return f"{one['name']}: {ideas}, gain {one['gain']:.6g}, cost {say_usd(one)}"


def proposer(request: Request) -> str:
    """Return who proposes where no human does."""
    return ", ".join((request.agent, *request.others)) if request.asks_agent else "the seeded search"


def _sureness(one: Consolidated) -> str:
    half = "no interval" if one.half_width is None else f"± {one.half_width:.6f}"
    return f"{name_of(one.iteration)} {one.verdict} ({signed(one.gain)} {half})"


def _point(one: CurvePoint) -> str:
    return f"{one.loss:.4f} against {one.base_loss:.4f} at {one.percent:.0f} %"


def _cost(usage: Usage) -> str:
    return "" if usage.cost_usd is None else f", {usage.cost_usd:.4f} USD"


def _failure(failure: AgentFailure | None) -> str:
    if failure is None:
        return ""
    if failure.kind == "permanent":
        return " (permanent: not asked again before somebody resumes)"
    return f" ({failure.kind}; asked again {f'at {failure.retry_at}' if failure.retry_at else 'at once'})"


def _left_out(left_out: Mapping[str, str]) -> str:
    return ", ".join(
        "the baseline" if number == "0" else f"iteration {number} (left after {stage or 'its start'})"
        for number, stage in left_out.items()
    )


# A field with one of these as its format, in the plural, is said with it: `{rows:results}` is "1 result".
COUNTED = (
    *("byte", "call", "change", "idea", "iteration", "line", "pair", "ref", "result", "row", "seed"),
    *("thread", "time", "token", "training", "worktree"),
)

FORMATS: Mapping[str, Callable[[Any], str]] = {
    "argv": " ".join,
    "conditions": lambda names: CONDITIONS.get("".join(names[:1]), CONDITIONS["device"]),
    "cost": _cost,
    "failure": _failure,
    "duration": duration,
    "last": lambda said: f"; the last that it said of it: {said}" if said else "",
    "left_out": _left_out,
    "list": ", ".join,
    "+.6f": signed,
    "loss": lambda gain: signed(-gain),
    "skipped": lambda lines: f"skipped, since they cannot be read: {', '.join(lines)}",
    "minute": minute_of,
    "more": lambda number: f" (and {number} more)" if number else "",
    "name": name_of,
    "points": lambda points: ", ".join(map(_point, points)),
    "proposer": proposer,
    "reason": say,
    "kinds": lambda kinds: " or ".join(KINDS.get(kind, kind) for kind in kinds.split()),
    "reasons": lambda reasons: "; ".join(map(say, reasons)),
    "request": asked_for,
    "seeds_of": lambda repeats: counted(len(repeats), "seed"),
    "sureness": lambda keeps: ", ".join(map(_sureness, keeps)) or "nothing could be compared",
    "said": lambda said: said or "it said nothing",
    "short": short,
    "sure": sureness,
    "step": lambda step: STEPS.get(step, step),
    "who": lambda source: SOURCES.get(source, source),
    "words": words,
    **{f"{noun}s": partial(counted, noun=noun) for noun in COUNTED},
}
