"""The real programs: where they are, how each is led to the loopback model, and what its tools take.

AUTORESEARCH_AGENTS names the folder into which `make test-agents` has npm install them, and pip aider.
"""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from attrs import frozen

from autoresearch.engine.paths import EDIT_CHECKOUT
from tests.agents.model_apis import Call, Late, Reply, Say


ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("AUTORESEARCH_AGENTS", ROOT / ".agent-programs"))
BIN = FOLDER / "node_modules" / ".bin"


@frozen(kw_only=True)
class Hands:
    """How a program's model touches the world: the calls that its tools take."""

    name: str
    settings: Callable[[str, Path], dict[str, str]]  # (url of the model, home) -> environment
    edit: Callable[[Path, str, str], Sequence[Call | Say]]  # in a file, one text for another
    write: Callable[[Path, str], Call | Say]  # a file anew
    model: str  # as it is asked for
    # Of those that may sit at an operator's seat.
    serve: Callable[[Sequence[str], Path, dict[str, str]], None] | None = None  # (MCP, home, environment)
    line: Callable[[str], Call] | None = None
    operator: Callable[[Path, Path], Sequence[str]] | None = None  # (folder, home) -> its command

    search: bool = False  # it has to look for tools of MCP before it may call them
    in_words: bool = False  # its model has no tools: what it edits stands in its answer
    has_session: bool = True
    has_price: bool = True  # of its own

    @property
    def installed(self) -> bool:
        """Say whether it lies where it is looked for."""
        return (BIN / self.name).exists()

    def reply(self, steps: Sequence[Reply], done: int) -> Reply:
        """Return what the model does after some of its steps; without tools, all of them are one answer."""
        if not self.in_words:
            return steps[min(done, len(steps) - 1)]
        late = sum(one.seconds for one in steps if isinstance(one, Late))
        said = [one.reply if isinstance(one, Late) else one for one in steps]
        if (trouble := next((one for one in said if not isinstance(one, Say)), None)) is not None:
            return trouble
        answer = Say("\n\n".join(one.text for one in said if isinstance(one, Say)))
        return Late(late, answer) if late else answer


def node() -> Path:
    """Return the folder of node, by which npm's programs are run."""
    found = shutil.which("node")
    return Path(found).parent if found else BIN


def _replaced(file: Path, old: str, new: str) -> str:
    """Return a shell command that puts one text for another."""
    script = (
        "import pathlib,sys; p=pathlib.Path(sys.argv[1]); p.write_text(p.read_text().replace(*sys.argv[2:]))"
    )
    quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in (script, file.name, old, new))
    return f"python3 -c {quoted}"


def _opencode_settings(url: str, home: Path) -> dict[str, str]:
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "options": {"baseURL": f"{url}/v1", "apiKey": "none"},
        "models": {"one": {"cost": {"input": 1.0, "output": 4.0, "cache_read": 0.1}}},
    }
    return {"OPENCODE_CONFIG_CONTENT": json.dumps({"provider": {"here": provider}})}


def _opencode_server(command: Sequence[str], home: Path, env: dict[str, str]) -> None:
    settings = json.loads(env["OPENCODE_CONFIG_CONTENT"])
    server = {"type": "local", "command": list(command), "enabled": True, "timeout": 60_000}
    env["OPENCODE_CONFIG_CONTENT"] = json.dumps(settings | {"mcp": {"autoresearch": server}})


def _codex_server(command: Sequence[str], home: Path, _env: dict[str, str]) -> None:
    program, *words = command
    with (home / ".codex" / "config.toml").open("a") as file:
        file.write(
            f"[mcp_servers.autoresearch]\ncommand = {json.dumps(program)}\nargs = {json.dumps(words)}\n"
            f"required = true\nstartup_timeout_sec = 60\ntool_timeout_sec = 120\n"
        )


def _claude_server(command: Sequence[str], home: Path, _env: dict[str, str]) -> None:
    server = {"command": command[0], "args": list(command[1:])}
    (home / "mcp.json").write_text(json.dumps({"mcpServers": {"autoresearch": server}}))


def _claude_operator(_folder: Path, home: Path) -> Sequence[str]:
    mcp = home / "mcp.json"
    return (
        *("claude", "-p", "--output-format", "stream-json", "--verbose", "--no-session-persistence"),
        *("--allowedTools", "Bash,mcp__autoresearch"),
        *(("--mcp-config", str(mcp), "--strict-mcp-config") if mcp.exists() else ()),
    )


def _codex_settings(url: str, home: Path) -> dict[str, str]:
    folder = home / ".codex"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(
        'model = "gpt-5"\nmodel_provider = "here"\n[model_providers.here]\nname = "here"\n'
        f'base_url = "{url}/v1"\nwire_api = "responses"\n'
    )
    return {}


def _claude_settings(url: str, home: Path) -> dict[str, str]:
    home.mkdir(parents=True, exist_ok=True)
    return {
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": "none",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    }


def _gemini_settings(url: str, home: Path) -> dict[str, str]:
    folder = home / ".gemini"
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "privacy": {"usageStatisticsEnabled": False},
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    return {"GOOGLE_GEMINI_BASE_URL": url, "GEMINI_API_KEY": "none", "GEMINI_CLI_TRUST_WORKSPACE": "true"}


def _gemini_server(command: Sequence[str], home: Path, _env: dict[str, str]) -> None:
    file = home / ".gemini" / "settings.json"
    server = {"command": command[0], "args": list(command[1:]), "timeout": 120_000, "trust": True}
    file.write_text(json.dumps(json.loads(file.read_text()) | {"mcpServers": {"autoresearch": server}}))


def _claude_edit(file: Path, old: str, new: str) -> Sequence[Call]:
    change = {"file_path": str(file), "old_string": old, "new_string": new}
    return Call("Read", {"file_path": str(file)}), Call("Edit", change)


def _gemini_edit(file: Path, old: str, new: str) -> Sequence[Call]:
    change = {"file_path": str(file), "old_string": old, "new_string": new}
    return (Call("replace", change | {"instruction": "put the other text there"}),)


def _aider_settings(url: str, home: Path) -> dict[str, str]:
    prices = home / ".aider" / "caches" / "model_prices_and_context_window.json"
    prices.parent.mkdir(parents=True)
    prices.write_text('{"none": {}}')  # else it looks for them in the network, and tells at length of that
    return {
        "OPENAI_API_BASE": f"{url}/v1",
        "OPENAI_API_KEY": "none",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }


def _aider_edit(file: Path, old: str, new: str) -> Sequence[Say]:
    """Return a block as aider wants it: whole lines, and the name of the file above."""
    line = next((one for one in file.read_text().splitlines() if old in one), old)
    return (_block(file, f"{line}\n", line.replace(old, new)),)


def _block(file: Path, old: str, new: str) -> Say:
    name = file.name if file.parent.name == EDIT_CHECKOUT else str(file)
    return Say(f"{name}\n```\n<<<<<<< SEARCH\n{old}=======\n{new}\n>>>>>>> REPLACE\n```")


OPENCODE = Hands(
    name="opencode",
    settings=_opencode_settings,
    serve=_opencode_server,
    line=lambda line: Call("bash", {"command": line, "description": "do it"}),
    edit=lambda file, old, new: (
        Call("bash", {"command": _replaced(file, old, new), "description": "edit"}),
    ),
    write=lambda file, text: Call("bash", {"command": f"echo {text} > {file}", "description": "note"}),
    model="here/one",
    operator=lambda folder, _home: (
        "opencode",
        "run",
        "--format",
        "json",
        "--auto",
        "--dir",
        str(folder),
        "-m",
        "here/one",
    ),
)
CODEX = Hands(
    name="codex",
    settings=_codex_settings,
    serve=_codex_server,
    line=lambda line: Call("exec_command", {"cmd": line, "yield_time_ms": 30_000}),
    edit=lambda file, old, new: (Call("exec_command", {"cmd": _replaced(file, old, new)}),),
    write=lambda file, text: Call("exec_command", {"cmd": f"echo {text} > {file}"}),
    model="gpt-5",
    has_price=False,
    operator=lambda folder, _home: (
        *("codex", "exec", "--json", "--ephemeral", "-s", "danger-full-access", "-C", str(folder), "-"),
    ),
)
CLAUDE = Hands(
    name="claude",
    settings=_claude_settings,
    serve=_claude_server,
    line=lambda line: Call("Bash", {"command": line, "description": "do it"}),
    edit=_claude_edit,
    write=lambda file, text: Call("Write", {"file_path": str(file), "content": text}),
    model="claude-sonnet-4-6",
    operator=_claude_operator,
    search=True,
)
GEMINI = Hands(
    name="gemini",
    settings=_gemini_settings,
    serve=_gemini_server,
    line=lambda line: Call("run_shell_command", {"command": line, "description": "do it"}),
    edit=_gemini_edit,
    write=lambda file, text: Call("write_file", {"file_path": str(file), "content": text}),
    model="gemini-2.5-pro",
    has_price=False,
    operator=lambda _folder, _home: (
        *("gemini", "--output-format", "stream-json", "--approval-mode", "yolo"),
        *("-m", "gemini-2.5-pro"),  # else it asks a model which of its models to take
    ),
)
AIDER = Hands(
    name="aider",
    settings=_aider_settings,
    edit=_aider_edit,
    write=lambda file, text: _block(file, "", text),
    model="openai/gpt-4o",
    in_words=True,
    has_session=False,
)
OPERATORS = (OPENCODE, CODEX, CLAUDE, GEMINI)  # that have a shell, and tools of MCP
ALL = (*OPERATORS, AIDER)
