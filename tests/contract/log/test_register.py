"""The register of projections: one entry is folded, kept, loaded from where it was kept, and rebuilt."""

import pytest
from attrs import define
from attrs import evolve as replace

import autoresearch.engine.runs.load
from autoresearch.engine.audit.audit import audit
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.load import known, load, load_one, load_run
from autoresearch.engine.runs.views import rebuild
from autoresearch.events import catalog as ev
from autoresearch.events.log.append import EventLog
from autoresearch.projections import register
from autoresearch.projections.fold import Projection
from tests.fakes.world import World


@define(kw_only=True)
class Notes:
    """How many notes there are, and the longest."""

    count: int = 0
    longest: str = ""


def noted(state: Notes, event: ev.NoteAdded, _seq: int, _at: str) -> None:
    state.count += 1
    state.longest = max(state.longest, event.text, key=len)


NOTES = Projection(
    name="notes",
    version=3,
    initial=Notes,
    own=replace,
    reducers={ev.NoteAdded: noted},
    kept_as=Notes,
)


@pytest.fixture
def world(tmp_path, monkeypatch) -> World:
    """A run whose program has one projection more than ours, at rest, with two notes."""
    monkeypatch.setattr(register, "REGISTER", (*register.REGISTER, NOTES))
    made = World(tmp_path)
    made.start(loops=1)
    note(made.paths, "one")
    note(made.paths, "another")
    made.runner().run()
    return made


def note(paths: RunPaths, text: str) -> None:
    with EventLog(paths.history) as log:
        log.append([ev.NoteAdded(text=text)], by="cli")


def test_an_entry_is_folded_with_the_others(world: World):
    """Its state is there beside those of run and timeline, folded from the same lines."""
    loaded = load(world.paths)
    assert Notes(count=2, longest="another") == loaded.of(NOTES)
    assert ("done", ("one", "another")) == (loaded.run.stopped, loaded.timeline.notes)


def test_an_entry_is_kept_and_loaded_from_there(world: World, monkeypatch: pytest.MonkeyPatch):
    """The runner wrote its state into state.json, and behind it only what is new is read."""
    kept = known(world.paths)
    assert Notes(count=2, longest="another") == kept.state_of(NOTES)
    note(world.paths, "the third note")
    lines = []
    blocks = autoresearch.engine.runs.load.blocks

    def counting(*args, **more):
        for block in blocks(*args, **more):
            lines.extend(block.lines)
            yield block

    monkeypatch.setattr(autoresearch.engine.runs.load, "blocks", counting)
    assert Notes(count=3, longest="the third note") == load_one(world.paths, NOTES).state
    assert 1 == len(lines)


def test_an_entry_is_rebuilt_and_audited(world: World):
    """`rebuild` brings its state back from the history alone, and an audit compares it."""
    before = world.paths.state.read_bytes()
    world.paths.state.write_bytes(before.replace(b'"longest": "another"', b'"longest": "one"'))
    found = audit(world.paths, git=world.git, jobs=world.jobs)[0].first
    assert ("state.json", '      "longest": "another"') == (found.check, found.expected)
    assert ["state.json"] == [one.name for one in rebuild(world.paths) if one.differed]
    assert before == world.paths.state.read_bytes()


def test_another_version_of_an_entry_spares_the_others(world: World, monkeypatch: pytest.MonkeyPatch):
    """Where the fold of one projection has changed, its state is folded anew; those of others hold."""
    newer = replace(NOTES, version=4, initial=lambda: Notes(count=100))
    monkeypatch.setattr(register, "REGISTER", (*register.REGISTER[:-1], newer))
    kept = known(world.paths)
    assert kept.state_of(newer) is None
    assert load_run(world.paths).state == kept.state_of(register.RUN)
    assert 102 == load_one(world.paths, newer).state.count


def test_a_state_that_is_not_kept_is_folded_from_the_beginning(world: World):
    """An entry that says nothing of a snapshot has none, and is loaded all the same."""
    assert {"run", "notes"} == set(known(world.paths).states)
    assert load(world.paths).timeline == load_one(world.paths, register.TIMELINE).state
