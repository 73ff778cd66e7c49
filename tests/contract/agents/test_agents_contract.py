"""What every agent does with a question, the fake one and a real program; and what a bad one may do."""

from pathlib import Path

import pytest

from autoresearch.engine.agents.known import CUSTOM
from autoresearch.engine.agents.prompts import parse_triage
from autoresearch.engine.jobs.output import FolderOutput
from autoresearch.engine.ports.agent import Agent, Ask
from autoresearch.engine.ports.jobs import JobExit
from autoresearch.events.values import Reason, why
from tests.contract.agents.conftest import PROPOSED, Runner, ask, asked, hooks_of, run_supervised
from tests.fakes.agents import FakeAgent, answered, run_inline


class TestAgentContract:
    """A proposal comes back, a prompt is kept, and one job has one answer."""

    @pytest.fixture(params=["fake", "custom"])
    def agent(self, request: pytest.FixtureRequest) -> Agent:
        """Return an agent that will propose."""
        return CUSTOM if request.param == "custom" else FakeAgent(answered(proposal=PROPOSED))

    def test_a_question_is_answered_with_a_proposal(self, agent: Agent, worktree: Path, run: Runner) -> None:
        """An agent that proposes is ok, and its proposal is read whole."""
        answer = ask(agent, asked(worktree, "ok"), run)
        assert (answer.ok, answer.reason, answer.proposal) == (True, None, PROPOSED)

    def test_the_prompt_is_kept_and_given_by_stdin(
        self, agent: Agent, worktree: Path, tmp_path: Path
    ) -> None:
        """The prompt stands in prompt.txt of the job's folder, and in no argument."""
        spec = agent.job(asked(worktree, "ok", prompt="x" * 300_000), tmp_path / "job")
        assert spec.stdin == str(tmp_path / "job" / "prompt.txt")
        assert Path(spec.stdin).read_text() == "x" * 300_000
        assert max(len(word) for word in spec.command) < 1000

    def test_the_limits_are_those_of_the_question(self, agent: Agent, worktree: Path, tmp_path: Path) -> None:
        """Deadline, silence and working directory come from the question."""
        spec = agent.job(asked(worktree, "ok", timeout_s=7.0, idle_s=3.0), tmp_path / "job")
        assert (spec.deadline_s, spec.idle_s, spec.cwd) == (7.0, 3.0, str(worktree))

    def test_an_answer_can_be_read_twice(self, agent: Agent, worktree: Path, tmp_path: Path) -> None:
        """Reading the same folder again gives the same answer."""
        folder = tmp_path / "job"
        exit_ = run_inline(agent.job(asked(worktree, "ok"), folder), folder)
        output = FolderOutput(folder)
        assert agent.answer("propose", output, exit_) == agent.answer("propose", output, exit_)

    def test_a_failed_job_is_a_failed_answer(self, agent: Agent, worktree: Path, tmp_path: Path) -> None:
        """What did not run has a reason and no proposal."""
        folder = tmp_path / "job"
        agent.job(asked(worktree, "ok"), folder)
        exit_ = JobExit(reason="not_started", detail="no memory", started_at="", ended_at="", seconds=0.0)
        answer = agent.answer("propose", FolderOutput(folder), exit_)
        assert (answer.ok, answer.proposal) == (False, None)
        assert answer.reason


@pytest.mark.parametrize(
    ("behaviour", "arg", "reason"),
    [
        ("silent", "", why("answer_empty")),
        (
            "nonsense",
            "",
            why(
                "answer_no_proposal",
                because="lacks_keys",
                place="it",
                keys="description, change_plan, commit_description",
            ),
        ),
        ("fail", "", why("agent_exit", "no credits left", agent="the agent command", exit_code=3)),
        ("flood", "100", why("answer_no_proposal", because="no_json_object")),
    ],
)
def test_a_useless_agent_is_a_recorded_failure(
    behaviour: str, arg: str, reason: Reason, plain: Path, run: Runner
) -> None:
    """Silence, nonsense, an exit code and 100 MB each end in a reason, with what was said."""
    answer = ask(CUSTOM, asked(plain, behaviour, arg), run)
    assert (answer.ok, answer.proposal) == (False, None)
    assert answer.reason == reason
    assert len(answer.output.tail) <= 4096


def test_an_agent_that_hangs_is_ended_at_its_deadline(plain: Path, run: Runner) -> None:
    """After its time an agent is ended, and the reason says so."""
    answer = ask(CUSTOM, asked(plain, "hang", timeout_s=1.0), run)
    assert answer.reason is not None
    assert answer.reason.code == "agent_deadline"
    assert answer.reason.inputs["seconds"] == pytest.approx(1.0, abs=0.9)


def test_an_agent_that_is_silent_too_long_is_ended(plain: Path) -> None:
    """Without output and without CPU use, the idle limit ends an agent."""
    answer = ask(CUSTOM, asked(plain, "hang", idle_s=1.0), run_supervised)
    assert answer.reason is not None
    assert answer.reason.code == "agent_silent"


def test_a_program_that_does_not_exist_is_a_recorded_failure(plain: Path) -> None:
    """A command that cannot be started is named with the system's words."""
    question = Ask(step="apply", prompt="", worktree=plain, hooks=hooks_of(plain), command=("no-such-agent",))
    answer = ask(CUSTOM, question, run_supervised)
    said = "no-such-agent: No such file or directory"
    assert answer.reason == why("agent_not_run", said, agent="the agent command")


def test_a_human_can_be_asked_for(plain: Path, run: Runner) -> None:
    """A proposal that needs input is an answer, not a failure."""
    answer = ask(CUSTOM, asked(plain, "need_input"), run)
    assert answer.ok
    assert answer.proposal is not None
    assert (answer.proposal.status, answer.proposal.description) == (
        "need_input",
        "Which data set do you mean?",
    )


def test_an_agent_that_edits_silently_has_applied(plain: Path, run: Runner) -> None:
    """For an apply no words are needed: the diff shows what was done."""
    answer = ask(CUSTOM, asked(plain, "edit", step="apply"), run)
    assert (answer.ok, answer.text) == (True, "")
    assert "MENDED" in (plain / "train.py").read_text()


def test_a_triage_is_read_from_the_answers_text(plain: Path, run: Runner) -> None:
    """What the agent says of a crash reaches parse_triage."""
    answer = ask(CUSTOM, asked(plain, "discard", step="triage"), run)
    assert parse_triage(answer.text) == ("discard", why("agent_decided", "it cannot work"))
