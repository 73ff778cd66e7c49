"""What stands in a report, and in which order: from its object to a document."""

from typing import Any

from autoresearch.projections.parts.proposers import WHO
from autoresearch.projections.state_text import say_interval, say_no_gain
from autoresearch.projections.words.times import duration, minute_of, one_line, signed, sureness
from autoresearch.projections.words.wording import say_usd
from autoresearch.workflows.pages.ways_out import program
from autoresearch.workflows.report.best import best_lines, held
from autoresearch.workflows.report.document import (
    Block,
    Chart,
    Cite,
    Commands,
    Document,
    Heading,
    Line,
    Listing,
    Paragraph,
    Point,
    Span,
    Table,
)
from autoresearch.workflows.report.later import later


SHOWN_FAILURES = 12
DESCRIPTION = 90  # characters
REASON = 160
HOUR = 3600.0
SOME_S = 1.0  # less time than this is not worth a word
AGAIN = ("remeasured", "dropped")
CAME_TO = {"keep": "kept", "discard": "discarded", "crash": "crashed", "open": "begun"}


def document_of(found: dict[str, Any]) -> Document:  # Any: it is JSON
    """Return the page of a report's object."""
    blocks: list[Block] = [
        Paragraph(line=_verdict(found), strong=True),
        Listing(lines=(*best_lines(found), *_asked(found), *_standing(found))),
        *_shown_chart(found),
        *_kept(found),
        *_near(found),
        *_vetoed(found),
        *_failed(found),
        *_retracted(found),
        *later(found),
        *_proposers(found),
        *_costs(found),
        *_time(found),
        *_next(found),
    ]
    return Document(title=f"{found['run_id']}: {found['metric']}", blocks=tuple(blocks))


def _number(value: float) -> str:
    return f"{value:.6f}"


def _signed(value: float | None) -> str:
    return "-" if value is None else signed(value)


def _plural(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _verdict(found: dict[str, Any]) -> Line:
    """Say first what the run is worth, or that nothing is shown."""
    best, gain = found["best"], found["gain"]
    if best is None:
        return ("No result yet: ", found["stands"] or "the baseline is not measured", ".")
    if gain is not None:
        said = Cite(say_interval(gain["value"], gain["half_width"]), gain["seq"])
        of = f" on {_plural(gain['seeds'], 'fresh seed')}"
        if gain["half_width"] is None:
            return ("No gain shown: ", said, f"{of} are too few for one; it may be luck.")
        if gain["shown"]:
            return ("The best gains ", said, f"{of} (95 % interval), against the baseline.")
        if say_no_gain(gain["value"], gain["half_width"]) == "a loss":
            return ("The best loses: ", said, f"{of} (95 % interval), against the baseline.")
        return ("No gain shown: ", said, f"{of} (95 % interval); it may be luck.")
    if not best["iteration"] and not set(found["counts"]) - {"open"}:
        return ("No gain yet: no change was tried to its end.",)
    if not best["iteration"]:
        return ("No gain: nothing was better than the baseline.",)
    if found["exact"]:
        change = best["metric"] - found["baseline"]["metric"]
        gained = signed(-change if found["lower_is_better"] else change)
        return (
            "The best gains ",
            Cite(gained, best["seq"]),
            ": trainings of the same code measured the same.",
        )
    way = f"`{program()} final` measures it on fresh seeds."
    return (f"A gain was not measured: the best was chosen by its own number, which flatters it. {way}",)


def _asked(found: dict[str, Any]) -> tuple[Line, ...]:
    direction = "lower" if found["lower_is_better"] else "higher"
    lines: list[Line] = []
    for one in found["asked"]:
        who = f"agent {one['agent']}" if one["agent"] else "the seeded search"
        asked = "no more loops" if one["loops"] == 0 else one["words"]
        lines.append((f"asked {minute_of(one['at'])}: ", Cite(asked, one["seq"]), f", {who} proposes"))
    return (*lines, (f"{direction} is better, kept by the rule `{found['keep_rule']}`",))


def _standing(found: dict[str, Any]) -> tuple[Line, ...]:
    tried = {word: count for word, count in found["counts"].items() if word not in AGAIN}
    again = sum(found["counts"].values()) - sum(tried.values())
    words = {word: CAME_TO.get(word, word.replace("_", " ")) for word in tried}
    counts = ", ".join(f"{count} {words[word]}" for word, count in tried.items())
    more = f"; beside these {_plural(again, 'measurement')} of what was kept" if again else ""
    lines: list[Line] = (
        [(f"{_plural(sum(tried.values()), 'change')} tried: {counts}{more}",)] if tried else []
    )
    if found["comparisons"]:
        lines.append((f"{_plural(found['comparisons'], 'comparison')} with the validation data so far",))
    if found["holdout"] is not None:
        lines.append(held(found["holdout"]))
    until = Cite(minute_of(found["as_of"]["at"]), found["as_of"]["seq"])
    stands = f": {one_line(found['stands'], REASON)}" if found["stands"] else ""
    return (*lines, ("as of ", until, stands))


def _shown_chart(found: dict[str, Any]) -> tuple[Block, ...]:
    chart = chart_of(found)
    return (chart,) if len(chart.points) > 1 else ()  # a line has two ends


def chart_of(found: dict[str, Any]) -> Chart:  # Any: it is JSON
    """Return the chart of a report's object, which may be without points."""
    points = tuple(
        Point(
            iteration=one["iteration"],
            value=one["metric"],
            kept=one["status"] == "keep",
            within_noise=one["half_width"] is not None and abs(one["gain"] or 0.0) < one["half_width"],
            compared=one["gain"] is not None,
            title=_title(one),
            seq=one["seq"],
        )
        for one in found["points"]
    )
    return Chart(
        metric=found["metric"],
        lower_is_better=found["lower_is_better"],
        points=points,
        of_seeds=found["of_seeds"] or None,
    )


def _title(one: dict[str, Any]) -> str:
    words = f"{one['iteration']}: {_number(one['metric'])} {one['status']}"
    return f"{words}, {one_line(one['description'], DESCRIPTION)}"


def _kept(found: dict[str, Any]) -> tuple[Block, ...]:
    if not found["kept"]:
        return ()
    alone = len(found["kept"]) == 1
    fresh = "on fresh seeds" if alone else "on the one before, on fresh seeds"
    head = ("#", found["metric"], "gain by its own seed", fresh, "sure", "change")
    rows = tuple(
        (
            str(one["iteration"]),
            Cite(_number(one["metric"]), one["result_seq"]),
            Cite(_interval(one["gain"], one["half_width"]), one["seq"]),
            _fresh(one, found["gain"] if alone else None),
            _sure(one),
            _change(one),
        )
        for one in found["kept"]
    )
    return Heading(text="What was kept, in order"), Table(head=head, rows=rows, right=frozenset({0, 1, 2, 3}))


def _interval(gain: float | None, half_width: float | None) -> str:
    return _signed(gain) if half_width is None else f"{_signed(gain)} ± {half_width:.6f}"


def _fresh(one: dict[str, Any], of_final: dict[str, Any] | None) -> Span:
    """Return what a keep gains on fresh seeds by the consolidation; the only one, else by the final."""
    if one["sureness"] is None and of_final is not None:
        return Cite(say_interval(of_final["value"], of_final["half_width"]), of_final["seq"])
    if one["sureness"] is None:
        return "-"
    return Cite(say_interval(one["fresh_gain"], one["fresh_half_width"]), one["sureness_seq"])


def _sure(one: dict[str, Any]) -> str:
    if one["sureness"] is not None:
        return str(one["sureness"])
    return "-" if one["probability"] is None else sureness(one["probability"])


def _change(one: dict[str, Any]) -> str:
    who = one["agent"] or WHO.get(one["source"], one["source"])
    by = f" ({who})" if who else ""
    return f"{'not reviewed: ' if one['not_reviewed'] else ''}{one_line(one['description'], DESCRIPTION)}{by}"


def _near(found: dict[str, Any]) -> tuple[Block, ...]:
    if not found["near_misses"]:
        return ()
    head = ("#", found["metric"], "gain", "sure", "change")
    rows = tuple(
        (
            str(one["iteration"]),
            Cite(_number(one["metric"]), one["result_seq"]),
            Cite(_interval(one["gain"], one["half_width"]), one["seq"]),
            _sure(one),
            _change(one),
        )
        for one in found["near_misses"]
    )
    title = Heading(text="Near misses: better, but not enough to be told from luck")
    return title, Table(head=head, rows=rows, right=frozenset({0, 1, 2}))


def _vetoed(found: dict[str, Any]) -> tuple[Block, ...]:
    if not found["vetoed"]:
        return ()
    lines = tuple(
        (
            f"{one['iteration']} {one_line(one['reason'], REASON)}: {_change(one)}, gain ",
            Cite(
                "not measured" if one["gain"] is None else _interval(one["gain"], one["half_width"]),
                one["seq"],
            ),
        )
        for one in found["vetoed"]
    )
    return Heading(text="What was vetoed"), Listing(lines=lines)


def _failed(found: dict[str, Any]) -> tuple[Block, ...]:
    failed = found["failed"]
    if not failed:
        return ()
    rows = tuple(
        (
            str(one["iteration"]),
            Cite(one["status"].replace("_", " "), one["seq"]),
            one_line(one["reason"], REASON),
            _change(one),
        )
        for one in failed[-SHOWN_FAILURES:]
    )
    more = len(failed) - len(rows)
    title = f"What failed{f' (the last {SHOWN_FAILURES} of {len(failed)})' if more else ''}"
    return Heading(text=title), Table(head=("#", "how", "why", "change"), rows=rows, right=frozenset({0}))


def _retracted(found: dict[str, Any]) -> tuple[Block, ...]:
    if not found["retracted"]:
        return ()
    lines = tuple(
        (f"iteration {one['iteration']}: {one_line(one['reason'], REASON)}",) for one in found["retracted"]
    )
    return Heading(text="Taken back"), Listing(lines=lines)


def _proposers(found: dict[str, Any]) -> tuple[Block, ...]:
    if len(found["proposers"]) < 2:  # noqa: PLR2004 - of one, the rest of the report tells
        return ()
    head = ("proposes", "ideas", "kept", "gain", "cost", "on devices")
    counts = ((one, str(one["proposals"]), str(one["keeps"])) for one in found["proposers"])
    rows = tuple(
        (one["name"], ideas, kept, f"{one['gain']:.6g}", say_usd(one), duration(one["device_s"]))
        for one, ideas, kept in counts
    )
    return Heading(text="Who proposed"), Table(head=head, rows=rows, right=frozenset(range(1, 6)))


def _costs(found: dict[str, Any]) -> tuple[Block, ...]:
    if not found["agents"]:
        return ()
    head = ("agent", "calls", "failed", "time", "tokens in", "tokens out", "cost")
    rows = tuple(
        (
            " ".join(filter(None, (one["agent"], one["model"]))),
            Cite(str(one["calls"]), one["seq"]),
            str(one["failed"]),
            duration(one["seconds"]),
            _at_least(f"{one['tokens_in']:,}", one["without_tokens"], one["calls"]),
            _at_least(f"{one['tokens_out']:,}", one["without_tokens"], one["calls"]),
            _at_least(f"${one['cost_usd'] or 0:.2f}", one["without_cost"], one["calls"]),
        )
        for one in found["agents"]
    )
    table = Table(head=head, rows=rows, right=frozenset(range(1, 7)))
    return Heading(text="What agents cost"), table, Paragraph(line=(_each_costs(found["cost"]),))


def _each_costs(cost: dict[str, Any]) -> str:
    """Say what the run cost, a proposal and a keep; where a call did not say, it is at least that."""
    figures = [
        (_at_least(f"${cost[name] or 0:.2f}", cost["calls_of_unknown_cost"], cost["calls"]), what)
        for name, what in (("usd", "in all"), ("usd_per_proposal", "a proposal"), ("usd_per_keep", "a keep"))
        if cost[name] is not None or name == "usd"
    ]
    about = "; some of it is estimated from list prices" if cost["calls_estimated"] else ""
    return f"{', '.join(f'{figure} {what}' for figure, what in figures)}{about}."


def _at_least(figure: str, silent: int, calls: int) -> str:
    """Return a sum; what nobody said is unknown, and never zero."""
    if silent == calls:
        return "unknown"
    return f"at least {figure}" if silent else figure


def _time(found: dict[str, Any]) -> tuple[Block, ...]:
    time = found["time"]
    if not time["elapsed_s"]:
        return ()
    lines: list[Line] = [
        ("from ", Cite(minute_of(found["began"]["at"]), found["began"]["seq"]), " on: ", _shares(time)),
        (f"{_plural(time['trainings'], 'training')} took {duration(time['training_s'])}{_beside(time)}",),
    ]
    if time["lost"] or time["voided"]:
        lines.append((f"{time['lost']} lost by the machine's fault, {time['voided']} void; begun again",))
    return Heading(text="Where the time went"), Listing(lines=tuple(lines))


def _shares(time: dict[str, Any]) -> str:
    whole = time["elapsed_s"]
    parts = [
        f"{duration(time[name])} ({time[name] / whole:.0%}) {words}"
        for name, words in (
            ("busy_s", "training or evaluating"),
            ("waiting_s", "waiting beside a runner"),
            ("away_s", "with no runner"),
        )
        if time[name] >= SOME_S
    ]
    rest = f"; beside that {duration(time['rest_s'])} at rest" if time["rest_s"] >= SOME_S else ""
    return (f"{duration(whole)} in all, of these {', '.join(parts)}" if parts else duration(whole)) + rest


def _beside(time: dict[str, Any]) -> str:
    # More than the device hours of `status`, which are what programs said that they ran.
    hours = f"devices held for {time['device_s'] / HOUR:.2f} hours, starting, and what was lost, included"
    evaluated = f", evaluations {duration(time['evaluation_s'])}" if time["evaluation_s"] else ""
    return f"{evaluated}; {hours}"


def _next(found: dict[str, Any]) -> tuple[Block, ...]:
    run, best, gain = found["run_id"], found["best"], found["gain"]
    lines: list[tuple[str, str]] = []
    if best is not None and best["iteration"]:
        if gain is None and not found["exact"]:
            lines.append((f"{program()} final {run}", "measures the gain on fresh seeds"))
        if not found["exact"] and not all(one["sureness"] for one in found["kept"]):
            lines.append((f"{program()} consolidate {run}", "says of each keep whether it is sure"))
        if gain is None or gain["shown"]:
            lines.append(
                (f"{program()} publish {run}", "puts it on a branch to be reviewed, a commit for each keep")
            )
            lines.append((f"git merge {found['branch']}", "takes what was kept into your branch"))
        lines.append((f"{program()} show {best['iteration']} --run-id {run}", "shows the best whole"))
    more = "" if found["loops_left"] else " --loops 10"
    lines.append((f"{program()} resume --run-id {run}{more}", "goes on"))
    lines.append((f"{program()} replay --run-id {run}", "checks that all of this is true"))
    return Heading(text="What to do next"), Commands(lines=tuple(lines))
