"""A number that is there is found, or the way to it is said, and nothing is trained twice for it."""

from tests.e2e.conftest import CONFIG, Program, at_rest


LOGGED = 'LR = 0.04  # search: 0.01..0.1\nprint("2026-03-08 21:04:05 INFO val_bpb: 0.991000")\n'


def commit(program: Program, train: str, settings: str = "") -> None:
    """Let the repository have this script, and these settings below its own."""
    (program.repo / "train.py").write_text(train)
    (program.repo / "pyproject.toml").write_text(CONFIG + settings)
    program.git("commit", "-qam", "mine")


BASELINE = ("start", "--only", "setup,baseline", "--no-stochastic", "--no-background-train")


def test_a_line_with_a_loggers_prefix_is_found(program: Program):
    """The baseline whose number stands behind a timestamp and a level is measured without any setting."""
    commit(program, LOGGED)
    program(*BASELINE)
    assert 0.991 == program.status()["best_metric"]


def test_a_pattern_that_is_mended_reads_the_output_again(program: Program):
    """The error shows the pattern, the line and the setting; nothing is trained again."""
    commit(program, LOGGED, "metric.pattern = '^val_bpb: (.*)'\n")
    said = program(*BASELINE, code=None)
    assert (
        "metric.pattern, ^val_bpb: (.*); nearest: 2026-03-08 21:04:05 INFO val_bpb: 0.991000" in said.stderr
    )
    assert "reads the same output again" in said.stderr
    (program.repo / "pyproject.toml").write_text(CONFIG + "metric.pattern = 'val_bpb: (.*)'\n")
    program("resume", "--loops", "1", "--no-stochastic", "--no-background-train")
    status = program.status()
    assert at_rest(status)
    assert 0.991 == status["best_metric"]
    trained = [one for one in program.events("--type", "TrainingStarted") if one["data"]["iteration"] == 0]
    assert 1 == len(trained)


def test_a_metric_in_a_file(program: Program):
    """The number of a file that the training writes into its checkout is the result, of each candidate."""
    train = "import json\nRATE = 0.5  # search: 0.1..0.9\n"
    train += 'json.dump({"eval": {"acc": RATE}}, open("m.json", "w"))\n'
    metric = 'metric.name = "acc"\nmetric.file = "m.json"\nmetric.key = "eval.acc"\n'
    commit(program, train, metric)
    program("start", "--loops", "1", "--no-stochastic", "--no-background-train")
    numbers = [one["data"]["metric"] for one in program.events("--type", "TrainingFinished")]
    assert 2 == len(set(numbers))
    assert 0.5 == numbers[0]
