"""How a training is started: its command and its environment."""

import sys
from pathlib import Path

from attrs import evolve

from autoresearch.engine.training.spec import Training, environment, training_spec
from autoresearch.events.settings import RunConfig


TRAINING = Training(
    run_id="mar10-r001",
    home=Path("/home/repo"),
    iteration=7,
    attempt=2,
    slot=1,
    commit="c" * 40,
    job=Path("/runs/r 1/train.2"),
    checkout=Path("/tree"),
    deadline_s=90.0,
    places=("auto-1",),
)


def test_a_training_is_told_which_one_it_is() -> None:
    """The launcher sets what train.py cannot set for itself; the user's own settings win."""
    config = RunConfig(training_budget="tokens:1000", env={"OMP_WAIT_POLICY": "ACTIVE", "X": "1"})
    assert environment(config, TRAINING) == {
        "OMP_WAIT_POLICY": "ACTIVE",
        "MALLOC_MMAP_MAX_": "0",
        "MALLOC_TRIM_THRESHOLD_": "8000000000",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "AUTORESEARCH_RUN": "mar10-r001",
        "AUTORESEARCH_ITERATION": "7",
        "AUTORESEARCH_ATTEMPT": "2",
        "AUTORESEARCH_SLOT": "1",
        "AUTORESEARCH_COMMIT": "c" * 40,
        "AUTORESEARCH_JOB_DIR": "/runs/r 1/train.2",
        "AUTORESEARCH_BUDGET": "tokens:1000",
        "X": "1",
    }


def test_no_budget_leaves_the_training_its_own() -> None:
    """An empty budget sets no variable."""
    assert "AUTORESEARCH_BUDGET" not in environment(RunConfig(), TRAINING)


def test_spec_runs_this_installation_in_the_checkout() -> None:
    """{python} is the interpreter of the installation; limit, deadline and place are as given."""
    config = RunConfig(train=("{python}", "-u", "train.py"), log_limit_mb=0.5)
    spec = training_spec(config, evolve(TRAINING, deadline_s=60.0))
    assert spec.name == "training 7.2 of mar10-r001 in /home/repo"
    assert spec.command == (sys.executable, "-u", "train.py")
    assert spec.cwd == "/tree"
    assert spec.deadline_s == 60.0
    assert spec.log_limit_bytes == 2**19
    assert spec.places == ("auto-1",)
