"""Send a published branch to the remote, and open a pull request of it with the program gh."""

import shutil
from pathlib import Path

from autoresearch.engine.control.results.publish import Published
from autoresearch.engine.ports.merges import Remote
from autoresearch.engine.system.processes.run_command import run
from autoresearch.events.errors import AutoresearchError, NotFound, WayOut


GH_S = 120.0  # at most: it asks a server
TOLD = 500  # characters of what it said


def require_gh(home: Path, git: Remote) -> None:
    """Refuse before anything is made where no pull request could be opened.

    Raises:
        NotFound: gh is not there, or the repository has no remote to push to.
    """
    if shutil.which("gh") is None:
        raise NotFound("the program gh is not on PATH", remedy=WayOut("publish_without_pr"))
    if not git.has_remote():
        raise NotFound(f"{home} has no remote to push to", remedy=WayOut("publish_without_pr"))


def open_it(home: Path, git: Remote, made: Published, *, base: str, title: str) -> str:
    """Push the branch and open the pull request; return what gh said, which is its address.

    Raises:
        NotFound: one of both refused; the branch stands, and the way out is the rest by hand.
    """
    by_hand = WayOut("publish_by_hand", branch=made.branch, text=str(made.text))
    try:
        git.push(made.branch)
    except AutoresearchError as error:
        raise NotFound(f"{made.branch} could not be pushed: {error}", remedy=by_hand) from error
    command = ["gh", "pr", "create", "--head", made.branch, "--title", title, "--body-file", str(made.text)]
    done = run([*command, *(["--base", base] if base else [])], cwd=home, timeout_s=GH_S)
    if done.exit_code != 0:
        told = " ".join(done.stderr.decode(errors="replace").split()) or "it said nothing"
        raise NotFound(f"gh opened no pull request: {told[:TOLD]}", remedy=by_hand)
    return done.stdout.decode(errors="replace").strip()
