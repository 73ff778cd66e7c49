"""The packages that a training imports beside its own code: which files there are, of what size and time.

Not hashed: an environment with torch has 15,000 files. It notices what is installed, patched or left there.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator


def digest(folders: Iterable[str]) -> str:
    """Return what tells the files below some folders from any other; "" where there are none.

    Python's own caches do not count: reading makes them.
    """
    told = hashlib.sha256()
    seen = False
    for folder in folders:
        for line in sorted(_lines(folder)):
            seen = True
            told.update(line)
    return told.hexdigest()[:16] if seen else ""


def _lines(folder: str) -> Iterator[bytes]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if entry.name != "__pycache__":
                yield from _lines(entry.path)
        elif not entry.name.endswith(".pyc"):
            found = entry.stat(follow_symlinks=False)
            yield os.fsencode(f"{entry.path}\0{found.st_size}\0{found.st_mtime_ns}\n")
