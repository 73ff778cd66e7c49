"""The seeded search: what is proposed where no agent is. Pure: one history, one proposal.

First the knobs take turns, each once, in an order that the seed decides. Then, by what the results say
(learned.py), the one whose next value promises most, and every other time those few together that promise to
gain. What crashed is not gone beyond.
"""

import hashlib
from collections.abc import Mapping, Sequence

from attrs import frozen

from autoresearch.engine.ports.repository import Commits
from autoresearch.engine.proposals import constants
from autoresearch.engine.proposals.editable import files_at
from autoresearch.engine.search.knobs import Knob, knobs, left_alone
from autoresearch.engine.search.learned import Learned, Trial, improvement
from autoresearch.events.values import Proposal, Reason, Scalar, why
from autoresearch.projections.run_state import Iteration, RunState
from autoresearch.projections.timeline import Row, Timeline


VERSION = 3  # grows where one history gives another proposal; the event says which one it was
TOGETHER = 3  # knobs that are turned at once, at most
EVERY = 2  # so often several are
NAMED = 8  # names in a reason
SURE = 0.3  # standard deviations by which a gain must be believed to exceed nothing, to be one of several

Changes = tuple[tuple[Knob, Scalar], ...]


@frozen(kw_only=True)
class Seed:
    """What makes one turn differ from another beside the history."""

    seed: int
    iteration: int

    def fraction(self, *parts: object) -> float:
        """Return a number in [0, 1) that depends on the seed and the parts, on every machine and Python."""
        digest = hashlib.sha256("\0".join(map(str, (self.seed, *parts))).encode()).digest()
        return int.from_bytes(digest[:6], "big") / 2**48


def searched(one: Iteration, run: RunState, timeline: Timeline, *, git: Commits) -> Proposal | Reason:
    """Return what the seeded search proposes, or why nothing."""
    now, at_first = (_texts(commit, run, git) for commit in (one.base_commit, run.base_commit))
    return propose(
        now,
        at_first=at_first,
        trials=trials(timeline.rows, lower_is_better=run.config.metric.lower_is_better),
        here=[
            row.settings
            for row in timeline.rows
            if row.base_commit == one.base_commit and row.retracted is None
        ],
        seed=Seed(seed=run.config.seed, iteration=one.number),
        train=run.config.train,
    )


def knobs_at(one: Iteration, run: RunState, *, git: Commits) -> tuple[Knob, ...]:
    """Return what the search may turn in the code that an iteration begins with."""
    now, at_first = (_texts(commit, run, git) for commit in (one.base_commit, run.base_commit))
    return knobs(now, at_first=at_first, train=run.config.train)


def propose(
    files: Mapping[str, str],
    *,
    at_first: Mapping[str, str] | None = None,
    trials: Sequence[Trial] = (),
    here: Sequence[Mapping[str, Scalar]] = (),
    seed: Seed,
    train: Sequence[str] = (),
) -> Proposal | Reason:
    """Return a change of the constants in these files that was not tried before, or why there is none.

    `here` is what was set on this very code: it is tried even where an edit, of which `trials` know
    nothing, gave the other constants their values.
    """
    found = knobs(files, at_first=at_first, train=train)
    if not found:
        return _knows_none(files)
    chosen = _Turn(found, trials, seed, here).choose()
    return _proposal(chosen) if chosen else why("search_is_through", search=VERSION)


def trials(rows: Sequence[Row], *, lower_is_better: bool) -> tuple[Trial, ...]:
    """Return what each row tried, and what it gained on the row whose code it was made on."""
    settings: dict[str, dict[str, Scalar]] = {}  # by commit: what was set since the run began
    metrics: dict[str, float] = {}
    found = []
    for row in rows:
        before = settings.get(row.base_commit, {})
        after = before | row.settings
        if row.commit:
            settings.setdefault(row.commit, after)
            if row.metric is not None and row.retracted is None:
                metrics.setdefault(row.commit, row.metric)
        if row.retracted is not None or not row.settings:
            continue
        base, gain = metrics.get(row.base_commit), None
        if row.metric is not None and base is not None:
            gain = base - row.metric if lower_is_better else row.metric - base
        crashed = row.verdict == "crash" and not row.accident
        found.append(Trial(before=before, after=after, gain=gain, crashed=crashed))
    return tuple(found)


def _texts(commit: str, run: RunState, git: Commits) -> dict[str, str]:
    found = files_at(commit, run.config, git)
    return {name: content.decode(errors="replace") for name, content in found.items()}


class _Turn:
    """One choice among the knobs."""

    def __init__(
        self, found: Sequence[Knob], trials: Sequence[Trial], seed: Seed, here: Sequence[Mapping[str, Scalar]]
    ) -> None:
        self._seed = seed
        self._knobs = sorted(found, key=lambda one: (not one.used, seed.fraction("order", one.name)))
        self._trials = trials
        self._learned = Learned(found, trials)
        origin = {one.name: one.origin for one in found}
        self._now = {one.name: one.value for one in found}
        states = [{name: trial.after.get(name, value) for name, value in origin.items()} for trial in trials]
        states += [self._now | {name: value for name, value in one.items() if name in origin} for one in here]
        self._tried = {_told(state) for state in (origin, self._now, *states)}

    def choose(self) -> Changes:
        """Return what is changed; nothing where all was tried."""
        turned = {name for one in self._trials for name in one.changed}
        waiting = [one for one in self._knobs if one.name not in turned and self._open(one)]
        if waiting:
            return self._best(waiting[:1])
        if self._seed.iteration % EVERY == 0:
            several = self._several()
            made = self._now | {one.name: value for one, value in several}
            if len(several) > 1 and _told(made) not in self._tried:
                return several
        return self._best(self._knobs)

    def _best(self, among: Sequence[Knob]) -> Changes:
        """Return the one change that promises most."""
        best: tuple[tuple[float, float], Knob, Scalar] | None = None
        for knob in among:
            for value in self._open(knob):
                promise = improvement(*self._learned.gain(knob, value))
                key = self._key(promise, knob, value)
                if best is None or key > best[0]:
                    best = key, knob, value
        return () if best is None else ((best[1], best[2]),)

    def _several(self) -> Changes:
        """Return the few changes that are each believed to gain, the best first."""
        found: list[tuple[float, float, Knob, Scalar]] = []
        for knob in self._knobs:
            best = None
            for value in self._allowed(knob):
                mean, spread = self._learned.gain(knob, value)
                key = self._key(mean - SURE * spread, knob, value)
                if key[0] > 0 and (best is None or key > best[:2]):
                    best = (*key, knob, value)
            found += [best] if best is not None else []
        found.sort(key=lambda one: one[:2], reverse=True)
        return tuple((knob, value) for _, _, knob, value in found[:TOGETHER])

    def _key(self, promise: float, knob: Knob, value: Scalar) -> tuple[float, float]:
        """Return what orders promises: another machine's logarithm may differ in its last digit."""
        return float(f"{promise:.9g}"), self._seed.fraction("value", knob.name, repr(value))

    def _open(self, knob: Knob) -> list[Scalar]:
        """Return the values of a knob that were not tried with all else as it is now."""
        return [one for one in self._allowed(knob) if _told(self._now | {knob.name: one}) not in self._tried]

    def _allowed(self, knob: Knob) -> list[Scalar]:
        """Return the values that do not lie where a change of this knob alone crashed, or beyond."""
        walls = [
            (one.before.get(knob.name, knob.origin), one.after[knob.name])
            for one in self._trials
            if one.crashed and one.changed == (knob.name,)
        ]
        return [value for value in knob.values if not any(_beyond(knob, value, *wall) for wall in walls)]


def _beyond(knob: Knob, value: Scalar, safe: Scalar, crashed: Scalar) -> bool:
    """Say whether a value is one that crashed, or lies further from one that did not."""
    if value == crashed:
        return True
    there, ground, wall = (knob.place(one) for one in (value, safe, crashed))
    if there is None or ground is None or wall is None:
        return False
    return there > wall if wall > ground else there < wall


def _told(state: Mapping[str, Scalar]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, repr(value)) for name, value in state.items()))


def _knows_none(files: Mapping[str, str]) -> Reason:
    names = left_alone(files)
    where = ", ".join(files)
    if not names:
        return why("search_knows_none", files=where, search=VERSION)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    listed = f"{', '.join(names[:NAMED])}{more}"
    return why("search_knows_unmarked", files=where, names=listed, search=VERSION)


def _proposal(chosen: Changes) -> Proposal:
    written = [(knob, constants.render(knob.constant, value)) for knob, value in chosen]
    line = ", ".join(f"{knob.name} {knob.constant.text} -> {text}" for knob, text in written)
    named = " and ".join(f"{knob.name} to {value!r}" for knob, value in chosen)
    return Proposal(
        status="ok",
        description=line,
        change_plan=f"Set {named}, and nothing else.",
        commit_description=line,
        set={knob.name: value for knob, value in chosen},
    )
