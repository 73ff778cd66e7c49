"""Every idea that was tried, with what it gained: the rows of a run as an agent is told of them. Pure."""

from collections.abc import Sequence

from attrs import frozen

from autoresearch.events.values import KNOWN_CODE, VETOES
from autoresearch.projections.timeline import Row
from autoresearch.projections.words.times import one_line
from autoresearch.projections.words.wording import say, say_verdict


REASON_LIMIT = 200  # characters
NEAR = 0.5  # standard deviations over seeds: what lost no more than this was nearly as good
PLATEAU = 8  # ideas without a keep after which an agent is told to go about it otherwise


@frozen(kw_only=True)
class Idea:
    """An iteration that tried something; above 0 a gain is better, on what it was made on."""

    row: Row
    gain: float | None  # None: it was not measured, or its base was not
    stands_on: str  # the commit that it was made on

    @property
    def number(self) -> int:
        """Return its iteration."""
        return self.row.iteration

    @property
    def kept(self) -> bool:
        """Say whether it is a part of the chain, or was."""
        return self.row.verdict == "keep" and self.row.retracted is None

    @property
    def crashed(self) -> bool:
        """Say whether it came to no number by its own fault."""
        return self.row.verdict == "crash" and not self.row.accident and self.row.retracted is None

    @property
    def touches(self) -> str:
        """Return what it touched: the names that it set, else those in its words, else its files."""
        return ", ".join(sorted(self.row.settings)) or ", ".join(self.row.touched) or "other"


def ideas_of(rows: Sequence[Row], *, lower_is_better: bool) -> tuple[Idea, ...]:
    """Return what was tried, in the order of iterations, what is open among it; no baseline is an idea."""
    metrics = {row.commit: row.metric for row in rows if row.metric is not None and row.commit}
    found = []
    for row in rows:
        if row.iteration == 0 or row.source == "baseline" or not row.description:
            continue
        gain, base = row.inputs.get("gain"), metrics.get(row.base_commit)
        if not isinstance(gain, int | float) or isinstance(gain, bool):
            known = row.metric is not None and base is not None and row.outcome == "succeeded"
            gain = (base - row.metric if lower_is_better else row.metric - base) if known else None  # type: ignore[operator]
        found.append(Idea(row=row, gain=gain, stands_on=row.base_commit))
    return tuple(found)


def near_misses(ideas: Sequence[Idea], of_seeds: float | None) -> tuple[Idea, ...]:
    """Return what was not kept and was nearly as good as its base, or seemed better: the best first."""
    least = -NEAR * (of_seeds or 0.0)
    found = [one for one in ideas if one.row.verdict == "discard" and one.row.retracted is None]
    looked = [one for one in found if one.row.rule not in (KNOWN_CODE, *VETOES)]
    near = [one for one in looked if one.gain is not None and one.gain > least]
    return tuple(sorted(near, key=lambda one: (-(one.gain or 0.0), one.number)))


def to_revisit(ideas: Sequence[Idea], best: str, of_seeds: float | None) -> tuple[Idea, ...]:
    """Return what was nearly good enough, or crashed, on a base that is the best no more: newest first."""
    found = [one for one in ideas if one.stands_on != best and not one.kept and one.row.verdict is not None]
    near = {one.number for one in near_misses(found, of_seeds)}
    return tuple(one for one in reversed(found) if one.number in near or one.crashed)


def without_keep(ideas: Sequence[Idea]) -> int:
    """Return how many ideas in a row, the newest, were not kept."""
    streak = 0
    for one in reversed([each for each in ideas if each.row.verdict is not None]):
        if one.kept:
            break
        streak += not one.row.accident
    return streak


def line_of(idea: Idea, width: int) -> str:
    """Return an idea in one line: number, gain, verdict, what it was, and why it has no number."""
    words, failed = verdict_of(idea.row)
    return f"{idea.number}  {signed(idea.gain)}  {words}  {one_line(idea.row.description, width)}{failed}"


def verdict_of(row: Row) -> tuple[str, str]:
    """Return what became of a row, and in brackets why it has no number."""
    if row.retracted is not None:  # by a human, since the number is not to be believed
        return "retracted", f" ({one_line(row.retracted, REASON_LIMIT)})"
    if row.outcome == "stopped_early":
        return one_line(say(row.reason), REASON_LIMIT), ""
    if row.rule == KNOWN_CODE:
        return f"same code as {row.inputs['same_as']}: not trained", ""
    if row.rule in VETOES:
        return "not kept", f" ({one_line(say_verdict(row.rule, row.inputs), REASON_LIMIT)})"
    if row.verdict in ("crash", "not_applied"):
        return row.verdict, f" ({one_line(say(row.reason), REASON_LIMIT)})"
    return row.verdict or "not decided yet", ""


def signed(gain: float | None) -> str:
    """Return a gain with its sign; "-" where there is none."""
    return "-" if gain is None else f"{gain:+.6f}"
