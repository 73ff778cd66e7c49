"""state.json, results.tsv and runner.log rebuilt in memory from the history, and compared byte for byte.

A view may lag behind: a runner writes it after its append, and a command that appends writes none. What it
says up to where it stands must be right all the same.
"""

import json
import os
from pathlib import Path

from attrs import frozen

from autoresearch.engine.audit.report import Tally
from autoresearch.engine.paths import RESULTS, RUNNER_LOG, STATE, RunPaths
from autoresearch.engine.runs.load import Loaded
from autoresearch.engine.runs.views import Render
from autoresearch.events import catalog as ev
from autoresearch.events.codec import Position, Recorded
from autoresearch.events.log.read import contains
from autoresearch.events.shapes import structure
from autoresearch.projections.results import results_tsv
from autoresearch.projections.run_reducers import RUN
from autoresearch.projections.snapshot import state_json
from autoresearch.projections.state_format import FORMAT


_CHANGE_THE_TABLE = ev.ResultRecorded | ev.CandidateKept | ev.CandidateDiscarded | ev.ResultImported


@frozen(kw_only=True)
class Standing:
    """How a history ended, as far as it tells which lag is in order."""

    end: int
    last_own: int  # seq of the last event that a runner or an import recorded, and so showed
    at_rest: bool  # the run rests and no runner is alive, so nothing is still to be shown


class StateViews:
    """state.json and results.tsv, compared at the position that state.json names."""

    def __init__(self, paths: RunPaths) -> None:
        """Read both files before the history is read, so that all they say is in it."""
        self._history = paths.history
        self.state = Tally(STATE, "bytes")
        self.results = Tally(RESULTS, "bytes")
        self._state = _read(paths.state)
        self._results = _read(paths.results)
        self._named = self._position()

    def see(self, loaded: Loaded, recorded: Recorded) -> None:
        """Compare the caches with the state at the position they name."""
        named = self._named
        if named is None or recorded.seq < named.seq or self.state.differences:
            return
        if recorded.seq > named.seq:
            # The table is written before state.json, so it may be ahead of the position that this one names.
            if isinstance(recorded.event, _CHANGE_THE_TABLE):
                self._take_table(loaded)
            return
        if (named.hash, named.offset) != (recorded.hash, recorded.end):
            self._foreign("position.hash", recorded.hash, named.hash)
            return
        self._compare(self.state, self._state, state_json(loaded.snapshot))
        self._take_table(loaded)

    def finish(self, loaded: Loaded, standing: Standing) -> None:
        """Compare what is left at the end of the history."""
        named = self._named
        if named is not None and named.seq > standing.end:
            expected = f"at most {standing.end}: the history was cut short"
            self._foreign("position.seq", expected, named.seq)
        elif named is not None:
            _lag(self.state, standing, named.seq)
        if self._results is None:
            _miss(self.results)
        elif not self.results.count:
            self._compare(self.results, self._results, results_tsv(loaded.timeline).encode())

    def _foreign(self, field: str, expected: object, found: object) -> None:
        """Note a position that is none of this history, but for one whose record its writer withdrew."""
        assert self._named is not None  # the caller compared it
        if contains(self._history, self._named):
            self.state.note = "stands at a record that was withdrawn, since the disk had refused it"
            return
        self.state.differ(place=STATE, seq=self._named.seq, field=field, expected=expected, found=found)

    def _take_table(self, loaded: Loaded) -> None:
        """Be content with a table that was right at this position."""
        if not self.results.count and self._results == results_tsv(loaded.timeline).encode():
            self.results.count = len(self._results)

    def _compare(self, tally: Tally, found: bytes | None, wanted: bytes) -> None:
        if found is None:
            return
        tally.count = len(wanted)
        if found != wanted:
            line, ours, theirs = _parting(wanted, found)
            tally.differ(place=tally.name, line=line, field=f"line {line}", expected=ours, found=theirs)

    def _position(self) -> Position | None:
        """Return the position that state.json names; one that cannot be read is a difference."""
        if self._state is None:
            _miss(self.state)
            return None
        try:
            document = json.loads(self._state)
            written_as = (document["format"], document["fold"])
            position = structure(Position, document["position"])
        except (ValueError, KeyError, TypeError):
            self.state.differ(place=STATE, field="format", expected=FORMAT, found="what cannot be read")
            return None
        if written_as != (FORMAT, f"{RUN.name}/{RUN.version}"):
            self.state.note = f"is of another program ({' '.join(map(str, written_as))})"
            return None
        return position


class RunnerLog:
    """runner.log, compared line by line while the history is read."""

    def __init__(self, paths: RunPaths, render: Render) -> None:
        """Note how long the file is before the history is read; what is added later is not looked at."""
        self.tally = Tally(RUNNER_LOG, "lines")
        self._render = render
        self._lags_from: int | None = None
        self._file = paths.runner_log.open("rb") if paths.runner_log.is_file() else None
        self._left = os.fstat(self._file.fileno()).st_size if self._file else 0
        if self._file is None:
            _miss(self.tally)

    def see(self, recorded: Recorded) -> None:
        """Compare the line of one event."""
        if self._file is None or self.tally.differences or self._lags_from is not None:
            return
        wanted = f"{self._render(recorded)}\n".encode()
        found = self._file.read(min(len(wanted), self._left))
        self._left -= len(found)
        if found == wanted:
            self.tally.count += 1
        elif wanted.startswith(found) and not self._left:
            self._lags_from = recorded.seq
        else:
            self._differ(recorded.seq, wanted.decode().rstrip("\n"), found)

    def finish(self, standing: Standing) -> None:
        """Look for lines that no event has, and whether a lag is in order."""
        if self._left and not self.tally.differences:
            self._differ(standing.end + 1, "the end of the file", b"")
        if self._lags_from is not None:
            _lag(self.tally, standing, self._lags_from - 1)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _differ(self, seq: int, wanted: str, found: bytes) -> None:
        assert self._file is not None  # there are lines that differ
        rest = found + self._file.read(min(self._left, 2**12))
        line = rest.split(b"\n")[0].decode(errors="replace")
        number = self.tally.count + 1
        self.tally.differ(
            place=RUNNER_LOG, line=number, seq=seq, field=f"line {number}", expected=wanted, found=line
        )


def _miss(tally: Tally) -> None:
    """Say that a view is not there: any command that reads works without it."""
    tally.note, tally.absent = "is not there", True


def _lag(tally: Tally, standing: Standing, seq: int) -> None:
    """Say that a view stands behind the history; at rest it must at least show what its runner recorded."""
    if seq >= standing.end:
        return
    if standing.at_rest and seq < standing.last_own:
        tally.differ(
            place=tally.name,
            seq=seq + 1,
            field="position",
            expected=f"event {standing.last_own}, the runner's last",
            found=f"event {seq}",
        )
        return
    tally.note = f"lags behind: it stands at event {seq} of {standing.end}"


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _parting(wanted: bytes, found: bytes) -> tuple[int, str, str]:
    """Return the first line in which two texts differ: its number, and both."""
    ours, theirs = wanted.split(b"\n"), found.split(b"\n")
    at = next(
        (n for n, (one, other) in enumerate(zip(ours, theirs, strict=False)) if one != other),
        min(len(ours), len(theirs)),
    )
    line = [lines[at] if at < len(lines) else b"the end of the file" for lines in (ours, theirs)]
    return at + 1, *(one.decode(errors="replace") for one in line)  # type: ignore[return-value]
