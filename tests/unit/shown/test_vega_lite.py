"""The specification that every plot is drawn from, as data, and the files that are made of it."""

import json
import re
import sys
from typing import Any

import pytest
from attrs import evolve

from autoresearch.events.errors import NotFound, UsageRefused
from autoresearch.workflows.report.chart import best_so_far
from autoresearch.workflows.report.document import Chart, Point
from autoresearch.workflows.report.drawn import drawn
from autoresearch.workflows.report.vega_lite import specification


HOSTILE = "</script><script>alert(1)</script> & \"q\" '*b*' {x}"
VALUES = (5.0, 4.0, 4.5, 4.4, 4.6, 4.1, 4.2, 4.3, 4.4, 4.5, 1e9)


def chart_of(*values: float, lower: bool = True, metric: str = "m", of_seeds: float | None = 0.5) -> Chart:
    """Return a chart whose first two results were kept, the second within noise."""
    points = tuple(
        Point(
            iteration=number,
            value=value,
            kept=number < 2,
            within_noise=number == 1,
            title=f"{number} {HOSTILE}",
            seq=10 + number,
        )
        for number, value in enumerate(values)
    )
    return Chart(metric=metric, lower_is_better=lower, points=points, of_seeds=of_seeds)


def test_a_specification_holds_all_results_and_the_best() -> None:
    """Each result is a row with its event; the best so far is a line in steps, with its band."""
    spec = specification({"a-r001": chart_of(*VALUES)})
    results, best = spec["datasets"]["results"], spec["datasets"]["best"]
    assert sorted(VALUES) == sorted(one["value"] for one in results)
    assert {10 + number for number in range(len(VALUES))} == {one["seq"] for one in results}
    assert [True, True] == [one["kept"] for one in results[-2:]]  # they lie on top
    assert [False, True] == [one["within_noise"] for one in results[-2:]]
    assert [(0, 5.0), (1, 4.0), (10, 4.0)] == [(one["iteration"], one["value"]) for one in best]
    assert [(4.5, 5.5), (3.5, 4.5), (3.5, 4.5)] == [(one["low"], one["high"]) for one in best]
    assert ["area", "line", "point"] == [layer["mark"]["type"] for layer in spec["layer"]]
    assert "a-r001: m, lower is better" == spec["title"]["text"]


def test_the_best_line_leaves_out_what_never_was_the_best() -> None:
    """A keep that is worse is in the line only where it has a gain over its base, under other conditions."""
    chart = chart_of(4.0, 5.0)
    worse, compared = chart.points[1], evolve(chart.points[1], compared=True)
    assert [(0, 4.0), (1, 4.0)] == best_so_far(chart)
    assert [(0, 4.0), (1, 5.0), (1, 5.0)] == best_so_far(evolve(chart, points=(chart.points[0], compared)))
    assert [(1, 5.0), (1, 5.0)] == best_so_far(evolve(chart, points=(worse,)))


def test_what_is_far_off_is_an_arrow_at_the_edge() -> None:
    """A result that diverged keeps its number, and is drawn within the scale, as no circle."""
    spec = specification({"a-r001": chart_of(*VALUES)})
    low, high = spec["layer"][0]["encoding"]["y"]["scale"]["domain"]
    (far,) = [one for one in spec["datasets"]["results"] if one["shape"] != "circle"]
    assert (1e9, high, "triangle-up") == (far["value"], far["shown"], far["shape"])
    assert all(low <= one["shown"] <= high for one in spec["datasets"]["results"])
    assert "beyond the edge" in spec["title"]["subtitle"][0]


def test_the_legend_says_what_is_there() -> None:
    """No band is spoken of where the spread of seeds is unknown, and no results where there are none."""
    known = specification({"a-r001": chart_of(2.0, 1.0, lower=False)})["title"]
    unknown = specification({"a-r001": chart_of(2.0, of_seeds=None)})["title"]
    assert known["text"].endswith("higher is better")
    assert "hollow: kept within noise" in known["subtitle"][0]
    assert "band" in known["subtitle"][1]
    assert ["line: the best so far; large: kept; small: not kept"] == unknown["subtitle"]
    assert ["no result yet"] == specification({"a-r001": chart_of()})["title"]["subtitle"]


def test_several_runs_have_a_colour_each_and_one_scale() -> None:
    """Two runs of one metric lie in one panel, on a scale that holds what each kept."""
    spec = specification({"a-r001": chart_of(5.0, 4.0), "b-r001": chart_of(50.0, 40.0)})
    low, high = spec["layer"][0]["encoding"]["y"]["scale"]["domain"]
    assert low < 4.0
    assert high > 50.0
    assert {"a-r001", "b-r001"} == {one["run"] for one in spec["datasets"]["best"]}
    assert "run" == spec["layer"][1]["encoding"]["color"]["field"]


def test_runs_of_different_metrics_are_not_laid_on_one_another() -> None:
    """Runs that do not measure the same are refused, each named with its metric."""
    with pytest.raises(UsageRefused, match="loss in b-r001"):
        specification({"a-r001": chart_of(1.0), "b-r001": chart_of(1.0, metric="loss")})
    with pytest.raises(UsageRefused, match="m in b-r001"):
        specification({"a-r001": chart_of(1.0), "b-r001": chart_of(1.0, lower=False)})


def test_json_is_the_specification_itself() -> None:
    """A .json holds the specification with its data, and needs nothing installed."""
    spec = specification({"a-r001": chart_of(*VALUES)})
    assert spec == json.loads(drawn(spec, ".json"))


@pytest.mark.parametrize("kind", [".svg", ".png", ".html"])
def test_without_vl_convert_the_extra_is_named(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture without vl-convert is refused with what has to be installed."""
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(NotFound, match="vl-convert") as refused:
        drawn(specification({"a-r001": chart_of(2.0)}), kind)
    assert "autoresearch[plot]" in str(refused.value.remedy)


class Stub:
    """In place of vl-convert: a library of a few bytes."""

    @staticmethod
    def javascript_bundle(_snippet: str) -> str:
        return "const vegaEmbed = () => {};"


def test_what_others_wrote_is_text_in_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """A description that ends the script element stays within it, and the page asks for nothing."""
    monkeypatch.setitem(sys.modules, "vl_convert", Stub)
    spec = specification({"a-r001": chart_of(2.0, 1.0)})
    page = drawn(spec, ".html").decode()
    (told,) = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert spec == json.loads(told)
    assert 2 == page.count("</script>")
    assert "default-src 'none'" in page
    assert not re.findall(r"<(?:link|img|iframe)\b|<script[^>]* src", page)


def test_pictures_are_drawn_by_vl_convert() -> None:
    """Where vl-convert is installed, an SVG has title and points and no script, and a PNG is one."""
    pytest.importorskip("vl_convert", reason="the extra `plot` is not installed")
    spec: dict[str, Any] = specification({"a-r001": chart_of(*VALUES)})
    picture = drawn(spec, ".svg").decode()
    assert picture.startswith("<svg")
    assert "a-r001: m, lower is better" in picture
    assert "<script" not in picture
    assert len(VALUES) <= picture.count("<path")
    assert drawn(spec, ".png").startswith(b"\x89PNG")
