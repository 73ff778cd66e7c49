"""State.json as a snapshot: it saves reading, and never changes what is read."""

import shutil
from pathlib import Path

import pytest

import autoresearch.engine.runs.load
from autoresearch.engine.control.append import append_judged
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.catalogue import run_named
from autoresearch.engine.runs.load import known, load, load_run
from autoresearch.events import catalog as ev
from autoresearch.events.encoding import codec
from autoresearch.events.encoding.shapes import unstructure
from autoresearch.events.errors import CorruptHistory, UnknownEvent
from autoresearch.events.log import lazy_event
from autoresearch.events.log.append import EventLog
from autoresearch.events.settings import RunConfig
from autoresearch.projections.fold import Snapshot
from autoresearch.projections.reducers.run import RUN
from autoresearch.projections.state_format import sealed
from autoresearch.workflows.pages.ways_out import worded
from tests.fakes.world import World
from tests.tampering import tamper


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    """Return a finished run of two loops."""
    world = World(tmp_path)
    world.start(loops=2)
    assert 0 == world.runner().run()
    return world.paths


def note(paths: RunPaths, text: str = "later") -> None:
    with EventLog(paths.history) as log:
        log.append([ev.NoteAdded(text=text)], by="test")


def sealed_anew(path: Path, old: bytes, new: bytes) -> None:
    """Let state.json say something else, as a program that means it would write it."""
    document = path.read_bytes().rpartition(b',\n  "seal"')[0] + b"\n}"
    path.write_bytes(sealed(document.replace(old, new)))


def test_a_snapshot_saves_reading_what_is_in_it(paths: RunPaths, monkeypatch: pytest.MonkeyPatch):
    """With a snapshot only the lines behind it are read, and the state is that of reading all."""
    note(paths)
    whole = load(paths)
    read = []
    real = autoresearch.engine.runs.load.blocks

    def counting(*args, **more):
        for block in real(*args, **more):
            read.extend(block.lines)
            yield block

    monkeypatch.setattr(autoresearch.engine.runs.load, "blocks", counting)
    assert Snapshot(position=whole.position, state=whole.run) == load_run(paths)
    assert 1 == len(read)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-40]),
        lambda path: sealed_anew(path, f'"run": {RUN.version}'.encode(), b'"run": 0'),
        lambda path: sealed_anew(path, b'"format": "', b'"format": "x'),
        lambda path: sealed_anew(path, f'"v": {RunConfig.VALUE_VERSION},'.encode(), b'"v": 99,'),
        lambda path: path.write_bytes(
            path.read_bytes().replace(b'"iterations_completed": 2', b'"iterations_completed": 7')
        ),
        lambda path: path.write_bytes(path.read_bytes().replace(b'"completed": 2', b'"completed": 9')),
    ],
    ids=[
        "gone",
        "empty",
        "cut",
        "other fold",
        "other format",
        "settings of a later program",
        "edited",
        "edited standing",
    ],
)
def test_a_snapshot_that_cannot_be_used_changes_nothing(paths: RunPaths, damage):
    """Without a usable state.json the state is the same, from the history alone."""
    note(paths)
    before, written = load_run(paths), paths.state.read_bytes()
    damage(paths.state)
    assert not paths.state.exists() or written != paths.state.read_bytes()
    assert before == load_run(paths)


def test_the_snapshot_of_another_run_is_not_used(paths: RunPaths, tmp_path: Path):
    """A state.json that was copied from another run is passed over, not believed and not accused."""
    other = run_named(tmp_path, "autoresearch-mar8-r002")
    other.folder.mkdir()
    with EventLog(other.history) as log:
        log.append([ev.NoteAdded(text="of the other run")], by="test")
    shutil.copy(paths.state, other.state)
    assert 1 == load_run(other).state.seq


def test_a_history_cut_below_its_snapshot_is_noticed(paths: RunPaths):
    """A history that lost whole lines which state.json has seen is refused by all who load it."""
    lines = paths.history.read_bytes().splitlines(keepends=True)
    paths.history.write_bytes(b"".join(lines[:-2]))
    for reader in (load, load_run):
        with pytest.raises(
            CorruptHistory, match=f"no record {len(lines)} .* was cut or rewritten"
        ) as refused:
            reader(paths)
        assert str(paths.state) in worded(refused.value.remedy)
    paths.state.unlink()
    assert len(lines) - 2 == load_run(paths).state.seq


def test_a_snapshot_is_not_taken_for_a_torn_end(paths: RunPaths):
    """A last line that was cut short was never acknowledged: what state.json has seen is still there."""
    note(paths)
    data = paths.history.read_bytes()
    paths.history.write_bytes(data[:-30])
    kept = known(paths)
    assert Snapshot(position=kept.position, state=kept.state_of(RUN)) == load_run(paths)


def test_a_snapshot_does_not_hide_events_of_a_later_program(paths: RunPaths, monkeypatch: pytest.MonkeyPatch):
    """Who decides by a state refuses an unknown event behind the snapshot."""
    note(paths)
    monkeypatch.delitem(lazy_event.LAZY_EVENTS, "NoteAdded")
    monkeypatch.delitem(codec._CLASSES, "NoteAdded")
    assert paths.history.read_bytes().count(b"\n") == load_run(paths).state.seq
    with pytest.raises(UnknownEvent, match="NoteAdded"):
        load_run(paths, deciding=True)


def test_a_snapshot_is_the_same_bytes_however_it_was_reached(paths: RunPaths):
    """Folding from a snapshot gives the state.json that folding all gives."""
    note(paths)
    from_snapshot = load_run(paths)
    paths.state.unlink()
    assert unstructure(load_run(paths).state) == unstructure(from_snapshot.state)
    assert unstructure(load(paths).run) == unstructure(from_snapshot.state)


def test_nothing_is_appended_behind_damage(tmp_path: Path):
    """A byte that was changed long before the snapshot keeps a command from appending."""
    world = World(tmp_path)
    world.start(loops=2)
    assert 0 == world.runner().run()
    paths = world.paths
    raw = paths.history.read_bytes()
    paths.history.write_bytes(raw.replace(b'"loops":2', b'"loops":3', 1))
    damaged = paths.history.read_bytes()
    assert raw != damaged
    with pytest.raises(CorruptHistory, match="hash does not fit"):
        append_judged(paths, world.git, lambda _: [ev.NoteAdded(text="behind")])
    assert damaged == paths.history.read_bytes()


@pytest.mark.parametrize("seen", [True, False], ids=["behind state.json", "without state.json"])
def test_nothing_is_appended_behind_what_no_runner_reads(tmp_path: Path, *, seen: bool):
    """An event with fields that it cannot have, though its hash fits, is named before anything is asked."""
    world = World(tmp_path)
    world.start(loops=1)
    assert 0 == world.runner().run()
    paths = world.paths
    note(paths)
    tamper(paths.history, lambda records: records[-1]["data"].update(more=1))
    if not seen:
        paths.state.unlink()
    whole = paths.history.read_bytes()
    with pytest.raises(CorruptHistory, match="NoteAdded has no field 'more'"):
        append_judged(paths, world.git, lambda _: [ev.NoteAdded(text="behind")])
    assert whole == paths.history.read_bytes()
