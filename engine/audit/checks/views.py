"""The views, each compared with what the history gives, under the version by which it was written.

A view may lag behind: a runner writes it after its append and may die in between, and a command that appends
writes none. That is said in a note; what it shows up to where it stands must be right all the same.
"""

import os
from pathlib import Path
from typing import TypeGuard

from autoresearch.engine.audit.report import Tally
from autoresearch.engine.paths import RESULTS, RunPaths
from autoresearch.engine.runs import views
from autoresearch.engine.runs.load import Loaded
from autoresearch.engine.runs.views import STATE, WORDED, Growing, Whole, state_of
from autoresearch.events import catalog as ev
from autoresearch.events.encoding.codec import Recorded
from autoresearch.events.log.read import contains
from autoresearch.projections import register
from autoresearch.projections.snapshot import Kept, read_kept
from autoresearch.projections.state_format import FORMAT


FIRST_LINE_BYTES = 200

_ADD_A_ROW = ev.ResultRecorded | ev.ResultInherited | ev.ResultImported
_CHANGE_THE_TABLE = _ADD_A_ROW | ev.CandidateKept | ev.CandidateDiscarded | ev.ResultRetracted


class ViewFiles:
    """All views of a run, compared while its history is read."""

    def __init__(self, paths: RunPaths) -> None:
        """Read them before the history is read, so that all they say is in it."""
        # state.json last of those that are rendered, as it is written: it tells of the others.
        rendered = [_table_or_other(one, paths) for one in views.VIEWS if _is_rendered(one)]
        self._state = _State(paths)
        for one in rendered:
            one.written_beside(self._state.kept)
        self._logs = [_Log(one, paths) for one in views.VIEWS if isinstance(one, Growing)]
        self._all: tuple[_State | _Rendered | _Log, ...] = (self._state, *rendered, *self._logs)

    def see(self, loaded: Loaded, recorded: Recorded) -> None:
        """Compare what is to be compared in the states after one event."""
        for one in self._all:
            one.see(loaded, recorded)

    def finish(self, loaded: Loaded) -> None:
        """Compare what is left at the end of the history."""
        for one in self._all:
            one.finish(loaded)

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """Return one check for each view."""
        return tuple(one.tally for one in self._all)

    def close(self) -> None:
        """Close what was opened."""
        for one in self._logs:
            one.close()


class _State:
    """state.json, compared at the position that it names."""

    def __init__(self, paths: RunPaths) -> None:
        self.tally = Tally(STATE.name, "bytes")
        self.kept: Kept | None = None
        self._history = paths.history
        self._data = _read(paths.folder / STATE.name, self.tally)
        if self._data is not None:
            self.kept = read_kept(self._data, edited=True)
            self._look_at_its_versions(self._data)

    def see(self, loaded: Loaded, recorded: Recorded) -> None:
        if self.kept is None or recorded.seq != self.kept.position.seq or self._data is None:
            return
        named = self.kept.position
        if (named.hash, named.offset) != (recorded.hash, recorded.end):
            self._foreign("position.hash", recorded.hash, named.hash)
        elif not self.tally.note:
            _compare(self.tally, self._data, state_of(loaded, versions=dict(self.kept.views)))

    def finish(self, loaded: Loaded) -> None:
        if self.kept is None or self.tally.note:
            return
        named, end = self.kept.position.seq, loaded.position.seq
        if named > end:
            self._foreign("position.seq", f"at most {end}: the history was cut short", named)
        else:
            _lag(self.tally, at=named, end=end)

    def _look_at_its_versions(self, data: bytes) -> None:
        """Note where it is of another form or fold and cannot be compared; unreadable, it differs."""
        folds = {one.name: one.version for one in register.REGISTER if one.kept_as is not None}
        if self.kept is None and f'"{FORMAT}"'.encode() not in data and b'"format": "' in data:
            self.tally.note = "written in another form, not compared"
        elif self.kept is None:
            self.tally.differ(place=STATE.name, field="format", expected=FORMAT, found="what cannot be read")
        elif self.kept.folds != folds:
            self.tally.note = f"written under folds {_named(self.kept.folds)}, not compared"

    def _foreign(self, field: str, expected: object, found: object) -> None:
        """Note a position that is none of this history, but for one whose record its writer withdrew."""
        assert self.kept is not None  # the caller compared it
        seen = self.kept.position
        if contains(self._history, seen):
            self.tally.note = "stands at a record that was withdrawn, since the disk had refused it"
        else:
            self.tally.differ(place=STATE.name, seq=seen.seq, field=field, expected=expected, found=found)


class _Rendered:
    """A view that names no position: it must be right at one, the newest that it could stand at."""

    def __init__(self, view: Whole, paths: RunPaths) -> None:
        self.tally = Tally(view.name, "bytes")
        self._view = view
        self._data = _read(paths.folder / view.name, self.tally)
        self._beside = 0  # the position of the state.json that was there with it, which is written behind it
        self._right = -1  # seq of the last event after which it is as found

    def written_beside(self, state: Kept | None) -> None:
        """Learn under which version it was written, from the state.json of that moment."""
        if self._data is None:
            return
        version = None if state is None else state.views.get(self._view.name)
        if state is None or version != self._view.version:
            of = f"version {version}" if version else "a version that no state.json names"
            self.tally.note = f"written under {of}, not compared"
        else:
            self._beside = state.position.seq

    def see(self, loaded: Loaded, recorded: Recorded) -> None:
        if self._data is None or self.tally.note or not self._may_stand(recorded):
            return
        if self._view.render(loaded) == self._data:
            self._right = recorded.seq

    def finish(self, loaded: Loaded) -> None:
        if self._data is None or self.tally.note:
            return
        wanted = self._view.render(loaded)
        if self._right < 0 or self._data == wanted:
            _compare(self.tally, self._data, wanted)
            return
        self.tally.count = len(self._data)
        _lag(self.tally, at=self._right, end=loaded.position.seq)

    def _may_stand(self, recorded: Recorded) -> bool:
        return recorded.seq >= self._beside


class _Table(_Rendered):
    """results.tsv, which may be older than the state.json beside it, after a power cut."""

    def __init__(self, view: Whole, paths: RunPaths) -> None:
        super().__init__(view, paths)
        self._rows_found = (self._data or b"").count(b"\n") - 1
        self._rows = 0

    def _may_stand(self, recorded: Recorded) -> bool:
        """Look where there are as many rows as were found, which is after a few events in all."""
        event = recorded.event
        self._rows += isinstance(event, _ADD_A_ROW) and getattr(event, "recorded", True)
        changed = recorded.seq == 1 or isinstance(recorded.event, _CHANGE_THE_TABLE)
        return changed and self._rows == self._rows_found


class _Log:
    """runner.log, compared line by line while the history is read."""

    def __init__(self, view: Growing, paths: RunPaths) -> None:
        """Note how long the file is before the history is read; what is added later is not looked at."""
        self.tally = Tally(view.name, "lines")
        self._view = view
        self._lags_from: int | None = None
        path = paths.folder / view.name
        self._file = path.open("rb") if path.is_file() else None
        self._left = os.fstat(self._file.fileno()).st_size if self._file else 0
        if self._file is None:
            _miss(self.tally)
        else:
            self._take_head()

    def see(self, _loaded: Loaded, recorded: Recorded) -> None:
        if self._done:
            return
        wanted = self._view.line(recorded)
        found = self._take(len(wanted))
        if found == wanted:
            self.tally.count += 1
        elif wanted.startswith(found) and not self._left:
            self._lags_from = recorded.seq
        else:
            self._differ(recorded.seq, wanted, found)

    def finish(self, loaded: Loaded) -> None:
        end = loaded.position.seq
        if self._lags_from is not None:
            _lag(self.tally, at=self._lags_from - 1, end=end)
        elif self._left and not self._done:
            self._differ(end + 1, b"the end of the file", b"")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def _done(self) -> bool:
        """Say whether nothing more of it is compared."""
        return bool(self.tally.note or self.tally.differences or self._lags_from is not None)

    def _take_head(self) -> None:
        """Read the first line, which says under which wording the others were written."""
        assert self._file is not None  # the caller looked
        first = self._file.readline(FIRST_LINE_BYTES)[: self._left]
        self._left -= len(first)
        worded = WORDED.fullmatch(first)
        if first == self._view.head:
            return
        if worded is not None:
            self.tally.note = f"written under wording {worded[1].decode(errors='replace')}, not compared"
        elif self._view.head.startswith(first) and not self._left:
            self._lags_from = 1
        else:
            self._differ(1, self._view.head, first, line=1)

    def _take(self, size: int) -> bytes:
        assert self._file is not None  # it is done with, where there is none
        found = self._file.read(min(size, self._left))
        self._left -= len(found)
        return found

    def _differ(self, seq: int, wanted: bytes, found: bytes, *, line: int | None = None) -> None:
        rest = (found if found.endswith(b"\n") else found + self._take(2**12)).split(b"\n")[0]
        number = line or self.tally.count + 2  # behind the head
        self.tally.differ(
            place=self._view.name,
            line=number,
            seq=seq,
            field=f"line {number}",
            expected=wanted.decode(errors="replace").rstrip("\n"),
            found=rest.decode(errors="replace"),
        )


def _is_rendered(view: Whole | Growing) -> TypeGuard[Whole]:
    return isinstance(view, Whole) and view.name != STATE.name


def _table_or_other(view: Whole, paths: RunPaths) -> _Rendered:
    return _Table(view, paths) if view.name == RESULTS else _Rendered(view, paths)


def _miss(tally: Tally) -> None:
    """Say that a view is not there: any command that reads works without it."""
    tally.note, tally.absent = "is not there", True


def _lag(tally: Tally, *, at: int, end: int) -> None:
    """Say that a view stands behind the history, where it does."""
    if at < end and not tally.differences:
        tally.note = f"lags behind: it stands at event {at} of {end}"


def _compare(tally: Tally, found: bytes, wanted: bytes) -> None:
    tally.count = len(wanted)
    first = views.first_difference(wanted, found)
    if first is not None:
        line, ours, theirs = first
        tally.differ(place=tally.name, line=line, field=f"line {line}", expected=ours, found=theirs)


def _read(path: Path, tally: Tally) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        _miss(tally)
        return None


def _named(folds: object) -> str:
    return " ".join(f"{name}/{version}" for name, version in dict(folds).items())  # type: ignore[call-overload]
