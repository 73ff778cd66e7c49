"""What a page may say to a run, where that was allowed: commands, run as anybody types them.

A page hands back the token of this start of the server, and comes from its own address: another site that a
browser shows cannot speak for it. Nothing is written here; the command records its event, or refuses.
"""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen
from starlette.requests import Request

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.system.processes.run_command import run
from autoresearch.events.errors import UsageRefused


TOKEN_HEADER = "x-autoresearch-token"  # noqa: S105 - the name of a header
MOST_BYTES = 2**18  # of a request
LONGEST_S = 120.0  # a long history is read before something is appended to it
Fields = Mapping[str, str]

COMMANDS: Mapping[str, Callable[[Fields], list[str]]] = {
    "propose": lambda given: ["propose", *_proposal(given)],
    "check": lambda given: ["propose", "--check", *_proposal(given)],
    "withdraw": lambda given: ["withdraw", _whole(given, "number")],
    "answer": lambda given: ["answer", f"--question={_whole(given, 'number')}", "--", given.get("text", "")],
    "note": lambda given: ["note", "--", given.get("text", "")],
    "idea": lambda given: ["ideas", "add", "--", given.get("text", "")],
    "idea_first": lambda given: ["ideas", "first", _whole(given, "number")],
    "idea_drop": lambda given: ["ideas", "drop", _whole(given, "number")],
    "pause": lambda given: ["pause", f"--reason={given.get('reason', '')}"],
    "unpause": lambda _given: ["unpause"],
    "stop": lambda _given: ["stop"],
    "stop_now": lambda _given: ["stop", "--now"],
    "resume": lambda given: ["resume", f"--loops={_whole(given, 'loops')}"],
    "approve": lambda given: ["approve", _whole(given, "number")],
    "veto": lambda given: ["veto", _whole(given, "number"), f"--why={given.get('why', '')}"],
    "retract": lambda given: ["retract", _whole(given, "number"), f"--why={given.get('why', '')}"],
}


class NotAllowed(UsageRefused):
    """A request to steer has no token of this start, or comes from another address."""


@frozen(kw_only=True)
class Control:
    """The right to steer, for one start of the server."""

    program: Sequence[str]  # how a command is called
    folder: Path  # where from
    token: str

    def refuse_stranger(self, request: Request) -> None:
        """Look whether a request comes from a page of this server that knows the token.

        Raises:
            NotAllowed: it does not.
        """
        given = request.headers.get(TOKEN_HEADER, "")
        own = f"http://{request.headers.get('host', '')}"
        if request.headers.get("origin") != own or not secrets.compare_digest(
            given.encode(), self.token.encode()
        ):
            raise NotAllowed("steering needs the token of this start, and a page of this server")

    def say(self, paths: RunPaths, body: bytes) -> dict[str, Any]:  # Any: it is JSON
        """Run the command that a page asks for; return how it ended and what it said.

        Raises:
            UsageRefused: it asks for none that there is.
        """
        name, given = _asked(body)
        words = COMMANDS[name](given)
        where = ["--run-id", paths.run_id, "--repo", str(paths.home)]
        command = [*self.program, words[0], *where, *words[1:]]
        proposal = given.get("proposal", "").encode()
        done = run(command, cwd=self.folder, stdin=proposal, timeout_s=LONGEST_S)
        said = (done.stdout + done.stderr).decode(errors="replace").strip()
        return {"ok": done.exit_code == 0, "exit_code": done.exit_code, "said": said}


def _asked(body: bytes) -> tuple[str, dict[str, str]]:
    """Return the name of a command, and its fields, all of them texts."""
    try:
        asked = json.loads(body) if len(body) <= MOST_BYTES else None
    except ValueError:
        asked = None
    if not isinstance(asked, dict) or not all(isinstance(one, str) for one in asked.values()):
        raise UsageRefused(f"expected an object of texts, of at most {MOST_BYTES} bytes")
    name = asked.pop("command", "")
    if name not in COMMANDS:
        raise UsageRefused(f"command: expected one of {', '.join(COMMANDS)}")
    if any("\0" in value for value in asked.values()):
        raise UsageRefused("a text holds a NUL, which no command takes")
    return name, asked


def _proposal(given: Fields) -> list[str]:
    if given.get("proposal"):  # whole, as the form of its schema makes it
        return [*(["--first"] if given.get("first") else []), "-"]
    named = [f"--{name}={given[name]}" for name in ("description", "plan", "hypothesis") if given.get(name)]
    settings = [f"--set={line.strip()}" for line in given.get("set", "").splitlines() if line.strip()]
    return [*named, *settings, *(["--first"] if given.get("first") else [])]


def _whole(given: Fields, name: str) -> str:
    value = given.get(name, "")
    if not (value.isascii() and value.isdecimal() and len(value) < 10):  # noqa: PLR2004 - digits
        raise UsageRefused(f"{name}: expected a whole number")
    return value
