"""A run of real processes with every kind of outcome, to be killed and carried on; and the audit of it."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from attrs import frozen

from autoresearch.engine.control.requests import StartOptions
from autoresearch.engine.control.start import start
from autoresearch.engine.git.repository import RealGit
from autoresearch.engine.runs import anchor
from autoresearch.engine.runs.load import load
from autoresearch.events import catalog as ev
from autoresearch.events.log.read import read, verify
from autoresearch.projections.results import results_tsv
from tests.waiting import PATIENCE_S


ROOT = Path(__file__).resolve().parents[1]
DOOR = ROOT / "workflows" / "run_experiment.py"
RUNNER = ROOT / "src" / "autoresearch" / "workflows" / "background.py"
BASELINE_FAILED = 4  # an exit code
SHIM = Path(__file__).with_name("crash_shim.py")

# Fails loudly where another one is alive, and writes down when it began and ended.
TRAIN = """\
import fcntl, math, os, time
LR = 0.1
WIDTH = 8
FAIL = ""
name = os.environ["CRASH_LEDGER"]
me = "/".join(os.environ["AUTORESEARCH_JOB_DIR"].split("/")[-2:])
ledger = os.open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
alone = os.open(name + ".lock", os.O_WRONLY | os.O_CREAT)
try:
    fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    os.write(ledger, f"overlap {me}\\n".encode())
    raise SystemExit("another training is alive")
os.write(ledger, f"begun {me}\\n".encode())
time.sleep(600 if os.path.exists(name + ".hang") and me == open(name + ".hang").read() else 0.03)
os.write(ledger, f"ended {me}\\n".encode())
if FAIL == "crash":
    raise SystemExit("it broke")
score = math.nan if FAIL == "nan" else 1.0 + (math.log10(LR) + 1.5) ** 2 / 10 + abs(WIDTH - 16) / 100
open(os.environ["AUTORESEARCH_JOB_DIR"] + "/model", "w").write(str(score))
if FAIL == "touch" or (FAIL == "touch once" and me.endswith("train.1")):
    os.utime("program.md")
if FAIL == "lie":
    score = 0.5
if FAIL != "silent":
    print(f"val_bpb: {score:.6f}")
"""
AGENT = """\
import json, pathlib, sys
prompt = sys.stdin.read()
if "you only propose" in prompt:
    words = dict.fromkeys(("description", "change_plan", "commit_description"), "of the agent")
    print(json.dumps({"status": "ok", **words, "set": {"LR": 0.04}}))
elif "fix_and_rerun" in prompt:
    print(json.dumps({"action": "discard", "reason": "it cannot work"}))
else:
    train = pathlib.Path("train.py")
    train.write_text(train.read_text().replace('FAIL = ""', 'MINE = 1\\nFAIL = ""'))
    print("done")
"""
SETTINGS = """\
[tool.autoresearch]
keep_rule = "lower"
final = 0
check = []
prepare = []
protected = []
guidance_file = "train.py"
train = ["{python}", "-S", "train.py"]
agent_command = ["{python}", "-S", AGENT]
"""
# A keep, a discard, a crash, a diverged one, one that does not compile, and one that the agent applies.
DROPPED = (
    {"set": {"WIDTH": 16}},
    {"set": {"LR": 0.9}},
    {"set": {"FAIL": "crash"}},
    {"set": {"FAIL": "nan"}},
    {"edits": [{"search": "LR = ", "replace": "LR = ("}]},
    {},
)
# What counts is the number that this finds; of iteration 2 it breaks the first time.
EVALUATE = """\
import os
me = "/".join(os.environ["AUTORESEARCH_JOB_DIR"].split("/")[-2:])
with open(os.environ["CRASH_LEDGER"], "a") as ledger:
    ledger.write(f"begun {me}\\n")
if me == "0002/evaluate.1":
    raise SystemExit("it broke")
print("val_bpb:", open(os.environ["AUTORESEARCH_TRAIN_DIR"] + "/model").read())
"""


@frozen(kw_only=True)
class Form:
    """What is tried in a run, and what comes of it."""

    settings: str
    dropped: tuple[dict[str, Any], ...]
    agent: str = "none"
    more: int = 0  # loops, beside the dropped ones
    recorded: tuple[
        int, ...
    ] = ()  # the iterations with a row, where these are not the baseline and the loops

    @property
    def loops(self) -> int:
        """Return how many are asked for."""
        return len(self.dropped) + self.more


EVERY_OUTCOME = Form(settings=SETTINGS, dropped=DROPPED, agent="custom", more=1)  # which the agent proposes
# Void once and then kept, an evaluation that breaks once, one that tampers, and one that lies.
SEALED = Form(
    settings=SETTINGS.replace("protected = []", 'protected = ["evaluate.py", "program.md"]')
    + 'evaluate = ["{python}", "-S", "evaluate.py"]\n',
    dropped=(
        {"set": {"WIDTH": 16, "FAIL": "touch once"}},
        {"set": {"LR": 0.04, "FAIL": ""}},
        {"set": {"LR": 0.03, "FAIL": "touch"}},
        {"set": {"LR": 0.05, "FAIL": "lie"}},
    ),
)

# A keep, known code, a keep, a discard; all keeps on a fresh seed to consolidate, best and baseline on one.
SEEDED = Form(
    settings=SETTINGS.replace('keep_rule = "lower"\nfinal = 0\n', 'keep_rule = "climb"\nfinal = 1\n')
    + 'seed_env = "SEED"\nnoise = 0.001\nconsolidate = 1\n',
    dropped=(
        {"set": {"WIDTH": 16}},
        {"edits": [{"file": "train.py", "search": 'FAIL = ""\n', "replace": 'FAIL = ""  # none\n'}]},
        {"set": {"LR": 0.05}},
        {"set": {"LR": 0.9}},
    ),
    more=-1,  # known code costs no loop; the search, which tries by what is known when, has no turn
    recorded=(0, 1, 3, 4, 5, 6, 7, 8, 9),  # nor has known code a row
)


@frozen(kw_only=True)
class Seen:
    """What is to be the same wherever a run was killed."""

    rows: list[tuple[object, ...]]
    trained: Counter[str]  # beginnings of each training, as 0001/train.1
    events: Counter[str]


def counted(events: list[ev.Event]) -> Counter[str]:
    """Count the events by name, without those of runners, and without what a moved base made necessary.

    Whether a keep moves the next change's base depends on which is ready first, and so on where a kill fell.
    """
    named = Counter(type(event).__name__ for event in events)
    moved = Counter(event.iteration for event in events if isinstance(event, ev.BaseMoved))
    made = Counter(
        (type(event).__name__, event.iteration, getattr(event, "step", ""))
        for event in events
        if isinstance(event, ev.ChangeApplied | ev.CandidateCommitted | ev.AgentAsked | ev.AgentAnswered)
    )
    for (name, iteration, _), times in made.items():
        named[name] -= min(times - 1, moved[iteration])
    for name in ("RunnerStarted", "SetupChecked", "RunResumed", "BaseMoved", "CandidateRebased"):
        del named[name]
    return named


class Scene:
    """A repository with a run that was asked for and has no runner yet; can be put back to that."""

    def __init__(self, folder: Path, form: Form = EVERY_OUTCOME) -> None:
        self.form = form
        self.repo, self.ledger, self.note = folder / "repo", folder / "ledger", folder / "note"
        self._template = folder / "template"
        self.repo.mkdir(parents=True)
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
        self.env["CRASH_LEDGER"] = str(self.ledger)
        (folder / "agent.py").write_text(AGENT)
        (self.repo / "train.py").write_text(TRAIN)
        agent = json.dumps(str(folder / "agent.py"))
        (self.repo / "evaluate.py").write_text(EVALUATE)
        (self.repo / "program.md").write_text("Lower is better.\n")
        (self.repo / "pyproject.toml").write_text(form.settings.replace("AGENT", agent))
        (self.repo / "workflows").mkdir()  # a clone of the single-file runner: it shows its table at its top
        (self.repo / "workflows" / "run_experiment.py").touch()
        self.git("init", "-q", "-b", "main")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "first")
        asked = start(
            self.repo,
            StartOptions(loops=form.loops, agent=form.agent),
            git=RealGit(self.repo),
            version="test",
        )
        self.paths = asked.paths
        for number, given in enumerate(form.dropped):
            words = dict.fromkeys(("description", "change_plan", "commit_description"), f"dropped {number}")
            (self.paths.proposals / f"{number}.json").write_text(
                json.dumps({"status": "ok", **words, **given})
            )
        shutil.copytree(self.repo, self._template)

    def hang(self, job: str) -> None:
        """Let a training take for ever; told by a file, since another environment is another condition."""
        self.ledger.with_name(f"{self.ledger.name}.hang").write_text(job)

    def restore(self) -> None:
        """Put everything back to where no runner has been."""
        shutil.rmtree(self.repo)
        shutil.copytree(self._template, self.repo)
        self.ledger.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)

    def git(self, *words: str) -> str:
        """Run git as the user would."""
        command = ["git", "-c", "user.name=User", "-c", "user.email=user@localhost", *words]
        done = subprocess.run(
            command, cwd=self.repo, env=self.env, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def shimmed(self, at: int, *, job: str | None = None) -> int:
        """Be a runner that dies (or whose supervisor of `job` does) at an instant; return the exit code."""
        env = {"CRASH_AT": str(at), "CRASH_NOTE": str(self.note)}
        if job is not None:
            env["CRASH_JOB"] = job
        return self.finish(self.runner(SHIM, env=env))

    def runner(
        self, program: Path = RUNNER, *, prefix: tuple[str, ...] = (), env: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a background runner of the run, below another program where there is a prefix."""
        command = [*prefix, sys.executable, str(program), str(self.repo), str(self.paths.folder)]
        out = subprocess.DEVNULL  # trainings that outlive the runner have nothing of a test's
        return subprocess.Popen(
            command, env={**self.env, **(env or {})}, cwd=self.repo, stdout=out, stderr=out
        )

    def finish(self, runner: subprocess.Popen[bytes]) -> int:
        """Wait for the end of a runner; return its exit code."""
        try:
            return runner.wait(timeout=PATIENCE_S)
        finally:
            runner.kill()
            runner.wait()

    def resume(self) -> None:
        """Carry the run on to its end, as a user does: again where the baseline was killed."""
        for _ in range(3):
            done = self.door("resume", "--no-background-train")
            if done.returncode != BASELINE_FAILED:
                break
        assert done.returncode == 0, f"{self.said()}: {done.stdout}\n{done.stderr}"

    def door(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Call the command line."""
        return subprocess.run(
            [sys.executable, str(DOOR), *words],
            cwd=self.repo,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def said(self) -> str:
        """Return where the victim was killed."""
        return self.note.read_text().strip() if self.note.exists() else "not killed"

    def seen(self) -> Seen:
        """Return what the run came to."""
        rows = load(self.paths).timeline.rows
        lines = self.ledger.read_text().splitlines()
        return Seen(
            rows=[(row.iteration, row.description, row.outcome, row.metric, row.verdict) for row in rows],
            trained=Counter(line.split()[1] for line in lines if line.startswith("begun")),
            events=counted([one.event for one in read(self.paths.history)]),
        )

    def audit(self) -> None:
        """Hold the end of a run against what is promised of every run, however it was killed."""
        where = self.said()
        loaded = load(self.paths)
        assert loaded.run.stopped == "done", where
        assert verify(self.paths.history) == loaded.position, where
        events = [one.event for one in read(self.paths.history)]
        results = [event.iteration for event in events if isinstance(event, ev.ResultRecorded)]
        recorded = self.form.recorded or tuple(range(self.form.loops + 1))
        assert sorted(results) == list(recorded), f"{where}: {results}"
        assert self._lines("overlap") == [], where
        self._audit_trainings(events, where)
        self._audit_proposals(events, where)
        self._audit_commits(events, where)
        self._audit_views(where)
        self._audit_anchor(where)
        replayed = self.door("replay")
        assert replayed.returncode == 0, f"{where}: {replayed.stdout[-1500:]}"
        assert set(self.git("status", "--porcelain").splitlines()) <= {"?? results.tsv"}, where

    def _audit_trainings(self, events: list[ev.Event], where: str) -> None:
        begun = [line.split()[1] for line in self._lines("begun")]
        assert len(begun) == len(set(begun)), where
        finished = set()
        for event in events:
            if isinstance(event, ev.TrainingStarted):
                assert event.iteration not in finished, where
            failed_baseline = isinstance(event, ev.TrainingFinished) and event.iteration == 0 and event.reason
            if isinstance(event, ev.TrainingFinished) and not failed_baseline:
                assert event.iteration not in finished, where
                finished.add(event.iteration)

    def _audit_proposals(self, events: list[ev.Event], where: str) -> None:
        received = [one.seq for one in read(self.paths.history) if isinstance(one.event, ev.ProposalReceived)]
        used = [event.received for event in events if isinstance(event, ev.ProposalChosen) and event.received]
        assert len(self.form.dropped) == len(received), where
        assert sorted(received) == sorted(used), where
        assert list(self.paths.proposals.iterdir()) == [], where

    def _audit_commits(self, events: list[ev.Event], where: str) -> None:
        for event in events:
            if isinstance(event, ev.CandidateCommitted):
                assert self.git("rev-parse", event.ref) == event.commit, where
                assert self.git("rev-parse", f"{event.commit}^") == event.base_commit, where
        best = load(self.paths).run.best
        assert best is not None
        assert self.git("rev-parse", load(self.paths).run.branch) == best.commit, where
        self.git("fsck", "--no-dangling")

    def _audit_views(self, where: str) -> None:
        loaded = load(self.paths)
        assert self.paths.results.read_text() == results_tsv(loaded.timeline), where
        assert (self.repo / "results.tsv").read_text() == self.paths.results.read_text(), where
        assert json.loads(self.paths.state.read_text())["position"]["seq"] == loaded.position.seq, where
        lines = self.paths.runner_log.read_text().splitlines()
        assert len(lines) == 1 + loaded.position.seq, where

    def _audit_anchor(self, where: str) -> None:
        seen = anchor.last(load(self.paths).run, RealGit(self.repo))
        assert seen is not None, where
        assert seen.seq == load(self.paths).position.seq, where

    def _lines(self, kind: str) -> list[str]:
        lines = self.ledger.read_text().splitlines()
        return [line for line in lines if line.startswith(kind)]
