"""The commands that train nothing new: what was kept, once more on seeds that were used for nothing else."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from autoresearch.engine.control.keys import Key, key_of
from autoresearch.engine.control.outcome import StartOutcome
from autoresearch.engine.control.requests import MOST_SEEDS, StartOptions
from autoresearch.engine.control.results.take_out import Purpose, TakeOutOutcome, take_out
from autoresearch.engine.paths import RunPaths
from autoresearch.workflows.api.acts.start import taken_out_fields
from autoresearch.workflows.cli import options as opt
from autoresearch.workflows.cli.acts.start_resume import SharedOptions, ask_for, serve, shared_options
from autoresearch.workflows.pages.acts.start import take_out_lines


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
    key: opt.KeyText = None,
    as_json: opt.AsJson = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> int:
    """Train baseline and best on fresh seeds, and state the gain with its interval.

    Loops that are left wait for a `resume` where the run has stopped; while it runs, they go first. The same
    as `resume --loops 0 --final N`.
    """
    options = StartOptions(loops=0, final=seeds, consolidate=0)
    asked = key_of(key, "final", seeds=seeds)
    shared = _shared(
        options, background=background_train, follow=follow, as_json=as_json, repo=repo, key=asked
    )
    return ask_for(shared, opt.named(run, run_id), command="final")


def consolidate_command(
    run: opt.Run = None,
    *,
    seeds: Seeds = SEEDS,
    drop: Annotated[
        bool, typer.Option("--drop", help="Try the best without each keep that was found doubtful.")
    ] = False,
    background_train: opt.Background = True,
    follow: opt.Follow = False,
    key: opt.KeyText = None,
    as_json: opt.AsJson = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> int:
    """Train all that was kept on fresh seeds: each keep is confirmed, or doubtful.

    K keeps cost K + 1 trainings a seed. Loops that are left wait for a `resume` where the run has stopped;
    while it runs, they go first. With --drop, what was found doubtful before is taken out, each by itself,
    and stays out where the best is not worse without it.
    """
    asked = key_of(key, "consolidate", seeds=seeds, drop=drop)
    options = StartOptions() if drop else StartOptions(loops=0, consolidate=seeds)
    shared = _shared(
        options, background=background_train, follow=follow, as_json=as_json, repo=repo, key=asked
    )
    if drop:
        return _without("drop", seeds, opt.named(run, run_id), shared, command="consolidate")
    return ask_for(shared, opt.named(run, run_id), command="consolidate", beside=taken_out_fields)


def ablate_command(
    run: opt.Run = None,
    *,
    seeds: Seeds = SEEDS,
    background_train: opt.Background = True,
    follow: opt.Follow = False,
    key: opt.KeyText = None,
    as_json: opt.AsJson = False,
    run_id: opt.RunId = None,
    repo: opt.Repo = None,
) -> int:
    """Train the best without each of its keeps, and say what each gives beside the others.

    K keeps cost K + 1 trainings a seed. The best stays what it is.
    """
    asked = key_of(key, "ablate", seeds=seeds)
    shared = _shared(
        StartOptions(), background=background_train, follow=follow, as_json=as_json, repo=repo, key=asked
    )
    return _without("ablate", seeds, opt.named(run, run_id), shared, command="ablate")


def _shared(
    options: StartOptions,
    *,
    background: bool,
    follow: bool,
    as_json: bool,
    repo: Path | None,
    key: Key | None,
) -> SharedOptions:
    opt.refuse_inside_agent()
    return shared_options(
        options, background=background, follow=follow, here=opt.target(repo), as_json=as_json, key=key
    )


def _without(purpose: Purpose, seeds: int, run_id: str | None, shared: SharedOptions, *, command: str) -> int:
    made: TakeOutOutcome | None = None

    def ask(paths: RunPaths, _alive: Callable[[RunPaths], bool]) -> StartOutcome:
        nonlocal made
        made = take_out(
            shared.here.home, paths.run_id, purpose, seeds=seeds, git=shared.here.git, key=shared.key
        )
        if not shared.as_json:
            for said in take_out_lines(made):
                opt.say(said)
        return made.started

    return serve(shared, run_id, ask, command=command, beside=lambda: taken_out_fields(made))
