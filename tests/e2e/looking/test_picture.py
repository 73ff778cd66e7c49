"""The pictures of README: of `watch`, by the script that draws it, and of `plot`."""

import runpy
from pathlib import Path

import tests.given as g
from autoresearch.workflows.report.chart_form import MARK, RESULT
from tests.cli_helpers import make_repo, make_run


def test_the_picture_shows_the_run(tmp_path: Path):
    """docs/picture.py draws what `watch` shows: the run, its experiments, and how it stands."""
    script = Path(__file__).parents[3] / "docs" / "picture.py"
    paths = make_run(make_repo(tmp_path / "repo"), g.asked(1), *g.BASELINE)
    svg = runpy.run_path(str(script))["drawn"](paths)
    assert svg.startswith("<svg")
    assert "baseline" in svg
    assert paths.run_id in svg
    assert "url(http" not in svg
    assert "@font-face" not in svg


def test_the_first_picture_is_one_of_plot() -> None:
    """docs/run.svg has title, legend, axes and colours of what `plot` draws, and fetches nothing."""
    svg = (Path(__file__).parents[3] / "docs" / "run.svg").read_text()
    for words in (
        ": val_bpb, lower is better",
        "hollow: kept within noise",
        "iteration",
        "band: one standard",
    ):
        assert words in svg
    assert MARK in svg
    assert RESULT in svg
    assert "url(http" not in svg
    assert "@font-face" not in svg
