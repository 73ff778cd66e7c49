"""A budget of a whole run, from the command line to the last word of its history."""

from tests.e2e.conftest import Program


def test_a_streak_ends_a_run_and_a_higher_number_goes_on(program: Program):
    """The run ends after one idea in vain, says so, and goes on when more are asked for."""
    loops = ("--no-stochastic", "--prefetch", "0", "--no-background-train")
    program("start", "--stop-when-no-keep-for", "1", *loops)
    (stopped,) = [event["data"] for event in program.events("--type", "RunStopped")]
    assert ("stopped", "no_keep_for") == (stopped["how"], stopped["reason"]["code"])
    said = program.status()
    assert (1, None) == (said["budgets"]["no_keep_for"], said["budgets"]["cost_usd"])
    assert (0, 0.0) == (said["cost"]["calls"], said["cost"]["usd"])
    assert "nothing was kept of" in program("status").stdout
    before = said["iterations_completed"]
    program("resume", "--stop-when-no-keep-for", "2", *loops[1:])
    assert before < program.status()["iterations_completed"]
    program("replay")
