"""The command line: the table of commands, and the one place where errors become words and exit codes."""

import os
import sys
import traceback
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import Annotated

import typer

from autoresearch import torn_bytecode
from autoresearch.engine.system.version import program_version
from autoresearch.events.errors import AutoresearchError, NotFound, UsageRefused, WayOut
from autoresearch.workflows.pages.acts.wrong_words import what_is_wrong
from autoresearch.workflows.pages.ways_out import typed, worded


NAME = "autoresearch"
HELP = "A runner for autonomous experiments: it changes train.py, trains, and keeps what is better."
EXIT_CODES = {
    0: "ok",
    1: "a bug in autoresearch; of doctor: something would stop a run; of rerun: it differs",
    2: "usage: a misspelt command, option or stage; nothing was created",
    3: "not found, or a precondition does not hold",
    4: "the run ended in error: setup incomplete, baseline failed, disk trouble",
    5: "invalid input: a proposal, a setting, a file to import",
    6: "the history is corrupt, of a later program, or an audit found a difference",
    7: "another runner holds the run",
    8: "waiting for a human",
    9: "an audit found no difference, and could not look at everything",
    124: "of wait: nothing of it happened in time, and the run goes on",
    130: "interrupted (Ctrl-C); a run in the background goes on",
    143: "terminated (SIGTERM)",
}

# Typer carries click within itself since 0.16 and uses the package before: one base class in both.
_REFUSED: type[Exception] = typer.BadParameter.__mro__[2]

# In the order of the help. Only the module of the command that is called gets imported.
COMMANDS = {
    "init": ("autoresearch.workflows.cli.acts.init", "init_command"),
    "doctor": ("autoresearch.workflows.cli.doctor", "doctor_command"),
    "start": ("autoresearch.workflows.cli.acts.start_resume", "start_command"),
    "resume": ("autoresearch.workflows.cli.acts.start_resume", "resume_command"),
    "stop": ("autoresearch.workflows.cli.acts.signals", "stop"),
    "pause": ("autoresearch.workflows.cli.acts.signals", "pause"),
    "unpause": ("autoresearch.workflows.cli.acts.signals", "unpause"),
    "propose": ("autoresearch.workflows.cli.acts.signals", "propose"),
    "proposals": ("autoresearch.workflows.cli.acts.signals", "proposals"),
    "withdraw": ("autoresearch.workflows.cli.acts.signals", "withdraw"),
    "note": ("autoresearch.workflows.cli.acts.signals", "note"),
    "ideas": ("autoresearch.workflows.cli.acts.ideas", "ideas_command"),
    "answer": ("autoresearch.workflows.cli.acts.signals", "answer"),
    "approve": ("autoresearch.workflows.cli.acts.signals", "approve"),
    "veto": ("autoresearch.workflows.cli.acts.signals", "veto"),
    "retract": ("autoresearch.workflows.cli.acts.tidy", "retract_command"),
    "final": ("autoresearch.workflows.cli.acts.measure", "final_command"),
    "consolidate": ("autoresearch.workflows.cli.acts.measure", "consolidate_command"),
    "ablate": ("autoresearch.workflows.cli.acts.measure", "ablate_command"),
    "status": ("autoresearch.workflows.cli.look", "status"),
    "serve": ("autoresearch.workflows.cli.serve", "serve"),
    "mcp": ("autoresearch.workflows.cli.serve", "mcp"),
    "watch": ("autoresearch.workflows.cli.live", "watch"),
    "wait": ("autoresearch.workflows.cli.live", "wait"),
    "experiments": ("autoresearch.workflows.cli.look", "experiments"),
    "report": ("autoresearch.workflows.cli.report", "report_command"),
    "plot": ("autoresearch.workflows.cli.report", "plot_command"),
    "notebook": ("autoresearch.workflows.cli.report", "notebook_command"),
    "export": ("autoresearch.workflows.cli.serve", "export_command"),
    "sql": ("autoresearch.workflows.cli.serve", "sql_command"),
    "show": ("autoresearch.workflows.cli.look", "show"),
    "logs": ("autoresearch.workflows.cli.logs", "logs"),
    "history": ("autoresearch.workflows.cli.look", "history"),
    "runs": ("autoresearch.workflows.cli.look", "runs"),
    "replay": ("autoresearch.workflows.cli.replay", "replay"),
    "rerun": ("autoresearch.workflows.cli.replay", "rerun_command"),
    "adopt": ("autoresearch.workflows.cli.acts.tidy", "adopt_command"),
    "publish": ("autoresearch.workflows.cli.acts.tidy", "publish_command"),
    "clean": ("autoresearch.workflows.cli.acts.tidy", "clean_command"),
    "rebuild": ("autoresearch.workflows.cli.acts.imports", "rebuild_command"),
    "repair": ("autoresearch.workflows.cli.acts.tidy", "repair_command"),
    "fork": ("autoresearch.workflows.cli.acts.imports", "fork_command"),
    "import": ("autoresearch.workflows.cli.acts.imports", "import_command"),
}


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; whatever a user can cause is two lines on stderr."""
    try:
        words = sys.argv[1:] if words is None else words
        called = _command(words)
        code = build((called,) if called else tuple(COMMANDS))(
            args=words, prog_name=NAME, standalone_mode=False
        )
        sys.stdout.flush()
    except AutoresearchError as error:
        return _refuse(what_is_wrong(error), worded(error.remedy), error.exit_code)
    except _REFUSED as error:
        return _refuse(_usage(error), f"{typed(f'{_path(error)} --help'.strip())} lists what there is", 2)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except SystemExit as leaving:  # typer answers a completion, or was told by the reader: enough
        seen_enough = isinstance(leaving.__context__, BrokenPipeError)
        return 0 if seen_enough or leaving.code is None else int(leaving.code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        return _refuse(
            f"{error.strerror or error}{where}", "look at permissions and room", NotFound.exit_code
        )
    except Exception as error:  # a bug of ours: shown whole, so that it can be told
        if torn_bytecode(error):
            raise  # workflows/run_experiment.py names the way out
        traceback.print_exc()
        return _refuse("this is a bug; the lines above say where", "please report it", 1)
    return code if isinstance(code, int) else 0


def build(names: Sequence[str] = tuple(COMMANDS)) -> typer.Typer:
    """Return the program with these commands."""
    app = typer.Typer(name=NAME, help=HELP, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.callback(invoke_without_command=True)(_root)
    for name in names:
        module, function = COMMANDS[name]
        app.command(name)(getattr(import_module(module), function))
    return app


def _root(
    context: typer.Context,
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    if version:
        typer.echo(f"{NAME} {program_version()}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def _refuse(what: str, remedy: str, code: int) -> int:
    """Say in one line what is wrong, and in one line the way out."""
    typer.echo(f"{NAME}: {' '.join(what.split())}", err=True)
    if remedy:
        typer.echo(f"  {' '.join(remedy.split())}", err=True)
    return code


def _command(words: Sequence[str]) -> str | None:
    """Return the command that is called; None where an option stands first, or nothing.

    Raises:
        UsageRefused: there is no such command.
    """
    if not words or words[0].startswith("-"):
        return None
    if words[0] in COMMANDS:
        return words[0]
    near = get_close_matches(words[0], COMMANDS, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise UsageRefused(f"there is no command {words[0]!r}{hint}", remedy=WayOut("commands"))


def _usage(error: Exception) -> str:
    """Return what is wrong with the words of a command, as click says it."""
    return str(error.format_message()) if hasattr(error, "format_message") else str(error)


def _path(error: Exception) -> str:
    """Return the command that an error is about; "" for the program itself."""
    context = getattr(error, "ctx", None)
    return str(context.command_path).removeprefix(NAME).strip() if context is not None else ""
