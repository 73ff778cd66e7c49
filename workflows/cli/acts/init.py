"""The command that sets a repository up: it looks, asks, trains once and writes."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from attrs import define, evolve, field

from autoresearch.engine.control.launch import cannot_stay
from autoresearch.engine.jobs.launcher import RealJobs
from autoresearch.engine.onboarding import init
from autoresearch.engine.onboarding.commands import Called, by_python, parsed
from autoresearch.engine.onboarding.metric_names import Candidate, is_lower_better
from autoresearch.engine.onboarding.proposal import Proposed, calls_of, look
from autoresearch.engine.onboarding.sight import Sight, look_at
from autoresearch.engine.onboarding.trial import Trial, Trials
from autoresearch.engine.runs.settings import load_config, settings_given
from autoresearch.engine.system.gpu import gpu_names
from autoresearch.engine.system.processes import run_command
from autoresearch.engine.training.spec import CPU
from autoresearch.events.errors import NotFound, UsageRefused, WayOut
from autoresearch.events.files import write_atomic
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import why
from autoresearch.projections.words.wording import say
from autoresearch.workflows.api.doctor import SetUp, init_object
from autoresearch.workflows.cli import options as opt
from autoresearch.workflows.pages import onboarding as page
from autoresearch.workflows.pages.ways_out import typed, worded


SYNC_S = 3600.0
FAILED = 4  # an exit code: the trial did


@define(kw_only=True)
class Answers:
    """What the options say, and whether somebody can be asked for the rest."""

    train: str
    metric: str
    better: Literal["", "lower", "higher"]
    yes: bool
    force: bool
    trains: bool
    timeout_s: float
    as_json: bool = False

    @property
    def asks(self) -> bool:
        """Say whether somebody sits there."""
        return not self.yes and not self.as_json and sys.stdin.isatty()


def init_command(
    *,
    train: Annotated[str, typer.Option("--train", help="The training command.", metavar="COMMAND")] = "",
    metric: Annotated[str, typer.Option("--metric", help="The number that counts.", metavar="NAME")] = "",
    better: Annotated[
        str, typer.Option("--better", help="Which way it is better: lower or higher.", metavar="WAY")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Take what is proposed; ask nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace settings that are there.")] = False,
    trial: Annotated[bool, typer.Option("--trial/--no-trial", help="Train once at the end, or not.")] = True,
    timeout: Annotated[
        float,
        typer.Option("--timeout", help="End the trial after so many seconds.", metavar="SECONDS", min=1),
    ] = 900.0,
    as_json: opt.AsJson = False,
    repo: opt.Repo = None,
) -> int:
    """Set a repository up: find its training, train once in a clean checkout, write the settings.

    Nothing is committed. A setting that is there stays, but for what an option names, or with --force.
    """
    opt.refuse_inside_agent()
    if better not in ("", "lower", "higher"):
        raise UsageRefused(f"--better is lower or higher, not {better!r}", remedy="--better lower")
    way: Literal["", "lower", "higher"] = better  # type: ignore[assignment]  # as was just looked at
    answers = Answers(
        train=train,
        metric=metric,
        better=way,
        yes=yes,
        force=force,
        trains=trial,
        timeout_s=timeout,
        as_json=as_json,
    )
    call = _Init(here=opt.target(repo), answers=answers)
    code = call.run()
    if as_json:
        opt.print_object(init_object(call.done))
    return code


@define(kw_only=True)
class _Init:
    """One call of `init`."""

    here: opt.Target
    answers: Answers
    done: SetUp = field(factory=SetUp)

    def _say(self, line: str) -> None:
        """Tell people; who asked for one object reads all of it there."""
        self.done.said.append(line)
        if not self.answers.as_json:
            opt.tell(line)

    def run(self) -> int:
        home, git = self.here.home, self.here.git
        commit = git.resolve("HEAD")
        assert commit is not None  # `target` refuses a repository without one
        file, given = settings_given(home)
        if (refusal := cannot_stay()) is not None:
            self._say(f"runner       {refusal}, so `start` will be refused: {worded(refusal.remedy)}")
        sight = look_at(home, commit, git)
        proposed = self._proposed(sight, given)
        before = load_config(home)
        config, new = init.merged(home, proposed, sight.files, force=self.answers.force)
        self.done = evolve(self.done, settings_path=file, settings=new)
        loses_seed = before.is_seeded and not config.is_seeded
        for line in page.proposal_lines(proposed, new, file, loses_seed=loses_seed):
            self._say(line)
        if not self.answers.yes and not self.answers.asks:
            self._say(f"nothing was written: {typed('init --yes')} writes it and trains once")
            return UsageRefused.exit_code
        if self.answers.asks and not typer.confirm("Take this, and train once?", default=True):
            return 0
        self._make_environment(proposed)
        return self._tried(config, new, commit, has_metric=_has_metric(given) and not self.answers.force)

    def _proposed(self, sight: Sight, given: dict[str, object]) -> Proposed:
        answers = self.answers
        called = None
        if answers.train:
            called = parsed(answers.train, sight.files, source="option")
            called = called or Called(words=by_python(shlex.split(answers.train)), source="option")
        elif (
            given and not answers.force and ("train" in given or sight.leaves(load_config(sight.home).train))
        ):
            words = load_config(sight.home).train  # that is set, or the default
            told = parsed(shlex.join(words), sight.files, source="setting")
            called = Called(words=words, names=told.names if told else (), source="setting")
        elif answers.asks:
            called = self._chosen(calls_of(sight))
        proposed = look(sight, load_config(sight.home).python, called)
        if proposed is None:
            raise NotFound(
                f"nothing in {sight.home} looks like a training: no script, and no command of its README",
                remedy=WayOut("name_training"),
            )
        if not proposed.settings["editable"] and ("editable" not in given or answers.force):
            raise NotFound(
                f"the training command `{page.command_line(proposed)}` names no committed file, so what "
                "experiments may change is not known",
                remedy=f'set it: editable = ["FILE"] in {settings_given(sight.home)[0].name}, then init '
                "again, without --force; or name another command: --train 'COMMAND'",
            )
        return proposed

    def _chosen(self, found: list[Called]) -> Called | None:
        if len(found) < 2:  # noqa: PLR2004 - nothing to choose from
            return next(iter(found), None)
        for place, one in enumerate(found[:9], start=1):
            self._say(f"  {place}  {' '.join(one.words)}  ({page.SOURCES[one.source]})")
        number: int = typer.prompt("Which one trains?", default=1, type=int)
        return found[min(max(number, 1), len(found)) - 1]

    def _make_environment(self, proposed: Proposed) -> None:
        """Let uv make the environment that it keeps; any other that is missing is named."""
        python = proposed.python
        if not python.lacks:
            return
        if python.source != "uv":
            raise NotFound(say(why(python.lacks, named=python.named)), remedy=WayOut("make_environment"))
        self._say("uv sync      makes the environment that the project names")
        done = run_command.run(["uv", "sync"], cwd=self.here.home, timeout_s=SYNC_S)
        if done.exit_code != 0:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise NotFound(
                f"uv sync failed: {said[-1] if said else done.exit_code}", remedy="run it by hand: uv sync"
            )

    def _tried(self, config: RunConfig, new: dict[str, object], commit: str, *, has_metric: bool) -> int:
        answers = self.answers
        tells = not answers.metric or answers.better or is_lower_better(answers.metric) is not None
        if answers.metric and (tells or answers.asks or not answers.trains):
            config, new = self._with_metric(config, new, answers.metric, None)
            has_metric = True
        elif answers.metric:  # whether there is such a number is asked before which way is better
            has_metric = False
        elif answers.better and has_metric:
            config, new = init.with_way(config, new, lower=answers.better == "lower")
        if not answers.trains:
            return self._write(config, new, trial=None)
        trial, shared = self._trained(config, commit, has_metric=has_metric)
        if (train := init.from_its_folder(trial, config, self.here.home)) is not None:
            config, new = evolve(config, train=train), {**new, "train": train}
            opt.tell(f"training     {' '.join(train)}  (what it misses lies in its own folder)")
            trial, shared = self._trained(config, commit, has_metric=has_metric)
        if shared:
            config = evolve(config, shared=(*config.shared, *shared))
            new = {**new, "shared": config.shared}
            self._say(
                f"shared       {', '.join(shared)}: the training names it, and only your checkout has it"
            )
        if trial.result is not None and trial.result.outcome == "no_metric":
            if not has_metric:
                config, new = self._found(config, new, trial)
            elif answers.metric and (in_file := init.in_tables(trial, answers.metric)) is not None:
                config, new = self._with_metric(config, new, answers.metric, None, file=in_file[0])
        return self._write(config, new, trial=trial)

    def _trained(self, config: RunConfig, commit: str, *, has_metric: bool) -> tuple[Trial, tuple[str, ...]]:
        return init.tried(self._trials(config), config if has_metric else init.unknown_metric(config), commit)

    def _found(
        self, config: RunConfig, new: dict[str, object], trial: Trial
    ) -> tuple[RunConfig, dict[str, object]]:
        """Return the settings with the metric of what was printed, or of a file that is clearer."""
        name = self.answers.metric
        printed, in_file = init.printed(trial), init.in_tables(trial, name)
        if name and in_file is None and init.value_in(trial.output, name) is None:
            near = page.did_you_mean(name, [one.name for one in printed])
            raise NotFound(f"the training gave no number {name!r}", remedy=f"--metric NAME: {near}")
        if name:
            return self._with_metric(config, new, name, None, file=in_file[0] if in_file else "")
        if in_file is not None and (not printed or init.is_clearer(in_file[1], printed[0])):
            return self._with_metric(config, new, in_file[1].name, in_file[1], file=in_file[0])
        found = self._metric(printed, trial.output)
        return self._with_metric(config, new, found.name, found) if found is not None else (config, new)

    def _trials(self, config: RunConfig) -> Trials:
        devices = config.devices or gpu_names() or (CPU,)

        def tell(step: str, log: Path) -> None:
            self._say(
                {"prepare": "preparing", "train": "training", "evaluate": "evaluating"}[step]
                + f" ... ({log})"
            )

        return Trials(
            home=self.here.home,
            git=self.here.git,
            jobs=RealJobs(),
            device=devices[0],
            timeout_s=self.answers.timeout_s,
            tell=tell,
        )

    def _metric(self, found: list[Candidate], output: bytes) -> Candidate | None:
        if not found:
            return None
        if not self.answers.asks:
            return found[0]
        for line in page.candidate_lines(found):
            self._say(line)
        known = {one.name: one for one in found}
        while True:
            name = typer.prompt("Which number counts?", default=found[0].name)
            if name in known:
                return known[name]
            if init.value_in(output, name) is not None:
                return Candidate(name=name, line="", worth=0, lower=is_lower_better(name))
            self._say(f"it printed no number {name!r}; {page.did_you_mean(name, known)}")

    def _with_metric(
        self,
        config: RunConfig,
        new: dict[str, object],
        name: str,
        found: Candidate | None,
        *,
        file: str = "",
    ) -> tuple[RunConfig, dict[str, object]]:
        lower = found.lower if found is not None else is_lower_better(name)
        if self.answers.better:
            lower = self.answers.better == "lower"
        if lower is None and self.answers.asks:
            lower = typer.confirm(f"Is a lower {name} the better one?", default=True)
        if lower is None:
            raise UsageRefused(
                f"which way {name} is better its name does not tell",
                remedy=WayOut("say_better", metric=name),
            )
        config = init.with_metric(config, name, lower=lower, file=file)
        return config, {**new, **init.metric_settings(config)}

    def _write(self, config: RunConfig, new: dict[str, object], *, trial: Trial | None) -> int:
        """Say how the trial went, and write what was found where it went well; nothing is committed."""
        value = init.value_of_trial(trial, config) if trial is not None else None
        ok = trial is None or (value is not None and trial.broken is None and not trial.from_home)
        if trial is not None and value is not None and "expected_s" not in settings_given(self.here.home)[1]:
            new = {**new, "expected_s": init.expected(trial.seconds)}
        if trial is not None:
            for line in page.trial_lines(trial, config, value=value):
                self._say(line)
            if ok and "metric.name" in new:
                for line in page.other_numbers(init.printed(trial), init.in_tables(trial), config):
                    self._say(line)
            if not ok:
                for line in page.failure_lines(trial, config, init.printed(trial)):
                    self._say(line)
                for line in page.submodule_lines(self.here.git.lacking_submodules("HEAD")):
                    self._say(line)
        written = self._write_files(config, new, with_guidance=trial is not None) if ok else []
        self.done = evolve(
            self.done,
            ok=ok,
            settings=new,
            written=written,
            metric=config.metric.name if trial is None or value is not None else "",
            value=value,
        )
        for line in page.next_lines(written, ok=ok):
            self._say(line)
        return 0 if ok else FAILED

    def _write_files(self, config: RunConfig, new: dict[str, object], *, with_guidance: bool) -> list[str]:
        file, before = settings_given(self.here.home)
        init.write(self.here.home, new)
        written = [file.name] if before != settings_given(self.here.home)[1] else []
        if written:
            self._say(f"written      {file}: {', '.join(new)}")
        guidance = self.here.home / (config.guidance_file or "program.md")
        if with_guidance and config.guidance_file and not guidance.exists():
            write_atomic(guidance, page.first_program(config).encode())
            written.append(config.guidance_file)
            self._say(f"written      {guidance}: what agents are told; say there what is worth trying")
        return written


def _has_metric(given: dict[str, object]) -> bool:
    """Say whether the settings name a number already."""
    metric = given.get("metric")
    return isinstance(metric, dict) and "name" in metric
