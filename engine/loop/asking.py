"""Asking an agent: what it is told, where it works, and the job that it is."""

import hashlib
import os
from collections.abc import Callable
from typing import Protocol

from attrs import evolve as replace
from attrs import frozen

from autoresearch.engine.agents import branch_guard, confinement, prompts
from autoresearch.engine.core import commands as do
from autoresearch.engine.core.bookkeeping import open_iteration
from autoresearch.engine.jobs.output import END_BYTES, LogDigest
from autoresearch.engine.memory.recall import Code, recall
from autoresearch.engine.paths import JobPaths, RunPaths
from autoresearch.engine.ports.agent import Agent, AgentStep, Ask
from autoresearch.engine.ports.jobs import Absent, Jobs
from autoresearch.engine.ports.repository import Branches, Commits
from autoresearch.engine.ports.worktrees import Worktrees
from autoresearch.engine.proposals.editable import in_checkout
from autoresearch.engine.search.search import knobs_at
from autoresearch.engine.system.interpreter import with_interpreter
from autoresearch.engine.training import crash
from autoresearch.events import catalog as ev
from autoresearch.events.errors import AutoresearchError
from autoresearch.events.redact import secret_values
from autoresearch.events.setting import for_step
from autoresearch.projections.agent_health import health_of
from autoresearch.projections.run_state import Iteration, Made, RunState
from autoresearch.projections.timeline import Timeline
from autoresearch.projections.words.wording import say


HEAD = "HEAD"  # what the user has checked out


class AskingGit(Commits, Branches, Worktrees, Protocol):
    """What asking needs of git."""


@frozen(kw_only=True)
class Asking:
    """Asks the agents of one run, in its edit checkout."""

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
        step: AgentStep
        match command:
            case do.AskForProposal():
                step, stands_on, prompt = "propose", one.base_commit, self._propose_prompt(run, timeline, one)
            case do.AskToEdit():
                prompt = self._propose_prompt(run, timeline, one, edits=True)
                step, stands_on = "edit", one.base_commit
            case do.AskToApply():
                step, stands_on, prompt = "apply", one.base_commit, self._apply_prompt(run, one)
            case do.AskToTriage():
                assert one.commit is not None  # what crashed was committed
                step, stands_on, prompt = "triage", one.commit, self._triage_prompt(run, one)
        files = self.paths.job(one.number, step, command.call)
        folder = files.folder
        self.git.ensure_worktree(self.paths.edit_checkout, stands_on)
        branch_guard.keep_hook(self.paths.ref_hook)
        agent = self.adapter(command.agent)
        ask = Ask(
            step=step,
            prompt=prompt,
            worktree=self.paths.edit_checkout,
            hooks=self.paths.hooks,
            run=self.paths.run_id,
            iteration=one.number,
            model=for_step(run.config.agent_model, agent.name, step, ""),
            args=for_step(run.config.agent_args, agent.name, step, ()),
            timeout_s=run.config.agent_timeout_s,
            idle_s=run.config.agent_idle_s,
            command=with_interpreter(run.config.agent_command, run.setup.interpreter),
            beside=confinement.beside(run.config, self.paths.home),
            keep_out=(self.paths.home, self.paths.folder),
        )
        self.jobs.drop_foreign(folder)
        if isinstance(self.jobs.look(folder), Absent):  # else it was begun: it may have read and edited
            self.git.reset(self.paths.edit_checkout, stands_on)
            folder.mkdir(parents=True, exist_ok=True)
            branch_guard.remember(files, self.git, stands_on=stands_on)
            self.jobs.start(
                folder, agent.job(replace(ask, files=tuple(in_checkout(ask.worktree, run.config))), folder)
            )
        elif not branch_guard.stood_on(files, stands_on):  # begun before its base moved
            self.jobs.stop(folder)
        return ev.AgentAsked(
            iteration=one.number,
            step=step,
            call=command.call,
            agent=agent.name,
            prompt_sha256=hashlib.sha256(_asked(files, ask)).hexdigest(),
            sandbox="none" if ask.beside is None else "landlock",
        )

    def _propose_prompt(
        self, run: RunState, timeline: Timeline, one: Iteration, *, edits: bool = False
    ) -> str:
        guidance, source = self._guidance(run, one)
        return prompts.propose_prompt(
            best=run.best.metric if run.best else None,
            baseline=run.baseline,
            memory=recall(run, timeline, self._code(run, one)),
            notes=timeline.notes,
            questions=run.questions[-10:],
            guidance=guidance,
            guidance_from=source,
            editable=run.config.editable,
            metric=run.config.metric,
            trouble=_unusable(run, one),
            edits=edits,
        )

    def _code(self, run: RunState, one: Iteration) -> Code:
        """Return what is shown of the code; it lies in git, under names that the history has."""
        best = Made(commit=one.base_commit, base_commit=run.base_commit)
        return Code(
            diff="" if best.commit == best.base_commit else self._diff(best),
            knobs=knobs_at(one, run, git=self.git),
        )

    def _apply_prompt(self, run: RunState, one: Iteration) -> str:
        assert one.proposal is not None  # propose comes before apply
        before = one.conflict
        guidance, source = self._guidance(run, one)
        return prompts.apply_prompt(
            one.proposal,
            editable=run.config.editable,
            guidance=guidance,
            guidance_from=source,
            conflict=say(before.reason) if before else "",
            diff=self._diff(before.made) if before else "",
            trouble=_unusable(run, one),
            missed=say(one.missed),
        )

    def _diff(self, made: Made) -> str:
        """Return what a candidate changed, as a hint; "" where the user's repository lost it."""
        try:
            diff = self.git.diff(made.base_commit, made.commit)
        except AutoresearchError:
            return ""
        return diff.text.decode(errors="replace")

    def _guidance(self, run: RunState, one: Iteration) -> tuple[str, str]:
        """Return the guidance, and where it is from: what the user committed last, on top of the run's code.

        A checkout of something else says nothing of this run: then it is that of the base.
        """
        file, base = run.config.guidance_file, one.base_commit
        text, source = self.git.show(base, file), f"{file} of this code"
        here = self.git.resolve(HEAD)
        if here is not None and here != base and self.git.descends(here, run.base_commit):
            newer = self.git.show(here, file)
            if newer is not None and newer != text and newer != self.git.show(run.base_commit, file):
                text, source = newer, f"{file} of the user's commit {here[:7]}"
        return (text or b"").decode(errors="replace"), source if text else ""

    def _triage_prompt(self, run: RunState, one: Iteration) -> str:
        assert one.proposal is not None  # the decider asks only where there is one
        return prompts.triage_prompt(
            one.proposal,
            outcome=one.outcome or "",
            reason=say(one.reason),
            log=self._log_of_crash(run, one),
            editable=run.config.editable,
        )

    def _log_of_crash(self, run: RunState, one: Iteration) -> str:
        """Return what the failed job printed around its error; where that is gone, what the history has."""
        for step, number in (("evaluate", one.evaluations), ("train", one.trainings)):
            left = self.jobs.output(self.paths.job(one.number, step, number).folder)
            seen = LogDigest(secret_values(os.environ | run.config.env))
            try:
                for _ in seen.passing(left.log()):
                    pass
            except OSError:
                continue
            text = seen.last_words(END_BYTES // 4)
            if one.log_tail and text.endswith(one.log_tail):
                return crash.around(text, prompts.LOG_LIMIT)
        return one.log_tail


def _unusable(run: RunState, one: Iteration) -> str:
    """Return why the agent's last answer for this step could not be used; "" where it gave none."""
    return say(one.trouble) if health_of(run.agents, one.agent).kind == "unusable" else ""


def _asked(files: JobPaths, ask: Ask) -> bytes:
    """Return what the agent was told: a job that was begun before a crash may have been told otherwise."""
    try:
        return files.prompt.read_bytes()
    except FileNotFoundError:  # a job folder that somebody tidied up
        return ask.prompt.encode(errors="replace")
