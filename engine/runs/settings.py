"""The settings of a run, read from `[tool.autoresearch]` of pyproject.toml, or autoresearch.toml; checked.

Knows TOML; what the settings are, and what they may hold, is defined in events/settings.py.
"""

import difflib
import math
import shlex
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from attrs import Attribute, evolve, fields

from autoresearch.engine.runs.places import OWN_FILE, PYPROJECT, SETTING, is_place
from autoresearch.engine.runs.settings_check import check, refuse_unless, shown
from autoresearch.engine.verdicts.keep_rules import KEEP_RULES, is_rule
from autoresearch.events.compared import definitions
from autoresearch.events.errors import InvalidInput
from autoresearch.events.metric_spec import MetricSpec
from autoresearch.events.setting import Setting
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import CONDITIONS


TABLE = "tool.autoresearch"

# Settings that had another name before, and the one they have now.
RENAMED = {
    "policy_file": "guidance_file",
    "budget": "training_budget",
    "budget_s": "expected_s",
    "device": "device_lock",
}

# Where runs lie is no setting of a run: no history holds it, and engine/runs/places.py looks for it itself.
RUNS_FOLDER = Setting(
    meaning="Where new runs lie, from the top of the repository; empty: `.autoresearch/runs`, and in a clone"
    " of the single-file runner `workflows/runs`. Runs in these two are found in any case.",
    holds=lambda path: isinstance(path, str) and (not path or is_place(path)),
    expected="a path within the repository, without . or .., and not within .git",
    decides=False,
)

# Which rules there are, the core knows.
KEEP_RULE = evolve(
    definitions()["keep_rule"][0], meaning=f"When a candidate is kept: {KEEP_RULES}.", expected=KEEP_RULES
)


def load_config(home: Path) -> RunConfig:
    """Return the settings of the repository at `home`; the defaults where nothing is set.

    Raises:
        InvalidInput: no TOML, an unknown key, a value that does not fit its key, or two files that set some.
    """
    file, given = settings_given(home)
    return read_settings(file, given)


def read_settings(file: Path, given: dict[str, Any]) -> RunConfig:
    """Return the settings that a table gives.

    Raises:
        InvalidInput: an unknown key, or a value that does not fit its key.
    """
    try:
        return _read(given)
    except InvalidInput as error:
        raise InvalidInput(f"{file}: {error}", remedy=error.remedy) from None


def settings_given(home: Path) -> tuple[Path, dict[str, Any]]:
    """Return the file that holds the settings, or would, and what it sets.

    Raises:
        InvalidInput: no TOML, or two files that set some.
    """
    pyproject, own = home / PYPROJECT, home / OWN_FILE
    project, apart = _parsed(pyproject), _parsed(own)
    try:
        tools = _table(project.get("tool", {}), "tool")
        table = _table(tools["autoresearch"], TABLE) if "autoresearch" in tools else None
    except InvalidInput as error:
        raise InvalidInput(f"{pyproject}: {error}") from None
    if table is not None and apart:
        raise InvalidInput(
            f"{pyproject} and {own} both set something",
            remedy=f"put all of it into [{TABLE}] of {PYPROJECT}, and delete {OWN_FILE}",
        )
    if table is None and (own.exists() or not pyproject.exists()):
        return own, apart
    return pyproject, table or {}


def _parsed(file: Path) -> dict[str, Any]:  # Any: TOML's values are looked at one by one
    try:
        return tomllib.loads(file.read_bytes().decode())
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} is no TOML: {error}") from error


def reference() -> str:
    """Return a markdown table of all settings: key, default, meaning, whether it decides comparability."""
    rows = ["| key | default | compared | meaning |", "| --- | --- | --- | --- |"]
    told = {"keep_rule": (KEEP_RULE, RunConfig().keep_rule), SETTING: (RUNS_FOLDER, "")}
    for key, (about, default) in {**definitions(), **told}.items():
        decides = "yes" if about.decides else ""
        rows.append(f"| `{key}` | `{_as_toml(default)}` | {decides} | {about.meaning} |")
    return "\n".join(rows) + "\n"


def conditions() -> str:
    """Return a markdown table of what each result carries: name, whether it decides by default, meaning."""
    rows = ["| condition | compared | meaning |", "| --- | --- | --- |"]
    for name, meaning in CONDITIONS.items():
        decides = "yes" if name in RunConfig().compare_on else ""
        rows.append(f"| `{name}` | {decides} | {meaning} |")
    return "\n".join(rows) + "\n"


def _read(table: object) -> RunConfig:
    given = _renamed(_table(table, TABLE))
    folder = given.pop(SETTING, "")
    refuse_unless(RUNS_FOLDER.holds(folder), SETTING, folder, RUNS_FOLDER.expected)
    metric = _table(given.pop("metric", {}), f"{TABLE}.metric")
    config = RunConfig(metric=MetricSpec(**_values(metric, fields(MetricSpec), "metric.")))
    config = evolve(config, **_values(given, fields(RunConfig), ""))
    check(config)
    refuse_unless(is_rule(config.keep_rule), "keep_rule", config.keep_rule, KEEP_RULE.expected)
    return config


def _renamed(given: dict[str, Any]) -> dict[str, Any]:
    """Take a setting under its earlier name for the one that it is now."""
    for old, new in RENAMED.items():
        if old in given and new in given:
            raise InvalidInput(
                f"{old} and {new} are one setting", remedy=f"leave out {old}, its earlier name"
            )
        if old in given:
            given[new] = given.pop(old)
    return given


def _table(value: object, name: str) -> dict[str, Any]:  # Any: TOML's values are looked at one by one
    if not isinstance(value, dict):
        raise InvalidInput(f"[{name}] is {shown(value)}; expected a table")
    return dict(value)


def _values(given: dict[str, Any], known: Iterable["Attribute[Any]"], prefix: str) -> dict[str, Any]:
    kinds = {one.name: one.type for one in known}
    result = {}
    for key, value in given.items():
        if key not in kinds:
            known_keys = kinds if prefix else (*kinds, SETTING)
            raise InvalidInput(f"unknown setting {prefix}{key}", remedy=_nearest(key, known_keys))
        expected, read = _readers()[kinds[key]]
        try:
            result[key] = read(value)
        except (ValueError, TypeError) as error:
            raise InvalidInput(
                f"{prefix}{key} = {shown(value)}: expected {expected}",
                remedy=_as_expected(key, value, expected),
            ) from error
    return result


def _as_expected(key: str, value: object, expected: str) -> str:
    """Return how a value is written as it is expected, where that is told; else where all of them are."""
    if expected.startswith("a string") and isinstance(value, int | float):
        return f'in quotes: {key} = "{str(value).lower() if isinstance(value, bool) else value}"'
    return "docs/config.md has each setting and what it takes"


def _readers() -> dict[Any, tuple[str, Callable[[Any], Any]]]:
    return {
        str: ("a string", _string),
        bool: ("true or false", _flag),
        int: ("a whole number", _whole),
        float: ("a number", _number),
        tuple[str, ...]: ("a list of strings, or one string", _words),
        str | tuple[str, ...]: ("a string, or a list of strings", _string_or_list),
        str | dict[str, str]: ("a string, or a table of strings", _string_or_strings),
        tuple[str, ...] | dict[str, tuple[str, ...]]: ("a list of strings, or a table of lists", _words_by),
        tuple[float, ...]: ("a list of numbers", _numbers),
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


def _numbers(value: object) -> tuple[float, ...]:
    return tuple(map(_number, _list(value)))


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


def _string_or_list(value: object) -> str | tuple[str, ...]:
    return tuple(map(_string, value)) if isinstance(value, list) else _string(value)


def _string_or_strings(value: object) -> str | dict[str, str]:
    return _strings(value) if isinstance(value, dict) else _string(value)


def _words_by(value: object) -> tuple[str, ...] | dict[str, tuple[str, ...]]:
    return {name: _words(one) for name, one in value.items()} if isinstance(value, dict) else _words(value)


def _nearest(key: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(key, names, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(names)}"


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
