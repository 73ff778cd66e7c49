"""Where a folder lies, asked of git in one call; for who cannot wait for `subprocess` to be imported.

Also what every call of git is told of its surroundings: engine/git/program.py uses it too.
"""

from __future__ import annotations

import os


TYPE_CHECKING = False  # as in typing, which takes 3 ms to import
if TYPE_CHECKING:
    from pathlib import Path

# What the user's shell may say about git itself, and not about one repository.
KEPT_ENVIRONMENT = frozenset(
    {"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH"}
)
CALM = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", "GIT_PAGER": "cat"}

SHELTER = (
    "autoresearch"  # in a `.git`: it is an empty one, which keeps `git clean` away (checkouts/shelter.py)
)

_ASK = ("rev-parse", "--show-toplevel", "HEAD^{commit}", "--symbolic-full-name", "HEAD")
_BRANCHES = "refs/heads/"


def environment() -> dict[str, str]:
    """Return the environment of every call: nothing in it points git at another repository."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name in KEPT_ENVIRONMENT
    }
    return kept | CALM


def outside_shelter(folder: str) -> str:
    """Return the folder to ask git from: above the one for runs, where git would find that around it."""
    above = os.path.realpath(folder)
    while above:
        outside, own = above.rpartition("/")[0], f"{above}/.git"
        if os.path.lexists(f"{own}/{SHELTER}"):
            return outside
        if os.path.lexists(own):
            break
        above = outside
    return folder


def checkout_around(folder: Path) -> tuple[str, str | None] | None:
    """Return the top of the work tree around a folder and its branch (None: detached).

    None where git says no: there is no repository, no commit, or it must not be trusted.
    """
    reading, writing = os.pipe()
    actions = (
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, writing, 1),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    )
    try:
        asked_from = outside_shelter(str(folder))
        pid = os.posix_spawnp("git", ["git", "-C", asked_from, *_ASK], environment(), file_actions=actions)
        os.close(writing)
        said = b""
        while piece := os.read(reading, 2**16):
            said += piece
    finally:
        os.close(reading)
    if os.waitpid(pid, 0)[1] != 0:
        return None
    top, _, name = os.fsdecode(said).removesuffix("\n").rsplit("\n", 2)
    return top, name.removeprefix(_BRANCHES) if name.startswith(_BRANCHES) else None
