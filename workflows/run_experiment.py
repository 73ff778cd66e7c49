"""The door: `python workflows/run_experiment.py start --loops 5`, and the console script `autoresearch`.

Works from a checkout without being installed, from any folder.
"""

import sys
from pathlib import Path


def main() -> None:
    """Run the command line and leave with its exit code."""
    from workflows.cli import main as command_line  # noqa: PLC0415 - only now can it be found

    sys.exit(command_line())


if __name__ == "__main__":
    # Instead of this folder, whose modules must not hide others, the checkout's top.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    main()
