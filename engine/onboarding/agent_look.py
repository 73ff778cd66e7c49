"""Which agent programs are there, of which version, logged in or not; and one real question on request.

A login is told by its file or variable alone: what these hold is never read.
"""

import os
import shutil
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path

from attrs import evolve

from autoresearch.engine.agents import branch_guard, confinement
from autoresearch.engine.agents.known import (
    CUSTOM,
    NONE,
    PROGRAMS,
    Found,
    find,
    find_all,
    login_of,
    program_of,
)
from autoresearch.engine.agents.plain_transcripts import keep_answer
from autoresearch.engine.agents.programs import Program
from autoresearch.engine.asking.review import parse_review
from autoresearch.engine.control.requests import refuse_unreviewed
from autoresearch.engine.control.start_point import uncommitted_script
from autoresearch.engine.onboarding.doctor import ASKED_WITHIN_S, Finding, State
from autoresearch.engine.onboarding.trial import Trials
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.agent import Answer, Ask
from autoresearch.engine.system.interpreter import look_for, with_interpreter
from autoresearch.engine.system.processes import run_command
from autoresearch.events.errors import AutoresearchError, UsageRefused
from autoresearch.events.setting import for_step, program_in
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import AgentStep, Reason
from autoresearch.projections.parts.models import model_of
from autoresearch.projections.parts.proposers import SEARCH


QUESTION = """\
This only tries whether you can be asked: read no file and change nothing. Answer with this JSON object alone:
{"status": "ok", "description": "it answers", "change_plan": "Change nothing.", "commit_description": "None"}
"""
ANSWER_S = 180.0
REVIEW_QUESTION = """\
This only tries whether you can be asked to review: read no file and change nothing. There is nothing to veto.
Answer with this JSON object alone:
{"verdict": "pass", "reasons": []}
"""


def look_at_agents(trials: Trials, config: RunConfig, *, ask: bool) -> Iterator[Finding]:
    """Yield a finding for each program that is there, and for those that a run would ask."""
    try:
        found = find_all(config.agent, config)
    except AutoresearchError as error:
        yield Finding(check="agent", state="fail", code="agent_unknown", inputs={"said": str(error)})
        return
    wanted = {program_in(one.agent): one for one in found if one.agent not in (NONE, SEARCH)}
    reviewer, nobody = _reviewer(config), not wanted
    if reviewer is not None:
        wanted.setdefault(program_in(reviewer.agent), reviewer)
    refused = tuple(_refused(trials, config, {one.agent for one in found}))
    lacks_script = any(one.code == "agent_uncommitted" for one in refused)
    for program in PROGRAMS.values():
        if program is CUSTOM and lacks_script:  # said below, with the way out
            continue
        if program.name in wanted or (program is not CUSTOM and program.available()):
            yield _program(program, wanted.get(program.name), config, home=trials.home)
    yield from refused
    if nobody:
        yield Finding(check="agent", state="info", code="agent_none")
    if ask:
        proposing = [one for one in dict.fromkeys(one.agent for one in found) if one not in (NONE, SEARCH)]
        yield from (_asked(trials, agent, config, "propose") for agent in proposing)
        reviewing = [reviewer.agent] if reviewer is not None else [] if config.review_agent else proposing[:1]
        if config.review != "off":
            yield from (_asked(trials, agent, config, "review") for agent in reviewing)


def _reviewer(config: RunConfig) -> Found | None:
    """Return who reviews that is named for it; who proposes may do it as well."""
    if config.review == "off" or not config.review_agent:
        return None
    try:
        return evolve(find(config.review_agent, config), why="reviews")
    except UsageRefused:  # said among what `start` would refuse
        return None


def _refused(trials: Trials, config: RunConfig, agents: AbstractSet[str]) -> Iterator[Finding]:
    """Yield what `start` would refuse of who is asked."""
    try:
        refuse_unreviewed(config, agents)
    except UsageRefused as error:
        code = "agent_unknown" if error.wrong is None else error.wrong.name
        inputs: dict[str, object] = {"said": str(error), "review": config.review}
        yield Finding(check="review", state="fail", code=code, inputs=inputs)
    commit = trials.git.resolve("HEAD") or ""
    if file := uncommitted_script(trials.home, trials.git, commit, config, agents):
        told: dict[str, object] = {"file": file, "commit": commit[:7]}
        yield Finding(check="agent", state="fail", code="agent_uncommitted", inputs=told)


def _program(program: Program, wanted: Found | None, config: RunConfig, *, home: Path) -> Finding:
    name, is_wanted = program.name, wanted is not None
    if not program.available() and wanted is not None and wanted.why == "reviews":
        return Finding(check="agent", state="fail", code="reviewer_missing", inputs={"name": name})
    if not program.available():  # as `start` says: where settings do not pause it, the run goes on without
        pauses = config.when_agent_fails == "pause"
        told: dict[str, object] = {"name": name, "pauses": pauses}
        return Finding(check="agent", state="fail" if pauses else "warn", code="agent_missing", inputs=told)
    if program is CUSTOM:
        return Finding(check="agent", state="ok", code="agent_command", inputs={"name": name})
    login = login_of(name)
    state: State = "ok" if login else "warn" if is_wanted else "info"
    inputs: dict[str, object] = {"name": name, "version": _version(name, home), "login": login}
    inputs |= {"is_wanted": is_wanted, "why": wanted.why if wanted else ""}
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


def _asked(trials: Trials, agent: str, config: RunConfig, step: AgentStep) -> Finding:
    """Ask an agent as a run does, in a checkout of its own, held to it as a run's are."""
    try:
        answer = trials.within(lambda paths: _answer(trials, agent, config, paths, step))
    except (AutoresearchError, OSError) as error:
        return Finding(
            check="question",
            state="fail",
            code="question_failed",
            inputs={"name": agent, "said": str(error)},
        )
    said = answer.proposal.description if answer.proposal is not None else answer.text.strip()
    inputs: dict[str, object] = {"name": agent, "said": said[-100:]}
    reason = answer.reason
    if step == "review":
        inputs["name"] = f"{agent} as reviewer"
        unclear = parse_review(answer.text)
        reason = reason or (unclear if isinstance(unclear, Reason) else None)
    if reason is not None:
        return Finding(check="question", state="fail", code="reason", reason=reason, inputs=inputs)
    return Finding(check="question", state="ok", code="question", inputs=inputs)


def _answer(trials: Trials, agent: str, config: RunConfig, paths: RunPaths, step: AgentStep) -> Answer:
    program = program_of(agent)
    commit = trials.git.resolve("HEAD") or ""
    trials.git.ensure_worktree(paths.train_checkout, commit)
    branch_guard.keep_hook(paths.ref_hook)
    question = Ask(
        step=step,
        prompt=REVIEW_QUESTION if step == "review" else QUESTION,
        worktree=paths.train_checkout,
        hooks=paths.hooks,
        run=paths.run_id,
        model=model_of(config, agent, step),
        args=for_step(config.agent_args, program.name, step, ()),
        timeout_s=ANSWER_S,
        command=with_interpreter(config.agent_command, look_for(trials.home, config.python).words),
        beside=confinement.beside(config, trials.home),
        keep_out=(trials.home, paths.folder),
    )
    files = paths.job(0, step, 1)
    files.folder.mkdir(parents=True, exist_ok=True)
    exit_ = trials.done(files, program.job(question, files.folder), "ask")
    keep_answer(files)
    return program.answer(step, trials.jobs.output(files.folder), exit_)
