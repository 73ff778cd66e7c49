"""Make a run that begins where another one stood: its best code, its results, its settings of then.

The other run is only read, and may be at work. The new one has a branch and a history of its own, written
beside its place and moved there whole, and is idle until somebody asks it for more.
"""

import contextlib
from pathlib import Path

from attrs import frozen

from autoresearch.engine.control.keys import Key, appended, holder
from autoresearch.engine.control.start_point import check_files, ensure_branch, refuse_below_a_branch
from autoresearch.engine.core.inheritance import inheritance
from autoresearch.engine.core.refs import RunRefs
from autoresearch.engine.git.names import check_branch
from autoresearch.engine.imports.import_run import refuse_imported, write_idle
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import Branches, Commit, Repository
from autoresearch.engine.runs import anchor
from autoresearch.engine.runs.as_of import seq_at
from autoresearch.engine.runs.claim import alone, claim_run, clear_dead, default_branch, give_up, open_inbox
from autoresearch.engine.runs.load import Loaded, load, require_own
from autoresearch.events import catalog as ev
from autoresearch.events import clock
from autoresearch.events.errors import AutoresearchError, NotFound, WayOut
from autoresearch.projections.parts.compared import ShownBest, shown_best
from autoresearch.projections.words.times import counted


BY = "fork"


@frozen(kw_only=True)
class Forked:
    """A run that was made of another one."""

    paths: RunPaths
    branch: str
    source: str
    seq: int  # of the other run, as of which it was made
    best: ShownBest | None  # that it begins with
    results: int
    left_open: tuple[int, ...]  # iterations that were open there, and are not taken over
    memory: tuple[ev.MemoryNamed, ...] = ()  # other runs of which agents were told there, and are told on
    again: bool = False  # it was made before, under the same key


def fork(
    home: Path,
    source: RunPaths,
    git: Repository,
    *,
    at: str | None,
    branch: str | None,
    version: str,
    key: Key | None = None,
) -> Forked:
    """Make a run of another one as of a moment (None: as it stands now).

    Raises:
        UsageRefused, NotFound: there is no such moment, or nothing that could be gone on from.
        CorruptHistory: the other run's history is damaged before that moment.
    """
    if (made := _made_before(home, key)) is not None:
        return made
    seq = None if at is None else seq_at(source, at)
    loaded = load(source, upto=seq, deciding=True)
    run = loaded.run
    if seq is not None and loaded.position.seq < seq:
        raise NotFound(
            f"{source.run_id} has {counted(loaded.position.seq, 'event')}, so there is no event {seq}",
            remedy=WayOut("events"),
        )
    require_own(source, run)
    refuse_imported(run, git)
    base = _base(loaded, git)
    check_files(git, base.hash, run.config)
    clear_dead(home, git)
    with alone(home):
        if (made := _made_before(home, key)) is not None:  # of two at once
            return made
        on = _branch(git, branch, base)
        paths = claim_run(home, on, taken=lambda one: bool(git.refs_below(RunRefs(one).prefix)))
        try:
            ensure_branch(paths, git, on, base.hash)
            begun = ev.RunStarted(
                run_id=paths.run_id,
                branch=on,
                base_commit=base.hash,
                base_tree=base.tree,
                config=run.config,
                program_version=version,
            )
            taken_over = inheritance(run, loaded.timeline, head=loaded.position.hash)
            write_idle(paths, [begun, *taken_over], by=BY, key=key.stored() if key is not None else None)
        except BaseException:
            give_up(paths, git)
            raise
        open_inbox(paths)
        paths.beginning.unlink(missing_ok=True)
    with contextlib.suppress(AutoresearchError, OSError):  # else its first runner makes up for it
        forked = load(paths)
        anchor.write(forked.run, forked.position, git, after=None)
    return Forked(
        paths=paths,
        branch=on,
        source=source.run_id,
        seq=loaded.position.seq,
        best=shown_best(run.keeps, run.baseline),
        results=len(loaded.timeline.closed),
        left_open=tuple(one.number for one in run.open),
        memory=tuple(one for one in taken_over if isinstance(one, ev.MemoryNamed)),
    )


def _made_before(home: Path, key: Key | None) -> Forked | None:
    """Return the run that was made under this key.

    Raises: UsageRefused: the key was used for something else.
    """
    there = holder(home, key)
    if there is None:
        return None
    begun, forked, *others = (one.event for one in appended(there, key))
    assert isinstance(begun, ev.RunStarted)  # the key is of a fork
    assert isinstance(forked, ev.RunForked)
    return Forked(
        paths=there,
        branch=begun.branch,
        source=forked.source,
        seq=forked.seq,
        best=shown_best(forked.keeps, None),
        results=forked.rows,
        left_open=(),
        memory=tuple(one for one in others if isinstance(one, ev.MemoryNamed)),
        again=True,
    )


def _base(loaded: Loaded, git: Repository) -> Commit:
    """Return the best commit of then; before there was one, the commit that the run began on."""
    run = loaded.run
    wanted = run.best.commit if run.best is not None else run.base_commit
    (base,) = git.read_commits([wanted])
    if base is None:
        raise NotFound(
            f"the repository has lost {wanted[:7]}, on which {run.run_id} stood at event {run.seq}",
            remedy="bring that commit back: git fetch from a clone that has it",
        )
    return base


def _branch(git: Branches, branch: str | None, base: Commit) -> str:
    """Return the branch of the new run: one that is not there yet, or stands on its code already."""
    if branch is None:
        today = clock.here().date()
        return default_branch(today, lambda name: git.branch(name).commit is not None)
    check_branch(branch)
    refuse_below_a_branch(git, branch)
    stands = git.branch(branch).commit
    if stands not in (None, base.hash):
        raise NotFound(
            f"the branch {branch} is there already, and stands on {str(stands)[:7]}",
            remedy=WayOut("name_other_branch"),
        )
    return branch
