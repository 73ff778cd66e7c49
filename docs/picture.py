"""Draw docs/pictures/watch.svg: what `autoresearch watch` shows of a real run at this moment.

python docs/picture.py [RUN_ID]       # in the repository that holds the run
"""

import sys
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI

from autoresearch.engine.git.repository import find_top
from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.catalogue import latest_run, run_named
from autoresearch.engine.runs.load import load
from autoresearch.workflows.api.run_now import run_now
from autoresearch.workflows.live.picture import picture


def drawn(paths: RunPaths) -> str:
    """Return the picture of a run, as SVG."""
    loaded = load(paths)
    with Path("/dev/null").open("w") as nowhere:
        console = Console(record=True, width=86, file=nowhere, force_terminal=True)
        console.print(picture(run_now(paths, loaded.run, gpu=False), loaded.timeline.rows, height=40))
        # The fonts of the viewer's own machine: a picture in a README fetches nothing.
        start, _, rest = CONSOLE_SVG_FORMAT.partition("@font-face")
        plain = start + rest[rest.index(".{unique_id}-matrix") :]
        return console.export_svg(title="autoresearch watch", theme=DIMMED_MONOKAI, code_format=plain)


def main() -> None:
    """Write the picture."""
    home = find_top(Path.cwd())
    latest = latest_run(home, None)
    assert latest is not None, "there is no run to draw"
    paths = run_named(home, sys.argv[1]) if len(sys.argv) > 1 else latest[0]
    (Path(__file__).parent / "pictures" / "watch.svg").write_text(drawn(paths))


if __name__ == "__main__":
    main()
