"""The picture of README, drawn of a run by the script that draws it."""

import runpy
from pathlib import Path

import tests.given as g
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
