"""Whether a job that has fallen silent has its result behind it: by marks in its log, or by a file.

Imported by the supervisor at the moment when it asks, which is seldom. A mark that was printed with several
different numbers says nothing: the job may be between two of its evaluations.
"""

from __future__ import annotations

import os
import re

from autoresearch.engine.paths import OUTPUT, SPEC
from autoresearch.engine.system.light import suppress


def is_there(folder: str, marks: list[str], files: list[str]) -> bool:
    """Say whether one of the files was written since the job began, or one mark has one number."""
    with suppress(OSError):
        began = os.stat(os.path.join(folder, SPEC)).st_mtime  # noqa: PTH116, PTH118
        if any(_is_newer(path, began) for path in files):
            return True
        with open(os.path.join(folder, OUTPUT), "rb") as file:  # noqa: PTH118, PTH123
            text = file.read().decode(errors="replace").replace("\r", "\n")
        found = (re.findall(mark, text, re.MULTILINE) for mark in marks)
        return any(len({number.strip() for number in numbers}) == 1 for numbers in found)
    return False


def _is_newer(path: str, than: float) -> bool:
    with suppress(OSError):
        return os.stat(path).st_mtime >= than  # noqa: PTH116
    return False
