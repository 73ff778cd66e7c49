"""The door: `python workflows/run_experiment.py start --loops 5`, and the console script `autoresearch`.

Works from a checkout without being installed, from any folder; what it needs and does not find, it names.
`status`, which is asked again and again, is answered by workflows/quick_status.py where it can
be; everything else is workflows/cli/main.py's.
"""

import os
import shlex
import sys


NEEDS = ("attrs", "jsonschema", "orjson", "rich", "typer", "watchdog")  # pyproject.toml says what for
PYTHON = (3, 11)
PRECONDITION = 3  # an exit code


def main() -> None:
    """Run the command line and leave with its exit code."""
    from autoresearch import torn_bytecode  # noqa: PLC0415 - only now can it be found

    try:
        _run()
    except (EOFError, ValueError, TypeError) as error:
        torn = torn_bytecode(error)
        if not torn:
            raise
        _refuse(f"{torn} is damaged, as a full disk leaves it", f"remove it: `rm {shlex.quote(torn)}`")


def _run() -> None:
    if not _told_quickly():
        _refuse_incomplete()
        from autoresearch.workflows.cli.main import main as command_line  # noqa: PLC0415 - only now can it be found

        sys.exit(command_line())


def _told_quickly() -> bool:
    from autoresearch.workflows.quick_status import answer  # noqa: PLC0415 - the same

    text = answer(sys.argv[1:])
    if text is None or sys.stdout.encoding.lower() != "utf-8":
        return False
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except (OSError, UnicodeError):
        return False  # the whole command fails the same way, and says so
    return True


def _refuse_incomplete() -> None:
    from importlib.util import find_spec  # noqa: PLC0415 - `status` needs none

    missing = [name for name in NEEDS if find_spec(name) is None]
    if missing:
        home = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # noqa: PTH120 - pathlib costs more
        _refuse(f"not installed for {sys.executable}: {', '.join(missing)}", _how_to_install(home))


def _how_to_install(home: str) -> str:
    """Name the environment that has it, where there is one; else how it is made."""
    venv = f"{home}/.venv"
    python = f"{venv}/bin/python"
    install = f"{python} -m pip install --editable {home}"
    if os.path.exists(python) and os.path.realpath(sys.prefix) != os.path.realpath(venv):  # noqa: PTH110
        return f"call it with {python}; if that lacks it too: `{install}`"
    return f"`python3 -m venv {venv} && {install}`, then call it with {python}; or `make run` in {home}"


def _refuse(what: str, remedy: str) -> None:
    sys.stderr.write(f"autoresearch: {what}\n  {remedy}\n")
    sys.exit(PRECONDITION)


if __name__ == "__main__":
    if sys.version_info < PYTHON:  # older ones have to be able to read this file
        wanted, found = (".".join(map(str, version[:2])) for version in (PYTHON, sys.version_info))
        _refuse(
            f"it needs Python {wanted}, and this is {found}", f"call it with python{wanted}, or a later one"
        )
    # Instead of this folder, whose modules must not hide others, the one that holds the package.
    if not sys.flags.safe_path:
        del sys.path[0]
    sys.path.insert(0, os.path.realpath(f"{__file__}/../../src"))
    main()
