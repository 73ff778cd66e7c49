"""The runner of one run, in the background: `python background.py HOME FOLDER`.

A program of its own, since a runner lives all night and has no use for a command line. What it prints
goes to the run's runner.out: nothing, unless the run ends in error or this program has a bug.
"""

import contextlib
import sys
from pathlib import Path


def main(home: Path, folder: Path) -> int:
    """Carry the run on until it rests; return the exit code."""
    from autoresearch.engine.loop.assembly import assemble  # noqa: PLC0415 - only now can it be found
    from autoresearch.engine.paths import RunPaths  # noqa: PLC0415
    from autoresearch.events.errors import AutoresearchError  # noqa: PLC0415
    from autoresearch.workflows.pages.acts.wrong_words import what_is_wrong  # noqa: PLC0415
    from autoresearch.workflows.pages.ways_out import worded  # noqa: PLC0415

    try:
        return assemble(RunPaths(home=home, folder=folder), mode="background").run()
    except AutoresearchError as error:
        with contextlib.suppress(OSError):  # runner.out takes no more: the exit code says it too
            sys.stderr.write(f"autoresearch: {what_is_wrong(error)}\n  {worded(error.remedy)}\n")
        return error.exit_code


if __name__ == "__main__":
    # Only our package is taken from where this file lies: beside an installed one lie the packages of others,
    # which must stand behind the standard library; and this folder's modules must not hide anybody's.
    if not sys.flags.safe_path:
        del sys.path[0]
    sys.path.insert(0, str(Path(__file__).absolute().parents[2]))
    import autoresearch  # noqa: F401 - from here on its modules are found through it

    del sys.path[0]
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
