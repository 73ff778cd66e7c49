"""The pages that people read, against the tree that they speak of."""

import re
from pathlib import Path

import pytest


ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "AGENTS.md", ROOT / "program.md", *sorted((ROOT / "docs").glob("*.md"))]
TOPS = "events|projections|engine|workflows|tests|text|bench|docs|src|corpus"
A_PATH = re.compile(rf"(?<![\w./-])((?:{TOPS})/[\w./-]*\w/?)")
MADE = {
    "workflows/runs",
    "workflows/runs/",
    "events/schemas/NAME.vN.json",
}  # by a run; by the name of an event


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_is_there(page: Path):
    """Every path of this repository that a page names exists, and every link leads somewhere."""
    text = page.read_text()
    assert [] == [name for name in A_PATH.findall(text) if name not in MADE and not (ROOT / name).exists()]
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    assert [] == [link for link in links if not (page.parent / link).exists()]


def test_the_readme_shows_every_room():
    """The tree of README.md has each layer and each room, and no other, below the layer that it lies in."""
    blocks = (ROOT / "README.md").read_text().split("```")[1::2]
    (tree,) = [block for block in blocks if block.startswith("\nevents/")]
    shown, layer = set(), ""
    for indent, name in re.findall(r"^( *)([a-z_]+)/ ", tree, re.MULTILINE):
        layer = layer if indent else name
        shown.add(f"{layer}/{name}" if indent else name)
    layers = ("events", "projections", "engine", "workflows")
    rooms = {
        str(path.parent.relative_to(ROOT))
        for layer in layers
        for path in (ROOT / layer).rglob("__init__.py")
        if ("runs" not in path.relative_to(ROOT).parts or layer == "engine")
        and len(path.relative_to(ROOT).parts) <= len(("layer", "room", "__init__.py"))
    }
    assert rooms == {name for name in shown if name.split("/")[0] in layers}
