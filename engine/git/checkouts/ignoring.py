"""Have git ignore a folder in the user's tree, without an edit of a file that is theirs."""

import os
import re
from pathlib import Path

from autoresearch.engine.git.program import Refused, call, output
from autoresearch.events.files import write_atomic


def ensure_ignored(home: Path, folder: Path) -> None:
    """Add the folder to the repository's own `info/exclude`; done twice, it is there once.

    Where that cannot be written, or a rule of the user's brings the folder back, the folder itself says that
    all in it is ignored.
    """
    if _is_ignored(home, folder):
        return
    try:
        _exclude(home, folder)
    except (OSError, Refused):
        pass
    else:
        if _is_ignored(home, folder):
            return
    write_atomic(folder / ".gitignore", b"*\n")


def _is_ignored(home: Path, folder: Path) -> bool:
    """Say whether git ignores whatever is made in the folder."""
    inside = str(folder.relative_to(home) / "any")
    return call(("check-ignore", "--quiet", "--no-index", "--", inside), cwd=home).exit_code == 0


def _exclude(home: Path, folder: Path) -> None:
    said = output(call(("rev-parse", "--git-path", "info/exclude"), cwd=home))
    path = home / os.fsdecode(said.removesuffix(b"\n"))
    top = folder.relative_to(home)
    rule = b"/%b/" % re.sub(rb"([\\*?[\]])", rb"\\\1", os.fsencode(top))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:  # added to, not replaced: it is the user's, and may be a link
        file.seek(0)
        lines = file.read().split(b"\n")
        if rule not in lines:
            file.write((b"\n" if lines[-1] else b"") + rule + b"\n")
