import json
from pathlib import Path

import jsonschema

from tests.e2e.conftest import Program


ROOT = Path(__file__).resolve().parents[3]
START = ("--loops", "2", "--no-stochastic", "--no-background-train")
BETTER = ("propose", "--set", "WIDTH=16", "--description", "wider")


def begin(program: Program) -> None:
    """Run a baseline and two changes, the first of which is kept."""
    program("start", *START[2:], "--only", "setup,baseline")
    program(*BETTER)
    program("resume", *START)


def test_a_run_on_a_checked_out_branch_is_adopted_and_cleaned(program: Program):
    """What was kept while the user stood on the branch is brought in, and then the rest is removed."""
    program.git("switch", "-qc", "autoresearch/mine")
    (program.repo / "program.md").write_text("edited\n")
    index = program.git("ls-files", "--stage")
    begin(program)
    status = program.status()
    assert status["counts"]["kept"] > 0
    assert program.git("rev-parse", "main") == program.git("rev-parse", "HEAD"), "moved under the user"
    assert index == program.git("ls-files", "--stage")
    adopted = json.loads(program("adopt", "--json").stdout)
    assert (status["kept_commit"], True) == (adopted["commit"], adopted["moved"])
    jsonschema.validate(adopted, json.loads((ROOT / "docs/schemas/adopt-1.schema.json").read_text()))
    program("replay")
    assert status["kept_commit"] == program.git("rev-parse", "HEAD")
    assert "M program.md" == program.git("status", "--porcelain", "--untracked-files=no")
    run_id = status["run_id"]
    said = program("clean", run_id).stdout
    assert "would remove the worktree" in said
    assert program.git("for-each-ref", "refs/autoresearch")
    program("clean", run_id, "--yes")
    assert "" == program.git("for-each-ref", "refs/autoresearch")
    assert 1 == len(program.git("worktree", "list").splitlines())
    assert "autoresearch: " not in program("show", "1", "--diff").stdout, "the diff is shown without refs"
    program("replay")
    program(
        "start", "--another", "--no-background-train", "--only", "setup", "--branch", "autoresearch/other"
    )
    assert "autoresearch-other-r001, with its history" in program("clean", "--all").stdout
    program("clean", "--all", "--yes")
    assert [run_id] == [path.name for path in program.run_folder().parent.glob("*-r*")]
    program("clean", code=2)
    program("clean", run_id, "--folder", "--yes")
    program("status", code=3)


def test_adopting_what_cannot_be_is_refused_with_the_way_out(program: Program):
    """Edits in the way and a run that is not there are code 3 and two lines; nothing moves."""
    program("adopt", code=3)
    program.git("switch", "-qc", "autoresearch/mine")
    begin(program)
    (program.repo / "train.py").write_text("mine\n")
    refused = program("adopt", code=3)
    assert 2 == len(refused.stderr.splitlines())
    assert "commit or stash" in refused.stderr
    assert "mine\n" == (program.repo / "train.py").read_text()
    assert program.git("rev-parse", "main") == program.git("rev-parse", "HEAD")
