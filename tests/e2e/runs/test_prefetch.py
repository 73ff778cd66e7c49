"""Thinking while training, with real processes: the order of events, a keep, a discard, a stop."""

import json
import sys
from pathlib import Path

from tests.e2e.conftest import Program, at_rest, hold_trainings


AGENT = Path(__file__).parents[1] / "fixtures" / "agents" / "fake_agent.py"


def ask_an_agent(program: Program) -> None:
    """Name an agent in the settings."""
    settings = program.repo / "pyproject.toml"
    settings.write_text(f'{settings.read_text()}agent_command = ["{sys.executable}", "{AGENT}", "work"]\n')
    program.git("commit", "-qam", "an agent")


def happened(program: Program) -> list[tuple[str, int | None]]:
    lines = (program.run_folder() / "history.jsonl").read_bytes().split(b"\n")[:-1]
    return [(event["type"], event["data"].get("iteration")) for event in map(json.loads, lines)]


def test_the_next_change_is_made_while_one_trains(program: Program):
    """Each next candidate is committed before the training ends, and trains right after the verdict."""
    ask_an_agent(program)
    turn = hold_trainings(program)
    wider = {"status": "ok", "description": "wider", "change_plan": "p", "commit_description": "c"}
    (program.repo / "wider.json").write_text(json.dumps({**wider, "set": {"WIDTH": 16}}))
    program("start", "--loops", "3", "--agent", "custom", "--proposal-file", "wider.json")
    for number in range(3):
        program.wait(lambda _, ahead=number + 1: ("CandidateCommitted", ahead) in happened(program))
        assert ("TrainingFinished", number) not in happened(program)
        if number == 2:
            program("stop")
        turn.is_for(number)
    program.wait(lambda status: status["phase"] == "stopped")
    assert ("TrainingStarted", 3) not in happened(program)
    turn.is_for(3)
    program("resume")
    assert 0 == program.wait(at_rest)["loops_left"]
    events = happened(program)
    assert ("TrainingStarted", 1) == events[events.index(("CandidateKept", 0)) + 1]
    assert ("TrainingStarted", 3) == events[events.index(("CandidateDiscarded", 2)) + 1]
    # Proposed, once more since this agent repeats itself, and applied.
    assert 3 == events.count(("AgentAnswered", 3)), "what was prepared before the stop was used"
    (rebased,) = [event["data"] for event in program.events("--type", "CandidateRebased")]
    assert (2, "merged") == (rebased["iteration"], rebased["how"])
    run_id = program.status()["run_id"]
    merged = program.git("show", f"refs/autoresearch/{run_id}/2.2:train.py")
    assert "WIDTH = 16" in merged
    assert "MENDED" in merged
    program("replay")


def test_nothing_is_prepared_where_nobody_wants_it(program: Program):
    """With --prefetch 0 an iteration is opened only when the one before it is closed."""
    program("start", "--loops", "2", "--no-stochastic", "--prefetch", "0", "--no-background-train")
    events = happened(program)
    for number in (1, 2):
        before = [index for index, one in enumerate(events) if one[1] == number - 1]
        assert max(before) < events.index(("IterationStarted", number))
