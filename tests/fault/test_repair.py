"""A run whose history is damaged: what `repair` sets aside, whom it refuses, and that nothing is lost."""

import errno
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import count
from pathlib import Path

import pytest

from autoresearch.engine.control.repair import Repaired, _known, repair
from autoresearch.engine.core.refs import RunRefs
from autoresearch.engine.git.repository import RealGit
from autoresearch.engine.jobs.launcher import RealJobs
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.jobs import Running
from autoresearch.engine.runs.catalogue import started_runs
from autoresearch.engine.runs.load import load
from autoresearch.engine.runs.runner_lock import hold_as_runner
from autoresearch.engine.system.locks import try_lock
from autoresearch.engine.system.processes.process import hold_lock
from autoresearch.events import catalog as ev
from autoresearch.events.errors import AutoresearchError, CorruptHistory, NotFound, RunLocked
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import read
from autoresearch.projections.reducers.run import RUN
from autoresearch.projections.run_state import RunState
from tests.cli_helpers import bytes_of
from tests.crash_helpers import SHIM
from tests.e2e.conftest import Program
from tests.fakes.world import World, audited
from tests.golden.play import FOLDER as RUNS
from tests.torture import sample


KEPT = [1, 2]  # iterations of the run that are kept


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A run of three iterations at rest, the first two of them kept."""
    made = World(tmp_path / "repo")
    made.start(loops=3, agent="custom")
    made.paths.proposals.mkdir()
    for number, settings in enumerate(('"WIDTH": 16', '"LR": 0.05', '"LR": 0.9')):
        words = ", ".join(f'"{name}": "p"' for name in ("description", "change_plan", "commit_description"))
        dropped = f'{{"status": "ok", {words}, "set": {{{settings}}}}}'
        (made.paths.proposals / f"{number}.json").write_text(dropped)
    assert 0 == made.runner().run()
    events = [one.event for one in read(made.paths.history)]
    kept = [event.iteration for event in events if isinstance(event, ev.CandidateKept)]
    assert [0, *KEPT] == kept
    assert audited(made) is None
    return made


def place_of(world: World, event: type, iteration: int) -> int:
    """Return where in the history the record of an iteration's event stands, from 0."""
    return next(
        one.seq - 1
        for one in read(world.paths.history)
        if isinstance(one.event, event) and getattr(one.event, "iteration", None) == iteration
    )


def flipped(lines: list[bytes], at: int) -> list[bytes]:
    return [*lines[:at], lines[at].replace(b'"at":"2', b'"at":"1'), *lines[at + 1 :]]


def garbage(lines: list[bytes], at: int) -> list[bytes]:
    return [*lines[:at], b"garbage\n\x00\xff" * 50 + b"\n", *lines[at:]]


def without(lines: list[bytes], at: int) -> list[bytes]:
    return [*lines[:at], *lines[at + 1 :]]


def forked(lines: list[bytes], at: int) -> list[bytes]:
    """Two writers went on from one record: what the other wrote stands between."""
    return [*lines[:at], lines[at].replace(b'"key":null', b'"key":"x"'), *lines[at:]]


def doubled(lines: list[bytes], at: int) -> list[bytes]:
    return [*lines[: at + 1], *lines[at:]]


def zeroed(lines: list[bytes], at: int) -> list[bytes]:
    return [*lines[:at], b"\x00" * len(lines[at]), *lines[at + 1 :]]


DAMAGES = [flipped, garbage, without, forked, doubled, zeroed]


def damage(world: World, how: Callable[[list[bytes], int], list[bytes]] = flipped) -> tuple[int, bytes]:
    """Damage the history where iteration 2 was kept; return how many records are whole, and the bytes."""
    lines = world.paths.history.read_bytes().splitlines(keepends=True)
    at = place_of(world, ev.CandidateKept, 2)
    world.paths.history.write_bytes(b"".join(how(lines, at)))
    return at + (how is doubled), world.paths.history.read_bytes()


def mend(world: World) -> Repaired:
    found = repair(world.paths, world.git, world.jobs)
    assert found is not None
    world.jobs.jobs = {job: one for job, one in world.jobs.jobs.items() if job.exists()}  # moved aside
    return found


@pytest.mark.parametrize("how", DAMAGES)
def test_the_whole_part_goes_on_and_the_rest_is_set_aside(
    world: World, how: Callable[[list[bytes], int], list[bytes]]
):
    """The event tells of each byte that is not there any more, the old history is kept, the run ends true."""
    whole, before = damage(world, how)
    with pytest.raises(CorruptHistory):
        load(world.paths)
    made = mend(world)
    *records, last = read(world.paths.history)
    rest = before[made.event.offset :]
    assert (whole, made.event) == (len(records), last.event)
    assert before[: made.event.offset] == world.paths.history.read_bytes()[: records[-1].end]
    assert (len(rest), rest.count(b"\n"), sha256(rest).hexdigest()) == (
        made.event.bytes,
        made.event.lines,
        made.event.sha256,
    )
    assert before == made.before.read_bytes()
    assert repair(world.paths, world.git, world.jobs) is None
    assert 0 == world.runner().run()
    assert audited(world) is None
    rows = [(row.iteration, row.verdict) for row in load(world.paths).timeline.rows]
    assert [(0, "keep"), (1, "keep"), (2, "keep"), (3, "discard")] == rows


def test_what_the_whole_part_does_not_know_lies_beside_it(world: World):
    """Candidates get refs beside, and folders of jobs and proposals of later iterations go there whole."""
    refs = world.git.refs_below(RunRefs(world.paths.run_id).prefix)
    proposals = bytes_of(world.paths.consumed)
    files = bytes_of(world.paths.iteration(3))
    damage(world)
    made = mend(world)
    own = RunRefs(world.paths.run_id)
    (lost,) = [commit for ref, commit in refs.items() if ref == own.candidate(3, 1)]
    assert made.refs == ((f"{own.set_aside}001/3", lost), (f"{own.set_aside}001/log", refs[own.log]))
    assert lost in world.git.commits
    assert not {own.candidate(3, 1), own.log} & world.git.refs.keys()
    aside = world.paths.set_aside / "001"
    assert files == bytes_of(aside / "iterations" / "0003")
    assert not world.paths.iteration(3).exists()
    moved = bytes_of(aside / "consumed_proposals")
    assert proposals == bytes_of(world.paths.consumed) | moved
    assert ["iter_0003.json"] == list(moved)
    # The branch was moved by a keep that nobody knows of: it is named, and it is still there.
    assert made.branch_on is None  # of iteration 2, which is known
    assert 2 == made.event.refs


def test_a_branch_that_stands_on_what_is_set_aside_is_named(world: World):
    """Where a keep behind the damage moved the run's branch, it stays there and is told of."""
    kept = world.git.refs[RunRefs(world.paths.run_id).candidate(2, 1)]
    at = place_of(world, ev.IterationStarted, 2)
    lines = world.paths.history.read_bytes().splitlines(keepends=True)
    world.paths.history.write_bytes(b"".join(flipped(lines, at)))
    made = mend(world)
    assert (kept, kept) == (made.branch_on, world.git.branch(made.branch).commit)
    assert 0 == world.runner().run()
    assert audited(world) is None


def test_a_whole_history_is_left_as_it_is(world: World):
    """Nothing is written where nothing is damaged, be the last write torn."""
    for torn in (b"", b'{"seq":'):
        with world.paths.history.open("ab") as file:
            file.write(torn)
        before = bytes_of(world.home)
        assert repair(world.paths, world.git, world.jobs) is None
        after = bytes_of(world.home)
        after.pop(str(world.paths.lock.relative_to(world.home)), None)
        before.pop(str(world.paths.lock.relative_to(world.home)), None)
        assert before == after


def test_a_history_that_lost_its_end_goes_on(world: World):
    """Where state.json has seen more than the history has, what was seen since is set aside too."""
    loaded = load(world.paths)
    lines = world.paths.history.read_bytes().splitlines(keepends=True)
    at = place_of(world, ev.CandidateKept, 2)
    world.paths.history.write_bytes(b"".join(lines[:at]))
    with pytest.raises(CorruptHistory):
        load(world.paths)
    made = mend(world)
    assert (0, 0, at + 1) == (made.event.bytes, made.event.lines, made.seq)
    assert loaded.position.seq > load(world.paths).position.seq
    assert 0 == world.runner().run()
    assert audited(world) is None


def test_nothing_whole_is_refused(world: World):
    """A history without a whole record is left as it is; so is another run's, and one that is gone."""
    whole = world.paths.history.read_bytes()
    other = world.paths.runs.run("other-r001")
    other.folder.mkdir()
    other.history.write_bytes(whole.replace(b'"at":"2', b'"at":"1', 5).replace(b'"at":"1', b'"at":"2', 3))
    with pytest.raises(NotFound, match="is the history of"):
        repair(other, world.git, world.jobs)
    assert ["history.jsonl", "runner.lock"] == sorted(path.name for path in other.folder.iterdir())
    world.paths.history.write_bytes(b"garbage\n" + whole)
    before = world.paths.history.read_bytes()
    with pytest.raises(CorruptHistory, match="no whole record"):
        repair(world.paths, world.git, world.jobs)
    assert before == world.paths.history.read_bytes()
    assert not world.paths.set_aside.exists()
    world.paths.history.unlink()
    with pytest.raises(NotFound):
        repair(world.paths, world.git, world.jobs)


def test_who_is_at_work_is_not_disturbed(world: World, monkeypatch: pytest.MonkeyPatch):
    """A runner, a writer, and a job that would be set aside are named, and everything stays."""
    _, before = damage(world)
    with hold_as_runner(world.paths), pytest.raises(RunLocked, match="a runner of"):
        mend(world)
    with hold_lock(world.paths.lock), pytest.raises(RunLocked, match="is held by"):
        mend(world)
    monkeypatch.setattr("autoresearch.engine.control.repair.PATIENCE_S", 0.05)
    handle = try_lock(world.paths.history)
    assert handle is not None
    with pytest.raises(RunLocked, match="somebody appends"):
        mend(world)
    os.close(handle)
    job = world.paths.job(3, "train", 1).folder
    job.mkdir(exist_ok=True)
    world.jobs.jobs[job].state = Running(supervisor=None)
    with pytest.raises(RunLocked, match="a job is at work in"):
        mend(world)
    assert before == world.paths.history.read_bytes()
    assert not world.paths.set_aside.exists()
    assert RunRefs(world.paths.run_id).candidate(3, 1) in world.git.refs


def test_each_damage_is_set_aside_under_a_name_of_its_own(world: World):
    """A second repair overwrites nothing of the first."""
    damage(world)
    first = mend(world)
    kept = bytes_of(first.before.parent)
    lines = world.paths.history.read_bytes().splitlines(keepends=True)
    world.paths.history.write_bytes(b"".join(flipped(lines, len(lines) - 3)))
    second = mend(world)
    assert ("001", "002") == (first.before.parent.name, second.before.parent.name)
    assert kept == bytes_of(first.before.parent)
    assert 0 == world.runner().run()
    assert audited(world) is None


def test_a_writer_that_had_it_open_appends_nothing(world: World):
    """Who read the damaged history before is refused, and the history is the repaired one."""
    with EventLog(world.paths.history) as log:
        log.head()
        damage(world)
        mend(world)
        repaired = world.paths.history.read_bytes()
        with pytest.raises(CorruptHistory, match="replaced"):
            log.append([ev.NoteAdded(text="late")], by="cli")
    assert repaired == world.paths.history.read_bytes()


def test_a_disk_without_hard_links_gets_a_copy(world: World, monkeypatch: pytest.MonkeyPatch):
    """Where a file may have one name alone, the old history is copied."""
    _, before = damage(world)

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    assert before == mend(world).before.read_bytes()


def test_a_full_disk_leaves_everything_as_it_was(world: World, monkeypatch: pytest.MonkeyPatch):
    """Wherever there is no room any more, the repair fails and nothing has changed; with room, it is done."""
    damage(world)
    before, refs = bytes_of(world.paths.folder), dict(world.git.refs)
    real = os.write
    for room in count():
        writes = count()

        def full(fd: int, data: bytes, writes: Iterator[int] = writes, room: int = room) -> int:
            if next(writes) >= room:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(fd, data)

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            try:
                made = repair(world.paths, world.git, world.jobs)
            except (OSError, AutoresearchError):
                assert refs == world.git.refs
                after = bytes_of(world.paths.folder)
                assert {name: after[name] for name in before} == before
                assert not world.paths.set_aside.exists()
                continue
        break
    assert room >= 2
    assert made is not None
    assert 0 == world.runner().run()
    assert audited(world) is None


# --- killed ------------------------------------------------------------------------------------


def killed(repo: Path, folder: Path, at: int, note: Path) -> int:
    """Repair a run, and be killed at an instant; return the exit code."""
    env = {"PATH": os.environ["PATH"], "CRASH_AT": str(at), "CRASH_NOTE": str(note)}
    words = [sys.executable, str(SHIM), str(repo), str(folder), "repair"]
    return subprocess.run(words, env=env, check=False).returncode


def damaged_run(program: Program) -> Path:
    """Let a run try two changes, and damage its history where the second was begun."""
    words = ("--loops", "2", "--no-stochastic", "--no-background-train", "--prefetch", "0")
    program("start", *words)
    folder = program.run_folder()
    lines = (folder / "history.jsonl").read_bytes().splitlines(keepends=True)
    begun = re.compile(rb'"type":"IterationStarted".*"iteration":2')
    at = next(place for place, line in enumerate(lines) if begun.search(line))
    (folder / "history.jsonl").write_bytes(b"".join(flipped(lines, at)))
    return folder


def kill_repairs(program: Program, which: Callable[[range], range | list[int]]) -> int:
    """Kill repairs at some instants, each followed by one that is not; return how many were killed."""
    folder = damaged_run(program)
    template, note = program.repo.with_name("template"), program.repo.with_name("note")
    shutil.copytree(program.repo, template, symlinks=True)
    damaged = (folder / "history.jsonl").read_bytes()
    lost = (folder / "iterations" / "0002" / "train.1" / "output.log").read_bytes()
    commit = program.git("rev-parse", f"refs/autoresearch/{folder.name}/2")
    assert killed(program.repo, folder, -1, note) == 0
    instants = range(len(note.read_text().splitlines()))
    done = 0
    for at in which(instants):
        shutil.rmtree(program.repo)
        shutil.copytree(template, program.repo, symlinks=True)
        note.unlink()
        assert killed(program.repo, folder, at, note) == -9
        where = note.read_text()
        done += 1
        (paths,) = started_runs(program.repo)
        repair(paths, RealGit(program.repo), RealJobs())
        load(paths)
        aside = sorted((folder / "set_aside").iterdir())
        assert [damaged] == [one.read_bytes() for one in (folder / "set_aside").rglob("before.jsonl")], where
        assert [lost] == [one.read_bytes() for one in (folder / "set_aside").rglob("output.log")], where
        assert ["001"] == [one.name for one in aside], where
        assert not list((folder / "set_aside").rglob("history.jsonl")), where
        assert commit == program.git("rev-parse", f"refs/autoresearch/{folder.name}/set-aside/001/2"), where
        events = [one.event for one in read(paths.history)]
        assert [2] == [one.refs for one in events if isinstance(one, ev.HistoryRepaired)], where
    return done


def test_a_repair_killed_at_some_instants_is_done_again(program: Program):
    """Whoever repairs after one that was killed ends the same, and nothing is lost or there twice."""
    assert kill_repairs(program, lambda instants: instants[::6]) >= 5
    program("resume", "--no-background-train")
    program("replay")


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_repair_killed_at_any_instant_is_done_again(program: Program):
    """The same at any instant."""
    assert kill_repairs(program, lambda instants: sample(instants, 60, "repair")) >= 1


@pytest.mark.parametrize("path", sorted(RUNS.glob("*.jsonl")), ids=lambda path: path.stem)
def test_every_job_that_a_history_names_is_known(path: Path, tmp_path: Path):
    """No job whose beginning is recorded would be set aside, nor the folder of its iteration."""
    run = RunPaths(home=tmp_path, folder=tmp_path / "golden-r001")
    run.folder.mkdir()
    shutil.copy(path, run.history)
    state, jobs = RunState(), set()
    for recorded in read(path):
        state = RUN.evolve(state, recorded)
        jobs |= {run.job(number, job.step, job.number).folder for number, job in state.jobs}
    known = _known(run, run)
    assert jobs == known.jobs
    assert {int(job.parent.name) for job in jobs} <= known.iterations
