"""Which agent programs are there, of which version, logged in or not; and one real question on request.

A login is told by its file or variable alone: what these hold is never read.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from autoresearch.engine.agents import branch_guard, confinement
from autoresearch.engine.agents.programs import COMMAND, NONE, PROGRAMS, Program, resolve
from autoresearch.engine.onboarding.doctor import ASKED_WITHIN_S, Finding, State
from autoresearch.engine.onboarding.trial import Trials
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.agent import Answer, Ask
from autoresearch.engine.system import run_command
from autoresearch.engine.system.interpreter import look_for, with_interpreter
from autoresearch.events.errors import AutoresearchError
from autoresearch.events.settings import RunConfig


QUESTION = "Answer with the one word READY. Read no file and change nothing.\n"
ANSWER_S = 180.0
# Where each keeps its login, and the variables that do without.
LOGINS = {
    "opencode": (("~/.local/share/opencode/auth.json",), ("ANTHROPIC_API_KEY", "OPENAI_API_KEY")),
    "codex": (("~/.codex/auth.json",), ("OPENAI_API_KEY", "CODEX_API_KEY")),
    "claude": (
        ("~/.claude/.credentials.json", "~/.claude.json"),
        ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"),
    ),
}


def look_at_agents(trials: Trials, config: RunConfig, *, ask: bool) -> Iterator[Finding]:
    """Yield a finding for each program that is there, and for the one that a run would ask."""
    try:
        wanted = resolve(config.agent, config)
    except AutoresearchError as error:
        yield Finding(check="agent", state="fail", code="agent_unknown", inputs={"said": str(error)})
        return
    for program in PROGRAMS.values():
        if program.name == wanted or (program is not COMMAND and program.available()):
            yield _program(program, is_wanted=program.name == wanted, home=trials.home)
    if wanted == NONE:
        yield Finding(check="agent", state="info", code="agent_none")
    elif ask:
        yield _asked(trials, PROGRAMS[wanted], config)


def _program(program: Program, *, is_wanted: bool, home: Path) -> Finding:
    name = program.name
    if not program.available():
        return Finding(check="agent", state="fail", code="agent_missing", inputs={"name": name})
    if program is COMMAND:
        return Finding(check="agent", state="ok", code="agent_command", inputs={"name": name})
    login = _login(name)
    state: State = "ok" if login else "warn" if is_wanted else "info"
    inputs: dict[str, object] = {"name": name, "version": _version(name, home), "login": login}
    inputs |= {"is_wanted": is_wanted}
    return Finding(check="agent", state=state, code="agent" if login else "agent_no_login", inputs=inputs)


def _version(name: str, home: Path) -> str:
    try:
        done = run_command.run(
            [shutil.which(name) or name, "--version"], cwd=home, env={**os.environ}, timeout_s=ASKED_WITHIN_S
        )
    except AutoresearchError:
        return ""
    lines = (done.stdout or done.stderr).decode(errors="replace").strip().splitlines()
    return lines[0][:60] if lines and done.exit_code == 0 else ""


def _login(name: str) -> str:
    """Return the file or the variable that logs a program in; "" where there is none."""
    files, variables = LOGINS[name]
    kept = next((one for one in files if Path(one).expanduser().exists()), "")
    return kept or next((f"${one}" for one in variables if os.environ.get(one)), "")


def _asked(trials: Trials, program: Program, config: RunConfig) -> Finding:
    """Ask the program as a run does, in a checkout of its own, held to it as a run's are."""
    try:
        answer = trials.within(lambda paths: _answer(trials, program, config, paths))
    except (AutoresearchError, OSError) as error:
        return Finding(
            check="question",
            state="fail",
            code="question_failed",
            inputs={"name": program.name, "said": str(error)},
        )
    inputs: dict[str, object] = {"name": program.name, "said": answer.text.strip()[-100:]}
    if answer.reason is not None:
        return Finding(check="question", state="fail", code="reason", reason=answer.reason, inputs=inputs)
    return Finding(check="question", state="ok", code="question", inputs=inputs)


def _answer(trials: Trials, program: Program, config: RunConfig, paths: RunPaths) -> Answer:
    commit = trials.git.resolve("HEAD") or ""
    trials.git.ensure_worktree(paths.train_checkout, commit)
    branch_guard.keep_hook(paths.ref_hook)
    question = Ask(
        step="triage",
        prompt=QUESTION,
        worktree=paths.train_checkout,
        hooks=paths.hooks,
        model=config.agent_model,
        timeout_s=ANSWER_S,
        command=with_interpreter(config.agent_command, look_for(trials.home, config.python).words),
        beside=confinement.beside(config, trials.home),
        keep_out=(trials.home, paths.folder),
    )
    files = paths.job(0, "triage", 1)
    files.folder.mkdir(parents=True, exist_ok=True)
    exit_ = trials.done(files, program.job(question, files.folder), "ask")
    return program.answer("triage", trials.jobs.output(files.folder), exit_)
