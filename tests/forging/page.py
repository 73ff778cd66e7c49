"""The tables of docs/audit.md, from those of the tests: `python -m tests.forging.page` writes them anew."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from autoresearch.workflows.pages.replay import NOT_SEEN
from tests.forging import decided, held_back, imported, left, recorded
from tests.forging.changes import Forgery
from tests.forging.left import Gone, Spoilt
from tests.forging.unnoticed import UNNOTICED
from tests.golden.mutations import LETTING_MORE, MUTATIONS, Slip


PAGE = Path(__file__).resolve().parents[2] / "docs" / "audit.md"
BEGIN, END = "<!-- tables: python -m tests.forging.page -->\n", "<!-- end of tables -->\n"


def tables() -> str:
    """Return all tables, each under its heading."""
    parts = (
        ("What had to be held back", _noticed(held_back.HELD_BACK)),
        ("What a rule determines", _noticed(decided.DECIDED)),
        ("What is recorded of a run", _noticed(recorded.FORGED)),
        ("What lies beside a history", _noticed(left.LEFT)),
        ("What was imported", _noticed(imported.FORGED | imported.LEFT)),
        ("What is gone", _gone(left.GONE | _of_imports(imported.GONE))),
        ("Slips of the rules", _slips(MUTATIONS)),
        ("Slips that let more happen", _slips(LETTING_MORE)),
        ("What no audit notices", _rows(("not noticed",), ((name,) for name in UNNOTICED))),
    )
    return "\n".join(f"### {heading}\n\n{table}" for heading, table in parts)


def page() -> str:
    """Return the page with the tables of today."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    return f"{before}{BEGIN}\n{tables()}\n{END}{rest.partition(END)[2]}"


def _noticed(table: Mapping[str, Forgery | Spoilt]) -> str:
    return _rows(
        ("forged", "noticed by", "finding"),
        ((name, one.check, f"`{one.field}`") for name, one in table.items()),
    )


def _gone(table: Mapping[str, Gone]) -> str:
    return _rows(
        ("gone", "missed by", "what follows"),
        ((name, one.check, NOT_SEEN[one.what][1]) for name, one in table.items()),
    )


def _of_imports(table: Mapping[str, Gone]) -> dict[str, Gone]:
    return {f"{name} (imported)": one for name, one in table.items()}


def _slips(table: Mapping[str, Slip]) -> str:
    places = ((name, module.__name__.removeprefix("autoresearch.")) for name, (module, _, _) in table.items())
    return _rows(("slip", "of"), ((name, f"`{place.replace('.', '/')}.py`") for name, place in places))


def _rows(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(page())
