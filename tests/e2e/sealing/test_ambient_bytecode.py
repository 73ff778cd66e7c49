"""Bytecode that one training plants for the next: made as Python itself would take it for a file's own."""

import pytest

from tests.e2e.belief.test_equal_beginnings import HERE, commit, metrics
from tests.e2e.conftest import Program


PLANTS = """\
import importlib._bootstrap_external as importing
import importlib.util, os
LR = 0.04  # search: 0.01..0.1
import helper
print(f"val_bpb: {helper.BASE + abs(LR - 0.05):.6f}")
code = compile("BASE = 0.25", "helper.py", "exec")
stands = os.stat("helper.py")
made = {
    "stamped": importing._code_to_timestamp_pyc(code, int(stands.st_mtime), stands.st_size),
    "unchecked": importing._code_to_hash_pyc(code, bytes(8), checked=False),
}
cache = importlib.util.cache_from_source("helper.py")
os.makedirs(os.path.dirname(cache), exist_ok=True)
open(cache, "wb").write(made["HOW"])
"""


def begun(program: Program, how: str, *, settings: str = "") -> list[float]:
    """Train a baseline, which has a cache of its own, and two candidates; return their numbers, rounded."""
    (program.repo / "helper.py").write_text("BASE = 1.0\n")
    commit(program, PLANTS.replace("HOW", how), settings=settings, ignored="__pycache__/\n")
    program("start", *HERE, "--loops", "2")
    return [round(one) for one in metrics(program) if one is not None]


@pytest.mark.parametrize("how", ["stamped", "unchecked"])
def test_planted_bytecode_is_not_run(program: Program, how: str):
    """With the time and size of its source, or marked as not to be checked, it is gone for the next."""
    assert [1, 1, 1] == begun(program, how)


@pytest.mark.parametrize("how", ["stamped", "unchecked"])
def test_it_would_be_run_where_the_settings_keep_it(program: Program, how: str):
    """What is planted so is what Python takes for the source's own: a setting that keeps it shows that."""
    assert [1, 1, 0] == begun(program, how, settings='kept = ["__pycache__"]\n')
