"""The settings of a run, read from `[tool.autoresearch]` of pyproject.toml and checked at once.

Knows which values make sense; what they are for stands in events/values.py and, for people, in MEANINGS.
"""

import difflib
import math
import re
import shlex
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from attrs import Attribute, evolve, fields

from autoresearch.engine.core.keep_rules import KEEP_RULES, is_rule
from autoresearch.events.errors import InvalidInput
from autoresearch.events.values import MetricSpec, RunConfig


TABLE = "tool.autoresearch"
DEVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

# One sentence for each setting, in the order of RunConfig; docs/config.md is made of them.
MEANINGS = {
    "train": "The training command, a list or one string; `{python}` is autoresearch's own interpreter.",
    "prepare": "The command that prepares data; empty where there is nothing to prepare.",
    "check": "The command that says whether data is ready (exit code 0); empty where nothing needs checking.",
    "editable": "The files that a change may touch.",
    "protected": "The files that must be there and must not change.",
    "policy_file": "The file that tells an agent what is worth trying.",
    "metric.name": "The name of the number that counts.",
    "metric.pattern": "A regular expression with one group, the number; its last match in the output counts.",
    "metric.lower_is_better": "Whether a lower number is the better one.",
    "keep_rule": "When a candidate is kept: `lower` (any improvement) or `min-delta:0.001`.",
    "budget": "Given to the training as AUTORESEARCH_BUDGET; empty leaves it its own default.",
    "budget_s": "Seconds a training is expected to take at most.",
    "timeout_s": "Seconds after which a training is ended; 0 is twice `budget_s` plus 300 for starting up.",
    "prepare_timeout_s": "Seconds after which preparing data is ended.",
    "agent": "The agent that proposes and applies: auto, opencode, command or none.",
    "agent_command": "An agent of your own: a command that reads the prompt on its standard input.",
    "agent_model": "The model the agent is asked to use; empty leaves it the agent's own.",
    "agent_timeout_s": "Seconds after which an agent is ended.",
    "agent_idle_s": "Seconds without output and without CPU use after which an agent is ended.",
    "agent_failures": "So many failures of an agent in a row pause the run.",
    "fix_attempts": "How often an agent may mend a crashed candidate.",
    "seed": "The seed of the search that proposes where no agent does.",
    "slots": "Trainings at once, each in a checkout of its own.",
    "prefetch": "Iterations that are prepared while another one trains; 0: none. `--prefetch` goes first.",
    "device": "The device that trainings wait for: auto (the machine's), a name for one of several, or none.",
    "log_limit_mb": "Megabytes of a job's output that are kept; beyond it, its head and its tail.",
    "env": "Environment variables added to a training.",
}


def load_config(pyproject: Path) -> RunConfig:
    """Return the settings; the defaults where there is no file or no table.

    Raises:
        InvalidInput: no TOML, an unknown key, or a value that does not fit its key.
    """
    try:
        whole = tomllib.loads(pyproject.read_bytes().decode())
    except FileNotFoundError:
        return RunConfig()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{pyproject} is no TOML: {error}") from error
    try:
        return _read(_table(whole.get("tool", {}), "tool").get("autoresearch", {}))
    except InvalidInput as error:
        raise InvalidInput(f"{pyproject}: {error}", remedy=error.remedy) from None


def reference() -> str:
    """Return a markdown table of all settings: key, default, meaning."""
    rows = ["| key | default | meaning |", "| --- | --- | --- |"]
    for key, default in _defaults():
        rows.append(f"| `{key}` | `{_as_toml(default)}` | {MEANINGS[key]} |")
    return "\n".join(rows) + "\n"


def _read(table: object) -> RunConfig:
    given = _table(table, TABLE)
    metric = _table(given.pop("metric", {}), f"{TABLE}.metric")
    config = RunConfig(metric=MetricSpec(**_values(metric, fields(MetricSpec), "metric.")))
    config = evolve(config, **_values(given, fields(RunConfig), ""))
    _check_values(config)
    return config


def _table(value: object, name: str) -> dict[str, Any]:  # Any: TOML's values are looked at one by one
    if not isinstance(value, dict):
        raise InvalidInput(f"[{name}] is {_shown(value)}; expected a table")
    return dict(value)


def _values(given: dict[str, Any], known: Iterable["Attribute[Any]"], prefix: str) -> dict[str, Any]:
    kinds = {one.name: one.type for one in known}
    result = {}
    for key, value in given.items():
        if key not in kinds:
            raise InvalidInput(f"unknown setting {prefix}{key}", remedy=_nearest(key, kinds))
        expected, read = _readers()[kinds[key]]
        try:
            result[key] = read(value)
        except (ValueError, TypeError) as error:
            raise InvalidInput(f"{prefix}{key} = {_shown(value)}: expected {expected}") from error
    return result


def _readers() -> dict[Any, tuple[str, Callable[[Any], Any]]]:
    return {
        str: ("a string", _string),
        bool: ("true or false", _flag),
        int: ("a whole number", _whole),
        float: ("a number", _number),
        tuple[str, ...]: ("a list of strings, or one string", _words),
        dict[str, str]: ("a table of strings", _strings),
    }


def _string(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise TypeError
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value


def _number(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise TypeError
    return float(value)


def _words(value: object) -> tuple[str, ...]:
    """Read a list, or split a string as a shell would; no shell is ever asked."""
    return tuple(_string(word) for word in (shlex.split(value) if isinstance(value, str) else _list(value)))


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _strings(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or any("=" in name or not name for name in value):
        raise TypeError
    return {name: _string(text) for name, text in value.items()}


def _check_values(config: RunConfig) -> None:
    _check(bool(config.train), "train", config.train, "a command")
    _check(bool(config.editable), "editable", config.editable, "at least one file")
    for key in ("editable", "protected"):
        for path in getattr(config, key):
            _check(_is_inside(path), key, path, "paths relative to the repository, without ..")
    _check(
        not config.policy_file or _is_inside(config.policy_file),
        "policy_file",
        config.policy_file,
        "a relative path",
    )
    both = set(config.editable) & set(config.protected)
    _check(not both, "editable", sorted(both), "files that are not in `protected` as well")
    _check(
        _has_one_group(config.metric.pattern),
        "metric.pattern",
        config.metric.pattern,
        "a regular expression with exactly one group",
    )
    _check(bool(DEVICE.fullmatch(config.device)), "device", config.device, "a name of letters, digits, . _ -")
    _check(bool(config.metric.name.strip()), "metric.name", config.metric.name, "a name")
    _check(is_rule(config.keep_rule), "keep_rule", config.keep_rule, KEEP_RULES)
    for key in (
        "budget_s",
        "prepare_timeout_s",
        "agent_timeout_s",
        "log_limit_mb",
        "slots",
        "agent_failures",
    ):
        _check(getattr(config, key) > 0, key, getattr(config, key), "more than 0")
    for key in ("timeout_s", "agent_idle_s", "fix_attempts", "prefetch"):
        _check(getattr(config, key) >= 0, key, getattr(config, key), "0 or more")


def _check(holds: bool, key: str, value: object, expected: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise InvalidInput(f"{key} = {_shown(value)}: expected {expected}")


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return (
        bool(parts) and not path.startswith("/") and ".." not in parts and str(PurePosixPath(*parts)) == path
    )


def _has_one_group(pattern: str) -> bool:
    try:
        return re.compile(pattern).groups == 1
    except (re.error, RecursionError, OverflowError):
        return False


def _nearest(key: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(key, names, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(names)}"


def _defaults() -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = []
    for one in fields(RunConfig):
        if one.name == "metric":
            rows += [(f"metric.{part.name}", getattr(MetricSpec(), part.name)) for part in fields(MetricSpec)]
        else:
            rows.append((one.name, getattr(RunConfig(), one.name)))
    return rows


def _as_toml(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f"'{value}'" if "\\" in value else f'"{value}"'
        case tuple():
            return "[" + ", ".join(_as_toml(one) for one in value) + "]"
        case dict():
            return "{}"
        case _:
            return str(value)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."  # noqa: PLR2004 - a line of a terminal
