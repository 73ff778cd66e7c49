"""The page's chart and what `plot` draws: the same points, scale, best line and colours, of the same run."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

import autoresearch
from autoresearch.workflows.report import chart_form
from tests.cli_helpers import make_repo
from tests.web.site import golden_run, serving


ROOT = Path(__file__).resolve().parents[2]
SHEETS = ("workflows/web/static/style.css", "workflows/report/report.css")
CHROMIUM = shutil.which("chromium")
RUNS = (
    "climb",
    "final",
    "retracted",
    "higher-is-better",
    "another-card",
    "taken-out",
    "crash-without-triage",
)
DRAWN = """async (address) => {
    const { Chart, bestSoFar } = await import("/static/chart.js");
    const { load, withinNoise } = await import("/static/model.js");
    const { run } = await load(address);
    const shown = await (await fetch(`${address}/overview`)).json();
    const chart = new Chart({ open() {} });
    document.body.append(chart.element);
    const rows = run.all();
    chart.draw(rows, rows, shown);
    const { low, high } = chart.scale(800);
    const points = chart.places.map(({ row }) => row)
        .filter((row) => row.metric !== null && !["crash", "accident", "open"].includes(row.status))
        .map((row) => [row.iteration, row.metric, row.status === "keep", withinNoise(row),
            row.metric > high || row.metric < low]);
    return { low, high, points, best: bestSoFar(rows, shown.lower_is_better), seeds: shown.of_seeds };
}"""


def test_the_colours_are_the_same_everywhere() -> None:
    """Both style sheets, on light and on dark ground, have the colours that `plot` draws with."""
    for sheet in SHEETS:
        text = (ROOT / sheet).read_text()
        for name, light, dark in (
            ("mark", chart_form.MARK, chart_form.MARK_DARK),
            ("result", chart_form.RESULT, chart_form.RESULT_DARK),
            (
                "band",
                *(
                    f"{one}{round(255 * chart_form.BAND):02x}"
                    for one in (chart_form.MARK, chart_form.MARK_DARK)
                ),
            ),
        ):
            found = re.findall(rf"--{name}: (#\w+)", text)
            assert [light, dark] == list(dict.fromkeys(found)), (sheet, name)


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt-get install chromium")
def test_the_page_draws_what_plot_draws(tmp_path: Path) -> None:
    """Of each run, the page's chart has the points, the scale and the best line of the specification."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    repo = make_repo(tmp_path / "repo")
    for number, name in enumerate(RUNS, start=1):
        golden_run(repo, name, f"mar8-r{number:03}")
    with serving(repo) as site, playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(site.address)
        for number in range(1, len(RUNS) + 1):
            run_id = f"mar8-r{number:03}"
            found = page.evaluate(DRAWN, f"/api/0/{run_id}")
            _agrees(found, autoresearch.chart(run_id, home=repo))
        browser.close()


def _agrees(found: dict[str, Any], spec: dict[str, Any]) -> None:
    wanted = [
        [one["iteration"], one["value"], one["kept"], one["within_noise"], one["shape"] != "circle"]
        for one in spec["datasets"]["results"]
    ]
    assert sorted(wanted) == sorted(found["points"])
    assert spec["layer"][0]["encoding"]["y"]["scale"]["domain"] == pytest.approx(
        [found["low"], found["high"]]
    )
    best = spec["datasets"]["best"]
    assert [[one["iteration"], one["value"]] for one in best[:-1]] == found["best"]
    assert (best[0]["high"] - best[0]["low"]) / 2 == pytest.approx(found["seeds"] or 0.0)
