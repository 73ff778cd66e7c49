"""Which version of a program is installed, read off where it lies: it is not started for that.

npm puts a package.json above a program, and some installers a folder, or a file, named by the version.
"""

import json
import re
import shutil
from pathlib import Path


LEVELS = 4  # folders above a program in which its package.json is looked for
VERSION = re.compile(r"\d+\.\d+\.\d+[\w.+-]*")


def installed_version(program: str) -> str:
    """Return the version of a program on PATH; "" where its place does not tell."""
    found = shutil.which(program)
    if found is None:
        return ""
    place = Path(found).resolve()
    for folder in list(place.parents)[:LEVELS]:
        version = _of_package(folder / "package.json")
        if version:
            return version
    named = next((part for part in reversed(place.parts) if VERSION.fullmatch(part)), "")
    return named[:40]


def _of_package(path: Path) -> str:
    try:
        package = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return ""
    version = package.get("version") if isinstance(package, dict) else None
    return version[:40] if isinstance(version, str) else ""
