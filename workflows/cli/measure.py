"""The commands that train nothing new: what was kept, once more on seeds that were used for nothing else."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from autoresearch.engine.control.requests import MOST_SEEDS, StartOptions
from autoresearch.engine.control.start import StartOutcome
from autoresearch.engine.control.take_out import Purpose, take_out
from autoresearch.engine.paths import RunPaths
from autoresearch.workflows.cli import options as opt
from autoresearch.workflows.cli.start_resume import SharedOptions, ask_for, serve
from autoresearch.workflows.pages.start import take_out_lines


SEEDS = 3  # where nobody says how many

Seeds = Annotated[
    int, typer.Option("--seeds", help="On how many fresh seeds.", metavar="N", min=1, max=MOST_SEEDS)
]


def final_command(
    run: opt.Run = None,
    *,
    seeds: Seeds = SEEDS,
    background_train: opt.Background = True,
    follow: opt.Follow = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> int:
    """Train baseline and best on fresh seeds, and state the gain with its interval.

    What is left of the run's loops goes first. The same as `resume --loops 0 --final N`.
    """
    options = StartOptions(loops=0, final=seeds, consolidate=0)
    return _ask(options, opt.named(run, run_id), background=background_train, follow=follow, repo=repo)


def consolidate_command(
    run: opt.Run = None,
    *,
    seeds: Seeds = SEEDS,
    drop: Annotated[
        bool, typer.Option("--drop", help="Try the best without each keep that was found doubtful.")
    ] = False,
    background_train: opt.Background = True,
    follow: opt.Follow = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> int:
    """Train all that was kept on fresh seeds: each keep is confirmed, or doubtful.

    K keeps cost K + 1 trainings a seed. What is left of the run's loops goes first. With --drop, what was
    found doubtful before is taken out, each by itself, and stays out where the best is not worse without it.
    """
    if drop:
        here = opt.target(repo)
        return _without(
            "drop", seeds, opt.named(run, run_id), here, background=background_train, follow=follow
        )
    options = StartOptions(loops=0, consolidate=seeds)
    return _ask(options, opt.named(run, run_id), background=background_train, follow=follow, repo=repo)


def ablate_command(
    run: opt.Run = None,
    *,
    seeds: Seeds = SEEDS,
    background_train: opt.Background = True,
    follow: opt.Follow = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> int:
    """Train the best without each of its keeps, and say what each gives beside the others.

    K keeps cost K + 1 trainings a seed. The best stays what it is.
    """
    here = opt.target(repo)
    return _without("ablate", seeds, opt.named(run, run_id), here, background=background_train, follow=follow)


def _ask(
    options: StartOptions, run_id: str | None, *, background: bool, follow: bool, repo: Path | None
) -> int:
    opt.refuse_inside_agent()
    shared = SharedOptions(
        options=options, proposal=None, background=background, follow=follow, here=opt.target(repo)
    )
    return ask_for(shared, run_id)


def _without(
    purpose: Purpose, seeds: int, run_id: str | None, here: opt.Target, *, background: bool, follow: bool
) -> int:
    opt.refuse_inside_agent()

    def ask(paths: RunPaths, _alive: Callable[[RunPaths], bool]) -> StartOutcome:
        asked = take_out(here.home, paths.run_id, purpose, seeds=seeds, git=here.git)
        for said in take_out_lines(asked):
            opt.say(said)
        return asked.started

    shared = SharedOptions(
        options=StartOptions(), proposal=None, background=background, follow=follow, here=here
    )
    return serve(shared, run_id, ask)
