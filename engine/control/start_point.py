"""The branch and the commit on which a new run stands: which they are, and whether they will do."""

import errno
import os
from collections.abc import Set as AbstractSet
from pathlib import Path

from autoresearch.engine.agents.known import CUSTOM
from autoresearch.engine.git.names import check_branch
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.repository import (
    LFS_POINTER,
    Branches,
    Commit,
    Commits,
    OwnCheckout,
    Repository,
)
from autoresearch.engine.proposals import editable
from autoresearch.engine.runs.claim import make_branch
from autoresearch.events.errors import AutoresearchError, NotFound, WayOut
from autoresearch.events.setting import program_in
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import why
from autoresearch.projections.run_state import RunState
from autoresearch.projections.words.wording import say


OWN_BRANCHES = "autoresearch/"
READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


def branch_and_base(home: Path, git: Repository, branch: str | None) -> tuple[str | None, Commit]:
    """Return the branch that was named or is checked out (None: a new one of today), and its commit."""
    if branch is not None:
        check_branch(branch)
        refuse_below_a_branch(git, branch)
    named = branch or _own_branch(git)
    of_branch, of_head = git.read_commits([f"refs/heads/{named}", "HEAD"])
    base = of_branch or of_head  # a branch that is named may not be there yet
    if base is None:
        raise NotFound(
            f"{home} has no commit yet", remedy="commit your files: git add -A && git commit -m start"
        )
    return named, base


def refuse_read_only(store: Path) -> None:
    """Refuse a repository whose store of commits cannot be written, as in the sandboxes of agent programs.

    Raises: NotFound: says why.
    """
    if not hasattr(os, "O_TMPFILE"):  # a file without a name, which Linux alone has
        return
    try:
        os.close(os.open(store, os.O_WRONLY | os.O_TMPFILE))
    except OSError as error:
        if error.errno not in READ_ONLY:  # as a full disk
            return
        raise NotFound(
            f"a run makes commits, and {store} cannot be written: {error.strerror}",
            remedy=WayOut("write_outside_sandbox"),
        ) from error


def check_files(git: Commits, base: str, config: RunConfig) -> None:
    """Refuse a base that lacks a file in scope, or has one that is no text: a run stands on it for good."""
    for name, content in editable.files_at(base, config, git).items():
        if name.endswith(".py") and (where := _not_utf8(content)) is not None:
            raise NotFound(
                f"{name} is editable, and not UTF-8 at offset {where}",
                remedy=f"iconv -f LATIN1 -t UTF-8 {name} > new && mv new {name}, then commit it",
            )
    for name in (*editable.absent(base, config, git), *editable.absent_protected(base, config, git))[:1]:
        raise NotFound(
            f"{name} is not in commit {base[:7]}, on which the run would stand",
            remedy=WayOut("commit_or_init", file=name),
        )
    if pointers := git.unserved_pointers(base):
        raise NotFound(
            f"{pointers[0]}{more(pointers)} of {base[:7]} lies in git LFS, and git here has no such filter: "
            "trainings would read a pointer",
            remedy=WayOut("install_lfs"),
        )


def refuse_unshared(home: Path, config: RunConfig) -> None:
    """Refuse what every checkout is to have a link to, and is not here: setup could only say the same."""
    for path in config.shared:
        if not (home / path).exists():
            raise NotFound(
                say(why("shared_is_not_there", path=path, folder=str(home))), remedy=WayOut("make_shared")
            )


def refuse_uncommitted_script(
    home: Path, git: Commits, base: str, config: RunConfig, agents: AbstractSet[str]
) -> None:
    """Refuse loops whose agent is a command that needs a file which the base lacks: each call would fail."""
    if file := uncommitted_script(home, git, base, config, agents):
        raise NotFound(
            f"agent_command runs {file}, which is not in commit {base[:7]}, on which the run would stand",
            remedy=f"commit it: git add {file} && git commit; or name it by its whole path, from outside",
        )


def uncommitted_script(
    home: Path, git: Commits, base: str, config: RunConfig, agents: AbstractSet[str]
) -> str:
    """Return the script of the agent's command that lies here and not in the base; "" where there is none.

    It is called in a checkout of the base. A word behind the first one may be any file that it reads.
    """
    asked = {*agents, config.review_agent} if config.review != "off" else agents
    if CUSTOM.name not in map(program_in, asked):
        return ""
    script = next((path for path in _scripts(config) if _is_file_below(home, path)), "")
    return script if script and git.missing(base, (script,)) else ""


def _scripts(config: RunConfig) -> tuple[str, ...]:
    """Return the words of the agent's command that may be files of the repository."""
    program, *others = config.agent_command or ("",)
    words = [program] if "/" in program else others
    paths = (os.path.normpath(word) for word in words if word and not word.startswith("-"))
    return tuple(path for path in paths if not path.startswith(("/", "..")))


def _is_file_below(home: Path, path: str) -> bool:
    return not path.startswith(("/", "..")) and (home / path).is_file()


def unpulled(home: Path, git: Commits, base: str) -> tuple[str, ...]:
    """Return the files in git LFS that the user's checkout has as pointers: a run's may well have no more."""
    return tuple(path for path in git.lfs_pointers(base) if _is_pointer(home / path))


def more(names: tuple[str, ...]) -> str:
    """Return how many there are beside the first."""
    return f" (and {len(names) - 1} more)" if len(names) > 1 else ""


def _is_pointer(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return opened.read(len(LFS_POINTER)) == LFS_POINTER
    except OSError:
        return False


def _not_utf8(content: bytes) -> int | None:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return error.start
    return None


def ensure_branch(paths: RunPaths, git: Branches, branch: str, base: str) -> None:
    """Make the branch of a claimed run.

    Raises: NotFound: git does not take it, or somebody else was quicker.
    """
    try:
        if make_branch(paths, git, branch, base):
            return
    except AutoresearchError as error:
        raise NotFound(
            f"the branch {branch} cannot be made: {error}",
            remedy=WayOut("name_other_branch"),
        ) from error
    raise NotFound(f"the branch {branch} was moved just now by somebody else", remedy="start again")


def _own_branch(git: OwnCheckout) -> str | None:
    """Return the branch that is checked out, where it is one of ours."""
    current = git.current_branch()
    return current if current is not None and current.startswith(OWN_BRANCHES) else None


def refuse_below_a_branch(git: Branches, branch: str) -> None:
    """Refuse `main/x` where there is `main`: git keeps branches as files."""
    parts = branch.split("/")
    for above in ("/".join(parts[:count]) for count in range(1, len(parts))):
        if git.branch(above).commit is not None:
            raise NotFound(
                f"the branch {branch} cannot be made: there is a branch {above}",
                remedy=WayOut("name_other_branch"),
            )


def uncommitted(git: OwnCheckout, config: RunConfig) -> tuple[str, ...]:
    """Return the files of a run that the user has edited and not committed; the guidance is another thing."""
    own = dict.fromkeys((*config.editable, *config.protected, *_scripts(config)))
    return git.modified(tuple(path for path in own if path != config.guidance_file))


def newer_commit(git: Repository, run: RunState) -> str:
    """Return what the user has checked out, where a run without a baseline began on another; "" where not."""
    head = git.resolve("HEAD")
    if run.best is not None or head in (None, run.base_commit) or git.current_branch() == run.branch:
        return ""
    return head or ""


def guidance_edited(git: OwnCheckout, config: RunConfig) -> str:
    """Return the guidance file where the user has edited and not committed it; "" where not."""
    return "".join(git.modified((config.guidance_file,))) if config.guidance_file else ""
