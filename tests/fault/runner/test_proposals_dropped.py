"""Whatever is dropped as a proposal: one stated outcome, one event, and the run goes on. One line a case."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autoresearch.engine.ports.jobs import JobSpec
from autoresearch.engine.proposals import accept
from autoresearch.engine.proposals.parse import MAX_BYTES, parse
from autoresearch.engine.runs.load import load
from autoresearch.events import catalog as ev
from autoresearch.events.log.read import read
from autoresearch.events.values import why
from autoresearch.projections.words.sentences import REASONS
from autoresearch.projections.words.wording import say
from tests.fakes.world import Crashed, World, crash_at


WORDS: dict[str, Any] = {
    "status": "ok",
    "description": "wider",
    "change_plan": "p",
    "commit_description": "c",
    "set": {"WIDTH": 16},
}
GOOD = json.dumps(WORDS).encode()


def words(**more: Any) -> bytes:
    """Return the proposal with other or more keys."""
    return json.dumps(WORDS | more).encode()


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in WORDS.items() if key != name}).encode()


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(50 * 2**20)


def link(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


def device(path: Path) -> None:
    try:
        os.mknod(path, 0o020644, os.makedev(1, 5))  # /dev/zero: who reads it, reads for ever
    except PermissionError:
        pytest.skip("making a device takes root")


REFUSED: dict[str, tuple[bytes | Callable[[Path], None], str]] = {
    "invalid JSON": (b"{", "no JSON"),
    "two documents": (GOOD + GOOD, "no JSON"),
    "empty": (b"", "empty"),
    "white space": (b" \n", "empty"),
    "a list": (b"[1, 2]", "must be an object"),
    "null": (b"null", "must be an object"),
    "a missing key": (without("change_plan"), "lacks change_plan"),
    "a wrong type": (words(description=1), "must be a string"),
    "a wrong status": (words(status="maybe"), "status must be"),
    "need_input": (words(status="need_input"), "asks for input"),
    "a duplicate key": (GOOD[:-1] + b', "status": "ok"}', "comes twice"),
    "two forms": (words(patch="--- a\n"), "cannot go together"),
    "an infinite number": (words(set={"A": 0}).replace(b"0}", b"1e999}"), "too large"),
    "longer when written out": (
        words(set={}).replace(b"{}", b"{%b}" % b",".join(b'"A%d":1e15' % n for n in range(50_000))),
        "written out",
    ),
    "50 MB": (sparse, "it is 52,428,800 bytes long"),
    "not UTF-8": (b"\xff\xfe{}", "not UTF-8"),
    "UTF-16": (GOOD.decode().encode("utf-16"), "not UTF-8"),
    "NUL in a text": (words(description="a\0b"), "NUL"),
    "NUL bytes": (b"\0" * 100, "no JSON"),
    "a lone surrogate": (GOOD.replace(b"wider", b"\\ud800"), "surrogate"),
    "deep nesting": (b"[" * 100_000, "nested"),
    "a folder": (Path.mkdir, "not a regular file"),
    "a FIFO": (os.mkfifo, "not a regular file"),
    "a device": (device, "not a regular file"),
    "a symlink out of the folder": (link("/etc/passwd"), "not a regular file"),
    "a symlink to nowhere": (link("/no/where"), "not a regular file"),
    "a symlink to itself": (link("x.json"), "not a regular file"),
}
USED: dict[str, bytes] = {
    "plain": GOOD,
    "a byte order mark": b"\xef\xbb\xbf" + GOOD,
    "line breaks and tabs in one-line fields": words(description=" wi\n\tder ", commit_description="c\r\nd"),
    "as large as it may be": words(change_plan="p" * (MAX_BYTES - len(words(change_plan="")))),
    "large when escaped": words(change_plan="\x01" * 160_000),
}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a run that asks for one loop; what is dropped is judged at once."""
    monkeypatch.setattr("autoresearch.engine.proposals.drop_folder.QUIET_S", 0.0)
    monkeypatch.setattr("autoresearch.engine.loop.patience.time.sleep", lambda _: None)
    world = World(tmp_path)
    world.start(loops=1)
    world.paths.proposals.mkdir()
    return world


def drop(path: Path, content: bytes | Callable[[Path], None]) -> None:
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        content(path)


def heard(world: World) -> list[ev.ProposalReceived | ev.ProposalRefused]:
    wanted = ev.ProposalReceived | ev.ProposalRefused
    return [one.event for one in read(world.paths.history) if isinstance(one.event, wanted)]


def tried(world: World) -> list[str]:
    return [row.description for row in load(world.paths).timeline.rows]


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(world: World, case: str):
    """It becomes one event, lies beside its reason, and the run goes on without it."""
    content, reason = REFUSED[case]
    place = "next_proposal.json" if len(case) % 2 else "proposals/x.json"
    drop(world.paths.folder / place, content)
    assert 0 == world.runner().run()
    (event,) = heard(world)
    assert isinstance(event, ev.ProposalRefused)
    assert event.reason.code in REASONS
    assert reason in say(event.reason)
    assert not os.path.lexists(world.paths.folder / place)
    moved, said = sorted(path.name for path in world.paths.refused.iterdir())
    assert [f"{moved}.reason.txt", True] == [said, moved.endswith(Path(place).name)]
    assert f"{say(event.reason)}\n" == (world.paths.refused / said).read_text()
    assert 1 == load(world.paths).run.completed


UNFIT: dict[str, tuple[bytes, str]] = {
    "a name that is not there": (words(set={"WIDHT": 16}), "did you mean WIDTH? There are LR, WIDTH, FAIL"),
    "another kind of value": (words(set={"WIDTH": "wide"}), "WIDTH is 8, a number"),
    "prose where no agent is": (words(set={}), "no agent is there to carry them out"),
    "what is there already": (words(set={"WIDTH": 8}), "it changes nothing"),
    "an edit that misses": (words(set={}, edits=[{"search": "DEPTH", "replace": "x"}]), "does not occur"),
    "an edit of a file that may not change": (
        words(set={}, edits=[{"file": "program.md", "search": "a", "replace": "b"}]),
        "only train.py may change",
    ),
    "an edit of nothing new": (words(set={}, edits=[{"search": "LR", "replace": "LR"}]), "changes nothing"),
    "a patch that does not fit": (
        words(set={}, patch="--- a/train.py\n+++ b/train.py\n@@ -1 +1 @@\n-NO = 1\n+NO = 2\n"),
        "the patch does not apply",
    ),
}


@pytest.mark.parametrize("installed", [True, False])
def test_prose_for_an_agent_that_is_not_installed(tmp_path: Path, installed: bool):  # noqa: FBT001
    """Where none of the agents that are asked is there, a plan in prose is refused; else it is taken."""
    world = World(tmp_path)
    world.start(loops=1, agent="claude")
    asked: list[str] = []
    reason = accept.refusal(
        parse(words(set={})),
        load(world.paths).run,
        git=world.git,
        installed=lambda name: bool(asked.append(name)) or installed,
    )
    assert {"claude"} == set(asked)
    assert installed == (reason is None)
    assert reason is None or "claude is not installed" in say(reason)


def test_what_may_fit_another_base_is_taken(world: World):
    """An edit that misses the best code is kept where another change is about to be tried before it."""
    drop(
        world.paths.proposals / "a.json",
        words(set={}, edits=[{"search": "# units", "replace": "# DEPTH"}]),
    )
    drop(world.paths.proposals / "b.json", words(set={}, edits=[{"search": "DEPTH", "replace": "units"}]))
    world.runner().run()
    assert [ev.ProposalReceived] * 2 == [type(one) for one in heard(world)]


@pytest.mark.parametrize("case", UNFIT)
def test_what_could_not_be_applied(world: World, case: str):
    """It is refused with the reason beside it as it comes in, and costs no loop."""
    content, reason = UNFIT[case]
    drop(world.paths.next_proposal, content)
    assert 0 == world.runner().run()
    (event,) = heard(world)
    assert isinstance(event, ev.ProposalRefused)
    moved, said = sorted(path.name for path in world.paths.refused.iterdir())
    assert reason in (world.paths.refused / said).read_text()
    assert content == (world.paths.refused / moved).read_bytes()
    assert 1 == load(world.paths).run.completed
    assert "not_applied" not in [row.outcome for row in load(world.paths).timeline.rows]


def test_a_drop_is_judged_once(world: World, monkeypatch: pytest.MonkeyPatch):
    """Accepted before a crash it stays accepted, whatever changed before the file was moved."""

    def die(*_: object) -> None:
        raise Crashed

    drop(world.paths.next_proposal, GOOD)
    with monkeypatch.context() as patched:
        patched.setattr("autoresearch.engine.proposals.drop_folder.settle", die)
        with pytest.raises(Crashed):
            world.runner().run()
    monkeypatch.setattr("autoresearch.engine.proposals.accept.refusal", lambda *_, **__: why("prose"))
    assert 0 == world.runner().run()
    assert [ev.ProposalReceived] == [type(one) for one in heard(world)]
    assert ["baseline", "wider"] == tried(world)
    assert not world.paths.next_proposal.exists()
    assert not world.paths.refused.exists()


@pytest.mark.parametrize("case", USED)
def test_what_is_used(world: World, case: str):
    """It becomes one event, is the next change tried, and lies among the consumed ones."""
    drop(world.paths.next_proposal, USED[case])
    assert 0 == world.runner().run()
    (event,) = heard(world)
    assert isinstance(event, ev.ProposalReceived), event
    assert ["baseline", event.proposal.description] == tried(world)
    assert not world.paths.next_proposal.exists()
    assert USED[case] == (world.paths.consumed / "iter_0001.json").read_bytes()


@pytest.mark.parametrize(
    "name", [b"x" * 255, b"\xff\xfe", b"new\nline", "ü".encode() * 120, b"-rf", b"x.json.tmp.json"]
)
@pytest.mark.parametrize("content", [GOOD, b"{"], ids=["good", "bad"])
def test_any_name_may_be_dropped(world: World, name: bytes, content: bytes):
    """A file may have any name that the disk allows."""
    path = Path(os.fsdecode(os.fsencode(world.paths.proposals) + b"/" + name))
    path.write_bytes(content)
    assert 0 == world.runner().run()
    (event,) = heard(world)
    assert isinstance(event, ev.ProposalReceived if content == GOOD else ev.ProposalRefused)
    assert not path.exists()
    assert 1 == load(world.paths).run.completed


def test_hidden_and_temporary_names_wait(world: World):
    """A file that its writer still hides is not looked at."""
    for name in (".x.json", "x.json.tmp"):
        (world.paths.proposals / name).write_bytes(GOOD)
    assert 0 == world.runner().run()
    assert [] == heard(world)
    assert 2 == len(list(world.paths.proposals.iterdir()))


def test_a_slow_writer_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch):
    """A file that is half there is not refused; when it is whole, it is used."""
    monkeypatch.setattr("autoresearch.engine.proposals.drop_folder.QUIET_S", 60.0)
    world.paths.next_proposal.write_bytes(GOOD[:20])
    train = world.jobs.on_start

    def write_the_rest(jobs, folder: Path, spec: JobSpec) -> None:
        train(jobs, folder, spec)
        world.paths.next_proposal.write_bytes(GOOD)

    world.jobs.on_start = write_the_rest
    world.runner().run()
    assert ["baseline", "wider"] == tried(world)
    assert ["ProposalReceived"] == [type(one).__name__ for one in heard(world)][:1]


def test_a_file_of_a_later_time_is_refused_all_the_same(world: World, monkeypatch: pytest.MonkeyPatch):
    """One that was copied with its times, or dropped before the clock was set back, is judged at once."""
    monkeypatch.setattr("autoresearch.engine.proposals.drop_folder.QUIET_S", 3600.0)
    drop(world.paths.next_proposal, b"{")
    two_hours_on = time.time() + 7200
    os.utime(world.paths.next_proposal, (two_hours_on, two_hours_on))
    world.runner().run()
    assert ["ProposalRefused"] == [type(one).__name__ for one in heard(world)]


def test_dropped_while_training(world: World):
    """A proposal that comes while the baseline trains is the first iteration's."""
    train = world.jobs.on_start

    def drop_one(jobs, folder: Path, spec: JobSpec) -> None:
        if folder.parent.name == "0000":
            world.paths.next_proposal.write_bytes(GOOD)
        train(jobs, folder, spec)

    world.jobs.on_start = drop_one
    world.runner().run()
    assert ["baseline", "wider"] == tried(world)
    assert 1 == len(heard(world))


def test_an_equal_drop_is_answered_as_known(world: World):
    """Of two equal files one is a proposal, and the other is refused with the event of the first."""
    for name in ("a.json", "b.json"):
        (world.paths.proposals / name).write_bytes(GOOD)
    world.runner().run()
    _, second = heard(world)
    assert "proposal_known" == second.reason.code
    assert ["baseline", "wider"] == tried(world)
    assert () == load(world.paths).run.waiting


def test_a_file_in_the_place_of_the_folder_stops_nothing(world: World):
    """Where proposals/ is a file, the run goes on, and next_proposal.json is heard."""
    world.paths.proposals.rmdir()
    world.paths.proposals.write_text("")
    world.paths.next_proposal.write_bytes(GOOD)
    assert 0 == world.runner().run()
    assert ["baseline", "wider"] == tried(world)


def test_no_crash_loses_or_doubles_a_drop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Dropped while no runner is alive, and crashed at any instant, it is one event and used once."""
    monkeypatch.setattr("autoresearch.engine.proposals.drop_folder.QUIET_S", 0.0)
    for instant in range(0, 200, 4):
        world = World(tmp_path / str(instant))
        world.start(loops=1)
        world.paths.proposals.mkdir()
        (world.paths.proposals / "bad.json").write_bytes(b"{")
        (world.paths.proposals / "good.json").write_bytes(GOOD)
        try:
            world.runner(crash_at(instant)).run()
        except Crashed:
            world.runner().run()
        else:
            break
        assert ["ProposalRefused", "ProposalReceived"] == [type(one).__name__ for one in heard(world)]
        assert ["baseline", "wider"] == tried(world)
        assert [] == list(world.paths.proposals.iterdir())
    assert instant > 20
