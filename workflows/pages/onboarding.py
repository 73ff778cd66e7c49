"""What `init` found, proposes and tried, in lines for people; and the first program.md."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from autoresearch.engine.onboarding.metric_names import Candidate
from autoresearch.engine.onboarding.proposal import Proposed
from autoresearch.engine.onboarding.settings_file import as_toml
from autoresearch.engine.onboarding.trial import Trial
from autoresearch.events.setting import SEED
from autoresearch.events.settings import RunConfig
from autoresearch.projections.words.wording import say
from autoresearch.workflows.pages.python import interpreter_line
from autoresearch.workflows.pages.ways_out import typed


SHOWN = 6  # names in one line
LAST_BYTES = 4096
LAST_LINES = 8  # of an output
WIDTH, NUMBER_TAKES = 100, 15  # characters of a line of it, and of what stands behind a name
SOURCES = {
    "readme": "as the README has it",
    "makefile": "a target of the Makefile",
    "script": "the script that looks most like a training",
    "option": "as --train says",
    "setting": "as the settings say, or leave it at its default",
}
PROGRAM = """\
# Program

Make `{metric}` {better}. What may be changed: {files}.

Small changes of one idea each are easier to judge than big ones. Say in the description what you expect,
and why.

## What is worth trying

- (name the ideas that you believe in, and what was tried before and did not help)
"""


def command_line(proposed: Proposed) -> str:
    """Return the proposed training as it is typed."""
    command = proposed.settings["train"]
    assert isinstance(command, tuple)  # as it is proposed
    return " ".join(command)


def proposal_lines(
    proposed: Proposed, new: Mapping[str, object], file: Path, *, loses_seed: bool = False
) -> Iterator[str]:
    """Yield what was found, and the settings that would be added."""
    yield f"training     {command_line(proposed)}  ({SOURCES[proposed.source]})"
    yield f"interpreter  {interpreter_line(proposed.python)}"
    if proposed.settings.get("seed_env") or SEED in command_line(proposed):
        yield "seeds        what is compared is trained under the same one, the gain measured on fresh ones"
    elif loses_seed:
        yield (
            f"seeds        off: the command before had {SEED}, this one has not; with it: "
            f"--train '{command_line(proposed)} --seed={SEED}'"
        )
    elif proposed.source not in ("option", "setting"):
        yield "seeds        no option --seed and no variable was found: `seed_env` would name one"
    if proposed.others:
        yield f"also there   {_listed(proposed.others)}: --train 'COMMAND' takes another"
    if proposed.carried:
        yield (
            f"not shared   {_listed(proposed.carried)}: the script writes there too, so one candidate would "
            "go on from another; each training begins without"
        )
    if proposed.apart:
        yield f"not shared   {_listed(proposed.apart)}: not committed, and nothing seems to read it"
    if not new:
        yield f"settings     {file.name} has all of them already"
        return
    yield f"settings     for {file.name}:"
    yield from (f"    {key} = {as_toml(value)}" for key, value in new.items())


def trial_lines(trial: Trial, config: RunConfig, *, value: float | None) -> Iterator[str]:
    """Yield what came of the trial training."""
    if trial.prepared_s is not None:
        yield f"prepared     in {trial.prepared_s:.1f} s"
    if trial.result is None:
        yield from (f"missing      {say(reason)}" for reason in trial.missing)
        return
    name = config.metric.name
    yield f"trained      {trial.seconds:.1f} s in a clean checkout, code of its own commit"
    if value is not None:
        way = "lower" if config.metric.lower_is_better else "higher"
        yield f"metric       {name} = {value:g}, {way} is better"
        line = config.metric.file or metric_line(trial.output, name)
        yield from ([f"    from: {line}"] if line else [])
    yield from _read_lines(trial)


def other_numbers(
    printed: list[Candidate], in_file: tuple[str, Candidate] | None, config: RunConfig
) -> Iterator[str]:
    """Yield the numbers that could be meant as well, those of a file with its name; none: nothing."""
    names = [one.name for one in printed]
    if in_file is not None:
        names.insert(0, f"{in_file[1].name} in {in_file[0]}")
    others = tuple(name for name in names if name.partition(" in ")[0] != config.metric.name)
    if others:
        yield f"also there   {_listed(others)}: --metric NAME takes another"


def metric_line(output: bytes, name: str) -> str:
    """Return the last line of an output that holds a name, cut to a terminal's width."""
    lines = output.decode(errors="replace").replace("\r", "\n").splitlines()
    found = next((line for line in reversed(lines) if name.lower() in line.lower()), "").strip()
    begin = found.lower().find(name.lower())
    return found[:WIDTH] if begin + len(name) + NUMBER_TAKES <= WIDTH else f"... {found[begin:][:WIDTH]}"


def failure_lines(trial: Trial, config: RunConfig, found: list[Candidate]) -> Iterator[str]:
    """Yield why a trial has no number, and what its output has instead."""
    result = trial.result
    if result is None:
        return
    if trial.broken is not None:
        yield f"would not count: {say(trial.broken)}"
    if trial.from_home:
        yield f"would not count: it imported {_listed(trial.from_home)} of your checkout, not the candidate's"
    if result.metric is None and result.reason is not None:
        yield f"no number: {say(result.reason)}"
    lines = trial.output.decode(errors="replace").replace("\r", "\n").rstrip().splitlines()
    if result.outcome not in ("succeeded", "no_metric"):
        yield from (f"    | {line[:150]}" for line in lines[-LAST_LINES:])
    elif result.metric is None:
        yield from candidate_lines(found)
    if result.outcome == "timed_out":
        yield "--timeout SECONDS gives it longer; --train 'COMMAND' with options of its own makes it shorter"
        yield from candidate_lines(found)
    if b"ModuleNotFoundError" in trial.output[-LAST_BYTES:] and _is_own(trial):
        yield "autoresearch's own Python trained, without the project's packages; they need an environment:"
        yield "    python3 -m venv .venv && .venv/bin/pip install -r requirements.txt"
    if trial.unshared and trial.unshared not in config.shared:
        yield f'only your checkout has {trial.unshared}: shared = ["{trial.unshared}"]'


def submodule_lines(paths: tuple[str, ...]) -> Iterator[str]:
    """Yield what a checkout lacks of other repositories; none: nothing."""
    if paths:
        yield f"empty in a run's checkouts: the submodules {_listed(paths)}, which are not here:"
        yield "    git submodule update --init --recursive"


def _is_own(trial: Trial) -> bool:
    return trial.setup is not None and trial.setup.interpreter_from == "runner"


def candidate_lines(found: list[Candidate]) -> Iterator[str]:
    """Yield the numbers that an output has, each with its line."""
    if not found:
        yield "its output has no number with a name: let it print `NAME: VALUE` at its end"
    for one in found[:SHOWN]:
        way = {True: "lower is better", False: "higher is better", None: "which way is better is not known"}[
            one.lower
        ]
        yield f"    {one.name:24} {way:20} {one.line[:80]}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the number that was meant, or all that there are."""
    names = tuple(known)
    near = get_close_matches(name, names, n=1)
    return f"did you mean {near[0]}?" if near else f"there are {_listed(names)}" if names else "there is none"


def next_lines(written: list[str], *, ok: bool) -> Iterator[str]:
    """Yield what to do now."""
    if not ok:
        yield f"nothing was written: mend that, then {typed('init')} again; {typed('doctor')} looks around it"
        yield f"{typed('init --yes --no-trial')} writes the settings above as they are"
        return
    if written:
        files = " ".join(written)
        yield f"commit them:  git add {files} && git commit -m 'Set up autoresearch' -- {files}"
    yield f"then:         {typed('start --loops 10')[1:-1]}"


def first_program(config: RunConfig) -> str:
    """Return a program.md for a repository that has none."""
    better = "lower" if config.metric.lower_is_better else "higher"
    files = ", ".join(f"`{path}`" for path in config.editable)
    return PROGRAM.format(metric=config.metric.name, better=better, files=files)


def _read_lines(trial: Trial) -> Iterator[str]:
    if trial.own:
        yield f"read         {_listed(trial.own)}  from the run's checkout"
    if trial.links:
        yield f"linked       {_listed(trial.links)}  shared, or made by preparing"
    if trial.from_home:
        yield f"imported     {_listed(trial.from_home)}  from YOUR checkout, not the candidate's"
    if trial.setup is not None and trial.setup.python_path:
        yield f"first        {_listed(trial.setup.python_path)} of the checkout, before what is installed"
    if trial.left:
        yield f"left behind  {_listed(trial.left)}  gone before the next training"


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
