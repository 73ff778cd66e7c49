"""Which settings there are, in which two runs differ, and which decide whether results are compared. Pure."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache

from attrs import fields

from autoresearch.events.metric_spec import AS_BEFORE, MetricSpec
from autoresearch.events.setting import Setting
from autoresearch.events.settings import RunConfig


@cache
def definitions() -> Mapping[str, tuple[Setting, object]]:
    """Return every setting by its key in the table, with its definition and default, in order."""
    found: dict[str, tuple[Setting, object]] = {}
    config, metric = RunConfig(), MetricSpec()
    for one in fields(RunConfig):
        if one.name == "metric":
            for part in fields(MetricSpec):
                found[f"metric.{part.name}"] = part.metadata["setting"], getattr(metric, part.name)
        else:
            found[one.name] = one.metadata["setting"], getattr(config, one.name)
    return found


def value_of(config: RunConfig, key: str) -> object:
    """Return what a setting holds, by its key in the table."""
    table, _, name = key.rpartition(".")
    return getattr(config.metric if table else config, name)


def changed_settings(old: RunConfig, new: RunConfig) -> tuple[str, ...]:
    """Return the names of the settings that differ."""
    return tuple(one.name for one in fields(RunConfig) if getattr(old, one.name) != getattr(new, one.name))


def deciding_changes(old: RunConfig, new: RunConfig) -> tuple[str, ...]:
    """Return the keys of the settings that differ, of those that decide what is compared."""
    deciding = (key for key, (about, _) in definitions().items() if about.decides)
    return tuple(key for key in deciding if value_of(old, key) != value_of(new, key))


def deciding_digest(config: RunConfig, *, but: str = " ") -> str:
    """Return what is equal where, of all settings, those that decide are: only then results are compared.

    Defaults are left out: verdicts name the digest, and a setting that is added later changes none of them.
    `but` is how the keys begin that do not count.
    """
    known = [entry for entry in definitions().items() if not entry[0].startswith(but)]
    values = {key: (value_of(config, key), default) for key, (about, default) in known if about.decides}
    deciding = {key: value for key, (value, default) in values.items() if value != default}
    if config.metric.pattern == AS_BEFORE:
        deciding.pop("metric.pattern", None)
    return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()[:16]
