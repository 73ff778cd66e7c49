"""A guard that is a command is run in a candidate's checkout, before it is kept."""

from tests.e2e.belief.test_equal_beginnings import commit
from tests.e2e.conftest import Program
from tests.e2e.sealing.test_sealed_trainings import HERE, of_type


TRAIN = "LR = 0.04\nWIDTH = 4\nprint(f'val_bpb: {abs(LR - 0.05) + WIDTH / 100:.6f}')\n"
TESTS = "import train\nprint('width', train.WIDTH)\nassert train.WIDTH == 4, 'a width of 4 is asked for'\n"
SETTINGS = 'guards = ["tests: {python} tests.py"]\nprotected = ["tests.py"]\n'


def test_a_better_candidate_has_to_pass(program: Program):
    """What fails the tests is discarded with their last line, what passes is kept; an audit finds both so."""
    (program.repo / "tests.py").write_text(TESTS)
    commit(program, TRAIN, settings=SETTINGS)
    said = program("start", *HERE, "--loops", "0").stdout
    assert "tests is run on the baseline once it has trained" in said
    program("propose", "--set", "WIDTH=3")
    program("propose", "--set", "LR=0.05")
    program("resume", *HERE, "--loops", "2")
    ended = of_type(program, "GuardFinished")
    assert [(0, True, 0), (1, False, 1), (2, True, 0)] == [
        (e["iteration"], e["holds"], e["exit_code"]) for e in ended
    ]
    assert [0, 2] == [one["iteration"] for one in of_type(program, "CandidateKept")]
    said = "AssertionError: a width of 4 is asked for"
    assert (
        f"it fails the guard tests: {{python}} tests.py: exit code 1: {said}" in program("show", "1").stdout
    )
    assert "width 3" in program("logs", "1", "--step", "guard").stdout
    assert 0 == program("replay").returncode


def test_what_the_code_as_it_stands_fails_is_said(program: Program):
    """By doctor before anything trains, and by a run that pauses behind its baseline, with the last line."""
    (program.repo / "tests.py").write_text(TESTS.replace("== 4", "== 5"))
    more = SETTINGS.replace('"]', '", "short: {python} -c pass"]', 1)
    commit(program, TRAIN, settings=more)
    said = program("doctor", code=None).stdout
    fails = "tests: {python} tests.py: fails on the code as it stands, before any training: exit code 1: "
    assert f"warn  guard          {fails}AssertionError: a width of 4 is asked for" in said
    assert "ok    guard          short: {python} -c pass: holds on the code as it stands" in said
    paused = program("start", *HERE, "--loops", "1", code=8)
    assert "the code as it stands fails the guard tests: {python} tests.py: exit code 1: " in paused.stderr
    assert {0} == {one["iteration"] for one in of_type(program, "TrainingStarted")}  # the next may be ready
    assert 1 == len(of_type(program, "CandidateKept"))
    program("resume", HERE[0])
    assert 1 == len(of_type(program, "CandidateDiscarded")) + len(of_type(program, "CandidateKept")) - 1


def test_a_guard_that_cannot_run_is_said_before_anything_trains(program: Program):
    """A program that is nowhere would keep every candidate out: the run does not begin."""
    commit(program, TRAIN, settings='guards = ["tests: no-such-program -q"]\n')
    refused = program("start", *HERE, "--loops", "0", code=None)
    assert 0 != refused.returncode
    assert "the guard tests: no-such-program -q needs no-such-program, which is not found" in refused.stderr
    assert [] == of_type(program, "TrainingStarted")
