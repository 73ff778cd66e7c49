import sys

import pytest

from autoresearch.events.errors import WayOut
from autoresearch.workflows.pages import ways_out


@pytest.mark.parametrize(
    ("argv", "program"),
    [
        ("/usr/bin/autoresearch", "autoresearch"),
        ("workflows/run_experiment.py", "python workflows/run_experiment.py"),
        ("/a {b}/run_experiment.py", "python '/a {b}/run_experiment.py'"),
        ("/repo/workflows/background.py", "autoresearch"),
    ],
)
def test_a_way_out_can_be_typed(monkeypatch, argv, program):
    """A command is named as the program was called, whatever the path is."""
    monkeypatch.setattr(sys, "argv", [argv])
    assert f"`{program} resume --run-id x-r001` goes on" == ways_out.worded(WayOut("resume", run_id="x-r001"))
    assert f"`{program} status`" == ways_out.typed("status")


def test_a_sentence_stays_as_it_is(monkeypatch):
    """What an error says itself is not rewritten, whatever it quotes; what fills a sentence neither."""
    monkeypatch.setattr(sys, "argv", ["workflows/run_experiment.py"])
    assert "the branch `autoresearch stop` {x}" == ways_out.worded("the branch `autoresearch stop` {x}")
    assert "did you mean {x}? " in ways_out.worded(WayOut("runs_near", near="{x}"))
