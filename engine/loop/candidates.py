"""From a proposal to a commit, and from a verdict to the run's branch.

Changes are made on the run's workbench, so that they disturb no training; only what a human left in the run's
worktree is taken from there.
"""

from pathlib import Path
from typing import Literal, Protocol

from attrs import frozen

from autoresearch.engine.core import commands as do
from autoresearch.engine.core.bookkeeping import commit_subject
from autoresearch.engine.core.refs import RunRefs
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import Branches, Commit, Commits, Diff
from autoresearch.engine.ports.worktrees import Worktrees
from autoresearch.engine.proposals import changes
from autoresearch.engine.proposals.changes import DoesNotApply
from autoresearch.events import catalog as ev
from autoresearch.events.errors import InvalidInput, NotFound
from autoresearch.events.files import write_atomic
from autoresearch.events.values import Proposal, Reason, why
from autoresearch.projections.run_state import Iteration, RunState
from autoresearch.projections.timeline import STOOD_THERE


# The last lines of each candidate's message; the log's head is "seq hash" when it was committed.
TRAILERS = ("Autoresearch-Run", "Autoresearch-Iteration", "Autoresearch-Log")


class CandidateGit(Commits, Branches, Worktrees, Protocol):
    """What candidates need of git."""


@frozen(kw_only=True)
class Candidates:
    """The code of one run's candidates."""

    paths: RunPaths
    git: CandidateGit

    def apply(self, one: Iteration, run: RunState, *, change: int) -> ev.Event:
        """Apply the machine form of the proposal, exactly or not at all."""
        assert one.proposal is not None  # propose comes before apply
        self.clear(one)
        try:
            self._write(one.proposal, run)
        except InvalidInput as error:
            self.clear(one)
            return ev.ChangeFailed(iteration=one.number, change=change, reason=_reason_of(error))
        return self.examine(one, run, change=change)

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
        """Put the workbench on the iteration's base, and nothing else on it."""
        self.git.ensure_worktree(self.paths.workbench, one.base_commit)
        self.git.reset(self.paths.workbench, one.base_commit)

    def examine(self, one: Iteration, run: RunState, *, change: int) -> ev.ChangeApplied | ev.ChangeFailed:
        """Look at what stands on the workbench; whatever may not be trained is cleared away."""
        diff = self._examined(self.paths.workbench, one, run)
        if isinstance(diff, Diff):
            return self._applied(one, diff, change=change)
        self.clear(one)
        return ev.ChangeFailed(iteration=one.number, change=change, reason=diff)

    def commit(self, one: Iteration, run: RunState, *, head: str) -> ev.Event:
        """Commit what was applied. Called twice, returns the first commit."""
        assert one.proposal is not None  # propose comes before commit
        ref = RunRefs(run.run_id).candidate(one.number, one.change)
        subject = commit_subject(one.proposal.commit_description)
        made = self._made(ref, one, one.diff_sha256)
        if made is None:
            message = _message(subject, run, one, head)
            self.git.ensure_worktree(self.paths.workbench, one.base_commit)
            made = self.git.commit(self.paths.workbench, base=one.base_commit, message=message)
            if self.git.diff(one.base_commit, made.hash).sha256 != one.diff_sha256:
                trouble = self._apply_again(one)
                if trouble is not None:
                    return ev.ChangeFailed(iteration=one.number, change=one.change, reason=trouble)
                made = self.git.commit(self.paths.workbench, base=one.base_commit, message=message)
            self.git.set_ref(ref, made.hash, old=None)
        return self._committed(one, made, ref, subject, diff_sha256=one.diff_sha256)

    def take_worktree(self, one: Iteration, run: RunState, *, head: str) -> ev.Event:
        """Make a candidate of what stands in the worktree, edited or committed there by hand."""
        worktree = self.paths.worktree
        ref = RunRefs(run.run_id).candidate(one.number, one.change)
        self.git.ensure_worktree(worktree, one.base_commit)
        diff = self._changes(worktree, one)
        if isinstance(diff, Diff) and diff.files:
            diff = self._checked(diff, worktree, run)
        if isinstance(diff, Reason):
            return ev.ChangeFailed(iteration=one.number, change=one.change, reason=diff)
        made = self._made(ref, one, diff.sha256)
        if made is None:
            if diff.files:
                self._keep_diff(one.number, diff)
                message = _message(STOOD_THERE, run, one, head)
                made = self.git.commit(worktree, base=one.base_commit, message=message)
            else:
                (made,) = self.git.read_commits([one.base_commit])
                assert made is not None  # the worktree stands on it
            self.git.set_ref(ref, made.hash, old=None)
        committed = self.git.diff(one.base_commit, made.hash)
        return self._committed(one, made, ref, STOOD_THERE, diff_sha256=committed.sha256)

    def keep(self, command: do.KeepCandidate, run: RunState) -> ev.CandidateKept:
        """Advance the run's branch, unless somebody else has a hand on it."""
        note = self._move_branch(command.commit, run)
        return ev.CandidateKept(
            iteration=command.iteration,
            commit=command.commit,
            rule=command.rule,
            inputs=command.inputs,
            branch_moved=note is None,
            branch_note=note,
        )

    def discard(self, command: do.DiscardCandidate, run: RunState) -> ev.CandidateDiscarded:
        """Put the worktree back on the best commit; the candidate stays under its ref."""
        stands_on = run.best.commit if run.best else run.base_commit
        if len(run.open) == 1:  # else the next one trains there already, or is about to
            self.git.ensure_worktree(self.paths.worktree, stands_on)
            self.git.reset(self.paths.worktree, stands_on)
        return ev.CandidateDiscarded(iteration=command.iteration, rule=command.rule, inputs=command.inputs)

    def _rebased(
        self, command: do.RebaseCandidate, one: Iteration, run: RunState
    ) -> tuple[Literal["reapplied", "merged", "empty", "conflict"], Diff | Reason]:
        """Return how the change came to the base and what stands there now; where it did not, why."""
        diff: Diff | Reason = changes.NOTHING
        for how in _ways(one):
            self.clear(one)
            diff = self._brought(how, command, one, run) or self._examined(self.paths.workbench, one, run)
            if isinstance(diff, Diff):
                return how, diff
            if diff == changes.NOTHING:
                return "empty", why("base_has_it")
        return "conflict", diff

    def _brought(
        self, how: Literal["reapplied", "merged"], command: do.RebaseCandidate, one: Iteration, run: RunState
    ) -> Reason | None:
        """Write the change into the edit checkout; return why it does not fit, or None."""
        if how == "merged":
            trouble = self.git.merge(self.paths.workbench, base=command.made_on, commit=command.commit)
            return why("merge_conflict", trouble) if trouble else None
        assert one.proposal is not None  # what was made was proposed
        try:
            self._write(one.proposal, run)
        except InvalidInput as error:
            return _reason_of(error)
        return None

    def _write(self, proposal: Proposal, run: RunState) -> None:
        if proposal.patch is not None:
            trouble = self.git.apply_patch(self.paths.workbench, proposal.patch.encode())
            if trouble:
                raise DoesNotApply(why("patch_misses", trouble))
            return
        if proposal.is_prose:
            raise DoesNotApply(why("prose"))
        for name, content in changes.apply(
            proposal, self._files(self.paths.workbench, run), run.config.editable
        ).items():
            path = self.paths.workbench / name
            mode = path.stat().st_mode  # a replaced file has a new file's permissions
            write_atomic(path, content, sync=False)
            path.chmod(mode)

    def _applied(self, one: Iteration, diff: Diff, *, change: int) -> ev.ChangeApplied:
        self._keep_diff(one.number, diff)
        return ev.ChangeApplied(
            iteration=one.number,
            change=change,
            files=diff.files,
            insertions=diff.insertions,
            deletions=diff.deletions,
            diff_sha256=diff.sha256,
        )

    def _examined(self, where: Path, one: Iteration, run: RunState) -> Diff | Reason:
        """Return how the files differ from the base, or why that may not be trained."""
        diff = self._changes(where, one)
        return diff if isinstance(diff, Reason) else self._checked(diff, where, run)

    def _changes(self, where: Path, one: Iteration) -> Diff | Reason:
        """Return how the files differ from the base, or why git cannot store them."""
        try:
            return self.git.changes(where, one.base_commit)
        except (InvalidInput, NotFound) as error:  # a repository inside, a worktree that is gone
            return why("not_committable", str(error))

    def _checked(self, diff: Diff, where: Path, run: RunState) -> Diff | Reason:
        """Return the diff, or why it may not be trained."""
        return changes.check_candidate(diff, self._files(where, run), run.config) or diff

    def _files(self, where: Path, run: RunState) -> dict[str, bytes]:
        """Return the editable files as they stand there; a missing one has no entry."""
        found = ((name, where / name) for name in run.config.editable)
        return {name: path.read_bytes() for name, path in found if path.is_file() and not path.is_symlink()}

    def _keep_diff(self, iteration: int, diff: Diff) -> None:
        path = self.paths.candidate_diff(iteration)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, diff.text)

    def _apply_again(self, one: Iteration) -> Reason | None:
        """Restore the applied change from its stored diff after somebody disturbed the workbench."""
        stored = self.paths.candidate_diff(one.number)
        self.clear(one)
        if not stored.is_file():
            return why("disturbed")
        trouble = self.git.apply_patch(self.paths.workbench, stored.read_bytes())
        if trouble or self.git.changes(self.paths.workbench, one.base_commit).sha256 != one.diff_sha256:
            self.clear(one)
            return why("not_restored_said" if trouble else "not_restored", trouble)
        return None

    def _committed(
        self, one: Iteration, commit: Commit, ref: str, subject: str, *, diff_sha256: str
    ) -> ev.CandidateCommitted:
        return ev.CandidateCommitted(
            iteration=one.number,
            change=one.change,
            commit=commit.hash,
            tree=commit.tree,
            base_commit=one.base_commit,
            ref=ref,
            subject=subject,
            diff_sha256=diff_sha256,
        )

    def _made(self, ref: str, one: Iteration, diff_sha256: str) -> Commit | None:
        """Return the commit with this diff that an earlier try left under the ref, or None.

        Raises: InvalidInput: something else stands there, which is neither trained nor overwritten.
        """
        (made,) = self.git.read_commits([ref])
        if made is None or made.hash == one.base_commit:
            return made
        if self.git.diff(one.base_commit, made.hash).sha256 == diff_sha256:
            return made
        raise InvalidInput(
            f"{ref} stands on {made.hash[:7]}, which is not this iteration's change",
            remedy=f"look at it, then remove it: git update-ref -d {ref}",
        )

    def _move_branch(self, commit: str, run: RunState) -> Reason | None:
        """Move the run's branch to a kept commit; return why not, or None."""
        ref = f"refs/heads/{run.branch}"
        branch = self.git.branch(run.branch)
        stands = branch.commit
        if stands == commit:
            return None
        if branch.checked_out:
            return why("branch_checked_out", branch=run.branch)
        # Also where the user brought the best in by hand. Each of both is before the kept commit.
        ours = (run.branch_commit, run.best.commit if run.best else run.base_commit)
        if stands in ours and self.git.set_ref(ref, commit, old=stands):
            return None
        if stands is None:
            return why("branch_gone", branch=run.branch)
        return why("branch_moved_elsewhere", branch=run.branch, to=stands)


def _ways(one: Iteration) -> tuple[Literal["reapplied", "merged"], ...]:
    """Return how a change may be rebased: by its form, unless it is prose or an agent mended it."""
    assert one.proposal is not None  # what was made was proposed
    return ("merged",) if one.proposal.is_prose or one.fixes else ("reapplied", "merged")


def _reason_of(error: InvalidInput) -> Reason:
    return error.reason if isinstance(error, DoesNotApply) else why("constant_refused", str(error))


def _message(subject: str, run: RunState, one: Iteration, head: str) -> str:
    values = (run.run_id, str(one.number), head)
    trailers = "".join(f"{name}: {value}\n" for name, value in zip(TRAILERS, values, strict=True))
    said = one.proposal.description if one.proposal else ""
    body = f"{commit_subject(said)}\n\n" if said else ""
    return f"{subject}\n\n{body}{trailers}"
