"""A Vega-Lite specification as a file: JSON as it is; SVG, PNG and HTML by vl-convert, without a request."""

import json
from typing import Any

from autoresearch.engine.system.version import adds
from autoresearch.events.errors import NotFound, UsageRefused


KINDS = (".svg", ".png", ".html", ".json")
SHARP = 2.0  # pixels of a PNG for each one of the specification
LIBRARY = "window.vegaEmbed = vegaEmbed;"  # what is asked for of the scripts that vl-convert holds
PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; \
style-src 'unsafe-inline'; img-src data: blob:">
<meta name="viewport" content="width=device-width">
<title>autoresearch plot</title>
<style>body {{ margin: 1rem; background: white }}</style>
<div id="chart"></div>
<script type="application/json" id="specification">{specification}</script>
<script type="module">
{library}
const told = JSON.parse(document.getElementById("specification").textContent);
const actions = {{ export: true, source: false, compiled: false, editor: false }};
vegaEmbed("#chart", told, {{ ast: true, renderer: "svg", actions }});
</script>
</html>
"""


def refuse_other_kind(kind: str) -> None:
    """Refuse the ending of a file that names none of the KINDS.

    Raises:
        UsageRefused: it is none.
    """
    if kind not in KINDS:
        raise UsageRefused(
            f"a plot is no {kind or 'file without an ending'}", remedy=f"name one of {', '.join(KINDS)}"
        )


def drawn(specification: dict[str, Any], kind: str) -> bytes:  # Any: it is JSON
    """Return the bytes of a file of this kind.

    Raises:
        NotFound: it needs vl-convert, which is not installed.
    """
    if kind == ".json":
        return (json.dumps(specification, indent=2, ensure_ascii=False) + "\n").encode()
    try:
        import vl_convert  # noqa: PLC0415 - 84 MB, for who wants a picture
    except ImportError as error:
        raise NotFound(
            f"plot needs vl-convert for {kind}",
            remedy=f"`{adds('plot')}` brings it; a .json needs nothing",
        ) from error
    if kind == ".html":
        return _page(specification, vl_convert.javascript_bundle(LIBRARY)).encode()
    if kind == ".png":
        picture: bytes = vl_convert.vegalite_to_png(specification, scale=SHARP)
        return picture
    text: str = vl_convert.vegalite_to_svg(specification)
    return text.encode()


def _page(specification: dict[str, Any], library: str) -> str:  # Any: it is JSON
    """Return the page; what others wrote cannot end the element that the specification stands in."""
    text = json.dumps(specification, ensure_ascii=False).replace("<", "\\u003c")
    return PAGE.format(specification=text, library=library)
