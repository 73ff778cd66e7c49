"""The MCP server: one tool for each thing to see of a run, or to say to one, and resources to read of runs.

Each call runs a command in a process of its own, so that standard output stays the protocol's, and a tool can
do nothing that a command does not. A refused command is an error of the tool, with its two lines.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations

from autoresearch.engine.system.processes.run_command import CommandTimedOut, run


LONGEST_S = 120.0  # a long history is read before something is appended to it
LAST = 50  # events or experiments where nobody says how many
LONG_LAST = 500  # events of a history that is read as a whole: half a megabyte at most
WAITED = {3, 4, 8, 124}  # codes of `wait` that are an answer, where it printed one
Object = dict[str, Any]  # Any: it is JSON

LOOKS = ToolAnnotations(read_only_hint=True)
ACTS = ToolAnnotations(read_only_hint=False, destructive_hint=False)
INSTRUCTIONS = """\
autoresearch changes a training script, trains it, and keeps what is better, by itself.
These tools look at its runs and steer them. run_id "" is the latest run of the current branch.
Call `wait` instead of asking `status` in a loop. A `key` of yours makes a call that you repeat act once.
"""


@frozen(kw_only=True)
class Commands:
    """How commands are called, and for which repository."""

    program: Sequence[str]
    repo: Path

    async def call(
        self, *words: str, run_id: str = "", stdin: bytes | None = None, longest_s: float = LONGEST_S
    ) -> str:
        """Run a command to its end and return what it printed.

        Raises:
            ToolError: it was refused, with what is wrong and the way out.
        """
        if any("\0" in word for word in (*words, run_id)):
            raise ToolError("a text holds a NUL, which no command takes")
        where = [f"--repo={self.repo}", *([f"--run-id={run_id}"] if run_id else [])]
        command = [*self.program, words[0], *where, *words[1:]]
        try:
            done = await asyncio.to_thread(run, command, cwd=self.repo, stdin=stdin, timeout_s=longest_s)
        except CommandTimedOut as error:
            raise ToolError(str(error)) from error
        if done.exit_code and not (words[0] == "wait" and done.exit_code in WAITED and done.stdout):
            raise ToolError((done.stderr or done.stdout).decode(errors="replace").strip())
        return done.stdout.decode(errors="replace")

    async def object(
        self, *words: str, run_id: str = "", key: str = "", stdin: bytes | None = None
    ) -> Object:
        """Run a command with --json and return its object; under a key, once."""
        under = [f"--key={key}"] if key else []
        said = await self.call(words[0], "--json", *under, *words[1:], run_id=run_id, stdin=stdin)
        told: Object = json.loads(said)
        return told


def server(commands: Commands) -> MCPServer[None]:
    """Return the server with its tools."""
    made: MCPServer[None] = MCPServer("autoresearch", instructions=INSTRUCTIONS, log_level="ERROR")
    for offered, hints in ((_looking(commands), LOOKS), (_steering(commands), ACTS)):
        for tool in offered:
            made.tool(annotations=hints, structured_output=True)(tool)
    for uri, kind, text in _texts(commands):
        made.resource(uri, mime_type=kind)(text)
    return made


def _texts(commands: Commands) -> Sequence[tuple[str, str, Callable[..., Any]]]:
    """Return what may be read of runs: under which name, its kind, and how it is made."""

    async def runs() -> str:
        """List the runs of the repository: run_id, branch, phase, best."""
        return await commands.call("runs", "--json")

    async def run(run_id: str) -> str:
        """Say how a run stands: the object of `status`."""
        return await commands.call("status", "--json", run_id=run_id)

    async def run_history(run_id: str) -> str:
        """Return the last events of a run, one a line, as they are stored."""
        return await commands.call("history", "--jsonl", f"--last={LONG_LAST}", run_id=run_id)

    async def run_report(run_id: str) -> str:
        """Report what came of a run, each figure with its event."""
        return await commands.call("report", "--markdown", run_id=run_id)

    one = "autoresearch://runs/{run_id}"
    return (
        ("autoresearch://runs", "application/json", runs),
        (one, "application/json", run),
        (f"{one}/history", "application/jsonl", run_history),
        (f"{one}/report", "text/markdown", run_report),
    )


def _looking(commands: Commands) -> Sequence[Callable[..., Any]]:
    async def status(run_id: str = "") -> Object:
        """Say how a run stands: what is done, being done, best, and waited for; open questions of agents."""
        return await commands.object("status", run_id=run_id)

    async def history(run_id: str = "", since: int = 0, last: int = LAST) -> Object:
        """Return the last events behind event `since`, as they are stored."""
        return await commands.object("history", f"--since={since}", f"--last={last}", run_id=run_id)

    async def experiments(run_id: str = "", last: int = LAST) -> Object:
        """Return the last iterations: what was tried, and what came of it."""
        return await commands.object("experiments", f"--last={last}", run_id=run_id)

    async def ideas(run_id: str = "") -> Object:
        """List what was left for later, by agents and people, and what results taught."""
        return await commands.object("ideas", run_id=run_id)

    async def show(number: int, run_id: str = "") -> Object:
        """Return one iteration whole: proposal, diff, metrics, events; 0 is the baseline."""
        return await commands.object("show", str(number), run_id=run_id)

    async def diff(number: int, run_id: str = "") -> Object:
        """Return the diff of one iteration's candidate."""
        told = await commands.call("show", "--diff", str(number), run_id=run_id)
        return {"iteration": number, "diff": told}

    async def wait(
        run_id: str = "", wanted: str = "any", timeout_s: float = 30, since: int | None = None
    ) -> Object:
        """Wait for end, keep, question, or any; `since`: the `seq` of the last wait."""
        after = [] if since is None else [f"--since={since}"]
        seconds = min(max(timeout_s, 0.0), LONGEST_S)
        words = ("wait", "--json", f"--for={wanted}", f"--timeout={seconds}", *after)
        told: Object = json.loads(await commands.call(*words, run_id=run_id, longest_s=seconds + LONGEST_S))
        return told

    return status, history, experiments, ideas, show, diff, wait


def _steering(commands: Commands) -> Sequence[Callable[..., Any]]:
    async def propose(proposal: Object, run_id: str = "", key: str = "", check: bool = False) -> Object:  # noqa: FBT001, FBT002 - its fields
        """Propose the next change: description, change_plan, commit_description; one of set, edits, patch.

        With `check`, only say whether it fits the best code.
        """
        raw = json.dumps({"status": "ok", **proposal}).encode()
        return await commands.object(
            "propose", *(["--check"] if check else []), "-", run_id=run_id, key=key, stdin=raw
        )

    async def answer(text: str, question: int | None = None, run_id: str = "", key: str = "") -> Object:
        """Answer a question of an agent, by its number in `status` where several are open."""
        number = [] if question is None else [f"--question={question}"]
        return await commands.object("answer", *number, "--", text, run_id=run_id, key=key)

    async def approve(number: int, run_id: str = "", key: str = "") -> Object:
        """Let an iteration be kept that waits for a word: `approvals` in `status`."""
        return await commands.object("approve", str(number), run_id=run_id, key=key)

    async def veto(number: int, why: str, run_id: str = "", key: str = "") -> Object:
        """Do not let an iteration be kept that waits for a word."""
        return await commands.object("veto", str(number), f"--why={why}", run_id=run_id, key=key)

    async def note(text: str, run_id: str = "", key: str = "") -> Object:
        """Write something into the run's history, which agents that propose read."""
        return await commands.object("note", "--", text, run_id=run_id, key=key)

    async def idea(
        add: str = "", drop: int | None = None, first: int | None = None, run_id: str = "", key: str = ""
    ) -> Object:
        """Leave an idea for later, drop one by its number, or put one first."""
        words = ("add", "--", add) if drop is None and first is None else ("drop", str(drop))
        words = words if first is None else ("first", str(first))
        return await commands.object("ideas", *words, run_id=run_id, key=key)

    async def pause(reason: str = "", run_id: str = "", key: str = "") -> Object:
        """Start nothing new until `unpause`; what runs goes on."""
        return await commands.object("pause", f"--reason={reason}", run_id=run_id, key=key)

    async def unpause(run_id: str = "", key: str = "") -> Object:
        """Lift a pause."""
        return await commands.object("unpause", run_id=run_id, key=key)

    async def stop(now: bool = False, run_id: str = "", key: str = "") -> Object:  # noqa: FBT001, FBT002 - a tool's fields
        """Stop the run after the current stage, or at once."""
        return await commands.object("stop", *(["--now"] if now else []), run_id=run_id, key=key)

    async def start(loops: int = 1, agent: str = "", key: str = "") -> Object:
        """Begin a new run; agent "none": the seeded search proposes. It goes on when this session is over."""
        asked = [f"--agent={agent}"] if agent else []
        return await commands.object("start", f"--loops={loops}", *asked, key=key)

    async def resume(loops: int | None = None, run_id: str = "", key: str = "") -> Object:
        """Ask for more loops; without a number, go on with what is left."""
        return await commands.object(
            "resume", *([] if loops is None else [f"--loops={loops}"]), run_id=run_id, key=key
        )

    return propose, answer, approve, veto, note, idea, pause, unpause, stop, start, resume
