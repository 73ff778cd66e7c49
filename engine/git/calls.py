"""One repository, and how git is called in it: every call names it by hand and leaves nothing to discovery.

A run's checkout lies inside the user's repository, so a call that had to look for its repository could, once
an agent deleted a `.git` file, find the user's.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from autoresearch.engine.git.program import CALL_S, call, output
from autoresearch.engine.system.processes.run_command import Completed


ADDRESS = "autoresearch@localhost"
IDENTITY = {
    "GIT_AUTHOR_NAME": "autoresearch",
    "GIT_AUTHOR_EMAIL": ADDRESS,
    "GIT_COMMITTER_NAME": "autoresearch",
    "GIT_COMMITTER_EMAIL": ADDRESS,
}
# Files are bytes: what is trained is what is committed. And it is on the disk before an event names it.
EXACTLY = (
    "core.autocrlf=false",
    "core.safecrlf=false",
    "core.splitIndex=false",
    "commit.gpgSign=false",
    "i18n.commitEncoding=UTF-8",
    "core.fsync=committed,reference",
)


class Calls:
    """The calls in one repository; `top` is its top folder."""

    def __init__(self, top: Path) -> None:
        self.top = Path(os.path.realpath(top))
        self._bounds = {"GIT_CEILING_DIRECTORIES": str(self.top.parent)}
        self._common_dir: Path | None = None

    def common(self) -> Path:
        """Return the folder that all worktrees of the repository share; asked for once."""
        if self._common_dir is None:
            said = self.read("rev-parse", "--path-format=absolute", "--git-common-dir")
            self._common_dir = Path(os.path.realpath(os.fsdecode(said.removesuffix(b"\n"))))
        return self._common_dir

    def look(self, *command: str, stdin: bytes | None = None) -> bytes | None:
        """Read something that may not be there: None where git says no."""
        done = call(command, cwd=self.top, env=self._bounds, stdin=stdin)
        return done.stdout if done.exit_code == 0 else None

    def read(self, *command: str, stdin: bytes | None = None) -> bytes:
        """Read something that is there.

        Raises:
            Refused: git says no.
        """
        return output(call(command, cwd=self.top, env=self._bounds, stdin=stdin))

    def write(
        self,
        *command: str,
        cwd: Path | None = None,
        stdin: bytes | None = None,
        timeout_s: float = CALL_S,
        own_locks: tuple[Path, ...] = (),
        settings: tuple[str, ...] = EXACTLY,
        env: Mapping[str, str] | None = None,
    ) -> Completed:
        """Change something, under an identity of the program's own; the caller looks at the exit code."""
        return call(
            command,
            cwd=cwd or self.top,
            env=IDENTITY | self._bounds | dict(env or {}),
            settings=settings,
            stdin=stdin,
            timeout_s=timeout_s,
            own_locks=own_locks,
        )


def text(said: bytes) -> str:
    """Return what git said, as text."""
    return said.decode(errors="replace")
