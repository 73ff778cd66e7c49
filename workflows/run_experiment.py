"""The door: `python workflows/run_experiment.py start --loops 5`, and the console script `autoresearch`.

Works from a checkout without being installed, from any folder. `status --json`, which programs ask again and
again, is answered by workflows/api/quick_status.py where it can be; everything else is
workflows/cli/main.py's.
"""

import os
import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    if not _told_quickly():
        from autoresearch.workflows.cli.main import main as command_line  # noqa: PLC0415 - only now can it be found

        sys.exit(command_line())


def _told_quickly() -> bool:
    from autoresearch.workflows.api.quick_status import answer  # noqa: PLC0415 - the same

    text = answer(sys.argv[1:])
    if text is None or sys.stdout.encoding.lower() != "utf-8":
        return False
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except (OSError, UnicodeError):
        return False  # the whole command fails the same way, and says so
    return True


if __name__ == "__main__":
    # Instead of this folder, whose modules must not hide others, the one that holds the package.
    sys.path[0] = os.path.realpath(f"{__file__}/../../src")
    main()
