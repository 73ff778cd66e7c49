"""Unified diffs between files in memory: made, applied strictly, and merged."""

import difflib
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from autoresearch.engine.ports.repository import Diff


HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def diff(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> Diff:
    names = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    text = "".join(_file_diff(name, old.get(name), new.get(name)) for name in names)
    body = [line for line in text.splitlines() if not line.startswith(("+++ ", "--- "))]
    raw = text.encode(errors="surrogateescape")
    return Diff(
        text=raw,
        sha256=hashlib.sha256(raw).hexdigest(),
        files=tuple(names),
        insertions=sum(line.startswith("+") for line in body),
        deletions=sum(line.startswith("-") for line in body),
    )


def _file_diff(name: str, old: bytes | None, new: bytes | None) -> str:
    before, after = (
        [] if content is None else content.decode(errors="surrogateescape").splitlines(keepends=True)
        for content in (old, new)
    )
    head = f"diff --git a/{name} b/{name}\n"
    head += "new file mode 100644\n" if old is None else "deleted file mode 100644\n" if new is None else ""
    names = ("/dev/null" if old is None else f"a/{name}", "/dev/null" if new is None else f"b/{name}")
    hunks = difflib.unified_diff(before, after, *names)
    return head + "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in hunks
    )


def patched(patch: str, folder: Path) -> dict[str, bytes]:
    """Apply a text patch strictly: every hunk at its line, every context line as it stands."""
    result: dict[str, bytes] = {}
    for part in re.split(r"^--- ", patch, flags=re.MULTILINE)[1:]:
        lines = part.splitlines(keepends=True)
        old_name, name = lines[0].split("\t")[0].strip(), lines[1].removeprefix("+++ ").split("\t")[0].strip()
        name = name.removeprefix("b/")
        old = [] if old_name == "/dev/null" else (folder / name).read_text().splitlines(keepends=True)
        result[name] = "".join(_apply_hunks(old, lines[2:])).encode()
    if not result:
        raise ValueError("No valid patches in input")
    return result


def _apply_hunks(old: list[str], lines: list[str]) -> list[str]:
    result: list[str] = []
    at = 0
    for position, line in enumerate(lines):
        hunk = HUNK.match(line)
        if hunk:
            start = max(int(hunk[1]) - 1, 0)
            result += old[at:start]
            at = start
        elif line[0] in " -+":
            text = line[1:]
            if lines[position + 1 : position + 2] == ["\\ No newline at end of file\n"]:
                text = text.removesuffix("\n")
            if line[0] != "+":
                if at >= len(old) or old[at] != text:
                    raise ValueError(f"patch does not apply at line {at + 1}")
                at += 1
            if line[0] != "-":
                result.append(text)
    return result + old[at:]


def merged(old: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """Merge two changes of one file; None where they touch."""
    lines = [one.decode(errors="surrogateescape").splitlines(keepends=True) for one in (old, ours, theirs)]
    changes = [
        (low, high, side[start:end])
        for side in lines[1:]
        for tag, low, high, start, end in difflib.SequenceMatcher(None, lines[0], side).get_opcodes()
        if tag != "equal"
    ]
    result, at, before = list[str](), 0, -1
    for low, high, new in sorted({(low, high, tuple(new)) for low, high, new in changes}):
        if low <= before:
            return None
        result += [*lines[0][at:low], *new]
        at = before = high
    return "".join([*result, *lines[0][at:]]).encode(errors="surrogateescape")
