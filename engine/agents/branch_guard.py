"""The user's branches while an agent is at work: guarded by a hook, and put back where it moved one.

An agent's git works in the run's worktree, but the branches it can reach are the user's. The hook refuses
every change of them; who leaves it out is told by the address that git writes beside each move. A move by
anybody else is the user's own, and stays.
"""

import contextlib
import json
import os
from pathlib import Path

from autoresearch.engine.paths import JobPaths
from autoresearch.engine.ports.repository import Branches
from autoresearch.events.files import write_atomic
from autoresearch.events.values import Reason, why


AGENT_ADDRESS = "agent@autoresearch.localhost"  # its git signs with it, unless it goes out of its way
# No commit, branch, tag, stash or reset, whatever an agent tries.
REFUSE_REFS = b'#!/bin/sh\n[ "$1" != prepared ]\n'


def keep_hook(hook: Path) -> None:
    """Have the hook lie there that lets no ref change, whatever became of it: one for all agents of a run."""
    with contextlib.suppress(OSError):
        if hook.read_bytes() == REFUSE_REFS and os.access(hook, os.X_OK):
            return
    hook.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(hook, REFUSE_REFS, sync=False)
    hook.chmod(0o755)


def remember(job: JobPaths, git: Branches, *, stands_on: str) -> None:
    """Write into an agent's job folder on which commit it begins, and where the branches stand.

    Done twice, keeps the first.
    """
    write_atomic(job.began_on, stands_on.encode(), sync=False)
    if not job.branches.exists():
        write_atomic(job.branches, json.dumps(git.branches()).encode(), sync=False)


def stood_on(job: JobPaths, commit: str) -> bool:
    """Say whether the job began on this commit: what it left on another one is nobody's change."""
    try:
        return job.began_on.read_text() == commit
    except OSError:  # a job folder that somebody tidied up
        return True


def put_back(job: JobPaths, git: Branches) -> Reason | None:
    """Undo what the agent of a job that has ended did to branches; return what it was, None for nothing.

    Asked again, says the same.
    """
    if job.harm.exists():
        return why("branch_harmed", branches=job.harm.read_text(errors="replace"))
    before = _before(job)
    if before is None:
        return None
    now = git.branches()
    moved = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    harmed = [name for name in sorted(moved) if _by_agent(name, now, git)]
    if not harmed:
        return None
    said = ", ".join(harmed)
    write_atomic(job.harm, said.encode(errors="replace"), sync=False)
    for name in harmed:
        _undo(f"refs/heads/{name}", before.get(name), now.get(name), git)
    return why("branch_harmed", branches=said)


def _by_agent(name: str, now: dict[str, str], git: Branches) -> bool:
    """Say whether an agent moved it; nobody else deletes a branch that somebody has checked out."""
    if name not in now:
        return name in git.branches_checked_out()
    return git.last_mover(name) == AGENT_ADDRESS


def _undo(ref: str, before: str | None, now: str | None, git: Branches) -> None:
    if before is not None:
        git.set_ref(ref, before, old=now)
    elif now is not None:
        git.drop_ref(ref, old=now)


def _before(job: JobPaths) -> dict[str, str] | None:
    try:
        told = json.loads(job.branches.read_bytes())
    except (OSError, ValueError):  # a job folder that somebody tidied up
        return None
    return {str(name): str(commit) for name, commit in told.items()}
