"""The agent programs that are known: how each is called, and which one `auto` takes.

A table at the end. Reads no output (engine/agents/transcripts.py does) and starts nothing.
"""

import os
import shutil
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path

from attrs import frozen

from autoresearch.engine.agents import plain_transcripts, transcripts
from autoresearch.engine.agents.confinement import Kept
from autoresearch.engine.agents.programs import Program
from autoresearch.engine.ports.agent import READS, Agent, Ask
from autoresearch.events.errors import UsageRefused
from autoresearch.events.setting import program_in
from autoresearch.events.settings import RunConfig
from autoresearch.projections.parts.proposers import SEARCH


NONE = "none"  # no agent is asked
EARLIER = {"command": "custom"}  # names that an agent had before
MOST_FILES = 20  # that are shown to a program which reads none by itself
# In lines of JSON that tell of a connection that is lost and tried again, and of no work (as of 2026-11).
RETRIES = (
    *('"type":"error"', '"type":"turn.failed"', '"subtype":"api_retry"', "Reconnecting..."),
    'message="stream error"',
)


@frozen(kw_only=True)
class Found:
    """Which agent is asked, and why that one."""

    agent: str
    why: str  # a key of FOUND in projections/words/wording.py
    login: str = ""  # the file, or the $VARIABLE, that it was taken for


NOBODY = Found(agent=NONE, why="nothing_installed")


def adapter(name: str) -> Agent:
    """Return the agent of a name that `resolve` gave, other than "none"."""
    return program_of(name)


def program_of(name: str) -> Program:
    """Return the program behind the name of an agent."""
    program = program_in(name)
    return PROGRAMS[EARLIER.get(program, program)]


def is_installed(name: str) -> bool:
    """Say whether the program of an agent is there."""
    return adapter(name).available()


def resolve(name: str, config: RunConfig) -> str:
    """Return the name of an adapter, or "none"; "auto" takes what is there.

    Raises: UsageRefused: no agent has this name, or "custom" has no command.
    """
    return find(name, config).agent


def find(
    name: str, config: RunConfig, *, which: Callable[[str], str | None] = shutil.which, home: str = "~"
) -> Found:
    """Return which agent a name means.

    A named program need not be installed: that shows when it is asked, and is recorded then. "auto" means a
    command of the user's own, else the first program on PATH that is logged in, else the first.

    Raises: UsageRefused: no agent has this name, or "custom" has no command.
    """
    program, colon, model = name.partition(":")
    name = EARLIER.get(program, program)
    if colon and (name not in PROGRAMS or not model):
        raise UsageRefused(
            f"{program}:{model} names no model of an agent",
            remedy=f"use {CODEX.name}:MODEL, or {program} alone",
        )
    if name == "auto":
        return _auto(config, which, home)
    if name == CUSTOM.name and not config.agent_command:
        raise UsageRefused(
            "the agent 'custom' has no command",
            remedy='set agent_command = ["PROGRAM", ...] in the settings',
        )
    known = ("auto", NONE, SEARCH, *PROGRAMS)
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UsageRefused(f"no agent is called {name!r}{hint}", remedy=f"use one of {', '.join(known)}")
    return Found(agent=f"{name}{colon}{model}", why="named")


def find_all(names: str | tuple[str, ...], config: RunConfig) -> tuple[Found, ...]:
    """Return who take turns, by names that are a list, or in one string with commas; each of them once.

    `search` among them is the seeded search; alone it is what no agent means.

    Raises: UsageRefused: no agent has this name, one is named twice, or "none" beside others.
    """
    listed = [one.strip() for one in (names.split(",") if isinstance(names, str) else names)]
    if not all(listed) or len(set(listed)) < len(listed) or (NONE in listed and len(listed) > 1):
        raise UsageRefused(
            f"{', '.join(listed)} is no list of agents", remedy="name each once, without none: codex,claude"
        )
    found = {one.agent: one for one in (find(name, config) for name in listed)}
    agents = found.keys() - {NONE, SEARCH}  # auto may have found nothing
    return tuple(one for one in found.values() if one.agent != NONE) if agents else (NOBODY,)


def login_of(name: str, *, home: str = "~", environ: Mapping[str, str] = os.environ) -> str:
    """Return the file, or the $VARIABLE, that logs a program in; "" where there is none. Neither is read."""
    files, variables = LOGINS[name]
    kept = next((one for one in files if Path(one.replace("~", home, 1)).expanduser().exists()), "")
    return kept or next((f"${one}" for one in variables if environ.get(one)), "")


def _auto(config: RunConfig, which: Callable[[str], str | None], home: str) -> Found:
    if config.agent_command:
        return Found(agent=CUSTOM.name, why="own_command")
    there = [name for name in PROGRAMS if name != CUSTOM.name and which(name) is not None]
    for name in there:
        if login := login_of(name, home=home):
            return Found(agent=name, why="logged_in", login=login)
    return Found(agent=there[0], why="installed") if there else NOBODY


def _model(ask: Ask, option: str) -> tuple[str, ...]:
    return (option, ask.model) if ask.model else ()


def _opencode_command(ask: Ask) -> tuple[str, ...]:
    # Its log alone tells of requests that fail and are sent again, for minutes.
    log = ("--print-logs", "--log-level", "ERROR")
    return (
        *("opencode", "run", "--format", "json", *log, "--auto", "--dir", str(ask.worktree)),
        *_model(ask, "-m"),
        *ask.args,
    )


def _opencode_environment(ask: Ask) -> dict[str, str]:
    """Turn off AGENTS.md, which is for who operates runs.

    The switch turns off the settings that lie in the checkout as well, so they are named one by one. Where
    the user's environment takes their place already, or there are more than one can name, all is left on.
    """
    files = [file for name in ("opencode.json", "opencode.jsonc") if (file := ask.worktree / name).is_file()]
    own = ask.worktree / ".opencode"
    folders = [own] if own.is_dir() else []
    named = {"OPENCODE_CONFIG": files, "OPENCODE_CONFIG_DIR": folders}
    if any(len(found) + (variable in os.environ) > 1 for variable, found in named.items() if found):
        return {}
    settings = {variable: str(found[0]) for variable, found in named.items() if found}
    return {"OPENCODE_DISABLE_PROJECT_CONFIG": "1", **settings}


def _codex_command(ask: Ask) -> tuple[str, ...]:
    sandbox = "read-only" if ask.step in READS else "workspace-write"
    if ask.beside is not None:  # its own sandbox mounts, which nobody may who is confined already
        sandbox = "danger-full-access"
    return (
        *("codex", "exec", "--json", "--ephemeral", "-s", sandbox),
        *("-c", "project_doc_max_bytes=0"),  # no AGENTS.md: it is for who operates runs
        *("-C", str(ask.worktree)),
        *_model(ask, "-m"),
        *ask.args,
        "-",
    )


def _claude_command(ask: Ask) -> tuple[str, ...]:
    # A tool that it has not got cannot be denied to it, which would spoil its answer. What is allowed by name
    # is so for every path; acceptEdits allows edits below its folder.
    reads = "Read,Grep,Glob"
    tools = reads if ask.step in READS else f"{reads},Edit,Write"
    return (
        *("claude", "-p", "--output-format", "stream-json", "--verbose", "--no-session-persistence"),
        *("--permission-mode", "acceptEdits", "--tools", tools, "--allowedTools", reads),
        *_model(ask, "--model"),
        *ask.args,
    )


def _gemini_command(ask: Ask) -> tuple[str, ...]:
    # Headless, it has no tool that it would have to ask for: "default" reads, "auto_edit" also edits below
    # its folder; neither has a shell.
    mode = "default" if ask.step in READS else "auto_edit"
    return (
        "gemini",
        "--output-format",
        "stream-json",
        "--approval-mode",
        mode,
        *_model(ask, "-m"),
        *ask.args,
    )


def _aider_command(ask: Ask) -> tuple[str, ...]:
    reads = ask.step in READS
    shown = ask.files if len(ask.files) <= MOST_FILES else ()
    named = "--read" if reads else "--file"
    # With git it adds each new file to an index that it may not write, and drops all edits where that fails.
    # Without, it names files from the folder that holds all of those shown, which has to be the checkout.
    return (
        *("aider", "--message-file", "/dev/stdin", "--yes-always"),
        *("--no-auto-commits", "--no-dirty-commits", "--no-gitignore", "--no-auto-lint", "--no-auto-test"),
        *("--no-pretty", "--no-stream", "--no-check-update", "--no-show-release-notes"),
        *("--no-show-model-warnings", "--no-detect-urls", "--no-suggest-shell-commands"),
        # Nothing is sent: its log alone has the exact numbers of tokens.
        *("--no-analytics", "--analytics-log", "/dev/stdout"),
        *("--chat-history-file", "/dev/null", "--input-history-file", "/dev/null"),
        *(("--edit-format", "ask") if reads else ()),  # in which it edits nothing
        *(("--map-tokens", "0") if shown else ()),
        *(("--no-git",) if not reads and any(Path(file).parent == Path() for file in shown) else ()),
        *_model(ask, "--model"),
        *ask.args,
        *(word for file in shown for word in (named, file)),
    )


def _own_command(ask: Ask) -> tuple[str, ...]:
    # Gone from the settings while loops of it are left: it is not found, which is recorded like any other.
    return (*(ask.command or ("agent_command",)), *ask.args)


# Where each keeps its login, and the variables that do without.
LOGINS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "opencode": (("~/.local/share/opencode/auth.json",), ("ANTHROPIC_API_KEY", "OPENAI_API_KEY")),
    "codex": (("~/.codex/auth.json",), ("OPENAI_API_KEY", "CODEX_API_KEY")),
    "claude": (
        ("~/.claude/.credentials.json", "~/.claude.json"),
        ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"),
    ),
    "gemini": (("~/.gemini/oauth_creds.json",), ("GEMINI_API_KEY", "GOOGLE_API_KEY")),
    "aider": (
        ("~/.aider.conf.yml",),
        ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "DEEPSEEK_API_KEY", "OPENROUTER_API_KEY"),
    ),
}
OPENCODE = Program(
    name="opencode",
    label="opencode",
    command=_opencode_command,
    read=transcripts.read_opencode,
    no_work=RETRIES,
    sums_steps=True,
    env_of=_opencode_environment,
    env={
        "OPENCODE_DISABLE_AUTOUPDATE": "true",
        "OPENCODE_PERMISSION": '{"external_directory":"deny"}',  # --auto allows what is not denied
    },
    env_to_read={"OPENCODE_PERMISSION": '{"external_directory":"deny","edit":"deny"}'},
    kept=(
        Kept("XDG_DATA_HOME", "~/.local/share", "opencode"),
        Kept("XDG_STATE_HOME", "~/.local/state", "opencode"),
        Kept("XDG_CONFIG_HOME", "~/.config", "opencode"),
        Kept("XDG_CACHE_HOME", "~/.cache", "opencode"),
    ),
)
CODEX = Program(
    name="codex",
    label="codex",
    command=_codex_command,
    read=transcripts.read_codex,
    no_work=RETRIES,
    kept=(Kept("CODEX_HOME", "~/.codex"),),
)
CLAUDE = Program(
    name="claude",
    label="claude",
    command=_claude_command,
    read=transcripts.read_claude,
    no_work=RETRIES,
    env={"CLAUDE_CODE_DISABLE_CLAUDE_MDS": "1"},  # they are for who operates runs
    kept=(Kept("CLAUDE_CONFIG_DIR", "~/.claude"), Kept("", "~", ".claude.json")),
)
GEMINI = Program(
    name="gemini",
    label="gemini",
    command=_gemini_command,
    read=transcripts.read_gemini,
    no_work=("Retrying with backoff", "    at ", "  status: "),  # each of its tries prints a stack
    # In a folder that nobody trusts it edits nothing; the bench is a new one for each run.
    env={"GEMINI_CLI_TRUST_WORKSPACE": "true"},
    # Its setting context.fileName only adds names to GEMINI.md (0.61), and people add these.
    hidden=("GEMINI.md", "AGENTS.md", "CLAUDE.md"),
    kept=(Kept("", "~/.gemini"),),
)
AIDER = Program(
    name="aider",
    label="aider",
    command=_aider_command,
    read=plain_transcripts.read_aider,
    no_work=("Retrying in ", "litellm.", "The API provider"),
    sums_steps=True,
    env={"COLUMNS": "100000"},  # else it breaks the lines of an answer, in the middle of its strings
    kept=(Kept("", "~/.aider"),),
    writes_notes=False,
)
CUSTOM = Program(
    name="custom",
    label="the agent command",
    command=_own_command,
    read=plain_transcripts.read_plain,
    is_own=True,
    writes_notes=True,
)
# In the order in which "auto" looks for them.
PROGRAMS = {program.name: program for program in (OPENCODE, CODEX, CLAUDE, GEMINI, AIDER, CUSTOM)}
