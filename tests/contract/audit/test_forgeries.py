"""Each forgery of the tables under tests/forging/ is noticed, by the check that the table names."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from autoresearch.engine.imports.import_run import import_run
from tests.fakes.world import World
from tests.forging import decided, imported, left, recorded
from tests.forging.changes import Forgery
from tests.forging.left import Gone, Spoilt
from tests.forging.story import audited, differing, missing, play, put_back, rebuild_views
from tests.forging.unnoticed import UNNOTICED
from tests.golden.play import FOLDER
from tests.golden.replaying import differences
from tests.tampering import tamper


UNREADABLE = ("an unknown event", "a field that there is not")  # no view can be made of it


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The run that is forged."""
    return play(tmp_path_factory.mktemp("world"))


@pytest.fixture
def world(played: World) -> Iterator[World]:
    """The run, to be spoilt, and put back afterwards."""
    with put_back(played):
        yield played


@pytest.fixture
def brought(tmp_path: Path) -> World:
    """A run that was imported."""
    made = World(tmp_path / "repo")
    table = tmp_path / "results.tsv"
    table.write_text(imported.TABLE)
    made.paths = import_run(made.home, table, git=made.git, version="test", branch="imported/x").paths
    return made


def test_what_nobody_forged_is_true(world: World):
    """Of the run as it was played every check counts something, nothing differs, nothing is missed."""
    made = audited(world)
    assert ("true", {}, set()) == (made.outcome, differing(made), missing(made))
    assert all(one.count for one in made.checks)


@pytest.mark.parametrize("name", decided.FORGED)
def test_what_the_rules_determine(name: str, tmp_path: Path):
    """A golden run that was forged differs from what the rules give, or from what they hold back."""
    forgery = decided.FORGED[name]
    history = tmp_path / "history.jsonl"
    history.write_bytes((FOLDER / f"{forgery.run}.jsonl").read_bytes())
    tamper(history, forgery.change)
    assert forgery.field == differences(history)[forgery.check].field


@pytest.mark.parametrize("name", recorded.FORGED)
def test_what_is_recorded(name: str, world: World):
    """A history that was forged, its chain and its views made right again, differs from what it names."""
    forgery = recorded.FORGED[name]
    tamper(world.paths.history, forgery.change)
    if name not in UNREADABLE:
        rebuild_views(world.paths)
    _expect(forgery, world)


@pytest.mark.parametrize("name", left.LEFT)
def test_what_is_left(name: str, world: World):
    """A file or a commit that was forged differs from the history."""
    forgery = left.LEFT[name]
    forgery.spoil(world)
    _expect(forgery, world)


@pytest.mark.parametrize("name", left.GONE)
def test_what_is_gone(name: str, world: World):
    """What was taken away is named, and makes nothing false."""
    gone = left.GONE[name]
    gone.take(world)
    _expect_missed(gone, world)


@pytest.mark.parametrize("name", imported.FORGED)
def test_what_was_imported(name: str, brought: World):
    """An imported run that was forged differs from the copy of what it was read from."""
    forgery = imported.FORGED[name]
    tamper(brought.paths.history, forgery.change)
    rebuild_views(brought.paths)
    _expect(forgery, brought)


@pytest.mark.parametrize("name", imported.LEFT)
def test_what_lies_beside_an_imported_run(name: str, brought: World):
    """The copy that was forged, and refs that an imported run cannot have, differ from the history."""
    forgery = imported.LEFT[name]
    forgery.spoil(brought)
    _expect(forgery, brought)


@pytest.mark.parametrize("name", imported.GONE)
def test_what_is_gone_of_an_imported_run(name: str, brought: World):
    """What was measured elsewhere is never more than not known to be false."""
    gone = imported.GONE[name]
    gone.take(brought)
    _expect_missed(gone, brought)


@pytest.mark.parametrize("name", UNNOTICED)
def test_what_no_audit_notices(name: str, world: World):
    """What nobody can know better is found to be true: docs/audit.md says so."""
    UNNOTICED[name](world)
    assert "true" == audited(world).outcome


def _expect(forgery: Forgery | Spoilt, world: World) -> None:
    made = audited(world)
    assert "false" == made.outcome
    assert differing(made).get(forgery.check, "").startswith(forgery.field), differing(made)


def _expect_missed(gone: Gone, world: World) -> None:
    made = audited(world)
    assert ("unknown", {}) == (made.outcome, differing(made))
    missed = {one.name: {told.what for told in one.not_seen} for one in made.checks}
    assert gone.what in missed[gone.check]
