"""Which agent programs are there, of which version, logged in or not; and one real question on request.

A login is told by its file or variable alone: what these hold is never read.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from autoresearch.engine.agents import branch_guard, confinement
from autoresearch.engine.agents.known import CUSTOM, NONE, PROGRAMS, Found, find, login_of
from autoresearch.engine.agents.plain_transcripts import keep_answer
from autoresearch.engine.agents.programs import Program
from autoresearch.engine.onboarding.doctor import ASKED_WITHIN_S, Finding, State
from autoresearch.engine.onboarding.trial import Trials
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.agent import Answer, Ask
from autoresearch.engine.system.interpreter import look_for, with_interpreter
from autoresearch.engine.system.processes import run_command
from autoresearch.events.errors import AutoresearchError
from autoresearch.events.setting import for_step
from autoresearch.events.settings import RunConfig


QUESTION = "Answer with the one word READY. Read no file and change nothing.\n"
ANSWER_S = 180.0


def look_at_agents(trials: Trials, config: RunConfig, *, ask: bool) -> Iterator[Finding]:
    """Yield a finding for each program that is there, and for the one that a run would ask."""
    try:
        found = find(config.agent, config)
    except AutoresearchError as error:
        yield Finding(check="agent", state="fail", code="agent_unknown", inputs={"said": str(error)})
        return
    wanted = found.agent
    for program in PROGRAMS.values():
        if program.name == wanted or (program is not CUSTOM and program.available()):
            yield _program(program, found, home=trials.home)
    if wanted == NONE:
        yield Finding(check="agent", state="info", code="agent_none")
    elif ask:
        yield _asked(trials, PROGRAMS[wanted], config)


def _program(program: Program, found: Found, *, home: Path) -> Finding:
    name, is_wanted = program.name, program.name == found.agent
    if not program.available():
        return Finding(check="agent", state="fail", code="agent_missing", inputs={"name": name})
    if program is CUSTOM:
        return Finding(check="agent", state="ok", code="agent_command", inputs={"name": name})
    login = login_of(name)
    state: State = "ok" if login else "warn" if is_wanted else "info"
    inputs: dict[str, object] = {"name": name, "version": _version(name, home), "login": login}
    inputs |= {"is_wanted": is_wanted, "why": found.why}
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
        model=for_step(config.agent_model, program.name, "propose", ""),
        args=for_step(config.agent_args, program.name, "propose", ()),
        timeout_s=ANSWER_S,
        command=with_interpreter(config.agent_command, look_for(trials.home, config.python).words),
        beside=confinement.beside(config, trials.home),
        keep_out=(trials.home, paths.folder),
    )
    files = paths.job(0, "triage", 1)
    files.folder.mkdir(parents=True, exist_ok=True)
    exit_ = trials.done(files, program.job(question, files.folder), "ask")
    keep_answer(files)
    return program.answer("triage", trials.jobs.output(files.folder), exit_)
