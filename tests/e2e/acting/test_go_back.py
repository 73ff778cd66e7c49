"""The commands that go back on what a run holds, as a user types them."""

import json

from tests.e2e.conftest import Program


BETTER = ("--set", "LR=0.03", "--description", "slower")


def a_run_with_a_keep(program: Program) -> None:
    """Let the baseline stand and iteration 1 be kept."""
    program("start", "--loops", "0", "--no-background-train")
    program("propose", *BETTER)
    program("resume", "--loops", "1", "--no-stochastic", "--no-background-train")
    assert 1 == program.status()["counts"]["kept"]


def test_a_result_is_taken_back(program: Program):
    """Every page and object shows it, the branch goes back, and an audit finds nothing wrong."""
    a_run_with_a_keep(program)
    status = program.status()
    base, kept = program.git("rev-parse", "main"), status["kept_commit"]
    said = program("retract", "1", "--why", "the card was shared\nwith another program").stdout
    assert "the best is now baseline" in said
    assert f"{status['branch']} was moved back to it" in said
    assert base == program.git("rev-parse", status["branch"])
    after = program.status()
    assert (base, 0, 1) == (after["kept_commit"], after["counts"]["kept"], after["counts"]["retracted"])
    assert "1 retracted" in program("status").stdout
    (row,) = [
        one
        for one in json.loads(program("experiments", "--json").stdout)["experiments"]
        if one["iteration"] == 1
    ]
    assert ("retracted", kept) == (row["status"], row["commit"])
    assert "retracted: the card was shared" in program("show", "1").stdout
    assert "\tdiscard\tretracted: slower" in (program.run_folder() / "results.tsv").read_text()
    assert "iteration 1 retracted: the card was shared" in program("history").stdout
    program("replay")
    program("resume", "--loops", "1", "--no-stochastic", "--no-background-train")
    program("replay")


def test_the_object_of_a_retraction(program: Program):
    """--json prints one document with what changed and what did not."""
    a_run_with_a_keep(program)
    run_id = program.status()["run_id"]
    said = json.loads(program("retract", "1", run_id, "--why", "it saw the text", "--json").stdout)
    assert ([1], 1, 0) == (said["retracted"], said["best_before"]["iteration"], said["best"]["iteration"])
    assert ([], "moved_back", False) == (
        said["standing_on_it"],
        said["branch_now"],
        said["held_by_a_branch_of_yours"],
    )


def test_what_is_refused_says_the_way_out(program: Program):
    """Two lines and the code of what is wrong; nothing is appended."""
    a_run_with_a_keep(program)
    history = program.run_folder() / "history.jsonl"
    before = history.read_bytes()
    for words, code in ((("0", "--why", "x"), 3), (("7", "--why", "x"), 3), (("1",), 5), (("x",), 2)):
        refused = program("retract", *words, code=code)
        assert 2 == len(refused.stderr.splitlines())
    assert before == history.read_bytes()


def test_a_run_is_gone_on_with_from_an_earlier_moment(program: Program):
    """The fork begins with the results and the best of then, goes on, and both runs audit clean."""
    a_run_with_a_keep(program)
    source = program.status()
    base = program.git("rev-parse", "main")
    said = program("fork", source["run_id"], "--at", "iteration:0").stdout
    assert "it begins with baseline" in said
    new = program.status()["run_id"]
    assert new != source["run_id"]
    assert f"resume --run-id {new}" in said
    assert base == program.git("rev-parse", program.status("--run-id", new)["branch"])
    program("propose", "--run-id", new, "--set", "WIDTH=16", "--description", "wider")
    program("resume", "--run-id", new, "--loops", "1", "--no-stochastic", "--no-background-train")
    rows = json.loads(program("experiments", "--run-id", new, "--json").stdout)["experiments"]
    assert [("keep", "baseline"), ("keep", "wider")] == [(row["status"], row["description"]) for row in rows]
    assert f"forked from {source['run_id']}" in program("history", "--run-id", new).stdout
    assert "fork" in program("replay", new).stdout
    assert source["seq"] == program.status("--run-id", source["run_id"])["seq"]


def test_the_object_of_a_fork(program: Program):
    """--json prints one document; --branch names the new branch, and one that is taken is refused."""
    a_run_with_a_keep(program)
    run_id = program.status()["run_id"]
    made = json.loads(program("fork", run_id, "--branch", "autoresearch/again", "--json").stdout)
    assert ("autoresearch/again", 1, 2, []) == (
        made["branch"],
        made["best"]["iteration"],
        made["results"],
        made["left_open"],
    )
    for words, code in ((("--branch", "main"), 3), (("--at", "99999"), 3), (("--at", "never"), 2)):
        refused = program("fork", run_id, *words, code=code)
        assert 2 == len(refused.stderr.splitlines())
