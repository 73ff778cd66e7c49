"""A night: a run of every kind of step, driven by commands alone, with a human who proposes meanwhile.

What must hold in the morning, whatever happened: every idea was tried exactly once, no proposal is lost, no
good work is called a crash or not applied, what was measured is of the code that was committed, and the audit
finds nothing.
"""

import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.load import Loaded, load
from autoresearch.engine.runs.places import runs_of
from autoresearch.engine.system.locks import is_locked
from autoresearch.events import catalog as ev
from autoresearch.events.log.read import read, verify
from autoresearch.projections.timeline import Row
from tests.crash_helpers import DOOR, TRAIN
from tests.processes import end_everything, living
from tests.waiting import PATIENCE_S, until


# Slow enough to be met at work; an edit and a preparation that were cut off must not count.
AGENT = """\
import json, os, pathlib, sys, time
prompt = sys.stdin.read()
time.sleep(0.05)
if "you only propose" in prompt:
    ideas = os.open(os.environ["NIGHT_IDEAS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(ideas, b"x")
    number = os.fstat(ideas).st_size
    words = dict.fromkeys(("description", "change_plan", "commit_description"), f"idea {number}")
    print(json.dumps({"status": "ok", **words, "set": {"LR": 0.04 + number / 1000}}))
elif "fix_and_rerun" in prompt:
    print(json.dumps({"action": "discard", "reason": "it cannot work"}))
else:
    train = pathlib.Path("train.py")
    text = train.read_text()
    train.write_text(text[: len(text) // 2])
    time.sleep(0.05)
    train.write_text(text.replace('FAIL = ""', 'MINE = 1\\nFAIL = ""'))
    print("done")
"""
PREPARE = """\
import os, sys, time
data = os.environ["NIGHT_DATA"]
if sys.argv[1:]:
    raise SystemExit(not (os.path.exists(data) and open(data).read() == "all of it"))
for part in ("all ", "of ", "it"):
    with open(data, "a" if part != "all " else "w") as file:
        file.write(part)
    time.sleep(0.03)
"""
# What a training leaves on the disk, and breaks off for where there is no room.
MODEL = ('if FAIL == "crash"', 'open("model.bin", "wb", buffering=0).write(b"w" * 2**15)\nif FAIL == "crash"')
SETTINGS = """\
[tool.autoresearch]
keep_rule = "lower"
final = 0
check = ["{python}", "-S", "prepare.py", "--check"]
prepare = ["{python}", "-S", "prepare.py"]
protected = ["prepare.py"]
guidance_file = "train.py"
agent = "custom"
train = ["{python}", "-S", "train.py"]
agent_command = ["{python}", "-S", AGENT]
agent_writes = [IDEAS]
"""
# How each of the human's ideas must end: a keep, one that does not compile, a crash, and one for the agent.
DROPPED = {
    "wider": ({"set": {"WIDTH": 16}}, "succeeded"),
    "broken": ({"edits": [{"search": "LR = ", "replace": "LR = ("}]}, "not_applied"),
    "breaks": ({"set": {"FAIL": "crash"}}, "crashed"),
    "in words": ({}, "succeeded"),
}
DROPPED_LATE = "dropped late"
BY_COMMAND = "by command"
HUMAN = {**{name: outcome for name, (_, outcome) in DROPPED.items()}, DROPPED_LATE: "succeeded"}
LOOPS = len(HUMAN) + 3  # one comes by a command, and two are the agent's own
INNOCENT = {
    "no_room",
    "began_on_another",  # of a training whose mark a power cut took
    "machine_restarted",
    "supervisor_told",
    "supervisor_killed",
    "supervisor_killed_before",
    "supervisor_killed_ended",
    "stop_now",
}


class Called:
    """A command that was called, and may have been killed meanwhile."""

    def __init__(self, night: "Night", words: tuple[str, ...]) -> None:
        handle, name = tempfile.mkstemp(dir=night.folder)
        self._output = Path(name)
        self._process = subprocess.Popen(
            [sys.executable, str(DOOR), *words],
            cwd=night.repo,
            env=night.env,
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=subprocess.STDOUT,
        )
        os.close(handle)

    @property
    def code(self) -> int | None:
        """Return its exit code; None while it is at work."""
        return self._process.poll()

    def wait(self) -> int:
        """Wait for its end; return its exit code."""
        return self._process.wait(timeout=PATIENCE_S)

    def said(self) -> str:
        """Return what it has printed."""
        return self._output.read_text()


class Night:
    """A repository in which a run may be started, and put back to before it."""

    def __init__(self, folder: Path, *, disk: Path | None = None) -> None:
        """Make it in a folder; all that a run and its jobs write lies on `disk`, where one is given."""
        self.folder = folder
        self._called: list[Called] = []
        self.repo, self._template = (disk or folder) / "repo", folder / "template"
        self.ledger = folder / "ledger"
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
        self.env |= {"CRASH_LEDGER": str(self.ledger), "AUTORESEARCH_DEVICES": str(folder / "devices")}
        self._data = self.repo.parent / "data"
        self.env["NIGHT_DATA"] = str(self._data)
        self._ideas = folder / "ideas" / "had"  # counted by the agent
        self._ideas.parent.mkdir()
        self.env["NIGHT_IDEAS"] = str(self._ideas)
        (folder / "agent.py").write_text(AGENT)
        self.repo.mkdir(parents=True)
        (self.repo / "train.py").write_text(TRAIN.replace("0.03", "0.1").replace(*MODEL))
        (self.repo / "prepare.py").write_text(PREPARE)
        agent, ideas = (json.dumps(str(path)) for path in (folder / "agent.py", self._ideas.parent))
        settings = SETTINGS.replace("AGENT", agent).replace("IDEAS", ideas)
        (self.repo / "pyproject.toml").write_text(settings)
        self.git("init", "-q", "-b", "main")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "first")
        shutil.copytree(self.repo, self._template)

    def restore(self) -> None:
        """Put everything back to where no run has been."""
        shutil.rmtree(self.repo)
        shutil.copytree(self._template, self.repo)
        self._data.unlink(missing_ok=True)
        self._ideas.unlink(missing_ok=True)
        for file in (*self.folder.glob("ledger*"), *self.folder.glob("tmp*")):
            file.unlink()

    def git(self, *words: str) -> str:
        """Run git as the user would."""
        command = ["git", "-c", "user.name=User", "-c", "user.email=user@localhost", *words]
        done = subprocess.run(
            command, cwd=self.repo, env=self.env, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def begin(self, *words: str) -> "Called":
        """Call the command line, and do not wait for it."""
        called = Called(self, words)
        self._called.append(called)
        return called

    def call(self, *words: str) -> str:
        """Call the command line; return what it printed."""
        called = self.begin(*words)
        assert called.wait() == 0, f"{words}: {called.said()}"
        return called.said()

    def end(self) -> None:
        """End everything that a test has left."""
        end_everything(self.folder)
        for one in self._called:
            one.wait()

    # --- the run ---

    @property
    def paths(self) -> RunPaths | None:
        """Return the run, once it has begun."""
        found = list(runs_of(self.repo).folder.glob("*/history.jsonl"))
        assert len(found) <= 1
        return RunPaths(home=self.repo, folder=found[0].parent) if found and found[0].stat().st_size else None

    @property
    def run(self) -> RunPaths:
        """Return the run, which has begun."""
        assert self.paths is not None
        return self.paths

    def recorded(self) -> Counter[str]:
        """Count the events so far, by type."""
        history = self.paths and self.paths.history.read_bytes()
        return Counter(re.findall(r'"type":"(\w+)"', (history or b"").decode()))

    def proposed(self) -> set[str]:
        """Return what was received so far."""
        events = [one.event for one in read(self.run.history)]
        return {one.proposal.description for one in events if isinstance(one, ev.ProposalReceived)}

    def drop(self, name: str, form: dict[str, object]) -> None:
        """Drop a proposal into the run's folder, whole at once."""
        words = dict.fromkeys(("description", "change_plan", "commit_description"), name)
        folder = self.run.proposals
        folder.mkdir(exist_ok=True)
        hidden = folder / f".{name}.tmp"
        hidden.write_text(json.dumps({"status": "ok", **words, **form}))
        hidden.rename(folder / f"{name}.json")

    def loaded(self) -> Loaded:
        """Return the states that the history folds to."""
        return load(self.run)

    def rests(self) -> bool:
        """Say whether the run came to an end, and its runner too."""
        return not is_locked(self.run.lock) and load(self.run).run.stopped is not None

    def wait(self) -> None:
        """Wait for the run's end."""
        until(self.rests, every_s=0.05)

    # --- the morning ---

    def audit(self, human: dict[str, str], where: str) -> None:
        """Hold the run against what is promised, and against how each idea of the human must have ended."""
        loaded = load(self.run)
        assert (loaded.run.stopped, loaded.run.waiting) == ("done", ()), where
        assert verify(self.run.history) == loaded.position, where
        ended = {row.description: row.outcome for row in loaded.timeline.rows}
        assert len(ended) == len(loaded.timeline.rows), f"{where}: an idea was tried twice: {ended}"
        assert human.items() <= ended.items(), f"{where}: {ended}"
        others = {ended[name] for name in ended.keys() - human.keys()}
        assert others == {"succeeded"}, f"{where}: {ended}"
        self._audit_events(loaded, where)
        self._audit_trainings(loaded, where)
        until(lambda: not living(self.folder))  # who has let go of the run is about to leave
        assert self.git("status", "--porcelain") == "", where
        self.git("fsck", "--no-dangling")
        self.call("replay")

    def _audit_events(self, loaded: Loaded, where: str) -> None:
        events = [one.event for one in read(self.run.history)]
        tried = Counter(one.iteration for one in events if isinstance(one, ev.ResultRecorded))
        assert tried == dict.fromkeys(range(loaded.run.last_iteration + 1), 1), f"{where}: {tried}"
        lost = {one.reason.code for one in events if isinstance(one, ev.JobLost)}
        assert lost <= INNOCENT, f"{where}: {lost}"
        answers = {one.outcome for one in events if isinstance(one, ev.AgentAnswered)}
        assert answers <= {"ok", "cancelled"}, f"{where}: {answers}"
        assert not [one for one in events if isinstance(one, ev.RunPaused | ev.ProposalRefused)], where

    def _audit_trainings(self, loaded: Loaded, where: str) -> None:
        lines = self.ledger.read_text().splitlines()
        assert not [line for line in lines if line.startswith("overlap")], where
        begun = [line for line in lines if line.startswith("begun")]
        assert len(begun) == len(set(begun)), f"{where}: {begun}"
        for row in loaded.timeline.rows:
            if row.outcome == "succeeded":
                assert row.metric == self._score(row), f"{where}: {row}"

    def _score(self, row: Row) -> float:
        """Return what the committed code of a row must have measured."""
        code = self.git("show", f"{row.commit}:train.py")
        lr, width = (re.findall(rf"^{name} = (.*)$", code, re.MULTILINE)[0] for name in ("LR", "WIDTH"))
        return round(1.0 + (math.log10(float(lr)) + 1.5) ** 2 / 10 + abs(int(width) - 16) / 100, 6)
