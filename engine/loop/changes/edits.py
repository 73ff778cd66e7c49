"""The edit checkout: a proposal becomes a change there, while another one trains undisturbed.

A change is made from its machine form, by an agent, or from what was made on another base; whoever made it,
what stands there is examined before it may be trained.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, Protocol

from attrs import frozen

from autoresearch.engine.core import commands as do
from autoresearch.engine.loop.changes import leavings
from autoresearch.engine.paths import JobPaths, RunPaths
from autoresearch.engine.ports.repository import Commits, Diff
from autoresearch.engine.ports.worktrees import Worktrees
from autoresearch.engine.proposals import changes, editable
from autoresearch.engine.proposals.constants import DoesNotApply
from autoresearch.events import catalog as ev
from autoresearch.events.errors import InvalidInput, NotFound
from autoresearch.events.files import write_atomic
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Proposal, Reason, why
from autoresearch.projections.run_state import Iteration, RunState


class EditGit(Commits, Worktrees, Protocol):
    """What making a change needs of git."""


@frozen(kw_only=True)
class EditCheckout:
    """The run's edit checkout, of which there is one; the decider lets one iteration at a time use it."""

    paths: RunPaths
    git: EditGit

    @property
    def folder(self) -> Path:
        """Return where it lies."""
        return self.paths.edit_checkout

    def apply(self, command: do.ApplyProposal, one: Iteration, run: RunState) -> ev.Event:
        """Apply the machine form of the proposal, exactly or not at all."""
        change = command.change
        assert one.proposal is not None  # propose comes before apply
        self.clear(one)
        trouble = self._write(one.proposal, run)
        if trouble is None:
            return self._judged(self._examined(one, run), one, change=change)
        self.clear(one)
        missed = ev.ChangeMissed if command.mendable else ev.ChangeFailed
        return missed(iteration=one.number, change=change, reason=trouble)

    def rebase(self, command: do.RebaseCandidate, one: Iteration, run: RunState) -> tuple[ev.Event, ...]:
        """Bring to the base what was made on another one: its form again, else merged three ways."""
        how, diff = self._rebased(command, one, run)
        told = ev.CandidateRebased(
            iteration=one.number,
            change=command.change,
            base_commit=one.base_commit,
            commit=command.commit,
            made_on=command.made_on,
            how=how,
            reason=diff if isinstance(diff, Reason) and how == "conflict" else None,
        )
        if isinstance(diff, Diff):
            return (told, self._applied(one, diff, change=command.change))
        self.clear(one)
        if how == "conflict" and command.mendable:
            return (told,)
        return (told, ev.ChangeFailed(iteration=one.number, change=command.change, reason=diff))

    def clear(self, one: Iteration) -> None:
        """Put the checkout on the iteration's base, and nothing else into it."""
        self.git.ensure_worktree(self.folder, one.base_commit)
        self.git.reset(self.folder, one.base_commit)

    def examine(
        self, one: Iteration, run: RunState, *, change: int, job: JobPaths, hidden: tuple[str, ...] = ()
    ) -> ev.ChangeApplied | ev.ChangeFailed:
        """Look at what an agent's job left there; whatever may not be trained is cleared away.

        What was `hidden` from it is put back first, then what it left beside its change, and what it did in
        submodules, which no change can hold. Asked again, says the same.
        """
        before = leavings.voided(job)
        if before is not None:
            return self._judged(before, one, change=change)
        self._lay_kept(one, job)
        seen = self._seen(one, run, job, hidden)
        if isinstance(seen, Reason):
            return self._judged(leavings.void(job, seen), one, change=change)
        return self._judged(seen, one, change=change, put_back=leavings.remember(job, ()))

    def _seen(self, one: Iteration, run: RunState, job: JobPaths, hidden: tuple[str, ...]) -> Diff | Reason:
        """Return the change that an agent's job made, alone by then, or why it is void."""
        found = self._spare_git(run, job) or changes_in(self.git, self.folder, one.base_commit)
        found = self._with(hidden, found, one, run, job)
        if isinstance(found, Reason):
            return found
        left = leavings.beside(found.files, run.config)
        inside = self.git.changed_inside(self.folder, one.base_commit)
        nothing_else = len(left) == len(found.files)
        if inside and (nothing_else or any(leavings.is_protected(name, run.config) for name in inside)):
            return changes.inside_submodules(inside)
        if not (left and nothing_else):
            named = leavings.names(left, self.git.committed(one.base_commit)) if left else ()
            leavings.remember(job, (*named, *inside))
            if left or inside:
                self._put_back(one, job, (name for name in found.files if name not in left))
        return self._examined(one, run)

    def _with(
        self, hidden: Sequence[str], found: Diff | Reason, one: Iteration, run: RunState, job: JobPaths
    ) -> Diff | Reason:
        """Return what was found, once the files are there again that its agent went without."""
        files = () if isinstance(found, Reason) else found.files
        went = [name for name in hidden if not editable.is_editable(name, run.config)]
        gone = [name for name in files if name in went and not os.path.lexists(self.folder / name)]
        if not gone:
            return found
        self._put_back(one, job, (name for name in files if name not in gone))
        return changes_in(self.git, self.folder, one.base_commit)

    def _put_back(self, one: Iteration, job: JobPaths, kept: Iterable[str]) -> None:
        """Put the checkout on the iteration's base, and only these files as they stand."""
        leavings.keep(job, leavings.take(self.folder, kept))
        self._lay_kept(one, job)

    def _lay_kept(self, one: Iteration, job: JobPaths) -> None:
        """Put the checkout on the base, and what was kept into it; a runner that died there left it half."""
        kept = leavings.kept(job)
        if kept is not None:
            self.clear(one)
            leavings.lay(self.folder, kept)
            job.kept.unlink()

    def _spare_git(self, run: RunState, job: JobPaths) -> Reason | None:
        """Put back what git would choke on; return why the change is void by it, or None."""
        try:
            changed = self.git.differing(self.folder)
            huge = leavings.unstorable(self.folder, self.git.untracked(self.folder), changed)
        except (InvalidInput, NotFound):  # the worktree is gone, which who looks for changes says
            return None
        left = leavings.beside(huge, run.config)
        if len(left) < len(huge):
            name = next(one for one in huge if one not in left)
            return why("not_storable", file=name, most_mb=leavings.MOST_BYTES >> 20)
        leavings.remember(job, left)
        leavings.drop(self.folder, left)
        return None

    def _judged(
        self, diff: Diff | Reason, one: Iteration, *, change: int, put_back: tuple[str, ...] = ()
    ) -> ev.ChangeApplied | ev.ChangeFailed:
        if isinstance(diff, Diff):
            return self._applied(one, diff, change=change, put_back=put_back)
        self.clear(one)
        return ev.ChangeFailed(iteration=one.number, change=change, reason=diff)

    def _rebased(
        self, command: do.RebaseCandidate, one: Iteration, run: RunState
    ) -> tuple[Literal["reapplied", "merged", "empty", "conflict"], Diff | Reason]:
        """Return how the change came to the base and what stands there now; where it did not, why."""
        diff: Diff | Reason = changes.NOTHING
        for how in _ways(one):
            self.clear(one)
            diff = self._brought(how, command, one, run) or self._examined(one, run)
            if isinstance(diff, Diff):
                return how, diff
            if diff == changes.NOTHING:
                return "empty", why("base_has_it")
        return "conflict", diff

    def _brought(
        self, how: Literal["reapplied", "merged"], command: do.RebaseCandidate, one: Iteration, run: RunState
    ) -> Reason | None:
        """Write a change that was made on another base; return why it does not fit, or None."""
        if how == "merged":
            against = self.git.merge(self.folder, base=command.made_on, commit=command.commit)
            return None if against is None else why("merge_conflict", against)
        assert one.proposal is not None  # what was made was proposed
        return self._write(one.proposal, run)

    def _write(self, proposal: Proposal, run: RunState) -> Reason | None:
        """Write the machine form of a proposal; return why it does not fit, or None."""
        if proposal.patch is not None:
            against = self.git.apply_patch(self.folder, proposal.patch.encode())
            return None if against is None else why("patch_misses", against)
        if proposal.is_prose:
            return why("prose")
        files = editable.in_checkout(self.folder, run.config)
        try:
            changed = changes.apply(proposal, files, run.config.editable)
        except DoesNotApply as error:
            return error.reason
        for name, content in changed.items():
            path = self.folder / name
            mode = path.stat().st_mode  # a replaced file has a new file's permissions
            write_atomic(path, content, sync=False)
            path.chmod(mode)
        return None

    def _applied(
        self, one: Iteration, diff: Diff, *, change: int, put_back: tuple[str, ...] = ()
    ) -> ev.ChangeApplied:
        keep_diff(self.paths, one.number, diff)
        return ev.ChangeApplied(
            iteration=one.number,
            change=change,
            files=diff.files,
            insertions=diff.insertions,
            deletions=diff.deletions,
            diff_sha256=diff.sha256,
            put_back=put_back,
        )

    def _examined(self, one: Iteration, run: RunState) -> Diff | Reason:
        """Return how the files differ from the base, or why that may not be trained."""
        diff = changes_in(self.git, self.folder, one.base_commit)
        return diff if isinstance(diff, Reason) else checked(diff, self.folder, run.config)

    def restore(self, one: Iteration) -> Reason | None:
        """Restore the applied change from its stored diff after somebody disturbed the checkout."""
        stored = self.paths.candidate_diff(one.number)
        self.clear(one)
        if not stored.is_file():
            return why("disturbed")
        against = self.git.apply_patch(self.folder, stored.read_bytes())
        if against is not None:
            self.clear(one)
            return why("not_restored_said", against)
        if self.git.changes(self.folder, one.base_commit).sha256 != one.diff_sha256:
            self.clear(one)
            return why("not_restored")
        return None


def changes_in(git: Worktrees, checkout: Path, base: str, *, beside: tuple[str, ...] = ()) -> Diff | Reason:
    """Return how the files of a checkout differ from the base, or why git cannot store them."""
    try:
        return git.changes(checkout, base, beside=beside)
    except (InvalidInput, NotFound) as error:  # a repository inside, a worktree that is gone
        if not checkout.is_dir():
            return why("checkout_gone")
        if error.reason is None:  # no git that could be started: nobody's change is to blame
            raise
        return error.reason


def checked(diff: Diff, checkout: Path, config: RunConfig) -> Diff | Reason:
    """Return the diff of a checkout, or why it may not be trained."""
    files = editable.in_checkout(checkout, config, touched=diff.files)
    return changes.check_candidate(diff, files, config) or diff


def keep_diff(paths: RunPaths, iteration: int, diff: Diff) -> None:
    """Leave the diff with the iteration: for people, and to restore the change from."""
    path = paths.candidate_diff(iteration)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, diff.text)


def _ways(one: Iteration) -> tuple[Literal["reapplied", "merged"], ...]:
    """Return how a change may be rebased: by its form, unless it is prose or an agent mended it."""
    assert one.proposal is not None  # what was made was proposed
    return ("merged",) if one.proposal.is_prose or one.fixes else ("reapplied", "merged")
