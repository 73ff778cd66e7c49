"""The real programs at the operator's seat: by AGENTS.md and a shell, and by the tools of MCP."""

import pytest

from tests.agents.conftest import Seat
from tests.agents.model_apis import Call, Say
from tests.agents.programs import OPERATORS, ROOT
from tests.e2e.conftest import at_rest, hold_trainings


pytestmark = pytest.mark.long

MARKER = "For agents that drive autoresearch"


@pytest.mark.parametrize("seat", OPERATORS, ids=lambda one: one.name, indirect=True)
def test_by_agents_md(seat: Seat):
    """It is told of AGENTS.md, starts a run by its shell, and the run goes on when the program is gone."""
    words = " ".join(seat.runs.door)
    manual = (ROOT / "AGENTS.md").read_text().replace("python workflows/run_experiment.py", words)
    (seat.runs.repo / "AGENTS.md").write_text(manual)
    (seat.runs.repo / "CLAUDE.md").write_text("@AGENTS.md\n")
    (seat.runs.repo / "GEMINI.md").write_text("@./AGENTS.md\n")  # it reads no other file
    seat.set_up()
    turn = hold_trainings(seat.runs)  # however long the program takes to come to its end
    assert seat.hands.line is not None
    seat.scripts["operate"] = lambda _turn: [
        seat.hands.line(f"{words} start --loops 1 --no-stochastic"),
        seat.hands.line(f"{words} status --json"),
        Say("It is under way."),
    ]
    seat.operate()
    last = seat.model.turns[-1]
    assert MARKER in last.text
    started, told = last.results
    assert "it goes on by itself" in started
    assert "autoresearch.status/1" in told
    assert not at_rest(seat.runs.status())
    turn.is_for_all()
    assert "done" == seat.runs.wait(at_rest)["phase"]


@pytest.mark.parametrize("seat", OPERATORS, ids=lambda one: one.name, indirect=True)
def test_by_mcp(seat: Seat):
    """It starts a run, waits for its end, proposes the next, and reads the table by tools alone."""
    seat.set_up()
    seat.serve_mcp()
    wider = {"description": "wider", "change_plan": "p", "commit_description": "c", "set": {"WIDTH": 16}}
    tools = [
        Call("start", {"loops": 1, "agent": "none"}),
        Call("wait", {"wanted": "end", "timeout_s": 100}),
        Call("propose", {"proposal": wider}),
        Call("resume", {"loops": 1}),
        Call("wait", {"wanted": "end", "timeout_s": 100}),
        Call("experiments", {}),
    ]
    names = ",".join(f"mcp__autoresearch__{tool.tool}" for tool in tools)
    ready = [Call("ToolSearch", {"query": f"select:{names}"})] if seat.hands.search else []
    seat.scripts["operate"] = lambda _turn: [*ready, *tools, Say("Done.")]
    seat.operate()
    results = seat.model.turns[-1].results[len(ready) :]
    schemas = ("start", "wait", "propose", "resume", "wait")
    assert len(tools) == len(results), results
    assert all(f"autoresearch.{one}/1" in told for one, told in zip(schemas, results, strict=False)), results
    assert "wider" in results[-1]
