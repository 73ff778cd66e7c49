"""From a proposal to a commit, and from a verdict to the run's branch. Works in the run's worktree only."""

from attrs import frozen

from engine import changes
from engine import commands as do
from engine.ports import Diff, Git
from engine.proposals import commit_subject
from engine.workspace import RunPaths
from events import catalog as ev
from events.errors import InvalidInput, NotFound
from events.files import write_atomic
from events.values import Proposal
from projections.state import Iteration, RunState


# The last lines of each candidate's message; the log's head is "seq hash" when it was committed.
TRAILERS = ("Autoresearch-Run", "Autoresearch-Iteration", "Autoresearch-Log")
STOOD_THERE = "what stood in the worktree"  # the subject of a candidate that nobody proposed


@frozen(kw_only=True)
class Candidates:
    """The code of one run's candidates."""

    paths: RunPaths
    git: Git

    def apply(self, one: Iteration, run: RunState, *, change: int) -> ev.Event:
        """Apply the machine form of the proposal, exactly or not at all."""
        assert one.proposal is not None  # propose comes before apply
        worktree = self.paths.worktree
        self.git.ensure_worktree(worktree, one.base_commit)
        self.git.reset(worktree, one.base_commit)
        try:
            self._write(one.proposal, run)
        except InvalidInput as error:
            self.git.reset(worktree, one.base_commit)
            return ev.ChangeFailed(iteration=one.number, attempt=change, reason=str(error))
        return self.examine(one, run, change=change)

    def examine(self, one: Iteration, run: RunState, *, change: int) -> ev.ChangeApplied | ev.ChangeFailed:
        """Look at what stands in the worktree; whatever may not be trained is restored."""
        diff, reason = self._examined(one, run)
        if diff is None:
            self.git.ensure_worktree(self.paths.worktree, one.base_commit)  # an agent may have removed it
            self.git.reset(self.paths.worktree, one.base_commit)
            return ev.ChangeFailed(iteration=one.number, attempt=change, reason=reason)
        self._keep_diff(one.number, diff)
        return ev.ChangeApplied(
            iteration=one.number,
            attempt=change,
            files=diff.files,
            insertions=diff.insertions,
            deletions=diff.deletions,
            diff_sha256=diff.sha256,
        )

    def commit(self, one: Iteration, run: RunState, *, head: str) -> ev.Event:
        """Commit what was applied. Called twice, returns the first commit."""
        assert one.proposal is not None  # propose comes before commit
        ref = ref_of(run, one)
        subject = commit_subject(one.proposal.commit_description)
        made = self._made(ref, one, one.diff_sha256)
        if made is None:
            message = _message(subject, run, one, head)
            self.git.ensure_worktree(self.paths.worktree, one.base_commit)
            made = self.git.commit(self.paths.worktree, base=one.base_commit, message=message)
            if self.git.diff(one.base_commit, made).sha256 != one.diff_sha256:
                trouble = self._apply_again(one)
                if trouble:
                    return ev.ChangeFailed(iteration=one.number, attempt=one.change, reason=trouble)
                made = self.git.commit(self.paths.worktree, base=one.base_commit, message=message)
            self.git.set_ref(ref, made, old=None)
        return self._committed(one, made, ref, subject, diff_sha256=one.diff_sha256)

    def take_worktree(self, one: Iteration, run: RunState, *, head: str) -> ev.Event:
        """Make a candidate of what stands in the worktree, edited or committed there by hand."""
        worktree = self.paths.worktree
        ref = ref_of(run, one)
        self.git.ensure_worktree(worktree, one.base_commit)
        made = self._made(ref, one, None)
        if made is None:
            if self._touched(one):
                diff, reason = self._examined(one, run)
                if diff is None:
                    return ev.ChangeFailed(iteration=one.number, attempt=one.change, reason=reason)
                self._keep_diff(one.number, diff)
                message = _message(STOOD_THERE, run, one, head)
                made = self.git.commit(worktree, base=one.base_commit, message=message)
            else:
                made = one.base_commit
            self.git.set_ref(ref, made, old=None)
        diff = self.git.diff(one.base_commit, made)
        return self._committed(one, made, ref, STOOD_THERE, diff_sha256=diff.sha256)

    def keep(self, command: do.KeepCandidate, run: RunState) -> ev.CandidateKept:
        """Advance the run's branch, unless somebody else has a hand on it."""
        note = self._move_branch(command.commit, run)
        return ev.CandidateKept(
            iteration=command.iteration,
            commit=command.commit,
            rule=command.rule,
            inputs=command.inputs,
            reason=command.reason,
            branch_moved=not note,
            branch_note=note,
        )

    def discard(self, command: do.DiscardCandidate, run: RunState) -> ev.CandidateDiscarded:
        """Put the worktree back on the best commit; the candidate stays under its ref."""
        stands_on = run.best.commit if run.best else run.base_commit
        self.git.ensure_worktree(self.paths.worktree, stands_on)
        self.git.reset(self.paths.worktree, stands_on)
        return ev.CandidateDiscarded(
            iteration=command.iteration, rule=command.rule, inputs=command.inputs, reason=command.reason
        )

    def _write(self, proposal: Proposal, run: RunState) -> None:
        if proposal.patch is not None:
            trouble = self.git.apply_patch(self.paths.worktree, proposal.patch.encode())
            if trouble:
                raise InvalidInput(f"the patch does not apply: {trouble}")
            return
        if proposal.is_prose:
            raise InvalidInput(
                "the plan is prose and no agent is there to carry it out; use set, edits or patch"
            )
        for name, content in changes.apply(proposal, self._files(run), run.config.editable).items():
            path = self.paths.worktree / name
            mode = path.stat().st_mode  # a replaced file has a new file's permissions
            write_atomic(path, content, sync=False)
            path.chmod(mode)

    def _examined(self, one: Iteration, run: RunState) -> tuple[Diff | None, str]:
        """Return how the worktree differs from the base, or None and why that may not be trained."""
        try:
            diff = self.git.changes(self.paths.worktree, one.base_commit)
        except (InvalidInput, NotFound) as error:  # a repository inside, a worktree that is gone
            return None, str(error)
        reason = changes.check_candidate(diff, self._files(run), run.config)
        return (None, reason) if reason else (diff, "")

    def _files(self, run: RunState) -> dict[str, bytes]:
        """Return the editable files as they stand in the worktree; a missing one has no entry."""
        found = ((name, self.paths.worktree / name) for name in run.config.editable)
        return {name: path.read_bytes() for name, path in found if path.is_file() and not path.is_symlink()}

    def _touched(self, one: Iteration) -> bool:
        """Say whether anything in the worktree differs from the base, also what git cannot store."""
        try:
            return bool(self.git.changes(self.paths.worktree, one.base_commit).files)
        except InvalidInput:
            return True

    def _keep_diff(self, iteration: int, diff: Diff) -> None:
        folder = self.paths.iteration(iteration)
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(folder / "candidate.diff", diff.text)

    def _apply_again(self, one: Iteration) -> str:
        """Restore the applied change from its stored diff after somebody disturbed the worktree."""
        stored = self.paths.iteration(one.number) / "candidate.diff"
        self.git.reset(self.paths.worktree, one.base_commit)
        if not stored.is_file():
            return "the worktree was changed after the change was applied, and candidate.diff is gone"
        trouble = self.git.apply_patch(self.paths.worktree, stored.read_bytes())
        if trouble or self.git.changes(self.paths.worktree, one.base_commit).sha256 != one.diff_sha256:
            self.git.reset(self.paths.worktree, one.base_commit)
            return f"the change could not be restored from candidate.diff{': ' * bool(trouble)}{trouble}"
        return ""

    def _committed(
        self, one: Iteration, commit: str, ref: str, subject: str, *, diff_sha256: str
    ) -> ev.CandidateCommitted:
        return ev.CandidateCommitted(
            iteration=one.number,
            attempt=one.change,
            commit=commit,
            tree=self.git.tree(commit),
            base_commit=one.base_commit,
            ref=ref,
            subject=subject,
            diff_sha256=diff_sha256,
        )

    def _made(self, ref: str, one: Iteration, diff_sha256: str | None) -> str | None:
        """Return the commit that an earlier try left under the ref, or None.

        Raises: InvalidInput: something else stands there, which is neither trained nor overwritten.
        """
        made = self.git.resolve(ref)
        if made is None or made == one.base_commit:
            return made
        if diff_sha256 is None:  # what stood in the worktree; after its commit it still stands there
            diff_sha256 = self.git.changes(self.paths.worktree, one.base_commit).sha256
        if self.git.diff(one.base_commit, made).sha256 == diff_sha256:
            return made
        raise InvalidInput(
            f"{ref} stands on {made[:7]}, which is not this iteration's change",
            remedy=f"look at it, then remove it: git update-ref -d {ref}",
        )

    def _move_branch(self, commit: str, run: RunState) -> str:
        """Move the run's branch to a kept commit; return why not, or the empty string."""
        ref = f"refs/heads/{run.branch}"
        stands = self.git.resolve(ref)
        if stands == commit:
            return ""
        if run.branch in self.git.branches_checked_out():
            return f"{run.branch} is checked out; `autoresearch adopt` brings the commit in"
        # Also where the user brought the best in by hand. Each of both is before the kept commit.
        ours = (run.branch_commit, run.best.commit if run.best else run.base_commit)
        if stands in ours and self.git.set_ref(ref, commit, old=stands):
            return ""
        return f"{run.branch} was moved by somebody else, to {(stands or 'nowhere')[:7]}"


def ref_of(run: RunState, one: Iteration) -> str:
    """Return the full name of the ref that an iteration's candidate gets."""
    again = f".{one.change}" if one.change > 1 else ""
    return f"refs/autoresearch/{run.run_id}/{one.number}{again}"


def _message(subject: str, run: RunState, one: Iteration, head: str) -> str:
    values = (run.run_id, str(one.number), head)
    trailers = "".join(f"{name}: {value}\n" for name, value in zip(TRAILERS, values, strict=True))
    said = one.proposal.description if one.proposal else ""
    body = f"{commit_subject(said)}\n\n" if said else ""
    return f"{subject}\n\n{body}{trailers}"
