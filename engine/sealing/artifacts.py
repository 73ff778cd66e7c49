"""What a training leaves and is worth keeping: moved where it stays, of the best and of the newest.

A move within one file system costs nothing, however large a checkpoint is. Deleting them changes no result.
"""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from autoresearch.engine.paths import RunPaths
from autoresearch.projections.run_state import Iteration, RunState


def take_out(one: Iteration, run: RunState, paths: RunPaths, *, sealed: Iterable[str]) -> None:
    """Move what matches the settings' patterns out of an iteration's checkout and its training's job folder.

    What is sealed stays: a runner that dies before the end is recorded looks at the seal once more. Done
    twice, is done.
    """
    stays = {part for path in sealed for part in (path, *map(str, PurePosixPath(path).parents))}
    job = paths.job(one.number, "train", one.trainings)
    runners = {path.name for path in (*job.own(), job.progress)}
    for folder, known in ((paths.slot(one.slot), stays), (job.folder, runners)):
        for found in matching(run, folder):
            if job.bytecode in (found, *found.parents):
                continue
            place = paths.artifacts(one.number) / found.relative_to(folder)
            if str(found.relative_to(folder)) in known or found.is_symlink() or not _is_inside(found, folder):
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            _remove(place)  # of an earlier training of the same iteration
            found.rename(place)


def matching(run: RunState, folder: Path) -> list[Path]:
    """Return what matches the settings' patterns in a folder."""
    return sorted(found for pattern in run.config.artifacts for found in folder.glob(pattern))


def tidy(run: RunState, paths: RunPaths, *, best: int | None) -> None:
    """Delete all but those of the best and of the newest iterations, as many as the settings say."""
    try:
        names = sorted(one.name for one in paths.all_artifacts.iterdir() if one.name.isdecimal())
    except FileNotFoundError:
        return
    newest = names[len(names) - run.config.artifacts_newest :] if run.config.artifacts_newest else []
    opened = {f"{one.number:04d}" for one in run.open}
    for name in names:
        if name not in newest and name not in opened and int(name) != best:
            shutil.rmtree(paths.all_artifacts / name, ignore_errors=True)


def _is_inside(found: Path, checkout: Path) -> bool:
    return Path(os.path.realpath(found)).is_relative_to(os.path.realpath(checkout))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
