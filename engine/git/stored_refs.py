"""Refs as git's own files keep them: read without a process, where there is no doubt; else git is asked.

Part of engine/git/refs.py and objects.py. A ref's own file is looked for first and the packed ones second: so
it is not missed while git packs it.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path


_REF = re.compile(rb"([0-9a-f]{40}(?:[0-9a-f]{24})?)\n")
_PACKED = re.compile(rb"^([0-9a-f]{40}(?:[0-9a-f]{24})?) (refs/[!-~]+)$", re.MULTILINE)
_PLAIN = re.compile(r"[!-~]+")  # a name that git would print as it is


def below(common: Path, prefix: str) -> dict[str, str] | None:
    """Return all refs below a prefix, sorted; None where only git can tell: another format, an odd ref."""
    try:
        loose = dict(_loose(common, prefix.rstrip("/")))
        packed = _packed(common)
    except (OSError, ValueError):
        return None
    known = {ref: commit for ref, commit in packed.items() if ref.startswith(prefix)} | loose
    return dict(sorted(known.items()))


def is_absent(common: Path, ref: str) -> bool:
    """Say whether there is certainly no ref of this full name."""
    try:
        plain = ref.startswith("refs/") and _PLAIN.fullmatch(ref) and (common / "refs" / "heads").is_dir()
        if not plain or os.path.lexists(common / ref):
            return False
        return ref not in _packed(common)
    except (OSError, ValueError):
        return False


def _loose(common: Path, folder: str) -> Iterator[tuple[str, str]]:
    with os.scandir(common / folder) as entries:
        for entry in list(entries):
            name = f"{folder}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from _loose(common, name)
            elif not name.endswith(".lock"):
                try:
                    said = _REF.fullmatch(Path(entry.path).read_bytes())
                except FileNotFoundError:  # deleted, or packed this very moment
                    continue
                if said is None or not _PLAIN.fullmatch(name):
                    raise ValueError(name)  # symbolic, half written, or of a name that git prints otherwise
                yield name, said[1].decode()


def _packed(common: Path) -> dict[str, str]:
    try:
        text = (common / "packed-refs").read_bytes()
    except FileNotFoundError:
        return {}
    found = {ref.decode(): commit.decode() for commit, ref in _PACKED.findall(text)}
    if len(found) != sum(line[:1] not in (b"#", b"^", b"") for line in text.split(b"\n")):
        raise ValueError("packed-refs")
    return found
