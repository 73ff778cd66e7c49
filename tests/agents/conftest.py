"""A run's repository in which one real program is installed, led to a model of this machine."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from tests.agents.model_apis import Reply, Say, Turn
from tests.agents.model_server import ModelServer
from tests.agents.programs import ALL, BIN, ROOT, Hands, node
from tests.e2e.conftest import Program, program  # noqa: F401 - a fixture
from tests.waiting import PATIENCE_S


LONG_S = 8 * PATIENCE_S  # of programs that try again by themselves for minutes
# What each prompt of the runner begins with, and an operator's.
STEPS = {
    "propose": "You propose the next experiment",
    "edit": "You make the next experiment",
    "apply": "Carry out the change of one experiment",
    "triage": "The training of one experiment did not succeed",
    "review": "You review one change before it is",
    "operate": "You operate autoresearch here",
}
TOOLS = ("bash", "dirname", "uname", "readlink", "sed", "cat", "ls", "grep", "head", "sleep", "which", "rm")

Steps = Sequence[Reply]


@frozen(kw_only=True)
class Seat:
    """One program, its model, and the command line of autoresearch beside it."""

    hands: Hands
    runs: Program
    model: ModelServer
    scripts: dict[str, Callable[[Turn], Steps]]  # by step: what the model does, one after the other

    @property
    def train(self) -> Path:
        """Return the script of the checkout in which agents work."""
        return self.runs.run_folder() / "workbench" / "train.py"

    def set_up(self, **settings: object) -> None:
        """Commit settings of the run."""
        lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
        file = self.runs.repo / "pyproject.toml"
        file.write_text(file.read_text() + f'agent_model = "{self.hands.model}"\n' + lines)
        self.runs.git("add", "-A")
        self.runs.git("commit", "-qm", "settings")

    def run(self, *words: str, loops: int = 1) -> None:
        """Start a run with this program, and wait for its end."""
        asked = ("start", "--agent", self.hands.name, "--loops", str(loops), "--prefetch", "0", *words)
        self._to_the_end(*asked)

    def resume(self, *, loops: int) -> None:
        """Go on with the run, and wait for its end."""
        self._to_the_end("resume", "--loops", str(loops))

    def health(self) -> dict[str, object]:
        """Return what the status says of the program."""
        (one,) = self.runs.status()["agents"]
        return one

    def of(self, kind: str) -> list[dict]:
        """Return the events of a kind."""
        return [one for one in self.runs.events() if one["type"] == kind]

    def serve_mcp(self) -> None:
        """Name the server of MCP in the program's settings."""
        assert self.hands.serve is not None  # it is an operator
        command = (*self.runs.door, "mcp", "--repo", str(self.runs.repo))
        self.hands.serve(command, Path(self.runs.env["HOME"]), self.runs.env)

    def operate(self) -> str:
        """Let the program sit at the operator's seat, end all that it left; return what it printed."""
        assert self.hands.operator is not None  # it is one
        with subprocess.Popen(
            self.hands.operator(self.runs.repo, Path(self.runs.env["HOME"])),
            cwd=self.runs.repo,
            env=self.runs.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as working:
            said, _ = working.communicate(f"{STEPS['operate']}.", timeout=LONG_S)
            with contextlib.suppress(ProcessLookupError):  # nobody was left
                os.killpg(working.pid, signal.SIGKILL)
        assert 0 == working.returncode, said
        return said

    def _to_the_end(self, *words: str) -> None:
        done = subprocess.run(
            [*self.runs.door, *words, "--no-background-train"],
            cwd=self.runs.repo,
            env=self.runs.env,
            capture_output=True,
            text=True,
            timeout=LONG_S,
            check=False,
        )
        assert 0 == done.returncode, done.stdout + done.stderr


def asked(turn: Turn, hands: Hands) -> str:
    """Return the step that a request is of; "" of a program's own, as for a title."""
    found = {step: turn.text.rfind(words) for step, words in STEPS.items()}
    last = max(found, key=lambda step: found[step])
    return last if found[last] >= 0 and (turn.tools or hands.in_words) else ""


def proposal(name: str, **form: object) -> Say:
    """Return a proposal as an agent's last words."""
    words = {
        "description": name,
        "change_plan": f"Do it: {name}.",
        "commit_description": f"experiment: {name}",
    }
    return Say(json.dumps({"status": "ok", **words, **form}))


def in_turn(*scripts: Any) -> Callable[[Turn], Any]:
    """Return what a model does for the first question of a step, for the second, and so on."""
    begun: list[str] = []

    def script(turn: Turn) -> Any:
        if not turn.results and turn.text not in begun:
            begun.append(turn.text)
        return scripts[min(len(begun), len(scripts)) - 1]

    return script


def edit(seat: Seat, old: str, new: str, *, beside: str = "") -> Callable[[Turn], Steps]:
    """Return a script that edits train.py, and writes another file beside it."""

    def script(_turn: Turn) -> Steps:
        more = [seat.hands.write(seat.train.parent / beside, "mine")] if beside else []
        return [*seat.hands.edit(seat.train, old, new), *more]

    return script


def rows(seat: Seat) -> Sequence[dict]:
    """Return the table of experiments."""
    return json.loads(seat.runs("experiments", "--json").stdout)["experiments"]


def hours_from_now(hours: float) -> str:
    """Return a time as services write it."""
    return (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture(params=ALL, ids=lambda one: one.name)
def seat(program: Program, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Seat]:  # noqa: F811
    """One program at a run's side, with a model that does as it is told."""
    hands: Hands = request.param
    if not hands.installed:
        pytest.skip(f"{hands.name} is not installed: make test-agents")
    with seated(hands, program, tmp_path / "bin") as one:
        yield one


@contextlib.contextmanager
def seated(hands: Hands, runs: Program, tools: Path) -> Iterator[Seat]:
    """Lead a program to a model that does as it is told, beside tools that are linked into a folder."""
    scripts: dict[str, Callable[[Turn], Steps]] = {}

    def reply(turn: Turn) -> Reply:
        step = asked(turn, hands)
        return hands.reply(scripts[step](turn), len(turn.results)) if step in scripts else Say("fine")

    model = ModelServer(reply)
    for name in TOOLS:
        if found := shutil.which(name):
            (tools / name).symlink_to(found)
    runs.env |= {
        "PATH": f"{tools}:{BIN}:{node()}:/usr/bin:/bin",
        "PYTHON": str(ROOT / ".venv/bin/python"),
        "CLAUDE_CODE_MAX_RETRIES": "2",  # ten take it three minutes
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
        **hands.settings(model.url, Path(runs.env["HOME"])),
    }
    try:
        yield Seat(hands=hands, runs=runs, model=model, scripts=scripts)
    finally:
        model.close()
