"""From a repository to settings that were tried: look, train, take the metric, write.

Asks nobody: who is to be asked is the caller's, which is told what there is to choose from.
"""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attrs import evolve

from autoresearch.engine.metrics import metric_file
from autoresearch.engine.metrics.metric import NUMBER, MetricReader
from autoresearch.engine.onboarding.commands import in_folder
from autoresearch.engine.onboarding.metric_names import Candidate, candidates, is_lower_better
from autoresearch.engine.onboarding.proposal import Proposed
from autoresearch.engine.onboarding.settings_file import with_settings
from autoresearch.engine.onboarding.trial import Trial, Trials
from autoresearch.engine.runs.places import PYPROJECT
from autoresearch.engine.runs.settings import TABLE, load_config, read_settings, settings_given
from autoresearch.engine.sealing.checkout import QUOTED
from autoresearch.events.compared import value_of
from autoresearch.events.files import write_atomic
from autoresearch.events.metric_spec import MetricSpec
from autoresearch.events.setting import folder_and_words
from autoresearch.events.settings import RunConfig


NEVER_PRINTED = "a metric that is not known yet"  # no line has it: the log alone is wanted
MOST_TRIALS = 4  # each of the first ones may name one more path to share
ROUND_UP_TO_S = 10
LAST_BYTES = 4096  # of an output: what a crash says
CLEARER = 15  # of a candidate's worth: a file's `mse` counts before a printed `train_loss`, not before a loss


def merged(
    home: Path, proposed: Proposed, files: Sequence[str], *, force: bool
) -> tuple[RunConfig, dict[str, object]]:
    """Return the settings with what is proposed in the place of what is not set, and what that adds.

    Where they name the training already, a default whose files are among the repository's is one of them. A
    training that somebody names now takes the place of the one that is set.

    Raises:
        InvalidInput: the settings that are there make no sense.
    """
    file, given = settings_given(home)
    there = set(_keys(given))
    wanted = {"train"} if proposed.source == "option" else set()
    new = {key: value for key, value in proposed.settings.items() if force or key not in there - wanted}
    current = load_config(home)
    if given:
        new = {key: value for key, value in new.items() if value_of(current, key) != value}
        if proposed.source == "setting" and not force:
            new = {key: value for key, value in new.items() if not _serves(value_of(current, key), files)}
    return read_settings(file, _nested(given, new)), new


def with_metric(config: RunConfig, name: str, *, lower: bool, file: str = "") -> RunConfig:
    """Return the settings with a metric that is found by its name, in what is printed or in a file."""
    return evolve(config, metric=MetricSpec(name=name, lower_is_better=lower, file=file))


def with_way(
    config: RunConfig, new: dict[str, object], *, lower: bool
) -> tuple[RunConfig, dict[str, object]]:
    """Return the settings with the other way as the better one of their metric, and what that adds."""
    if config.metric.lower_is_better == lower:
        return config, new
    config = evolve(config, metric=evolve(config.metric, lower_is_better=lower))
    return config, {**new, "metric.lower_is_better": lower}


def metric_settings(config: RunConfig) -> dict[str, object]:
    """Return the settings that name a metric, by their keys."""
    spec = config.metric
    file = {"metric.file": spec.file} if spec.file else {}
    return {"metric.name": spec.name, **file, "metric.lower_is_better": spec.lower_is_better}


def value_of_trial(trial: Trial, config: RunConfig) -> float | None:
    """Return the number of a trial under its metric, which may have been found in its output; None: none."""
    result = trial.result
    if result is None or result.outcome not in ("succeeded", "no_metric"):
        return None
    if result.metric is not None or not config.metric.file:
        return result.metric if result.metric is not None else value_in(trial.output, config.metric.name)
    content = trial.tables.get(config.metric.file, b"")
    text = metric_file.read(config.metric, config.metric.name, content).text or ""
    return float(text) if NUMBER.fullmatch(text) else None


def unknown_metric(config: RunConfig) -> RunConfig:
    """Return the settings with a metric that no output has."""
    return evolve(config, metric=MetricSpec(name=NEVER_PRINTED))


def printed(trial: Trial) -> list[Candidate]:
    """Return what a trial printed that can be a metric."""
    return printed_in(trial.output)


def printed_in(output: bytes) -> list[Candidate]:
    """Return what an output has that can be a metric, the likeliest first; each is found by its name."""
    lines = output.decode(errors="replace").replace("\r", "\n").split("\n")
    return [one for one in candidates(lines) if value_in(output, one.name) is not None]


def in_tables(trial: Trial, name: str = "") -> tuple[str, Candidate] | None:
    """Return the likeliest number of the files that a trial left, and its file; of a name, that one."""
    found = []
    for file, content in trial.tables.items():
        spec = MetricSpec(name=NEVER_PRINTED, file=file)
        paths = metric_file.read(spec, NEVER_PRINTED, content).paths
        named = [Candidate(name=name, line="", worth=1, lower=is_lower_better(name))] if name else []
        for one in named or candidates(f"{path}: 1" for path in paths):
            text = metric_file.read(spec, one.name, content).text or ""
            if NUMBER.fullmatch(text):
                found.append((file, evolve(one, line=f"{file}: {one.name} = {text}")))
    return max(found, key=lambda pair: pair[1].worth, default=None)


def is_clearer(one: Candidate, than: Candidate) -> bool:
    """Say whether a number counts more surely than another: its name tells that it was held back."""
    return one.worth > than.worth + CLEARER


def value_in(output: bytes, name: str) -> float | None:
    """Return the finite number that an output has under a name."""
    reader = MetricReader(MetricSpec(name=name))
    reader.feed(output)
    found = reader.finish()
    value = found.value if found is not None else None
    return value if value is not None and math.isfinite(value) else None


def tried(trials: Trials, config: RunConfig, commit: str) -> tuple[Trial, tuple[str, ...]]:
    """Train once; again where that only lacked a path of the user's checkout. Return these paths, too."""
    shared: tuple[str, ...] = ()
    while True:
        trial = trials.once(evolve(config, shared=(*config.shared, *shared)), commit)
        failed = trial.result is not None and trial.result.outcome == "crashed"
        if not failed or not trial.unshared or len(shared) + 1 >= MOST_TRIALS:
            return trial, shared
        shared = (*shared, trial.unshared)


def from_its_folder(trial: Trial, config: RunConfig, home: Path) -> tuple[str, ...] | None:
    """Return the training as it runs in the folder of its script, where a file that it missed lies there."""
    moved, words = folder_and_words(config.train)
    folder = next((os.path.dirname(word) for word in words if word.endswith(".py")), "")  # noqa: PTH120 - a word
    if moved or not folder or trial.result is None or trial.result.outcome != "crashed":
        return None
    missed = QUOTED.findall(trial.output[-LAST_BYTES:].decode(errors="replace"))
    if not any((home / folder / name).exists() and not (home / name).exists() for name in missed):
        return None
    return in_folder(folder, [word.removeprefix(f"{folder}/") for word in words])


def write(home: Path, settings: dict[str, object]) -> Path:
    """Write settings where those of the repository stand; nothing else of that file changes.

    Raises:
        InvalidInput: they cannot be written there.
    """
    file, _ = settings_given(home)
    text = file.read_bytes().decode() if file.exists() else ""
    if settings:
        table = TABLE if file.name == PYPROJECT else ""
        write_atomic(file, with_settings(text, table, settings).encode())
    return file


def expected(seconds: float) -> float:
    """Return the seconds that a training may be expected to take at most, after one that took so many."""
    return float(max(ROUND_UP_TO_S, math.ceil(1.5 * seconds / ROUND_UP_TO_S) * ROUND_UP_TO_S))


def _serves(value: object, files: Sequence[str]) -> bool:
    """Say whether all files that a setting names are there, and it names some."""
    named = [word for word in value if "." in word] if isinstance(value, tuple) else []
    return bool(named) and all(name in files for name in named)


def _keys(given: dict[str, Any], above: str = "") -> Sequence[str]:
    """Return the keys of the settings in a table, those of the metric with its name before them."""
    return [
        key
        for name, value in given.items()
        for key in (
            _keys(value, "metric.") if name == "metric" and isinstance(value, dict) else [above + name]
        )
    ]


def _nested(given: dict[str, Any], new: dict[str, object]) -> dict[str, Any]:
    whole = dict(given)
    for key, value in new.items():
        table, _, name = key.rpartition(".")
        if table:
            whole[table] = dict(whole.get(table, {})) | {name: value}
        else:
            whole[name] = list(value) if isinstance(value, tuple) else value
    return whole
