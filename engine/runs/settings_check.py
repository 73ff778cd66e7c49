"""Whether the values of settings make sense, each by itself and beside the others. Pure."""

from autoresearch.engine.proposals.editable import is_editable
from autoresearch.events.compared import definitions, value_of
from autoresearch.events.errors import InvalidInput
from autoresearch.events.setting import guard_argv
from autoresearch.events.settings import RunConfig


def check(config: RunConfig) -> None:
    """Refuse a value that makes no sense.

    Raises:
        InvalidInput: says which key, what it holds, and what was expected.
    """
    for key, (about, _) in definitions().items():
        refuse_unless(about.holds(value_of(config, key)), key, value_of(config, key), about.expected)
    both = set(config.editable) & set(config.protected)
    refuse_unless(not both, "editable", sorted(both), "files that are not in `protected` as well")
    refuse_unless(
        not any(is_editable(word, config) for word in config.evaluate),
        "evaluate",
        config.evaluate,
        "no editable file in it",
    )
    refuse_unless(
        not any(is_editable(word, config) for word in config.holdout),
        "holdout",
        config.holdout,
        "no editable file in it",
    )
    refuse_unless(
        not any(is_editable(word, config) for guard in config.guard_commands for word in guard_argv(guard)),
        "guards",
        config.guards,
        "no editable file in a command",
    )
    tracked = {*config.editable, *config.protected}
    for key, paths in (("shared", config.shared), ("kept", config.kept)):
        within = sorted(path for path in paths if any(_is_within(one, path) for one in tracked))
        refuse_unless(not within, key, within, "paths without an editable or protected file")


def refuse_unless(holds: bool, key: str, value: object, expected: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Refuse a setting's value where it does not hold.

    Raises:
        InvalidInput: says so.
    """
    if not holds:
        raise InvalidInput(f"{key} = {shown(value)}: expected {expected}")


def shown(value: object) -> str:
    """Return a value as a line of a terminal can hold it."""
    most = 80
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _is_within(path: str, folder: str) -> bool:
    """Say whether a path is another one, or lies below it."""
    return path == folder or path.startswith(f"{folder}/")
