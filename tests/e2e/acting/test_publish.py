"""Publishing what a run kept: a branch to be reviewed, and nothing of the user's that moves."""

import os
from pathlib import Path

import pytest

from autoresearch.engine.control.results import publish as command
from autoresearch.engine.git.repository import RealGit
from autoresearch.engine.runs.catalogue import started_runs
from autoresearch.events.errors import NotFound
from autoresearch.workflows.pages.acts import publish as page
from tests.e2e.conftest import Program


def kept_two(program: Program) -> str:
    """Let a run keep two changes of the script; return its id."""
    program("start", "--loops", "0", "--no-stochastic", "--no-background-train")
    for change in ("WIDTH=16", "LR=0.05"):
        program("propose", "--set", change, "--description", f"set {change}")
        program("resume", "--loops", "1", "--no-stochastic", "--no-background-train")
    status = program.status()
    assert 2 == status["counts"]["kept"]
    return status["run_id"]


def mine(program: Program) -> tuple[str, ...]:
    """Return all of the user's that git could move."""
    words = (
        ("rev-parse", "HEAD"),
        ("symbolic-ref", "HEAD"),
        ("ls-files", "--stage"),
        ("status", "--porcelain"),
    )
    return (*(program.git(*one) for one in words), (program.repo / "train.py").read_text())


def test_each_keep_is_a_commit_on_the_present_branch(program: Program):
    """Two keeps are two commits on what the user has committed since; what they edit or have staged stays."""
    run_id = kept_two(program)
    (program.repo / "later.txt").write_text("since\n")
    program.git("add", "later.txt")
    program.git("commit", "-qm", "later")
    (program.repo / "program.md").write_text("edited\n")
    program.git("add", "program.md")
    before = mine(program)
    said = program("publish").stdout
    assert before == mine(program)
    branch = f"publish/{run_id}"
    log = program.git("log", "--format=%s", f"main..{branch}").splitlines()
    assert ["set LR=0.05", "set WIDTH=16"] == log
    assert program.git("rev-parse", "main") == program.git("rev-parse", f"{branch}~2")
    changed = program.git("diff", "--name-only", "main", branch)
    assert "train.py" == changed
    message = program.git("log", "-1", "--format=%B", branch)
    assert f"Autoresearch-Run: {run_id}" in message
    assert "Autoresearch-Iteration: 2" in message
    assert "by a human" in message
    text = (program.run_folder() / "pull_request.md").read_text()
    assert text in said
    assert 2 == text.count("| set ")
    refused = program("publish", code=3)
    assert "is there already" in refused.stderr
    assert "--name" in refused.stderr
    program("publish", "--name", "for-review")
    assert program.git("rev-parse", f"{branch}^{{tree}}") == program.git("rev-parse", "for-review^{tree}")


def test_what_was_retracted_stays_out(program: Program):
    """A keep that was taken back is no commit of the branch; the one before it is."""
    run_id = kept_two(program)
    program("retract", "2", "--why", "the card was shared")
    program("publish")
    branch = f"publish/{run_id}"
    assert ["set WIDTH=16"] == program.git("log", "--format=%s", f"main..{branch}").splitlines()
    script = program.git("show", f"{branch}:train.py")
    assert "WIDTH = 16" in script
    assert "LR = 0.05" not in script


def test_a_conflict_names_the_keep_and_the_file_and_makes_nothing(program: Program):
    """Where the user changed the same line, keep, file and two ways out are said; no branch is made."""
    run_id = kept_two(program)
    script = program.repo / "train.py"
    script.write_text(script.read_text().replace("WIDTH = 8", "WIDTH = 12"))
    program.git("commit", "-qam", "mine")
    refs = program.git("for-each-ref")
    refused = program("publish", code=3)
    assert "iteration 1 does not fit on main: both changed train.py" in refused.stderr
    assert "git cherry-pick" in refused.stderr
    assert refs == program.git("for-each-ref")
    assert not (program.run_folder() / "pull_request.md").exists()
    base = program.git("rev-parse", "main~1")
    program.git("switch", "-q", "--detach", base)
    program("publish")
    assert base == program.git("rev-parse", f"publish/{run_id}~2")


def test_a_pull_request_is_opened_through_gh(program: Program, tmp_path: Path):
    """The branch is pushed, and gh gets it, the base, a title and the text; without gh nothing is made."""
    run_id = kept_two(program)
    refs = program.git("for-each-ref")
    tools = tmp_path / "tools"
    tools.mkdir()
    path = program.env.get("PATH", os.defpath)
    assert "has no remote" in program_with_gh(program, tools, path)("publish", "--pr", code=3).stderr
    assert refs == program.git("for-each-ref")
    program.git("init", "-q", "--bare", str(tmp_path / "shared.git"))
    program.git("remote", "add", "origin", str(tmp_path / "shared.git"))
    said = program("publish", "--pr").stdout
    assert "https://example.org/pull/1" in said
    branch = f"publish/{run_id}"
    shared = program.git("--git-dir", str(tmp_path / "shared.git"), "rev-parse", branch)
    assert shared == program.git("rev-parse", branch)
    told = (tools / "told").read_text()
    assert f"pr create --head {branch} --title val_bpb" in told
    assert told.rstrip().endswith("--base main")
    (tools / "gh").write_text("#!/bin/sh\necho no token >&2\nexit 4\n")
    refused = program("publish", "--pr", "--name", "again", code=3)
    assert "no token" in refused.stderr
    assert "gh pr create --head again" in refused.stderr


def program_with_gh(program: Program, tools: Path, path: str) -> Program:
    """Put a gh on PATH that writes down what it is told."""
    gh = tools / "gh"
    gh.write_text(f'#!/bin/sh\necho "$@" > "{tools}/told"\necho https://example.org/pull/1\n')
    gh.chmod(0o755)
    program.env["PATH"] = f"{tools}{os.pathsep}{path}"
    return program


class Killed(BaseException):
    """The process died here."""


def test_a_publication_that_is_killed_makes_no_half(program: Program, monkeypatch: pytest.MonkeyPatch):
    """Killed before or after each thing it does, it has made all or no branch, and can be repeated."""
    kept_two(program)
    (paths,) = started_runs(program.repo)
    mine_before, died = mine(program), 0
    for instant in range(40):
        git, branch = RealGit(program.repo), f"kill-{instant}"
        left = [instant]

        def tick(left=left):
            if left[0] == 0:
                raise Killed
            left[0] -= 1

        def around(act, tick=tick):
            def acted(*args, **named):
                tick()
                done = act(*args, **named)
                tick()
                return done

            return acted

        with monkeypatch.context() as patch:
            patch.setattr(command, "write_atomic", around(command.write_atomic))
            for name in ("brought", "commit_tree", "set_ref"):
                patch.setattr(git, name, around(getattr(git, name)))
            it = command.publication(paths, git)
            more = {"branch": branch, "messages": page.messages(it), "text": page.pull_request(it)}
            try:
                command.publish(paths, git, it, **more)
            except Killed:
                died += 1
        assert mine_before == mine(program)
        stands = git.branch(branch).commit
        if stands is None:
            command.publish(paths, RealGit(program.repo), it, **more)
        else:
            with pytest.raises(NotFound):
                command.publish(paths, RealGit(program.repo), it, **more)
        assert 2 == len(program.git("log", "--format=%h", f"main..{branch}").splitlines())
        if left[0] > 0:
            break
    assert died > 10
