"""Asking an agent: what it is told, where it works, and the job that it is."""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from attrs import evolve as replace
from attrs import frozen

from autoresearch.engine.agents import branch_guard, confinement
from autoresearch.engine.asking.options import args_of
from autoresearch.engine.asking.prompting import HEAD, Prompting
from autoresearch.engine.core import commands as do
from autoresearch.engine.core.bookkeeping import open_iteration
from autoresearch.engine.paths import JobPaths, RunPaths
from autoresearch.engine.ports.agent import Agent, Ask
from autoresearch.engine.ports.jobs import Absent, Jobs
from autoresearch.engine.ports.repository import Branches, Commits
from autoresearch.engine.ports.worktrees import Worktrees
from autoresearch.engine.proposals.editable import in_checkout, is_editable
from autoresearch.engine.system.interpreter import with_interpreter
from autoresearch.events import catalog as ev
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import AgentStep
from autoresearch.projections.parts.models import model_of
from autoresearch.projections.run_state import Iteration, RunState
from autoresearch.projections.timeline import Timeline


class AskingGit(Commits, Branches, Worktrees, Protocol):
    """What asking needs of git."""


@frozen(kw_only=True)
class Asking:
    """Asks the agents of one run, in its edit checkout; who reviews, in another one."""

    paths: RunPaths
    git: AskingGit
    jobs: Jobs
    adapter: Callable[[str], Agent]

    def ask(
        self,
        command: do.Asks,
        run: RunState,
        timeline: Timeline,
    ) -> ev.AgentAsked:
        """Start the job of a question; one that was started before a crash is found again."""
        one = open_iteration(run, command.iteration)
        step, stands_on = _begins(command, one)
        # Looked at once: the user may check out something else meanwhile.
        here = self.git.resolve(HEAD) or ""
        prompting = Prompting(paths=self.paths, git=self.git, jobs=self.jobs, checked_out=here)
        prompt = prompting.prompt(step, command.agent, run, timeline, one)
        files = self.paths.job(one.number, step, command.call)
        folder = files.folder
        bench = self.paths.review_checkout if step == "review" else self.paths.edit_checkout
        self.git.ensure_worktree(bench, stands_on)
        branch_guard.keep_hook(self.paths.ref_hook)
        agent = self.adapter(command.agent)
        ask = Ask(
            step=step,
            prompt=prompt,
            worktree=bench,
            hooks=self.paths.hooks,
            run=self.paths.run_id,
            iteration=one.number,
            model=model_of(run.config, command.agent, step),
            args=args_of(run.config, agent.name, step),
            timeout_s=run.config.agent_timeout_s,
            idle_s=run.config.agent_idle_s,
            command=with_interpreter(run.config.agent_command, run.setup.interpreter),
            beside=confinement.beside(run.config, self.paths.home),
            keep_out=(self.paths.home, self.paths.folder),
        )
        self.jobs.drop_foreign(folder)
        if isinstance(self.jobs.look(folder), Absent):  # else it was begun: it may have read and edited
            self.git.reset(bench, stands_on)
            _hide(bench, agent.hidden, run.config)
            folder.mkdir(parents=True, exist_ok=True)
            branch_guard.remember(files, self.git, stands_on=stands_on)
            self.jobs.start(
                folder, agent.job(replace(ask, files=tuple(in_checkout(ask.worktree, run.config))), folder)
            )
        elif not branch_guard.stood_on(files, stands_on):  # begun before its base moved
            self.jobs.stop(folder)
        told = _asked(files, ask)
        return ev.AgentAsked(
            iteration=one.number,
            step=step,
            call=command.call,
            agent=command.agent,
            prompt_sha256=hashlib.sha256(told).hexdigest(),
            guidance=prompting.newer_guidance(run, one) if told == _words(ask) else None,
            sandbox="none" if ask.beside is None else "landlock",
        )


def _hide(bench: Path, names: Iterable[str], config: RunConfig) -> None:
    """Take the instructions for operators out of a checkout; who looks at the change puts them back."""
    for path in (bench / name for name in names if not is_editable(name, config)):
        if path.is_file() or path.is_symlink():
            path.unlink()


def _begins(command: do.Asks, one: Iteration) -> tuple[AgentStep, str]:
    """Return the step of a question, and the commit that is checked out for it."""
    match command:
        case do.AskForProposal():
            return "propose", one.base_commit
        case do.AskToEdit():
            return "edit", one.base_commit
        case do.AskToApply():
            return "apply", one.base_commit
        case do.AskToTriage():
            assert one.commit is not None  # what crashed was committed
            return "triage", one.commit
        case do.AskToReview():
            assert one.commit is not None  # what is trained or kept was committed
            return "review", one.commit


def _asked(files: JobPaths, ask: Ask) -> bytes:
    """Return what the agent was told: a job that was begun before a crash may have been told otherwise."""
    try:
        return files.prompt.read_bytes()
    except FileNotFoundError:  # a job folder that somebody tidied up
        return _words(ask)


def _words(ask: Ask) -> bytes:
    return ask.prompt.encode(errors="replace")
