"""The options that commands share, their completion, and what every command needs to know of its place."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from attrs import frozen

from autoresearch.engine.agents.inside import agent_is_calling
from autoresearch.engine.control.keys import Key, holder, refuse_elsewhere
from autoresearch.engine.git.repository import RealGit
from autoresearch.engine.runs.catalogue import started_runs
from autoresearch.engine.runs.locate import Found, find_home, find_run
from autoresearch.events.errors import AutoresearchError, NotFound, UsageRefused
from autoresearch.events.values import LOOP_STAGES, TOP_STAGES
from autoresearch.workflows.api.envelope import json_text


if TYPE_CHECKING:
    from autoresearch.engine.control.launch import Launched
    from autoresearch.engine.paths import RunPaths

RUNNER = Path(__file__).absolute().parents[1] / "background.py"


def complete_run(incomplete: str) -> list[str]:
    """Return the run ids that begin so, the newest first."""
    try:
        known = started_runs(find_home(Path.cwd()))
    except AutoresearchError:
        return []
    return [one.run_id for one in reversed(known) if one.run_id.startswith(incomplete)]


def complete_stages(incomplete: str) -> list[str]:
    """Return lists of stages that go on from what is typed."""
    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{stage}" for stage in (*TOP_STAGES, *LOOP_STAGES) if stage.startswith(last)]


def _well_spelt(at: str | None) -> str | None:
    """Refuse what names no moment of any run before a run is looked for."""
    if at is not None:
        from autoresearch.engine.runs.as_of import refuse_misspelt  # noqa: PLC0415 - for those who look back alone

        refuse_misspelt(at)
    return at


Repo = Annotated[
    Path | None,
    typer.Option(
        "--repo", help="A folder in the repository to work on; default: the current one.", metavar="PATH"
    ),
]
Run = Annotated[
    str | None,
    typer.Argument(help="The run; default: as for --run-id.", metavar="[RUN]", autocompletion=complete_run),
]
RunId = Annotated[
    str | None,
    typer.Option(
        "--run-id",
        help="The run; default: the latest of the current branch, else the latest.",
        metavar="ID",
        autocompletion=complete_run,
    ),
]
Loops = Annotated[
    int | None, typer.Option("--loops", help="How many changes to try, 0 or more.", metavar="N")
]
Until = Annotated[
    str | None,
    typer.Option(
        "--until",
        help="End in time for 07:00, the next one, or 2026-03-09T07:00; without --loops, as many as fit.",
        metavar="TIME",
    ),
]
For = Annotated[
    str | None,
    typer.Option("--for", help="End in time for so long from now: 8h, 90m, 1h30m.", metavar="LENGTH"),
]
MaxTrainings = Annotated[
    int | None,
    typer.Option(
        "--max-trainings",
        help="Begin no more trainings than these, the baseline and the final among them.",
        metavar="N",
    ),
]
MaxCost = Annotated[
    float | None,
    typer.Option("--max-cost", help="End the run when its agents have cost so much, in USD.", metavar="USD"),
]
MaxTokens = Annotated[
    int | None,
    typer.Option("--max-tokens", help="End the run when its agents have taken so many tokens.", metavar="N"),
]
MaxDeviceHours = Annotated[
    float | None,
    typer.Option("--max-device-hours", help="End the run before its trainings take more.", metavar="HOURS"),
]
NoKeepFor = Annotated[
    int | None,
    typer.Option(
        "--stop-when-no-keep-for",
        help="End the run after so many ideas without a keep.",
        metavar="N",
    ),
]
MaxCrashes = Annotated[
    int | None,
    typer.Option("--max-crashes-in-a-row", help="End the run after so many crashes in a row.", metavar="N"),
]
Only = Annotated[
    str | None,
    typer.Option(
        "--only",
        help="Do these stages and nothing more: setup, baseline, loop, or stages of the loop.",
        metavar="LIST",
        autocompletion=complete_stages,
    ),
]
FromStage = Annotated[
    str | None, typer.Option("--from-stage", help="Begin with setup, baseline or loop.", metavar="STAGE")
]
ToStage = Annotated[
    str | None, typer.Option("--to-stage", help="End after setup, baseline or loop.", metavar="STAGE")
]
LoopOnly = Annotated[
    str | None,
    typer.Option(
        "--loop-only",
        help=f"Of the loop, do these stages and nothing more: {', '.join(LOOP_STAGES)}.",
        metavar="LIST",
        autocompletion=complete_stages,
    ),
]
Stochastic = Annotated[
    bool | None,
    typer.Option(
        "--stochastic/--no-stochastic",
        help="Let an agent propose, or the seeded search alone; default: as before, else an agent.",
        show_default=False,
    ),
]
ProposalFile = Annotated[
    Path | None,
    typer.Option("--proposal-file", help="A proposal for the first of these loops, as JSON.", metavar="PATH"),
]
AutoPrepare = Annotated[
    bool | None,
    typer.Option(
        "--auto-prepare/--no-auto-prepare",
        help="Run prepare.py where data or tokenizer are missing; default: as before, else yes.",
        show_default=False,
    ),
]
Background = Annotated[
    bool,
    typer.Option(
        "--background-train/--no-background-train",
        help="Go on in the background, unattended; or work here, to the end.",
    ),
]
AgentName = Annotated[
    str | None,
    typer.Option(
        "--agent",
        help="The agent that proposes and edits: auto, none, opencode, codex, claude, gemini, aider, custom; "
        "or several that take turns, with commas, and `search` among them.",
        metavar="NAME[,...]",
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        help="End each training after so many seconds; default: twice its budget plus the time to start up.",
        metavar="SECONDS",
    ),
]
Prefetch = Annotated[
    int | None,
    typer.Option(
        "--prefetch",
        help="Prepare so many changes while another one trains; 0: none. Default: the setting, which is 1.",
        metavar="N",
    ),
]
Final = Annotated[
    int | None,
    typer.Option(
        "--final",
        help="Compare best and baseline on so many fresh seeds at the end; 0: none. Default: the setting, 3.",
        metavar="N",
    ),
]
Follow = Annotated[bool, typer.Option("--follow", help="Show the live view; Ctrl-C leaves the run going.")]
At = Annotated[
    str | None,
    typer.Option(
        "--at",
        help="As of an event (57), an iteration's verdict (iteration:7) or a time as printed (UTC: 21:04Z).",
        metavar="WHEN",
        callback=_well_spelt,
    ),
]
Following = Annotated[
    bool, typer.Option("-f", "--follow", help="Go on with what is new, until the run rests.")
]
Last = Annotated[
    int | None,
    typer.Option(
        "--last",
        help="Only the last of them; 0: all. Default: 200; with --csv, or history's --jsonl, all.",
        metavar="N",
        min=0,
    ),
]
Memory = Annotated[
    list[str] | None,
    typer.Option(
        "--memory",
        help="Another run of which agents are told what it found, as it stands now; repeatable.",
        metavar="RUN",
        autocompletion=complete_run,
    ),
]
KeyText = Annotated[
    str | None,
    typer.Option(
        "--key",
        help="A name for this intent: said again under it, it is done once and answered alike.",
        metavar="KEY",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


@frozen(kw_only=True)
class Target:
    """The repository that a command works on."""

    home: Path
    git: RealGit

    def run(self, run_id: str | None, key: Key | None = None) -> Found:
        """Return the run that is meant; under a key that was used before, the one that it was used for.

        Raises:
            UsageRefused: it was used for another one than the one that is named.
        """
        there = holder(self.home, key)
        if key is None or there is None:
            return find_run(self.home, self.git, run_id)
        found = find_run(self.home, self.git, run_id or there.run_id)
        refuse_elsewhere(found.paths, key, there)
        return found


def target(repo: Path | None) -> Target:
    """Return the repository around `repo`, or around the current folder."""
    home = find_home(repo or Path.cwd())
    return Target(home=home, git=RealGit(home))


def named(run: str | None, run_id: str | None) -> str | None:
    """Return the run that an argument or an option names; None where neither does.

    Raises:
        UsageRefused: both do.
    """
    if run is not None and run_id is not None:
        raise UsageRefused("the run is named twice", remedy="leave out --run-id")
    return run or run_id


def refuse_inside_agent() -> None:
    """Refuse to steer a run from inside one: an agent that edits a candidate has that task alone.

    Raises:
        NotFound: an agent of a run is calling, by its environment, its ancestors, or where it stands.
    """
    if agent_is_calling(Path.cwd()):
        raise NotFound(
            "an agent at work on a candidate may not steer a run",
            remedy="change the files you were asked to change; the run goes on by itself",
        )


def refuse_passing_environment() -> None:
    """Refuse to leave a runner behind in an environment that is gone once this command ends.

    Raises:
        NotFound: this is such a one.
    """
    from autoresearch.engine.control.launch import cannot_stay  # noqa: PLC0415 - as below

    if (refusal := cannot_stay()) is not None:
        raise refusal


def ensure_runner(paths: "RunPaths") -> "Launched":
    """Give the run a background runner, unless one is alive."""
    from autoresearch.engine.control.launch import launch  # noqa: PLC0415 - for those who steer a run alone

    return launch(paths, (sys.executable, str(RUNNER), str(paths.home), str(paths.folder)))


def print_object(document: dict[str, Any]) -> None:  # Any: it is JSON
    """Print what `--json` asks for."""
    typer.echo(json_text(document), nl=False)


def say(text: str, *, err: bool = False) -> None:
    """Print a line for people, at once."""
    typer.echo(text, err=err)


def tell(text: str) -> None:
    """Print a line of a command that still has something to do: a reader who saw enough does not end it."""
    try:
        typer.echo(text)
    except BrokenPipeError:  # of `| head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
