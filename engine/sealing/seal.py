"""The seal of a training: how its checkout's files stood when it began, and which stand otherwise now.

What is written down is what the file system says of each file; its content git has compared with the commit.
Nobody can change a file and put it back without another inode or time of change. What a training adds beside
them is its own affair.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from autoresearch.engine.ports.repository import Commits
from autoresearch.engine.sealing.inputs import Inputs
from autoresearch.events.files import write_atomic
from autoresearch.events.values import Reason, why


MOST_NAMED = 20  # files in one event


@frozen(kw_only=True)
class Broken:
    """What of a sealed checkout is otherwise now, and how."""

    files: tuple[str, ...]  # at most MOST_NAMED
    reason: Reason


@frozen(kw_only=True)
class Seal:
    """The seal of what trains in one slot; a later training's takes its place."""

    file: Path
    checkout: Path

    def set(self, job: str, *, kept: tuple[str, ...]) -> None:
        """Write down how the files stand, for the training of this name."""
        stands = dict(_standing(f"{self.checkout}/", kept))
        self.file.parent.mkdir(exist_ok=True)
        write_atomic(self.file, _head(job) + json.dumps(stands, separators=(",", ":")).encode(), sync=False)

    def digest(self, job: str) -> str:
        """Return what tells this seal from any other; "" where there is none of this training."""
        written = self._read()
        return _digest(written) if written.startswith(_head(job)) else ""

    def broken(self, digest: str, commit: str, git: Commits) -> Broken | None:
        """Return what is otherwise than when the training began; None: all is as its commit says."""
        written = self._read()
        if _digest(written) != digest:
            return Broken(files=(self.file.name,), reason=why("seal_gone"))
        stands = _stands(written)
        top = f"{self.checkout}/"  # a Path for each of a thousand files costs three times its lstat
        touched = [path for path, stood in stands.items() if stood != _status(top + path)]
        if not touched:
            return None
        hows = {path: self._how(path, commit, git) for path in touched[:MOST_NAMED]}
        worst = min(hows, key=lambda path: ("gone", "changed", "restored").index(hows[path]))
        reason = why(f"file_{hows[worst]}_while_training", file=worst, more=len(touched) - 1)
        return Broken(files=tuple(sorted(hows)), reason=reason)

    def files(self) -> tuple[str, ...]:
        """Return the files that are sealed; none where the seal cannot be read."""
        try:
            return tuple(_stands(self._read()))
        except ValueError:
            return ()

    def added(self, kept: tuple[str, ...]) -> tuple[str, ...]:
        """Return the files that were not there when the training began; none where that is not known."""
        known = set(self.files())
        return (
            tuple(path for path, _ in _standing(f"{self.checkout}/", kept) if path not in known)
            if known
            else ()
        )

    def _how(self, path: str, commit: str, git: Commits) -> str:
        place = self.checkout / path
        if not os.path.lexists(place):
            return "gone"
        committed = git.show(commit, path)
        same = committed is not None and place.is_file() and place.read_bytes() == committed
        return "restored" if same else "changed"

    def _read(self) -> bytes:
        try:
            return self.file.read_bytes()
        except OSError:
            return b""


def inputs_broken(inputs: Inputs, digest: str, *, whole: bool, held: bool) -> Broken | None:
    """Return which of the files outside a checkout are otherwise than when the training began.

    By size and times, and where `whole` by all of their content; `held`: no training could write there.
    """
    touched = inputs.touched(held=held) or (inputs.altered() if whole else ())
    if touched:
        reason = why("file_changed_while_training", file=touched[0], more=len(touched) - 1)
        return Broken(files=touched[:MOST_NAMED], reason=reason)
    if inputs.digest() != digest:  # another training began meanwhile, and was told of it
        return Broken(files=tuple(inputs.roots)[:MOST_NAMED], reason=why("inputs_changed"))
    return None


def _head(job: str) -> bytes:
    return f"training {job}\n".encode()


def _stands(written: bytes) -> dict[str, list[int]]:
    stands: dict[str, list[int]] = json.loads(written.partition(b"\n")[2])
    return stands


def _digest(written: bytes) -> str:
    return hashlib.sha256(written).hexdigest()[:16]


def _standing(top: str, kept: tuple[str, ...], below: str = "") -> Iterator[tuple[str, list[int]]]:
    with os.scandir(top + below) as entries:
        for entry in entries:
            path = f"{below}{entry.name}"
            if path in kept or path == ".git":
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _standing(top, kept, f"{path}/")
            else:
                yield path, _numbers(entry.stat(follow_symlinks=False))


def _status(path: str) -> list[int] | None:
    try:
        return _numbers(os.lstat(path))
    except OSError:
        return None


def _numbers(found: os.stat_result) -> list[int]:
    return [found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]
