"""A folder for real jobs, none of which outlives its test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from autoresearch.engine.jobs.claim_file import Claim, read_claim
from autoresearch.engine.system.processes import process


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Give a folder for jobs, and end what still runs in it."""
    yield tmp_path
    for claim in tmp_path.rglob("claim"):
        told = read_claim(claim.parent) or Claim()
        for one in (told.supervisor, told.child):
            if one is not None:
                process.end_group(one, 0.0)
