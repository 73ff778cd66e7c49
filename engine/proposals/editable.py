"""What a change may touch: files, all of a folder, or what a pattern matches (`*`, `?`, `**` for folders).

What is protected is not editable, wherever it lies. A pattern may match files that are not there yet.
"""

import os
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from autoresearch.engine.ports.repository import Commits
from autoresearch.events.settings import RunConfig


_LARGEST = 2**20  # bytes; nobody edits a constant in a larger file of a folder
_PARTS = re.compile(r"\*\*/|\*\*|\*|\?|[^*?]+")
_MEANS = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def is_editable(path: str, config: RunConfig) -> bool:
    """Say whether a change may touch this file."""
    return path not in config.protected and covers(config.editable, path)


def covers(names: Sequence[str], path: str) -> bool:
    """Say whether a file goes by one of the names."""
    return any(_matches(path, one) for one in names)


def absent(commit: str, config: RunConfig, git: Commits) -> tuple[str, ...]:
    """Return those names of `editable` that no file of a commit goes by; a folder and a pattern need one."""
    missing = git.missing(commit, config.editable)
    there = git.committed(commit) if missing else ()
    return tuple(one for one in missing if not any(_matches(path, one) for path in there))


def absent_protected(commit: str, config: RunConfig, git: Commits) -> tuple[str, ...]:
    """Return those names of `protected` that are no file of a commit, and lie in none of its submodules."""
    return tuple(one for one in git.missing(commit, config.protected) if not git.in_submodule(commit, one))


def files_at(commit: str, config: RunConfig, git: Commits) -> dict[str, bytes]:
    """Return the editable files of a commit."""
    found: dict[str, bytes] = {}
    wide: list[str] = []
    for name in config.editable:
        content = None if _is_pattern(name) else git.show(commit, name)
        if content is None:
            wide.append(name)
        else:
            found[name] = content
    names = _of(git.committed(commit), wide, config) if wide else ()
    contents = git.read_files([(commit, name) for name in names])
    return found | {name: one for name, one in zip(names, contents, strict=True) if one is not None}


def in_checkout(folder: Path, config: RunConfig, *, touched: Sequence[str] = ()) -> dict[str, bytes]:
    """Return the editable files as they stand in a checkout, those that a change touched among them."""
    plain = [one for one in config.editable if not _is_pattern(one) and not (folder / one).is_dir()]
    wide = [one for one in config.editable if one not in plain]
    names = [*plain, *(one for one in touched if is_editable(one, config)), *_below(folder, wide, config)]
    found = ((name, folder / name) for name in dict.fromkeys(names))
    return {name: path.read_bytes() for name, path in found if path.is_file() and not path.is_symlink()}


def _below(folder: Path, wide: Sequence[str], config: RunConfig) -> Iterator[str]:
    if not wide:
        return
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if one not in (".git", "__pycache__"))
        names = (os.path.relpath(os.path.join(where, one), folder) for one in sorted(files))  # noqa: PTH118
        yield from (one for one in _of(names, wide, config) if (folder / one).lstat().st_size <= _LARGEST)


def _of(paths: Sequence[str] | Iterator[str], wide: Sequence[str], config: RunConfig) -> tuple[str, ...]:
    return tuple(path for path in paths if path not in config.protected and covers(wide, path))


def _is_pattern(name: str) -> bool:
    return "*" in name or "?" in name


def _matches(path: str, name: str) -> bool:
    return (
        path == name or path.startswith(f"{name}/") or bool(_is_pattern(name) and _form(name).fullmatch(path))
    )


@lru_cache(maxsize=256)
def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(
        "".join(_MEANS.get(part) or re.escape(part) for part in _PARTS.findall(pattern)), re.DOTALL
    )
