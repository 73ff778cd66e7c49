"""Ask what the best is without some of its keeps: each of them is a candidate, on seeds of its own.

Three-way git makes the changes here, from what was kept; what cannot be taken out alone is named, and stays.
Launches nothing and prints nothing.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from attrs import evolve as replace
from attrs import frozen

from autoresearch.engine.control.append import append_judged
from autoresearch.engine.control.keys import Key
from autoresearch.engine.control.outcome import StartOutcome, asked_in
from autoresearch.engine.control.requests import StartOptions, request_of
from autoresearch.engine.control.start import config_change, refuse_blocked
from autoresearch.engine.control.start_point import uncommitted
from autoresearch.engine.core import dry_run
from autoresearch.engine.imports.import_run import refuse_imported
from autoresearch.engine.ports.repository import Commits, Repository
from autoresearch.engine.proposals.from_command import received
from autoresearch.engine.runs.locate import find_run
from autoresearch.engine.runs.settings import load_config
from autoresearch.engine.verdicts import repeats
from autoresearch.events import catalog as ev
from autoresearch.events.errors import NotFound, UsageRefused, WayOut
from autoresearch.events.kinds.candidate_events import Without
from autoresearch.events.values import Best, Proposal, Reason, why
from autoresearch.projections.run_state import RunState
from autoresearch.projections.words.wording import name_of, say


Purpose = Literal["drop", "ablate"]


@frozen(kw_only=True)
class TakeOutOutcome:
    """What is tried, on which repeats, and what cannot be taken out alone, and why."""

    started: StartOutcome
    tried: tuple[int, ...]
    repeats: tuple[int, ...]
    stuck: tuple[tuple[int, Reason], ...]


def take_out(
    home: Path, run_id: str | None, purpose: Purpose, *, seeds: int, git: Repository, key: Key | None = None
) -> TakeOutOutcome:
    """Ask for the best without each doubtful keep (`drop`), or without each keep (`ablate`).

    Raises:
        UsageRefused, NotFound: nothing can be taken out, or one seed would say nothing; nothing was appended.
    """
    found = find_run(home, git, run_id)
    config = load_config(home)
    tried: list[Without] = []
    stuck: list[tuple[int, Reason]] = []

    def judge(run: RunState) -> Sequence[ev.Event]:
        tried.clear()
        stuck.clear()
        refuse_imported(run, git)
        changed = config_change(run, config, found.paths)
        after = dry_run.after(run, changed)
        fresh = _fresh(after, seeds)
        events: list[ev.Event] = [*changed]
        for keep in _to_take_out(after, purpose):
            without = Without(keep=keep.iteration, purpose=purpose, repeats=fresh)
            made = _proposal(git, after, keep, without)
            if isinstance(made, Reason):
                stuck.append((keep.iteration, made))
            else:
                tried.append(without)
                events.append(made)
        if not tried:
            raise _nothing_comes_out(stuck)
        loops = len(tried) + max(0, len(after.waiting) - after.loops_left)  # those that wait go first
        request = request_of(StartOptions(loops=loops), config=config, before=after.request)
        refuse_blocked(dry_run.after(after, events[len(changed) :]), request)
        lift = [ev.RunUnpaused()] if run.paused is not None else []
        return [*events, *lift, ev.LoopsRequested(request=request)]

    done = append_judged(found.paths, git, judge, key=key)
    started = StartOutcome(
        paths=found.paths,
        branch=done.run.branch,
        request=asked_in(done.events),
        seq=done.seq,
        chosen=found.chosen,
        uncommitted=uncommitted(git, config),
        again=done.again,
    )
    without = [one.without for one in done.events if isinstance(one, ev.ProposalReceived) and one.without]
    return TakeOutOutcome(
        started=started,
        tried=tuple(one.keep for one in without),
        repeats=without[0].repeats if without else (),
        stuck=tuple(stuck),
    )


def _to_take_out(run: RunState, purpose: Purpose) -> tuple[Best, ...]:
    """Return the keeps that are to be tried without, the oldest first.

    Raises: NotFound: there are none, or all of them are being tried already.
    """
    if len(run.keeps) < 2:  # noqa: PLR2004 - baseline and best
        raise NotFound(
            f"nothing was kept in {run.run_id} beside the baseline: there is nothing to take out",
            remedy=WayOut("ask_for_more"),
        )
    doubtful = {one.iteration for one in run.consolidated if one.verdict == "doubtful"}
    if purpose == "drop" and not run.consolidated:
        raise NotFound(
            f"no keep of {run.run_id} was looked at on fresh seeds yet", remedy=WayOut("consolidate")
        )
    found = [
        keep
        for keep in run.keeps[1:]
        if keep.iteration not in repeats.of_no_gain(run)
        and (purpose == "ablate" or keep.iteration in doubtful)
    ]
    if not found:
        said = "is in doubt" if purpose == "drop" else "could be taken out"
        raise NotFound(f"no keep of {run.run_id} {said}", remedy=WayOut("experiments"))
    if purpose == "drop" and len(run.keeps) == 2:  # noqa: PLR2004 - baseline and best
        name = found[0].iteration
        raise NotFound(
            f"without {name_of(name)} only the baseline is left, which was measured: nothing is to train",
            remedy=WayOut("retract_doubtful", number=str(name)),
        )
    asked = [one.keep for one in _under_way(run)]
    left = tuple(keep for keep in found if keep.iteration not in asked)
    if not left:
        names = ", ".join(name_of(number) for number in asked)
        raise NotFound(f"{run.run_id} is being tried without {names} already", remedy=WayOut("status"))
    return left


def _under_way(run: RunState) -> list[Without]:
    """Return what was asked before, and has no verdict yet."""
    asked = [*(one.without for one in run.waiting), *(one.without for one in run.open)]
    return [one for one in asked if one is not None]


def _fresh(run: RunState, seeds: int) -> tuple[int, ...]:
    """Return repeats that nothing was trained in, and nothing is about to be.

    Raises: UsageRefused: one would say nothing.
    """
    spread = repeats.of_seeds(run)
    if spread is None and seeds == 1:
        raise UsageRefused(
            f"how far seeds lie apart is not known in {run.run_id}: one alone tells nothing",
            remedy=WayOut("say_seeds"),
        )
    planned = (run.final_repeats, run.consolidate_repeats, *(one.repeats for one in _under_way(run)))
    first = max([run.last_repeat, *(repeat for each in planned for repeat in each)]) + 1
    return tuple(range(first, first + (1 if spread == 0 else seeds)))  # where all say the same, one is enough


def _proposal(git: Commits, run: RunState, keep: Best, without: Without) -> ev.ProposalReceived | Reason:
    """Return the proposal that takes a keep out of the best, or why it does not come out."""
    assert run.best is not None  # it was kept
    diff = git.without(keep.commit, base=keep.base_commit, on=run.best.commit)
    if isinstance(diff, tuple):
        return why("changed_since", files=", ".join(diff))
    if not diff.files:
        return why("nothing_left_of_it")
    try:
        patch = diff.text.decode()
    except UnicodeDecodeError:
        return why("not_utf8", files=", ".join(diff.files))
    name = name_of(keep.iteration)
    proposal = Proposal(
        status="ok",
        description=f"without {name}",
        change_plan=f"Take out what {name} changed.",
        commit_description=f"Take out {name}",
        patch=patch,
    )
    return replace(received(proposal, name="", source="cli", raw=diff.text), without=without)


def _nothing_comes_out(stuck: Sequence[tuple[int, Reason]]) -> NotFound:
    said = "; ".join(f"{name_of(number)}: {say(against)}" for number, against in stuck)
    return NotFound(f"none of them can be taken out alone: {said}", remedy=WayOut("experiments"))
