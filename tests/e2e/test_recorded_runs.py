"""The recorded runs: decider, prompts and policies of today, driven through what was answered then."""

import re
import subprocess
from pathlib import Path

import pytest

from autoresearch.engine.agents import prompts
from autoresearch.engine.verdicts import keep_rules
from autoresearch.workflows.cli.main import main
from tests.golden.mutations import MUTATIONS, Slip
from tests.golden.recorded import BUNDLE, NAMES, contents, file_of, unpack
from tests.golden.replaying import mutated


WAY_OUT = "where that is intended: `python -m tests.golden.record {}`, and why in the commit (docs/replay.md)"
PATH = re.compile(rb"(?<![\w.<*~/:-])/[\w.-]+/[\w./-]*")
# What a path may begin with: where the runs are made, and of any Linux.
ANYWHERE = re.compile(rb"/(srv|usr|bin|dev)/")
MOST_BYTES = 1_500_000  # of all of them together
# What is changed, and what the page says of it then.
SLIPS: dict[str, tuple[Slip, str]] = {
    "a prompt": (
        (prompts, "- Do not commit, and do not", "- Never commit, and never"),
        "    -- Do not commit, and do not touch git: no branch, no stash, no reset, no checkout.\n",
    ),
    "a keep rule": (
        (keep_rules, "mean > asked", "mean > asked + 0.2"),
        "  type\n  history  CandidateKept\n  now      CandidateDiscarded\n",
    ),
    "the decider": (
        MUTATIONS["counted from zero"],
        "event 6  TrainingStarted.training\n  history  1\n  now      0\n",
    ),
}


@pytest.fixture(params=NAMES)
def recorded(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A repository with one recorded run."""
    repo = tmp_path / request.param
    repo.mkdir()
    unpack(file_of(request.param), repo)
    return repo


def test_the_code_of_today_does_what_was_recorded(recorded: Path, capsys: pytest.CaptureFixture[str]):
    """Every decision is taken and every prompt made as then, and nothing of it could not be compared."""
    code = main(["rerun", "--recorded", "--repo", str(recorded)])
    page = capsys.readouterr().out
    if code:
        pytest.fail(f"{page}{WAY_OUT.format(recorded.name)}", pytrace=False)
    assert "not compared" not in page


def test_nothing_names_the_machine_they_were_made_on(recorded: Path):
    """No file, no commit and no event names a path but below /srv, where each is made, or Linux's own."""
    files = contents(file_of(recorded.name))
    told = b"\n".join(raw for name, raw in files.items() if name != BUNDLE)
    objects = ("git", "-C", str(recorded), "cat-file", "--batch-all-objects", "--batch")
    told += subprocess.run(objects, check=True, capture_output=True).stdout
    assert [] == [one for one in PATH.findall(told) if not ANYWHERE.match(one)]


def test_they_are_small():
    """All of them together stay below a stated size."""
    assert sum(file_of(name).stat().st_size for name in NAMES) < MOST_BYTES


@pytest.mark.parametrize("slip", SLIPS)
def test_what_changed_is_told_event_by_event(slip: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Another text, rule or order of steps fails, with the event, what was recorded, and what comes now."""
    unpack(file_of("crash-mended"), tmp_path)
    changed, told = SLIPS[slip]
    with mutated(*changed):
        assert 1 == main(["rerun", "--recorded", "--repo", str(tmp_path)])
    page = capsys.readouterr().out
    assert told in page, page
    assert re.search(r"^event \d+  ", page, re.MULTILINE)
