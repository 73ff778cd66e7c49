"""The programs that a result hangs on and that lie in no checkout: those that commands name, and git.

A scorer that the settings name by its path is as much of a result as the packages that a training imports.
What a program reads or imports from beside it is not known here: `inputs` names it.
"""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from autoresearch.events.setting import PYTHON
from autoresearch.events.settings import RunConfig


MOST_BYTES = 64 * 2**20  # of one; what is larger is data, and named in `inputs`
# What may be a path within a word: of a line for a shell (`sh -c "…"`), or behind an option (`--scorer=…`).
_PARTS = re.compile(r"[^\s;|&()<>\"'`=]+")


def named(config: RunConfig, checkout: Path) -> tuple[str, ...]:
    """Return the files outside a checkout that the commands of trainings and evaluations name, and git's."""
    found = (path for command in (config.train, config.evaluate) for path in _files(command, checkout))
    git = shutil.which("git")
    return tuple(dict.fromkeys((*found, *([git] if git else []))))


def _files(command: tuple[str, ...], checkout: Path) -> Iterator[str]:
    for number, word in enumerate(command):
        program = shutil.which(word) if number == 0 and "/" not in word else None
        for part in (program or word, *_PARTS.findall(word)):
            path = checkout.absolute() / os.path.expandvars(re.sub("^~(?=/)", "$HOME", part))
            if PYTHON not in part and _is_small_file(path) and not _is_within(path, checkout):
                yield str(path)


def _is_small_file(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size <= MOST_BYTES
    except (OSError, ValueError):  # a word that is no path: too long, or with a null in it
        return False


def _is_within(path: Path, checkout: Path) -> bool:
    return path.resolve().is_relative_to(checkout.resolve())
