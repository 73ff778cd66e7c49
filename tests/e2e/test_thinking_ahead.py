"""Thinking while training, with real processes: the order of events, a keep, a discard, a stop."""

import json
import sys
from pathlib import Path

from tests.e2e.conftest import Program, at_rest


AGENT = Path(__file__).parent / "fixtures" / "agents" / "fake_agent.py"


def paced(program: Program) -> Path:
    """Let the training of an iteration end once the file that is returned holds its number; name an agent."""
    turn = program.repo.parent / "turn"
    turn.write_text("-1")
    number = 'int(os.environ["AUTORESEARCH_JOB_DIR"].split("/")[-2])'
    hold = f"while int(open({str(turn)!r}).read() or -1) < {number}:\n    time.sleep(0.02)\n"
    train = program.repo / "train.py"
    train.write_text(train.read_text().replace('if FAIL == "crash"', f'{hold}if FAIL == "crash"'))
    settings = program.repo / "pyproject.toml"
    command = f'agent_command = ["{sys.executable}", "{AGENT}", "work"]\ntimeout_s = 90\n'
    settings.write_text(settings.read_text().replace("timeout_s = 20\n", command))
    program.git("commit", "-qam", "take turns")
    return turn


def happened(program: Program) -> list[tuple[str, int | None]]:
    lines = (program.run_folder() / "history.jsonl").read_bytes().split(b"\n")[:-1]
    return [(event["type"], event["data"].get("iteration")) for event in map(json.loads, lines)]


def test_the_next_change_is_made_while_one_trains(program: Program):
    """Each next candidate is committed before the training ends, and trains right after the verdict."""
    turn = paced(program)
    wider = {"status": "ok", "description": "wider", "change_plan": "p", "commit_description": "c"}
    (program.repo / "wider.json").write_text(json.dumps({**wider, "set": {"WIDTH": 16}}))
    program("start", "--loops", "3", "--agent", "command", "--proposal-file", "wider.json")
    for number in range(3):
        program.wait(lambda _, ahead=number + 1: ("CandidateCommitted", ahead) in happened(program))
        assert ("TrainingFinished", number) not in happened(program)
        if number == 2:
            program("stop")
        turn.write_text(str(number))
    program.wait(lambda status: status["phase"] == "stopped")
    assert ("TrainingStarted", 3) not in happened(program)
    turn.write_text("3")
    program("resume")
    assert 0 == program.wait(at_rest)["loops_left"]
    events = happened(program)
    assert ("TrainingStarted", 1) == events[events.index(("CandidateKept", 0)) + 1]
    assert ("TrainingStarted", 3) == events[events.index(("CandidateDiscarded", 2)) + 1]
    assert 1 == events.count(("AgentAnswered", 3)) - 1, "what was prepared before the stop was used"
    (carried,) = [event["data"] for event in program.events("--type", "CandidateCarriedOver")]
    assert (2, "merge") == (carried["iteration"], carried["how"])
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
