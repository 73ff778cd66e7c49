"""Keep the user's own `git clean -fdx` and `git stash --all` from taking a folder that git ignores.

Both pass over whatever is a repository of its own, so an empty one lies in the folder: without a commit, an
object or a setting. `git clean -ffdx` says that it takes these, too.
"""

import contextlib
import os
from pathlib import Path

from autoresearch.engine.git.program import call
from autoresearch.engine.git.where import SHELTER
from autoresearch.events.files import write_atomic


SAYS = b"""This is no repository of yours. It is empty, and keeps the runs beside it from `git clean -fdx` and
`git stash --all` of the repository around, which pass over a repository within theirs. It can be deleted.
"""


def ensure_sheltered(home: Path, folder: Path) -> None:
    """Make the empty repository; done twice, it is there once.

    None where git would then no longer see files that the user tracks there, or that the folder itself says
    that it is ignored; and none where the disk refuses it.
    """
    own = folder / ".git"
    others = os.path.lexists(own) and not (own / SHELTER).exists()
    if others or (own / "HEAD").exists() or (folder / ".gitignore").exists():
        return
    tracked = call(("ls-files", "-z", "--", str(folder.relative_to(home))), cwd=home)
    if tracked.exit_code != 0 or tracked.stdout:
        return
    with contextlib.suppress(OSError):
        own.mkdir(exist_ok=True)
        write_atomic(own / SHELTER, SAYS, sync=False)  # first: what has a HEAD is a repository to git
        (own / "objects").mkdir(exist_ok=True)
        (own / "refs").mkdir(exist_ok=True)
        write_atomic(own / "HEAD", b"ref: refs/heads/none\n", sync=False)
