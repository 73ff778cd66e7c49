"""What every agent does with a question, the fake one and a real program; and what a bad one may do."""

import json
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from attrs import evolve

from autoresearch.engine.agents import confinement
from autoresearch.engine.agents.branch_guard import keep_hook
from autoresearch.engine.agents.confinement import UNSET
from autoresearch.engine.agents.known import AIDER, CLAUDE, CODEX, CUSTOM, GEMINI, OPENCODE, PROGRAMS
from autoresearch.engine.agents.prompts import parse_triage
from autoresearch.engine.jobs.launcher import RealJobs
from autoresearch.engine.jobs.output import FolderOutput
from autoresearch.engine.ports.agent import Agent, AgentStep, Answer, Ask
from autoresearch.engine.ports.jobs import Finished, JobExit, JobSpec
from autoresearch.engine.system import landlock
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Proposal, Reason, why
from tests.fakes.agents import FakeAgent, answered, fake_program, run_inline
from tests.waiting import PATIENCE_S, until


PROPOSED = Proposal(
    status="ok",
    description="halve the batch",
    change_plan="Halve the batch in train.py.",
    commit_description="experiment: halve the batch",
)
Runner = Callable[[JobSpec, Path], JobExit]


def run_supervised(spec: JobSpec, folder: Path) -> JobExit:
    """Run a job to its end under its supervisor."""
    jobs = RealJobs()
    jobs.start(folder, spec)
    until(lambda: isinstance(jobs.look(folder), Finished))
    state = jobs.look(folder)
    assert isinstance(state, Finished)
    return state.exit


@pytest.fixture(params=[run_inline, run_supervised], ids=["inline", "supervised"])
def run(request: pytest.FixtureRequest) -> Runner:
    """Run a job without and with the real supervisor."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(params=["plain", "with space", "quo'te", "ünïcode"])
def worktree(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a worktree that lies inside a repository, as a run's does, in folders with odd names."""
    home = tmp_path / request.param
    worktree = home / "runs" / "worktree"
    for words in (
        ("init", "-q", str(home)),
        (
            "-C",
            str(home),
            "-c",
            "user.name=u",
            "-c",
            "user.email=u@x",
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            "0",
        ),
        ("-C", str(home), "worktree", "add", "-q", "--detach", str(worktree)),
    ):
        subprocess.run(["git", *words], check=True)
    (worktree / "train.py").write_text("DEPTH = 4\n")
    return worktree


def hooks_of(worktree: Path) -> Path:
    """Return where the hooks of its run lie."""
    return worktree.parent / "git-hooks"


def asked(worktree: Path, behaviour: str, arg: str = "", **more: object) -> Ask:
    """Return a question to the program that behaves on demand."""
    words = {"step": "propose", "prompt": "In this step you only propose", "timeout_s": PATIENCE_S, **more}
    keep_hook(hooks_of(worktree) / "reference-transaction")
    return Ask(worktree=worktree, hooks=hooks_of(worktree), command=fake_program(behaviour, arg), **words)  # type: ignore[arg-type]


def ask(agent: Agent, question: Ask, run: Runner) -> Answer:
    """Ask to the end."""
    folder = question.worktree.parent / "iterations" / "0001" / f"{question.step}.1"
    return agent.answer(question.step, FolderOutput(folder), run(agent.job(question, folder), folder))


def git(worktree: Path, *words: str) -> str:
    """Return what git says of the worktree."""
    done = subprocess.run(["git", "-C", str(worktree), *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


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


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """Return an empty folder to work in."""
    folder = tmp_path / "work" / "worktree"
    folder.mkdir(parents=True)
    (folder / "train.py").write_text("DEPTH = 4\n")
    return folder


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


@pytest.mark.parametrize(
    "words",
    [
        "commit --allow-empty -m x",
        "branch mine",
        "tag mine",
        "update-ref refs/heads/mine HEAD",
        "switch -c mine",
    ],
)
def test_no_ref_moves_whatever_an_agent_does(words: str, worktree: Path) -> None:
    """Commits, branches, tags and switches of an agent are refused by git itself."""
    before = git(worktree, "for-each-ref"), git(worktree, "rev-parse", "HEAD"), git(worktree, "status", "-sb")
    ask(CUSTOM, asked(worktree, "git", words, step="apply"), run_inline)
    assert before == (
        git(worktree, "for-each-ref"),
        git(worktree, "rev-parse", "HEAD"),
        git(worktree, "status", "-sb"),
    )


def test_reading_with_git_works_for_an_agent(worktree: Path) -> None:
    """An agent may look at the log and the status."""
    answer = ask(CUSTOM, asked(worktree, "git", "status --short", step="apply"), run_inline)
    assert "?? train.py" in answer.text
    assert answer.text.endswith("git exited with 0")


def test_git_does_not_climb_out_of_the_worktree(worktree: Path) -> None:
    """With the worktree's .git gone, the user's repository around it is not found."""
    (worktree / ".git").unlink()
    answer = ask(CUSTOM, asked(worktree, "git", "status", step="apply"), run_inline)
    assert "not a git repository" in answer.text


def test_nothing_is_pushed(worktree: Path, tmp_path: Path) -> None:
    """A push, even to a folder, is refused."""
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "remote")], check=True)
    ask(
        CUSTOM,
        asked(worktree, "git", f"push {(tmp_path / 'remote').as_uri()} HEAD:refs/heads/x", step="apply"),
        run_inline,
    )
    assert git(tmp_path / "remote", "for-each-ref") == ""


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_every_program_is_kept_in_its_place(name: str, plain: Path, tmp_path: Path) -> None:
    """No agent inherits another git folder, and each can be told from a user by its environment."""
    spec = PROGRAMS[name].job(asked(plain, "ok"), tmp_path / "job")
    assert spec.env["AUTORESEARCH_AGENT"] == "1"
    assert {"GIT_DIR", "GIT_INDEX_FILE", "AUTORESEARCH_JOB_DIR"} <= set(UNSET)
    assert spec.unset == UNSET
    assert 0 < spec.log_limit_bytes <= 16 * 2**20


def test_the_programs_are_called_as_they_were_seen_to_work(plain: Path, tmp_path: Path) -> None:
    """The command lines are those tried on the real programs; a model is named only when there is one."""
    question = Ask(step="apply", prompt="", worktree=plain, hooks=hooks_of(plain))
    modelled = Ask(step="apply", prompt="", worktree=plain, hooks=hooks_of(plain), model="some/model")
    log = ("--print-logs", "--log-level", "ERROR")
    opencode = ("opencode", "run", "--format", "json", *log, "--auto", "--dir", str(plain))
    own = ("-c", "project_doc_max_bytes=0")
    codex = ("codex", "exec", "--json", "--ephemeral", "-s", "workspace-write", *own, "-C", str(plain))
    assert OPENCODE.job(question, tmp_path).command == opencode
    assert OPENCODE.job(modelled, tmp_path).command == (*opencode, "-m", "some/model")
    assert CODEX.job(question, tmp_path).command == (*codex, "-")
    assert CODEX.job(modelled, tmp_path).command == (*codex, "-m", "some/model", "-")
    assert CLAUDE.job(modelled, tmp_path).command[-2:] == ("--model", "some/model")
    assert "1" == CLAUDE.job(question, tmp_path).env["CLAUDE_CODE_DISABLE_CLAUDE_MDS"]
    assert GEMINI.job(modelled, tmp_path).command[-2:] == ("-m", "some/model")
    aider = AIDER.job(evolve(modelled, files=("train.py",)), tmp_path).command
    more = [one.job(evolve(modelled, args=("--more", "x")), tmp_path).command for one in PROGRAMS.values()]
    assert [True] * len(PROGRAMS) == [("--more", "x") in pairwise(one) for one in more]
    assert aider[:3] == ("aider", "--message-file", "/dev/stdin")
    assert aider[-4:] == ("--model", "some/model", "--file", "train.py")
    below = AIDER.job(evolve(modelled, files=("src/train.py",)), tmp_path).command
    assert [True, False] == ["--no-git" in words for words in (aider, below)]


def test_opencode_reads_settings_of_the_checkout_and_no_instructions(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checkout's settings are named to it, its instructions off; where that cannot be, all is left on."""
    for name in ("OPENCODE_CONFIG", "OPENCODE_CONFIG_DIR", "OPENCODE_DISABLE_PROJECT_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    question = Ask(step="apply", prompt="", worktree=plain, hooks=hooks_of(plain))

    def told() -> dict[str, str]:
        env = OPENCODE.job(question, tmp_path).env
        return {name: env[name] for name in env if name.startswith(("OPENCODE_CONFIG", "OPENCODE_DISABLE_P"))}

    off = {"OPENCODE_DISABLE_PROJECT_CONFIG": "1"}
    assert off == told()
    monkeypatch.setenv("OPENCODE_CONFIG", "/mine.json")
    assert off == told()
    (plain / "opencode.json").touch()
    assert {} == told()
    monkeypatch.delenv("OPENCODE_CONFIG")
    (plain / ".opencode").mkdir()
    settings = {
        "OPENCODE_CONFIG": str(plain / "opencode.json"),
        "OPENCODE_CONFIG_DIR": str(plain / ".opencode"),
    }
    assert off | settings == told()
    (plain / "opencode.jsonc").touch()
    assert {} == told()


@pytest.mark.parametrize("reads", ["propose", "review"])
def test_who_only_reads_has_no_tool_that_writes(reads: AgentStep, plain: Path, tmp_path: Path) -> None:
    """For a proposal or a review codex is read-only, aider in its mode to ask, and the others cannot edit."""
    said = {"prompt": "", "worktree": plain, "hooks": hooks_of(plain)}
    question, apply = (Ask(step=step, **said) for step in (reads, "apply"))
    assert "read-only" in CODEX.job(question, tmp_path).command
    command = CLAUDE.job(question, tmp_path).command
    assert command[command.index("--tools") + 1] == "Read,Grep,Glob"
    denied = [OPENCODE.job(one, tmp_path).env["OPENCODE_PERMISSION"] for one in (question, apply)]
    assert [json.loads(one).get("edit") for one in denied] == ["deny", None]
    modes = [GEMINI.job(one, tmp_path).command[4] for one in (question, apply)]
    assert modes == ["default", "auto_edit"]
    formats = [AIDER.job(evolve(one, files=("a.py",)), tmp_path).command for one in (question, apply)]
    assert ["--edit-format" in one for one in formats] == [True, False]
    assert [one[-2] for one in formats] == ["--read", "--file"]


def test_what_claude_may_do_everywhere_writes_nothing(plain: Path, tmp_path: Path) -> None:
    """It has tools that edit, but none of them is allowed by name, which would be for every path."""
    command = CLAUDE.job(
        Ask(step="apply", prompt="", worktree=plain, hooks=hooks_of(plain)), tmp_path
    ).command
    assert command[command.index("--tools") + 1] == "Read,Grep,Glob,Edit,Write"
    assert command[command.index("--allowedTools") + 1] == "Read,Grep,Glob"


@pytest.mark.parametrize("step", ["propose", "apply", "triage", "review"])
def test_a_confined_program_writes_where_it_must(
    step: AgentStep, plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its checkout where it is to edit, its TMPDIR, its own files and what was named; nothing of the run."""
    monkeypatch.setenv("CODEX_HOME", str(tmp_path / "codex"))
    job, run = tmp_path / "run" / "job", tmp_path / "run"
    question = Ask(
        step=step, prompt="", worktree=plain, hooks=hooks_of(plain), beside=("/more",), keep_out=(run,)
    )
    spec = CODEX.job(question, job)
    assert spec.writable is not None
    assert spec.env["TMPDIR"] == str(job / "tmp")
    assert {str(job / "tmp"), str(tmp_path / "codex"), "/more", "/dev/null"} <= set(spec.writable)
    assert (str(plain) in spec.writable) == (step not in ("propose", "review"))
    assert "danger-full-access" in spec.command  # its own sandbox does not start within another one
    assert not any(path.is_relative_to(place) for place in spec.writable for path in (run, job))
    assert CODEX.job(evolve(question, beside=None), job).writable is None


def test_a_program_whose_files_lie_above_the_run_may_not_write_there(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of its own that holds the repository is left out, whatever the environment says."""
    monkeypatch.setenv("CODEX_HOME", str(tmp_path))
    question = Ask(
        step="apply",
        prompt="",
        worktree=plain,
        hooks=hooks_of(plain),
        beside=(),
        keep_out=(tmp_path / "repo",),
    )
    spec = CODEX.job(question, tmp_path / "repo" / "job")
    assert spec.writable is not None
    assert str(tmp_path) not in spec.writable


def test_where_an_agent_may_write_is_for_the_settings_to_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths are from the repository or the home; `/`, or a kernel without Landlock, confines nothing."""
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setattr(landlock, "version", lambda: 1)
    named = RunConfig(agent_writes=("cache", "~/.aider", "/scratch"))
    assert confinement.beside(named, tmp_path) == (f"{tmp_path}/cache", "/home/me/.aider", "/scratch")
    assert confinement.beside(RunConfig(), tmp_path) == ()
    assert confinement.beside(RunConfig(agent_writes=("/",)), tmp_path) is None
    monkeypatch.setattr(landlock, "version", lambda: 0)
    assert confinement.beside(named, tmp_path) is None


@pytest.mark.parametrize("spoil", ["rm -r {0}", "echo exit 0 > {0}/reference-transaction", "chmod -x {0}/*"])
def test_a_hook_that_an_agent_disturbed_is_made_good(tmp_path: Path, spoil: str) -> None:
    """The hook that all agents of a run share lets no ref change, whatever the one before did to it."""
    hook = tmp_path / "git-hooks" / "reference-transaction"
    keep_hook(hook)
    subprocess.run(["sh", "-c", spoil.format(hook.parent)], check=True)
    keep_hook(hook)
    codes = [subprocess.run([hook, state], check=False).returncode for state in ("prepared", "aborted")]
    assert [1, 0] == codes
