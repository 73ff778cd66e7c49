"""Views under audit: compared under the version that wrote them, and told of where they lag behind."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve

from autoresearch.engine.audit.audit import audit
from autoresearch.engine.audit.report import Check
from autoresearch.engine.runs import views
from autoresearch.engine.runs.load import load
from autoresearch.engine.runs.views import LOG, STATE, TABLE, VIEWS, Whole, rebuild
from autoresearch.events.log.read import read
from autoresearch.projections.results import VERSION
from autoresearch.projections.words.event_text import wording
from tests.fakes.world import World


NAMES = tuple(one.name for one in VIEWS)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A run of two loops, at rest."""
    world = World(tmp_path_factory.mktemp("world"))
    world.start(loops=2)
    world.runner().run()
    return world


@pytest.fixture
def world(done: World, tmp_path: Path) -> Iterator[World]:
    """The run, whose views are put back afterwards."""
    for name in NAMES:
        shutil.copy(done.paths.folder / name, tmp_path / name)
    yield done
    for name in NAMES:
        shutil.copy(tmp_path / name, done.paths.folder / name)


def checks(world: World) -> dict[str, Check]:
    """Return what the audit says of the views, and of nothing else a difference."""
    made = audit(world.paths, git=world.git, jobs=world.jobs)[0]
    assert not [one.name for one in made.checks if one.first and one.name not in NAMES]
    return {one.name: one for one in made.checks if one.name in NAMES}


def notes(world: World) -> dict[str, str]:
    """Return what is noted of views, none of which differs."""
    found = checks(world)
    assert not [one.first for one in found.values() if one.first]
    return {name: one.note for name, one in found.items() if one.note}


def test_every_view_of_the_table_is_audited_and_rebuilt(world: World):
    """What the one table of views lists is written, compared and rebuilt, nothing else."""
    assert set(NAMES) == set(checks(world))
    assert all(one.count for one in checks(world).values())
    assert NAMES == tuple(one.name for one in rebuild(world.paths))
    assert not any(one.differed for one in rebuild(world.paths))


def test_one_more_entry_is_one_more_view(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A further view is written by the runner, rebuilt, audited, and may lag, by its entry alone."""
    best = Whole(name="best.txt", version="1", render=lambda loaded: f"{loaded.run.best}\n".encode())
    monkeypatch.setattr(views, "VIEWS", (TABLE, best, STATE, LOG))
    world = World(tmp_path)
    world.start(loops=2)
    world.runner().run()
    file = world.paths.folder / "best.txt"
    right = file.read_bytes()
    (check,) = (
        one for one in audit(world.paths, git=world.git, jobs=world.jobs)[0].checks if one.name == best.name
    )
    assert (len(right), "", None) == (check.count, check.note, check.first)
    records = list(read(world.paths.history))
    then = load(world.paths, upto=len(records) // 3)
    world.paths.state.write_bytes(STATE.render(then))
    file.write_bytes(best.render(load(world.paths, upto=1 + len(records) // 3)))
    assert audit(world.paths, git=world.git, jobs=world.jobs)[0].first is None
    file.write_text("another\n")
    assert best.name == audit(world.paths, git=world.git, jobs=world.jobs)[0].first.check
    assert best.name in [one.name for one in rebuild(world.paths) if one.differed]
    assert right == file.read_bytes()


def test_the_log_begins_with_its_wording(world: World):
    """The first line of runner.log names the wording and says that times are in UTC."""
    first, *others = world.paths.runner_log.read_text().splitlines()
    assert f"# one line for each event, times in UTC; wording {wording()}" == first
    assert len(others) == len(list(read(world.paths.history)))


def reword(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the program other words for every event, under another wording."""
    other = evolve(LOG, version="77", head=views.LOG_HEAD.format("77").encode(), line=lambda _: b"other\n")
    monkeypatch.setattr(views, "VIEWS", (TABLE, STATE, other))


def test_a_log_of_another_wording_is_not_compared(world: World, monkeypatch: pytest.MonkeyPatch):
    """A program that words events otherwise notes that, and finds no difference; its own log it compares."""
    reword(monkeypatch)
    assert {LOG.name: f"written under wording {wording()}, not compared"} == notes(world)
    rebuild(world.paths)
    assert {} == notes(world)
    world.paths.runner_log.write_bytes(world.paths.runner_log.read_bytes().replace(b"other", b"mine", 1))
    assert 2 == checks(world)[LOG.name].first.line


@pytest.mark.parametrize("first", [b"", b"# mine\n", b"# one line for each event; wording 1\n"])
def test_a_log_without_its_first_line_differs(world: World, first: bytes):
    """What names no wording is no way round the comparison."""
    lines = world.paths.runner_log.read_bytes().splitlines(keepends=True)
    world.paths.runner_log.write_bytes(b"".join([first, *lines[1:]]))
    found = checks(world)[LOG.name].first
    assert (1, LOG.head.decode().rstrip()) == (found.line, found.expected)


def test_a_table_of_another_version_is_not_compared(world: World, monkeypatch: pytest.MonkeyPatch):
    """A program that writes tables otherwise notes that; state.json is compared all the same."""
    other = evolve(TABLE, version="77", render=lambda _: b"other")
    monkeypatch.setattr(views, "VIEWS", (other, STATE, LOG))
    assert {TABLE.name: f"written under version {VERSION}, not compared"} == notes(world)
    assert checks(world)[STATE.name].count


def test_without_state_json_a_table_is_of_no_known_version(world: World):
    """What would name the version of the table is gone, and both are only told of."""
    world.paths.state.unlink()
    assert {STATE.name, TABLE.name} == set(notes(world))
    assert "a version that no state.json names" in notes(world)[TABLE.name]


@pytest.mark.parametrize("was", [b'"run": ', b"state/"])
def test_a_state_of_another_fold_or_form_is_not_compared(world: World, was: bytes):
    """A state.json that another program wrote is told of."""
    world.paths.state.write_bytes(world.paths.state.read_bytes().replace(was, was + b"9", 1))
    assert "not compared" in notes(world)[STATE.name]


def test_views_that_lag_are_told_of_also_at_rest(world: World):
    """At every event: views that stand there are no difference, and each note says where the view stands."""
    records = list(read(world.paths.history))
    for recorded in records[:-1]:
        then = load(world.paths, upto=recorded.seq)
        world.paths.results.write_bytes(TABLE.render(then))
        world.paths.state.write_bytes(STATE.render(then))
        world.paths.runner_log.write_bytes(LOG.head + b"".join(map(LOG.line, records[: recorded.seq])))
        noted = notes(world)
        where = f"lags behind: it stands at event {recorded.seq} of {len(records)}"
        assert (where, where) == (noted[STATE.name], noted[LOG.name])
        assert (TABLE.name in noted) == (TABLE.render(then) != TABLE.render(load(world.paths)))


def test_a_table_older_than_the_state_beside_it_lags(world: World):
    """After a power cut the table may be the older one of the two: it is told of, whichever it was."""
    for recorded in read(world.paths.history):
        world.paths.results.write_bytes(TABLE.render(load(world.paths, upto=recorded.seq)))
        assert set(notes(world)) <= {TABLE.name}


def test_a_log_cut_anywhere_lags(world: World):
    """A runner killed within its write, or a disk that was full, is no difference; a changed byte is one."""
    whole = world.paths.runner_log.read_bytes()
    for cut in (0, 5, len(LOG.head) - 1, len(LOG.head), len(LOG.head) + 7, len(whole) - 1):
        world.paths.runner_log.write_bytes(whole[:cut])
        assert "lags behind" in notes(world)[LOG.name], cut
    world.paths.runner_log.write_bytes(whole[: len(whole) // 2] + b"x")
    assert checks(world)[LOG.name].first is not None


def test_a_lagging_view_must_be_right_where_it_stands(world: World):
    """A table or a state that never was differs, however old it says it is."""
    half = load(world.paths, upto=len(list(read(world.paths.history))) // 2)
    world.paths.state.write_bytes(STATE.render(half).replace(b'"completed": ', b'"completed": 1'))
    world.paths.results.write_bytes(TABLE.render(half).replace(b"keep", b"crash", 1))
    found = checks(world)
    assert found[STATE.name].first is not None
    assert found[TABLE.name].first is not None
