"""What an agent is told for each step: the history, the code that it names in git, the log of a crash."""

import os
from typing import Protocol

from attrs import frozen

from autoresearch.engine.agents import prompts
from autoresearch.engine.asking.review import review_prompt
from autoresearch.engine.jobs.output import END_BYTES, LogDigest
from autoresearch.engine.memory.recall import Code, recall
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.ports.jobs import Jobs
from autoresearch.engine.ports.repository import Branches, Commits
from autoresearch.engine.search.search import knobs_at
from autoresearch.engine.training import crash
from autoresearch.engine.verdicts import repeats
from autoresearch.events.encoding.redact import secret_values
from autoresearch.events.errors import AutoresearchError
from autoresearch.events.values import AgentStep
from autoresearch.projections.agent_health import health_of
from autoresearch.projections.parts.compared import compared
from autoresearch.projections.run_state import Iteration, Made, RunState
from autoresearch.projections.timeline import Timeline
from autoresearch.projections.words.wording import say, say_verdict


HEAD = "HEAD"  # what the user has checked out


class PromptGit(Commits, Branches, Protocol):
    """What prompts need of git."""


@frozen(kw_only=True)
class Prompting:
    """Makes the prompts of one run. Reads only."""

    paths: RunPaths
    git: PromptGit
    jobs: Jobs
    checked_out: str = HEAD  # by the user, who may have newer guidance there

    def prompt(self, step: AgentStep, agent: str, run: RunState, timeline: Timeline, one: Iteration) -> str:
        """Return what an agent is told for a step of an iteration in these states."""
        match step:
            case "propose" | "edit":
                trouble = _unusable(run, one, agent, step)
                return self._propose_prompt(run, timeline, one, trouble=trouble, edits=step == "edit")
            case "apply":
                return self._apply_prompt(run, one, trouble=_unusable(run, one, agent, step))
            case "triage":
                return self._triage_prompt(run, one)
            case "review":
                return self._review_prompt(run, one)

    def _propose_prompt(
        self, run: RunState, timeline: Timeline, one: Iteration, *, trouble: str, edits: bool
    ) -> str:
        guidance, source = self._guidance(run, one)
        beside = compared(run.keeps, run.baseline)
        return prompts.propose_prompt(
            best=beside.best,
            baseline=beside.baseline,
            memory=recall(run, timeline, self._code(run, one)),
            notes=timeline.notes,
            questions=run.questions[-10:],
            guidance=guidance,
            guidance_from=source,
            editable=run.config.editable,
            metric=run.config.metric,
            trouble=trouble,
            edits=edits,
            backlog=run.config.backlog > 0,
        )

    def _code(self, run: RunState, one: Iteration) -> Code:
        """Return what is shown of the code; it lies in git, under names that the history has."""
        best = Made(commit=one.base_commit, base_commit=run.base_commit)
        return Code(
            diff="" if best.commit == best.base_commit else self._diff(best),
            knobs=knobs_at(one, run, git=self.git),
        )

    def _apply_prompt(self, run: RunState, one: Iteration, *, trouble: str) -> str:
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
            trouble=trouble,
            missed=say(one.missed),
        )

    def _diff(self, made: Made) -> str:
        """Return what a candidate changed, as a hint; "" where the user's repository lost it."""
        try:
            diff = self.git.diff(made.base_commit, made.commit)
        except AutoresearchError:
            return ""
        return diff.text.decode(errors="replace")

    def newer_guidance(self, run: RunState, one: Iteration) -> str:
        """Return the commit of the user that the guidance is from; "": it is that of the iteration's base.

        That is what he committed last, on top of the run's code; a checkout of something else says nothing.
        """
        file, base, first = run.config.guidance_file, one.base_commit, run.base_commit
        here = self.git.resolve(self.checked_out)
        if here is None or here == base or not self.git.descends(here, first):
            return ""
        newer = self.git.show(here, file)
        known = newer is None or newer in (self.git.show(base, file), self.git.show(first, file))
        return "" if known else here

    def _guidance(self, run: RunState, one: Iteration) -> tuple[str, str]:
        """Return the guidance, and where it is from."""
        newer, file = self.newer_guidance(run, one), run.config.guidance_file
        text = self.git.show(newer or one.base_commit, file)
        source = f"{file} of the user's commit {newer[:7]}" if newer else f"{file} of this code"
        return (text or b"").decode(errors="replace"), source if text else ""

    def _triage_prompt(self, run: RunState, one: Iteration) -> str:
        assert one.proposal is not None  # the decider asks only where there is one
        return prompts.triage_prompt(
            one.proposal,
            outcome=one.outcome or "",
            reason=say(one.reason),
            log=self._log_of_crash(run, one),
            editable=run.config.editable,
            backlog=run.config.backlog > 0,
        )

    def _review_prompt(self, run: RunState, one: Iteration) -> str:
        assert one.commit is not None  # it is committed before
        guidance, source = self._guidance(run, one)
        return review_prompt(
            one.proposal,
            diff=self._diff(Made(commit=one.commit, base_commit=one.base_commit)),
            numbers=_numbers(run, one) if one.next_stage == "decide" else (),
            metric=run.config.metric,
            editable=run.config.editable,
            guidance=guidance,
            guidance_from=source,
            trouble=say(one.review.trouble),
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


def _numbers(run: RunState, one: Iteration) -> tuple[str, ...]:
    """Return what a candidate measured, and the verdict that would keep it."""
    judged, best, stands = repeats.judged(run, one), run.best, compared(run.keeps, run.baseline)
    base = [] if best is None else [f"the best: {stands.best:.6f}, which took {best.spent.seconds:.0f} s"]
    beside = (f"{name}: {', '.join(f'{each:g}' for each in each_one)}" for name, each_one in one.also.items())
    return (
        f"the verdict would be: keep, {say_verdict(judged.rule, judged.inputs)}",
        f"the candidate, of each training: {', '.join(f'{score.metric:.6f}' for score in one.scores)}",
        f"its last training took {one.spent.seconds:.0f} s",
        *base,
        f"the baseline: {'unknown' if stands.baseline is None else f'{stands.baseline:.6f}'}",
        *beside,
    )


def _unusable(run: RunState, one: Iteration, agent: str, step: AgentStep) -> str:
    """Return why the agent's last answer for this step could not be used; "" where it gave none."""
    failed = one.agent == agent and health_of(run, agent, step).kind == "unusable"
    return say(one.trouble) if failed else ""
