from pathlib import Path

import pytest

from tests.e2e.conftest import Program


TABLES = Path(__file__).resolve().parents[2] / "golden" / "imports"


@pytest.mark.parametrize("name", ["exp-H100-mar8.tsv", "pr109.tsv", "pr158.tsv"])
def test_a_real_table_imports_and_comes_back(program: Program, name: str):
    """A table of the upstream project becomes a history whose results.tsv holds the same bytes."""
    program("import", str(TABLES / name))
    assert (TABLES / name).read_bytes() == (program.run_folder() / "results.tsv").read_bytes()
    assert "done" == program.status()["phase"]


def test_a_table_with_damaged_lines_is_refused(program: Program):
    """Pasted code among the rows is refused with file and line, and the way out; nothing is created."""
    said = program("import", str(TABLES / "pr577.tsv"), code=5).stderr
    assert "pr577.tsv:164 has 1 fields; expected 6" in said
    assert "--skip-bad" in said
    assert not (program.repo / ".autoresearch").exists()


def test_a_run_of_the_single_file_runner_imports(program: Program):
    """A run folder of the earlier single-file runner becomes a history with its five results."""
    program("import", str(TABLES / "background" / "autoresearch-nov23-r001"))
    rows = (program.run_folder() / "results.tsv").read_text().splitlines()
    assert 6 == len(rows)
    assert 0.98997 == program.status()["best_val_bpb"]
    program("resume", "--loops", "1", code=3)


def test_views_are_rebuilt(program: Program):
    """`rebuild` writes the views anew from the history, whatever was done to them."""
    program("start", "--loops", "1", "--no-stochastic", "--no-background-train")
    folder = program.run_folder()
    before = {name: (folder / name).read_bytes() for name in ("state.json", "results.tsv", "runner.log")}
    (folder / "results.tsv").write_text("mine")
    (folder / "state.json").unlink()
    program("rebuild", program.status()["run_id"])
    assert before == {name: (folder / name).read_bytes() for name in before}
