"""How an agent is held to its checkout: its git by the environment, its writing by the kernel where that can.

Whoever gets past the one, or has not the other, is found out afterwards: engine/agents/branch_guard.py and
engine/sealing. Knows nothing of how programs are called.
"""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from attrs import frozen

from autoresearch.engine.agents.branch_guard import AGENT_ADDRESS
from autoresearch.engine.agents.inside import VARIABLE
from autoresearch.engine.ports.agent import Ask
from autoresearch.engine.system import landlock
from autoresearch.events.settings import RunConfig
from autoresearch.projections.parts.sandbox import sandbox


# What would point git, or a nested runner, at another place than the agent's own worktree.
UNSET = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_CONFIG_PARAMETERS",
    "AUTORESEARCH_JOB_DIR",
)

# The devices that programs write to; none that computes: what trains there is measured.
DEVICES = tuple(
    f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts")
)


@frozen
class Kept:
    """What a program keeps of its own between calls, as its login; `variable` moves the folder it lies in."""

    variable: str  # of the environment; "" where none moves it
    folder: str  # else
    name: str = ""  # below that

    def place(self) -> Path:
        """Return where it lies for this user."""
        moved = os.environ.get(self.variable) if self.variable else None
        return Path(moved or self.folder).expanduser() / self.name


def environment(worktree: Path, *, hooks: Path, temporary: Path) -> dict[str, str]:
    """Return what keeps an agent's git inside its worktree, and its hands off runs and others' files."""
    settings = {
        "user.name": "agent",  # aider, where it finds none, writes one into the user's own settings
        "user.email": AGENT_ADDRESS,
        "core.hooksPath": str(hooks),
        "core.fsmonitor": "false",
        "commit.gpgSign": "false",
        "tag.gpgSign": "false",
        "gc.auto": "0",
        "maintenance.auto": "false",
    }
    pairs = enumerate(settings.items())
    return {
        VARIABLE: "1",  # the command line refuses to start a run inside a run
        "NO_COLOR": "1",
        "TMPDIR": str(temporary),
        "GIT_AUTHOR_NAME": "agent",
        "GIT_AUTHOR_EMAIL": AGENT_ADDRESS,
        "GIT_COMMITTER_NAME": "agent",
        "GIT_COMMITTER_EMAIL": AGENT_ADDRESS,
        "GIT_CEILING_DIRECTORIES": str(worktree.parent),  # the user's repository lies above
        "GIT_ALLOW_PROTOCOL": "none",  # nothing is pushed or fetched
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_EDITOR": "true",
        "GIT_PAGER": "cat",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_CONFIG_COUNT": str(len(settings)),
        **{
            key: text
            for n, (name, value) in pairs
            for key, text in ((f"GIT_CONFIG_KEY_{n}", name), (f"GIT_CONFIG_VALUE_{n}", value))
        },
    }


def beside(config: RunConfig, home: Path) -> tuple[str, ...] | None:
    """Return where else the settings let an agent write; None where nothing confines it.

    Which is: they let it write anywhere, or this machine's kernel has no Landlock.
    """
    if sandbox(config, landlock.version()) != "landlock":
        return None
    return tuple(str(home / Path(path).expanduser()) for path in config.agent_writes)


def writable(ask: Ask, temporary: Path, kept: Iterable[Kept], *, edits: bool) -> tuple[str, ...] | None:
    """Return the paths beneath which an agent may write; None: anywhere.

    Neither the job's folder nor what git keeps of the checkout: from the one the runner reads how the job
    ended, and by the other its own git would run what an agent wrote there. Nor the temporary folder of all:
    trainings take compiled code from there.
    """
    if ask.beside is None:
        return None
    places = [place for place in (one.place() for one in kept) if not _holds(place, ask.keep_out)]
    for place in places:
        if not place.suffix:  # a file that is not there yet cannot be made: its program does without
            with contextlib.suppress(OSError):
                place.mkdir(mode=0o700, parents=True, exist_ok=True)
    own = (ask.worktree,) if edits else ()
    return (*map(str, (*own, temporary, *places)), *DEVICES, *ask.beside)


def _holds(folder: Path, paths: Iterable[Path]) -> bool:
    """Say whether a folder is one of the paths, or lies above one."""
    return any(path.resolve().is_relative_to(folder.resolve()) for path in paths)
