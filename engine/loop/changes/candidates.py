"""From a change to a commit, and from a verdict to the run's branch.

A change stands in the edit checkout (engine/loop/changes/edits.py); only what a human left in the train
checkout is taken from there.
"""

from typing import Protocol

from attrs import frozen

from autoresearch.engine.core import commands as do
from autoresearch.engine.core.bookkeeping import commit_subject
from autoresearch.engine.core.refs import RunRefs
from autoresearch.engine.loop.changes.edits import EditCheckout, changes_in, checked, keep_diff
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import Branches, Commit, Commits, Diff
from autoresearch.engine.ports.worktrees import Worktrees
from autoresearch.engine.proposals import same_code
from autoresearch.engine.runs.anchor import OF_LOG, OF_RUN
from autoresearch.engine.sealing import artifacts
from autoresearch.engine.sealing.checkout import TrainCheckouts
from autoresearch.events import catalog as ev
from autoresearch.events.errors import InvalidInput
from autoresearch.events.values import Reason, why
from autoresearch.projections.run_state import Iteration, RunState
from autoresearch.projections.timeline import STOOD_THERE
from autoresearch.projections.words.wording import stated


# The last lines of each candidate's message; the log's head is "seq hash" when it was committed.
TRAILERS = (OF_RUN, "Autoresearch-Iteration", OF_LOG)


class CandidateGit(Commits, Branches, Worktrees, Protocol):
    """What candidates need of git."""


@frozen(kw_only=True)
class Candidates:
    """The code of one run's candidates."""

    paths: RunPaths
    git: CandidateGit

    def commit(self, one: Iteration, run: RunState, *, head: str) -> ev.Event:
        """Commit what was applied. Called twice, returns the first commit."""
        assert one.proposal is not None  # propose comes before commit
        ref = RunRefs(run.run_id).candidate(one.number, one.change)
        subject = commit_subject(one.proposal.commit_description)
        made = self._made(ref, one, one.diff_sha256)
        if made is None:
            message = _message(subject, run, one, head)
            seen = {"base": one.base_commit, "message": message, "sha256": one.diff_sha256}
            new = self.git.commit_seen(self.paths.edit_checkout, **seen) or self._recommit(one, message)
            if isinstance(new, Reason):
                return ev.ChangeFailed(iteration=one.number, change=one.change, reason=new)
            made = new
            self.git.set_ref(ref, made.hash, old=None)
        return self._committed(one, made, ref, subject, run=run, diff_sha256=one.diff_sha256)

    def _recommit(self, one: Iteration, message: str) -> Commit | Reason:
        """Commit what another runner saw, as it stands or as it was; return why neither can be."""
        checkout = self.paths.edit_checkout
        self.git.ensure_worktree(checkout, one.base_commit)
        made = self.git.commit(checkout, base=one.base_commit, message=message)
        if self.git.diff(one.base_commit, made.hash).sha256 == one.diff_sha256:
            return made
        trouble = EditCheckout(paths=self.paths, git=self.git).restore(one)
        return trouble or self.git.commit(checkout, base=one.base_commit, message=message)

    def take_worktree(self, one: Iteration, run: RunState, *, head: str) -> ev.Event:
        """Make a candidate of what stands in the worktree, edited or committed there by hand."""
        worktree = self.paths.train_checkout
        ref = RunRefs(run.run_id).candidate(one.number, one.change)
        self.git.ensure_worktree(worktree, one.base_commit)
        beside = (*run.setup.shared, *run.setup.made, *run.config.kept)
        diff = changes_in(self.git, worktree, one.base_commit, beside=beside)
        if isinstance(diff, Diff) and diff.files:
            diff = checked(diff, worktree, run.config)
        if isinstance(diff, Reason):
            return ev.ChangeFailed(iteration=one.number, change=one.change, reason=diff)
        made = self._made(ref, one, diff.sha256)
        if made is None:
            if diff.files:
                keep_diff(self.paths, one.number, diff)
                message = _message(STOOD_THERE, run, one, head)
                made = self.git.commit(worktree, base=one.base_commit, message=message, beside=beside)
            else:
                (made,) = self.git.read_commits([one.base_commit])
                assert made is not None  # the worktree stands on it
            self.git.set_ref(ref, made.hash, old=None)
        committed = self.git.diff(one.base_commit, made.hash)
        return self._committed(one, made, ref, STOOD_THERE, run=run, diff_sha256=committed.sha256)

    def keep(self, command: do.KeepCandidate, run: RunState) -> ev.CandidateKept:
        """Advance the run's branch, unless somebody else has a hand on it."""
        note = self._move_branch(command.commit, run)
        artifacts.tidy(run, self.paths, best=command.iteration)
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
        artifacts.tidy(run, self.paths, best=run.best.iteration if run.best else None)
        if len(run.open) == 1:  # else the next one trains there already, or is about to
            TrainCheckouts(paths=self.paths, git=self.git).clear(1, stands_on, run)
        return ev.CandidateDiscarded(iteration=command.iteration, rule=command.rule, inputs=command.inputs)

    def _committed(
        self, one: Iteration, commit: Commit, ref: str, subject: str, *, run: RunState, diff_sha256: str
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
            code_sha256=same_code.digest_at(commit.hash, run.config, show=self.git.show),
            base_code_sha256=same_code.digest_at(one.base_commit, run.config, show=self.git.show),
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
        raise stated(InvalidInput, why("foreign_candidate", ref=ref, commit=made.hash))

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


def _message(subject: str, run: RunState, one: Iteration, head: str) -> str:
    values = (run.run_id, str(one.number), head)
    trailers = "".join(f"{name}: {value}\n" for name, value in zip(TRAILERS, values, strict=True))
    said = one.proposal.description if one.proposal else ""
    body = f"{commit_subject(said)}\n\n" if said else ""
    return f"{subject}\n\n{body}{trailers}"
