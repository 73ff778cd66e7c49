"""Two commands in the same instant, in all pairs of those that act, on runs in every condition.

Each does what it printed, once, or is refused and changes nothing; the histories stay whole and audit clean,
no request is left undone by a runner that was about to leave, and exactly the loops asked for are done.
"""

import shutil
from collections.abc import Callable, Iterator
from itertools import combinations_with_replacement

import pytest

from autoresearch.engine.audit.audit import audit
from autoresearch.engine.git.repository import RealGit
from autoresearch.engine.jobs.launcher import RealJobs
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.catalogue import run_named, started_runs
from autoresearch.engine.runs.load import load_run
from autoresearch.engine.system.locks import is_locked
from autoresearch.events import catalog as ev
from autoresearch.events.errors import CorruptHistory
from autoresearch.events.log.read import verify
from autoresearch.workflows.cli.main import COMMANDS
from tests.at_once import REQUESTS, Did, World, both, effects, world
from tests.e2e.conftest import Program, Turn, hold_trainings
from tests.machine import stop_machine
from tests.torture import dice, sample
from tests.waiting import until


LOOKING = {
    *("status", "watch", "wait", "experiments", "show", "logs", "history", "runs", "replay"),
    "rerun",
    *("report", "plot", "proposals", "doctor", "serve", "mcp", "export", "sql", "notebook"),
}
WITHOUT_RUN = {"init"}  # it writes settings, and knows no run
RUN = "autoresearch-here-r001"
FORMS = {  # of every command that acts, with what it is told; {} is which of the two it is
    "start": ["start --loops 1 --no-stochastic"],
    "resume": ["resume --loops 1", "resume --loops 1 --no-background-train"],
    "final": [f"final {RUN}"],
    "consolidate": [f"consolidate {RUN}"],
    "ablate": [f"ablate {RUN}"],
    "stop": ["stop", "stop --now"],
    "pause": ["pause --reason pause-{}"],
    "unpause": ["unpause"],
    "propose": ["propose --set LR=0.0{}7 --description propose-{}"],
    "withdraw": ["withdraw 2"],
    "note": ["note note-{}"],
    "ideas": ["ideas add ideas-{}"],
    "answer": ["answer answer-{}"],  # refused: no agent asked
    "approve": ["approve 1"],  # refused: nothing waits
    "veto": ["veto 1 --why veto-{}"],  # the same
    "retract": ["retract 1 --why retract-{}"],
    "adopt": ["adopt"],
    "publish": ["publish"],
    "clean": [f"clean {RUN} --yes", f"clean {RUN} --folder --yes"],
    "repair": ["repair"],
    "rebuild": [f"rebuild {RUN}"],
    "fork": [f"fork {RUN}"],
    "import": ["import {table}"],
}
PAIRS = list(combinations_with_replacement([form for forms in FORMS.values() for form in forms], 2))
REFUSED = {3, 4, 6, 7}  # exit codes: a precondition, no runner can be launched, damage, the run is held


class Scene:
    """A run that has kept something, and can be put into one condition again and again."""

    def __init__(self, program: Program) -> None:
        self.program = program
        script = program.repo / "train.py"
        script.write_text(script.read_text().replace("SECONDS = 0.2", "SECONDS = 0.04"))
        program.git("commit", "-qam", "Be quick")
        program.git("switch", "-qc", "autoresearch/here")  # a keep leaves a branch alone that is checked out
        self.turn: Turn = hold_trainings(program)
        self.turn.is_for_all()
        program("start", "--only", "setup,baseline", "--no-background-train")
        program("propose", "--set", "WIDTH=16", "--description", "wider")
        program("resume", "--loops", "1", "--no-stochastic", "--no-background-train")
        program("propose", "--set", "LR=0.03", "--description", "later")  # no loop is left for it
        self.table = program.repo.parent / "table.tsv"
        shutil.copy(self.paths.results, self.table)
        self._template = program.repo.parent / "template"
        shutil.copytree(program.repo, self._template)

    @property
    def paths(self) -> RunPaths:
        return run_named(self.program.repo, RUN)

    def restore(self) -> None:
        """Put everything back to where the run is idle."""
        stop_machine(self.program.repo)
        shutil.rmtree(self.program.repo)
        shutil.copytree(self._template, self.program.repo)
        self.turn.is_for_all()

    def trains(self) -> None:
        """Have two loops to do, and train the first of them."""
        self.turn.is_for(1)
        self.program("resume", "--loops", "2")
        until(lambda: any(job.step == "train" for _, job in load_run(self.paths).state.jobs))

    def is_left(self) -> None:
        """Have no runner, though there is something to do."""
        self.trains()
        stop_machine(self.program.repo)
        self.turn.is_for_all()

    def is_paused(self) -> None:
        """Be paused while a training ends."""
        self.trains()
        self.program("pause")

    def ends(self) -> None:
        """Be about to stop, once the training has ended."""
        self.trains()
        self.program("stop")
        self.turn.is_for_all()

    def is_damaged(self) -> World:
        """Have a last record that is damaged, of which a repair leaves the others."""
        before = world(self.program)
        history = self.paths.history
        history.write_bytes(history.read_bytes()[:-9] + b"!" + history.read_bytes()[-8:])
        return {**before, RUN: before[RUN][:-1]}


CONDITIONS: dict[str, Callable[[Scene], World | None]] = {
    "idle": lambda _: None,
    "damaged": Scene.is_damaged,
    "training": Scene.trains,
    "left": Scene.is_left,
    "paused": Scene.is_paused,
    "ending": Scene.ends,
}


@pytest.fixture
def scene(program: Program) -> Iterator[Scene]:
    yield Scene(program)
    stop_machine(program.repo)


def pairs_on(condition: str) -> list[tuple[str, str]]:
    """Return the pairs for a run in a condition: where it is damaged, one of the two mends it."""
    return [pair for pair in PAIRS if condition != "damaged" or "repair" in pair]


def play(scene: Scene, condition: str, forms: tuple[str, str], later_s: tuple[float, float]) -> None:
    """Give a pair of commands to a run in a condition, and look at what came of it."""
    scene.restore()
    before = CONDITIONS[condition](scene) or world(scene.program)
    table = str(scene.table)
    words = [tuple(form.format(n, n, table=table).split()) for n, form in enumerate(forms, start=1)]
    done = both(scene.program, words, later_s)
    if condition == "damaged" and not is_whole(scene.paths):  # nobody got to mend it
        assert not any(one.acted for one in done if one.name not in ("start", "import")), done
        scene.program("repair", RUN)
        before = {**before, RUN: world(scene.program)[RUN]}
    where = f"{condition}: {' | '.join(f'{one.words}: {one.code} {one.said}' for one in done)}"
    assert {one.code for one in done} <= {0, *REFUSED}, where
    if not scene.paths.history.exists():
        assert not scene.paths.folder.exists(), where
        assert any("--folder" in one.words and one.code == 0 for one in done), where
    else:
        look_at_effects(done, before, scene, where)
    scene.turn.is_for_all()
    for paths in started_runs(scene.program.repo):
        known = len(before.get(paths.run_id, ()))
        look_at_end(paths, scene.program, where, known=known)


def look_at_effects(done: list[Did], before: World, scene: Scene, where: str) -> None:
    """Hold what each command said that it did against what was recorded by commands."""
    found = effects(before, world(scene.program))
    for name in FORMS.keys() - {"publish", "rebuild", "unpause", *REQUESTS}:
        acted = sum(one.acted for one in done if one.name == name)
        foreground = sum(
            one.code for one in done if one.name == name and "--no-background-train" in one.words
        )
        assert acted <= found[name] <= acted + foreground, f"{where}: {name}: {found}"
    lifts = sum(one.acted for one in done if one.name == "unpause")
    assert lifts <= found["unpause"] <= sum(one.acted for one in done if one.name in ("unpause", "resume")), (
        where
    )
    for number, one in enumerate(done, start=1):
        if one.name in ("note", "ideas", "propose", "pause", "retract"):
            assert found[f"{one.name}-{number}"] == one.acted, f"{where}: {found}"


def is_whole(paths: RunPaths) -> bool:
    try:
        return not paths.history.exists() or verify(paths.history).seq > 0
    except CorruptHistory:
        return False


def rests(paths: RunPaths) -> bool:
    return load_run(paths).state.stopped is not None and not is_locked(paths.lock)


def look_at_end(paths: RunPaths, program: Program, where: str, *, known: int) -> None:
    """Let a run come to its end, by itself where it was just asked for something; and audit it."""
    run = load_run(paths).state
    if run.imported or run.forked:  # nothing was asked of it
        return
    later = world(program)[paths.run_id][known:]
    launched = any(isinstance(one.event, ev.LoopsRequested) for one in later)
    if run.paused is not None:
        program("unpause", "--run-id", paths.run_id)
    elif run.stop is not None or launched or is_locked(paths.lock):
        until(lambda: rests(paths))
    program("resume", "--run-id", paths.run_id, "--no-background-train", code=None)
    until(lambda: rests(paths))
    run = load_run(paths).state
    asked = sum(
        one.event.request.loops
        for one in world(program)[paths.run_id]
        if isinstance(one.event, ev.LoopsRequested)
    )
    assert ("done", 0, asked) == (run.stopped, run.loops_left, run.completed), where
    assert verify(paths.history) == load_run(paths).position, where
    found = audit(paths, git=RealGit(program.repo), jobs=RealJobs())[0].first
    assert found is None, f"{where}: {found}"


def test_two_commands_at_once(scene: Scene) -> None:
    """Some pairs, others each day: both do what they say, once, or are refused."""
    for condition in CONDITIONS:
        play(scene, condition, dice("pair", condition).choice(pairs_on(condition)), (0.0, 0.0))


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_all_pairs_of_commands_at_once(scene: Scene, condition: str) -> None:
    """All pairs, one of the two a moment later: both do what they say, once, or are refused."""
    chance = dice("all pairs", condition)
    for forms in sample(pairs_on(condition), len(PAIRS), "all pairs", condition):
        play(scene, condition, forms, (chance.uniform(0, 0.02), chance.uniform(0, 0.02)))


def test_no_command_is_forgotten() -> None:
    """Every command of the table is said to look only, or has a form in which it is tried beside others."""
    assert COMMANDS.keys() == LOOKING | WITHOUT_RUN | FORMS.keys()
    assert LOOKING.isdisjoint(FORMS)
