"""What a stop of losers would save on the bank, and whom it would wrong: `python -m bench.bank.early_stop`.

Which is stopped, and which never, says the rule of the product (engine/verdicts/early_stop.py): here it is
played on the recorded curves of candidates and parents under the same seeds. Nothing is trained.
"""

import csv
import sys
from collections.abc import Iterable
from statistics import fmean

from attrs import frozen

from autoresearch.engine.verdicts import early_stop
from autoresearch.events.values import Edit, Proposal
from bench.bank.candidates import CANDIDATES, Candidate
from bench.bank.facts import TABLE, of_seeds, scores


BOUNDS = (0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.15)  # of the loss of training, in nats
KEPT_FROM = 0.5  # `climb` keeps what gains more than this many s on the seed

Curves = dict[tuple[str, int], tuple[float, ...]]


@frozen(kw_only=True)
class Training:
    """A training of the bank, beside that of its parent under the same seed."""

    name: str
    gain: float  # under this seed, in s; above 0 is better
    mean_gain: float  # over the seeds of the bank
    own: tuple[float, ...]
    base: tuple[float, ...]


@frozen(kw_only=True)
class Saving:
    """What one bound does to some trainings."""

    bound: float
    trainings: int
    stopped: int
    saved: float  # of the time of all trainings, 0 to 1
    kept: tuple[str, ...]  # what `climb` would keep: a candidate's name for each training
    wronged: tuple[str, ...]  # of these, what is stopped
    better: tuple[str, ...]  # what is stopped, kept or not, and better in the mean of all seeds


def curves() -> Curves:
    """Return the loss in each twentieth of a training, by candidate and place of the seed."""
    with TABLE.with_name("curves.csv").open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: int(row["seed"]))
    found: Curves = {}
    seen: dict[str, int] = {}
    for row in rows:
        name = row["candidate"]
        place = seen[name] = seen.get(name, -1) + 1
        found[name, place] = tuple(float(loss) for loss in row["curve"].split())
    return found


def stops_at(own: tuple[float, ...], base: tuple[float, ...], bound: float) -> int | None:
    """Return how many points were trained when the candidate is stopped; None where it never is."""
    width = 100 / len(own)
    points = [((place + 0.5) * width, loss) for place, loss in enumerate(own)]
    found = early_stop.far_behind(points, dict(enumerate(base)), bound)
    return round(found[-1].percent / width) if found else None


def of_schedule(some: Candidate) -> bool:
    """Whether a candidate has another schedule or batch than its parent, by the text of its edits alone."""
    edits = tuple(Edit(file="train.py", search=old, replace=new) for old, new in some.edits)
    told = Proposal(status="ok", description="", change_plan="", commit_description="", edits=edits)
    return early_stop.of_schedule(told)


def trainings(some: Iterable[Candidate]) -> list[Training]:
    """Return the trainings of some candidates under all seeds."""
    found, known = scores(), curves()
    unit = of_seeds(found)
    return [
        Training(
            name=one.name,
            gain=(base - own) / unit,
            mean_gain=(fmean(found[one.parent]) - fmean(found[one.name])) / unit,
            own=known[one.name, place],
            base=known[one.parent, place],
        )
        for one in some
        for place, (base, own) in enumerate(zip(found[one.parent], found[one.name], strict=True))
    ]


def saving(some: list[Training], bound: float) -> Saving:
    """Return what a bound saves of some trainings, and which good ones it ends."""
    at = [stops_at(one.own, one.base, bound) for one in some]
    ended = [one for one, place in zip(some, at, strict=True) if place is not None]
    spared = sum(1 - place / len(one.own) for one, place in zip(some, at, strict=True) if place is not None)
    return Saving(
        bound=bound,
        trainings=len(some),
        stopped=len(ended),
        saved=spared / len(some),
        kept=tuple(one.name for one in some if one.gain > KEPT_FROM),
        wronged=tuple(one.name for one in ended if one.gain > KEPT_FROM),
        better=tuple(one.name for one in ended if one.mean_gain > 0),
    )


def main() -> None:
    """Print a row for each bound: without the changes of schedule and batch, and with those alone."""
    tried = [one for one in CANDIDATES if one.parent and one.planted != "same"]
    _table("on the schedule of their parent", [one for one in tried if not of_schedule(one)])
    _table("another schedule or batch, never to be stopped", [one for one in tried if of_schedule(one)])


def _table(title: str, some: list[Candidate]) -> None:
    say = sys.stdout.write
    known = trainings(some)
    kept = saving(known, BOUNDS[0]).kept
    say(f"{title}: {len(known)} trainings, {len(kept)} kept of {len(set(kept))} programs\n")
    say(f"{'bound':>6}{'stopped':>9}{'time saved':>12}{'kept, stopped':>15}{'better, stopped':>17}\n")
    for bound in BOUNDS:
        one = saving(known, bound)
        whom = ", ".join(sorted({*one.wronged, *one.better}))
        counts = f"{one.stopped:9}{one.saved:12.1%}{len(one.wronged):15}{len(one.better):17}"
        say(f"{bound:6.2f}{counts}  {whom}".rstrip() + "\n")
    say("\n")


if __name__ == "__main__":
    main()
