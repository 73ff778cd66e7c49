"""The line of `wait`, for each thing that may end it."""

from autoresearch.workflows.pages.wait import wait_line


def test_a_keep_that_waits_for_a_word_is_said():
    """An open approval ends a wait with the iteration, and with the command that keeps it."""
    told = {"run_id": "r1", "seq": 9, "what": "approval", "iteration": 4}
    said = wait_line(told)
    assert "iteration 4 would be kept" in said
    assert "approve 4 --run-id r1" in said
    assert "nothing of it" not in said
