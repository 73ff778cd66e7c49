"""How far an export has come: a file for each run, sink and receiver. A cache: without it, it begins anew."""

import contextlib
import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from attrs import asdict, frozen

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.system.processes.process import hold_lock
from autoresearch.events.encoding.codec import Position
from autoresearch.events.errors import CorruptHistory, NotFound
from autoresearch.events.files import write_atomic
from autoresearch.events.log.read import contains
from autoresearch.events.log.seek import position_before


@frozen(kw_only=True)
class Cursor:
    """The place behind the last event that a sink has handed on."""

    paths: RunPaths
    sink: str
    to: str  # the receiver; its address may hold a secret, so the file's name has only its digest

    @property
    def file(self) -> Path:
        """Return where it is stored."""
        return self.paths.exports / f"{self.sink}-{sha256(self.to.encode()).hexdigest()[:12]}.json"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold it for as long as the block lasts.

        Raises:
            NotFound: the run has no history.
            RunLocked: another process sends the same.
        """
        if not self.paths.history.exists():
            raise NotFound(f"{self.paths.run_id} has no history (yet)")
        self.paths.exports.mkdir(exist_ok=True)
        with hold_lock(self.file.with_suffix(".lock")):
            yield

    def stored(self) -> Position | None:
        """Return the place that was stored last, be it that its record was withdrawn; None: nothing was.

        Raises:
            CorruptHistory: it is a place of another history.
        """
        try:
            said = json.loads(self.file.read_bytes())
            position = Position(seq=int(said["seq"]), offset=int(said["offset"]), hash=str(said["hash"]))
        except (OSError, ValueError, TypeError, KeyError):
            return None
        if position.seq and not contains(self.paths.history, position):
            raise CorruptHistory(
                f"{self.file} stands behind event {position.seq} of another history: this one was cut, "
                "repaired or replaced",
                remedy="say from which event on it is sent, as in --from 1",
            )
        return position

    def begin(self, first: int | None, *, anew: Position) -> Position:
        """Return the place to read on from: before event `first`; else what is stored; else `anew`."""
        if first is not None:
            return position_before(self.paths.history, first)
        return self.stored() or anew

    def store(self, position: Position) -> None:
        """Keep a place; a power cut may bring back an earlier one, from which events are sent again."""
        said = asdict(position) | {"run_id": self.paths.run_id, "sink": self.sink}
        write_atomic(self.file, json.dumps(said).encode() + b"\n", sync=False)
