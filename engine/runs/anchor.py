"""The head of a run's log as git has seen it: what shows that a history was cut, or an older copy put back.

A commit of the run's own, without change, names it after each verdict and at each stop (`RunRefs.log`), and
each candidate's commit does. Both lie outside of the run's folder. Nothing is decided by them.
"""

from attrs import frozen

from autoresearch.engine.core.refs import RunRefs
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import Commit, Commits, Refs, Signing
from autoresearch.events.encoding.codec import Position
from autoresearch.events.errors import CorruptHistory, WayOut
from autoresearch.events.log.seek import has_record
from autoresearch.projections.run_state import RunState


OF_RUN, OF_LOG = "Autoresearch-Run", "Autoresearch-Log"  # trailers; the head is "seq hash"


@frozen(kw_only=True)
class Head:
    """A record that a commit says was the last one when it was made."""

    commit: str
    seq: int
    hash: str


def head_named(commit: Commit, run_id: str) -> Head | None:
    """Return the head of a run's log that a commit's message names; None where it names none."""
    trailers = dict(line.partition(": ")[::2] for line in commit.message.rstrip("\n").split("\n")[-3:])
    seq, _, hash_ = trailers.get(OF_LOG, "").partition(" ")
    if trailers.get(OF_RUN) != run_id or not seq.isdecimal():
        return None
    return Head(commit=commit.hash, seq=int(seq), hash=hash_)


def write(
    run: RunState, head: Position, git: Refs, *, after: str | None, sign: Signing | None = None
) -> Head | None:
    """Name the head of a run's log in git; None where the commit that named one last is not `after`.

    Raises:
        NotSigned: it was to be signed, and nothing was made.
    """
    trailers = f"{OF_RUN}: {run.run_id}\n{OF_LOG}: {head.seq} {head.hash}\n"
    message = f"{run.run_id} up to record {head.seq}\n\n{trailers}"
    made = git.add_note(RunRefs(run.run_id).log, message, after=after, tree_of=run.base_commit, sign=sign)
    return Head(commit=made, seq=head.seq, hash=head.hash) if made is not None else None


def last(run: RunState, git: Commits) -> Head | None:
    """Return the head that was named last; None where none was."""
    (commit,) = git.read_commits([RunRefs(run.run_id).log])
    return head_named(commit, run.run_id) if commit is not None else None


def refuse_lost(paths: RunPaths, run: RunState, git: Commits) -> Head | None:
    """Compare a history with what git has seen of it, in one call; return the head that was named last.

    Beside that head, those are compared that candidates name which the history may not know yet.

    Raises:
        CorruptHistory: git has seen a record that the history does not have.
    """
    if not run.base_commit:  # it was imported: no commit of its own can have seen it
        return None
    refs = RunRefs(run.run_id)
    coming = [(one.number, change) for one in run.open for change in (one.change, one.change + 1)]
    names = [refs.log, *(refs.candidate(*one) for one in (*coming, (run.last_iteration + 1, 1)))]
    heads = [
        head_named(commit, run.run_id) if commit is not None else None for commit in git.read_commits(names)
    ]
    for name, head in zip(names, heads, strict=True):
        if head is not None and not has_record(paths.history, head.hash):
            raise CorruptHistory(
                f"{paths.history} ends at record {run.seq} and has no such record {head.seq} as {name} has"
                " seen: it was cut, or an older copy of it was put back",
                remedy=WayOut("repair_lost", run_id=paths.run_id),
            )
    return heads[0]
