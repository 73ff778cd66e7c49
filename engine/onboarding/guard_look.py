"""The commands of guards, run once on the code as it stands: none is ever run on the baseline.

One that fails there would keep every candidate out.
"""

from collections.abc import Iterator

from attrs import evolve

from autoresearch.engine.core import dry_run
from autoresearch.engine.onboarding.doctor import Finding
from autoresearch.engine.onboarding.trial import Trials, begun
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.sealing.checkout import TrainCheckouts
from autoresearch.engine.training.result import how_it_ended
from autoresearch.engine.training.setup import check_setup
from autoresearch.engine.training.spec import guard_spec
from autoresearch.events.errors import AutoresearchError
from autoresearch.events.settings import RunConfig


def look_at_guards(trials: Trials, config: RunConfig, commit: str) -> Iterator[Finding]:
    """Yield a finding for each guard that is a command."""
    if not config.guard_commands:
        return
    try:
        yield from trials.within(lambda paths: list(_run(trials, config, commit, paths)))
    except AutoresearchError as error:
        yield Finding(check="guard", state="info", code="guard_not_run", inputs={"said": str(error)})


def _run(trials: Trials, config: RunConfig, commit: str, paths: RunPaths) -> Iterator[Finding]:
    run = begun(config, commit, paths)
    checked = check_setup(run, paths=paths, git=trials.git)
    if not checked.ok:
        return  # said among the others, and what a guard says then is not its own
    run = dry_run.after(run, [checked])
    checkouts = TrainCheckouts(paths=paths, git=trials.git)
    trained = paths.job(0, "train", 1).folder
    trained.mkdir(parents=True)
    for number, guard in enumerate(config.guard_commands, start=1):
        files = paths.job(0, "guard", number)
        checkouts.clear(1, commit, run)
        one = evolve(trials.training(run, commit, paths, files), deadline_s=config.evaluate_timeout_s)
        done = trials.done(files, guard_spec(config, one, guard, trained), "guard")
        inputs: dict[str, object] = {"guard": guard, "seconds": done.seconds}
        if done.reason == "exited" and done.exit_code == 0:
            yield Finding(check="guard", state="ok", code="guard", inputs=inputs)
            continue
        tail = trials.printed(files).decode(errors="replace")
        reason = how_it_ended(done, tail=tail)
        yield Finding(check="guard", state="warn", code="guard_fails", inputs=inputs, reason=reason)
