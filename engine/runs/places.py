"""Where the runs of a repository lie: in which folders they may, and in which a new one is made.

Imports only what starts fast: quick status looks here first.
"""

from pathlib import Path

from autoresearch.engine.paths import HIDDEN_RUNS, OPEN_RUNS, RunsFolder


SETTING = "runs_folder"  # of [tool.autoresearch]
PYPROJECT, OWN_FILE = "pyproject.toml", "autoresearch.toml"  # the latter holds the settings without a table


def runs_of(home: Path) -> RunsFolder:
    """Return the folder that takes new runs: the one that is set, else the one that disturbs nobody.

    In a repository that has the door of a single-file runner, it is the one beside that.
    """
    named = _named(home / PYPROJECT, "tool", "autoresearch") or _named(home / OWN_FILE)
    if named is None:
        named = OPEN_RUNS if RunsFolder(home=home, folder=home / OPEN_RUNS).door.is_file() else HIDDEN_RUNS
    return RunsFolder(home=home, folder=home / named)


def places(home: Path) -> tuple[Path, ...]:
    """Return every folder that may hold runs, the one for new runs first."""
    return tuple(dict.fromkeys((runs_of(home).folder, home / OPEN_RUNS, home / HIDDEN_RUNS)))


def is_place(path: str) -> bool:
    """Say whether runs may lie there: below the top of a repository, in its plain form, not within git's."""
    return path.isprintable() and not {"", ".", "..", ".git"} & set(path.split("/"))


def _named(file: Path, *tables: str) -> str | None:
    """Return the folder that the settings name; None where they name none, or none that could be."""
    try:
        text = file.read_bytes()
    except OSError:
        return None
    if SETTING.encode() not in text:
        return None
    import tomllib  # noqa: PLC0415 - 6 ms for those who set it alone

    try:
        found = tomllib.loads(text.decode())
        for table in tables:
            found = found[table]
        named = found[SETTING]
    except (ValueError, KeyError, TypeError):
        return None  # engine/runs/settings.py says what is wrong, where a command reads all of them
    return named if isinstance(named, str) and is_place(named) else None
