"""Where an agent's program may write, which tools it has, and what its git refuses."""

import json
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from attrs import evolve

from autoresearch.engine.agents import confinement
from autoresearch.engine.agents.branch_guard import keep_hook
from autoresearch.engine.agents.confinement import UNSET
from autoresearch.engine.agents.known import AIDER, CLAUDE, CODEX, CUSTOM, GEMINI, OPENCODE, PROGRAMS
from autoresearch.engine.ports.agent import AgentStep, Ask
from autoresearch.engine.system import landlock
from autoresearch.events.settings import RunConfig
from tests.contract.agents.conftest import ask, asked, git, hooks_of
from tests.fakes.agents import run_inline


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
