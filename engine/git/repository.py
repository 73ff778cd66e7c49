"""Git, all of it: what a runner and the commands are given as the player of the ports."""

import os
import shlex
from pathlib import Path

from autoresearch.engine.git.checkouts.worktrees import Worktrees
from autoresearch.engine.git.merging import Merging
from autoresearch.engine.git.program import call, last_line
from autoresearch.engine.git.refs import Refs
from autoresearch.engine.git.where import outside_shelter
from autoresearch.events.errors import NotFound


class RealGit(Refs, Worktrees, Merging):
    """One repository, through the git program. Implements every port of git's."""


def find_top(cwd: Path) -> Path:
    """Return the top folder of the repository around `cwd`.

    Raises:
        NotFound: there is no repository, it is bare, or it has no commit yet.
    """
    found = call(("rev-parse", "--show-toplevel"), cwd=Path(outside_shelter(str(cwd))))
    if found.exit_code != 0:
        make = "go to your repository, or make one: git init && git add -A && git commit -m start"
        trust = f"if you trust it: git config --global --add safe.directory {shlex.quote(str(cwd))}"
        raise NotFound(
            f"{cwd} is in no git work tree: {last_line(found.stderr)}",
            remedy=trust if b"dubious ownership" in found.stderr else make,
        )
    top = Path(os.fsdecode(found.stdout.removesuffix(b"\n")))
    if call(("rev-parse", "--verify", "--quiet", "HEAD^{commit}"), cwd=top).exit_code != 0:
        raise NotFound(
            f"{top} has no commit yet", remedy="commit your files: git add -A && git commit -m start"
        )
    return top
