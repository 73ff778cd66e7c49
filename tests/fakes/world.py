"""A whole run in one process: fake git, fake jobs, fake agent, and the real log, runner and inbox."""

import itertools
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import define, field

from autoresearch.engine.audit.audit import audit
from autoresearch.engine.audit.report import Difference
from autoresearch.engine.core.refs import RunRefs
from autoresearch.engine.loop.effects import Effects
from autoresearch.engine.loop.runner import Runner
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.jobs import JobSpec
from autoresearch.engine.runs.anchor import head_named
from autoresearch.engine.runs.catalogue import run_named
from autoresearch.engine.system.gpu import Cards
from autoresearch.events import catalog as ev
from autoresearch.events import clock
from autoresearch.events.log.append import EventLog
from autoresearch.events.log.read import read
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Proposal, Request
from tests.fakes.agents import FakeAgent
from tests.fakes.git import FakeGit
from tests.fakes.jobs import FakeJobs


RUN_ID = "autoresearch-mar8-r001"
BRANCH = "autoresearch/mar8"
TRAIN = b'LR = 0.1  # rate   search: 0.001..1.0\nWIDTH = 8  # units   search: 4 | 8 | 16\nFAIL = ""\n'


MADE: list["World"] = []  # the worlds of the running test, to audit them at its end


class Crashed(BaseException):
    """The process died here."""


@define
class World:
    """What outlives a runner: the repository, the jobs, the run's folder."""

    home: Path
    git: FakeGit = field(init=False)
    jobs: FakeJobs = field(init=False)
    agent: FakeAgent = field(init=False)
    paths: RunPaths = field(init=False)
    cards: tuple[str, ...] = ()  # that nvidia-smi lists
    models: dict[str, str] = field(factory=dict)  # what each of them is
    now: Callable[[], str] = clock.now
    trained: list[str] = field(factory=list)  # "iteration/train.number", one entry a launch

    def __attrs_post_init__(self) -> None:
        MADE.append(self)
        self.home.mkdir(parents=True, exist_ok=True)
        self.git = FakeGit(
            self.home, {"train.py": TRAIN, "program.md": b"", ".gitignore": b".autoresearch/runs/\n"}
        )
        self.jobs = FakeJobs(on_start=self._train)
        self.agent = FakeAgent()
        self.paths = run_named(self.home, RUN_ID)
        self.paths.folder.mkdir(parents=True)

    def start(
        self,
        *,
        loops: int,
        proposals: tuple[Proposal, ...] = (),
        agent: str = "none",
        others: tuple[str, ...] = (),
        prefetch: int = 0,
        slots: int = 1,
        keep_rule: str = "lower",
        final: int = 0,
        consolidate: int = 0,
        until: str = "",
        max_trainings: int = 0,
        **settings: Any,  # others, as RunConfig has them
    ) -> None:
        """Create the run, as `start` does."""
        config: dict[str, Any] = {
            "train": ("train",),  # no Python: what this machine has installed is of no account
            "keep_rule": keep_rule,
            "seed_env": "SEED" if keep_rule != "lower" else "",
            "baseline_repeats": 0 if keep_rule == "lower" else 2,
            "slots": slots,
            "check": (),
            "prepare": (),
            "protected": ("program.md",),
            "device_lock": "none",
        }
        (base,) = self.git.read_commits(["HEAD"])
        assert base is not None
        self.git.set_ref(f"refs/heads/{BRANCH}", base.hash, old=None)
        first = ev.RunStarted(
            run_id=RUN_ID,
            branch=BRANCH,
            base_commit=base.hash,
            base_tree=base.tree,
            config=RunConfig(**(config | settings)),
            program_version="test",
        )
        ends: dict[str, Any] = {
            "others": others,
            "final": final,
            "consolidate": consolidate,
            "until": until,
            "max_trainings": max_trainings,
        }
        asked = ev.LoopsRequested(request=Request(loops=loops, agent=agent, prefetch=prefetch, **ends))
        given = [
            ev.ProposalReceived(source="file", name="p", sha256="0" * 64, dropped_at="", proposal=one)
            for one in proposals
        ]
        with EventLog(self.paths.history) as log:
            log.append([first, asked, *given], by="cli")

    def runner(self, around: Callable[[str, Callable[[], object]], object] | None = None) -> Runner:
        """Return a new runner of the run; `around` is called with every effect, append and anchor."""
        effects = Effects(
            paths=self.paths,
            git=self.git,
            jobs=self.jobs,
            adapter=lambda _: self.agent,
            gpus=lambda: self.cards,
            cards=lambda: Cards(models=self.models, driver=""),
            now=self.now,
        )
        runner = Runner(
            self.paths,
            effects,
            mode="foreground",
            version="test",
        )
        if around is not None:
            _wrap(runner, around)
        return runner

    def _train(self, jobs: FakeJobs, folder: Path, spec: JobSpec) -> None:
        """End a training at once, with a score that follows from the code it ran."""
        if not folder.name.startswith("train"):
            return
        self.trained.append(f"{folder.parent.name}/{folder.name}")
        jobs.finish(folder, **result_of((Path(spec.cwd) / "train.py").read_text()))


def result_of(source: str) -> dict[str, Any]:
    """Return how a training of this code ends, with a score that follows from the code alone."""
    values = dict(re.findall(r"^([A-Z]+) = (\S+)", source, re.MULTILINE))
    if values["FAIL"] != '""':
        return {"exit_code": 1, "output": b"it broke\n"}
    score = 1.0 + (math.log10(float(values["LR"])) + 1.5) ** 2 / 10 + abs(int(values["WIDTH"]) - 16) / 100
    return {"output": f"val_bpb: {score:.6f}\npeak_vram_mb: 512.0\n".encode()}


def anchored(world: World) -> tuple[int, str] | None:
    """Return the head of the log that git has seen last: its number and its hash."""
    (commit,) = world.git.read_commits([RunRefs(world.paths.run_id).log])
    named = head_named(commit, world.paths.run_id) if commit is not None else None
    return (named.seq, named.hash) if named is not None else None


def log_end(world: World) -> tuple[int, str]:
    """Return the head of the log: the number and the hash of its last record."""
    *_, last = read(world.paths.history)
    return last.seq, last.hash


def audited(world: World) -> Difference | None:
    """Take every decision again, rebuild every view, look up every commit; return the first difference."""
    return audit(world.paths, git=world.git, jobs=world.jobs)[0].first


def _wrap(runner: Runner, around: Callable[[str, Callable[[], object]], object]) -> None:
    effects, log = runner._effects, runner._log
    perform, append = effects.perform, log.append

    class Wrapped:
        def __getattr__(self, name):  # all but what is performed is as it is
            return getattr(effects, name)

        def perform(self, command, view):
            return around(f"effect {type(command).__name__}", lambda: perform(command, view))

    class Noting:
        def __getattr__(self, name):
            return getattr(effects.git, name)

        def add_note(self, *args, **more):
            return around("anchor", lambda: effects.git.add_note(*args, **more))

    runner._effects = Wrapped()
    runner._anchor._git = Noting()
    log.append = lambda *args, **more: around("append", lambda: append(*args, **more))


def crash_at(instant: int) -> Callable[[str, Callable[[], object]], object]:
    """Die at the given instant: 2n is before the n-th effect or append, 2n + 1 after it, or its failure."""
    count = itertools.count()

    def around(_name: str, act: Callable[[], object]) -> object:
        if next(count) == instant:
            raise Crashed
        try:
            return act()
        finally:
            if next(count) == instant:
                raise Crashed

    return around
