"""What the baseline's compiler made for a card, given to each later training to begin with.

A training that is held to its own places would compile anew each time, while the card waits: one of five
seconds took 56 s, and 26 s where it found what was compiled before (full profile, H200, torch 2.11, 2026-11).
What is given is the baseline's alone, of code that is the user's own, and a copy: what a candidate leaves
reaches no other one.
"""

import contextlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path


FOLDERS = {"TRITON_CACHE_DIR": "triton", "TORCHINDUCTOR_CACHE_DIR": "inductor"}
BELOW = "compiled"  # of the temporary folder
MOST_BYTES, MOST_FILES = 2**30, 20_000  # more is copied no faster than compiled


def places(temporary: Path) -> dict[str, str]:
    """Return the variables that say where compilers leave what they made."""
    return {name: str(temporary / BELOW / folder) for name, folder in FOLDERS.items()}


def keep(temporary: Path, kept: Path) -> None:
    """Move what a training compiled to where the run keeps it, unless that is taken, or it is too much."""
    made = temporary / BELOW
    if kept.exists() or not _is_little(made):
        return
    with contextlib.suppress(OSError):  # the next ones compile as this one did
        made.rename(kept)


def give(kept: Path, temporary: Path) -> None:
    """Copy it into a training's temporary folder, all of it or nothing."""
    made, draft = temporary / BELOW, temporary / f".{BELOW}"
    if made.exists() or not kept.is_dir():
        return
    try:
        shutil.copytree(kept, draft, symlinks=True)
        draft.rename(made)
    except (OSError, shutil.Error):  # a full disk: it compiles
        shutil.rmtree(draft, ignore_errors=True)


def is_given(env: Mapping[str, str], temporary: Path) -> bool:
    """Say whether a training compiles where it is given something: the settings may name another place."""
    return any(env.get(name) == place for name, place in places(temporary).items())


def _is_little(folder: Path) -> bool:
    """Say whether there is something, and not too much."""
    size = count = 0
    for below, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                size += os.lstat(os.path.join(below, name)).st_size  # noqa: PTH118 - many of them
            count += 1
            if size > MOST_BYTES or count > MOST_FILES:
                return False
    return count > 0
