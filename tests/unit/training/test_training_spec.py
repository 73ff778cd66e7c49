"""How a training is started: its command and its environment."""

import sys
from pathlib import Path

import pytest
from attrs import evolve

from autoresearch.engine.training.spec import Training, environment, training_spec, writable
from autoresearch.events.settings import RunConfig


TRAINING = Training(
    run_id="mar10-r001",
    home=Path("/home/repo"),
    iteration=7,
    training=2,
    slot=1,
    device="cpu",
    commit="c" * 40,
    job=Path("/runs/r 1/train.2"),
    checkout=Path("/tree"),
    deadline_s=90.0,
    places=("auto-cpu-1",),
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
    assert spec.places == ("auto-cpu-1",)


def test_the_page_names_every_variable() -> None:
    """docs/training.md has a row for each variable that is set."""
    page = (Path(__file__).parents[3] / "docs" / "training.md").read_text()
    rows = "".join(line for line in page.splitlines() if line.startswith("| `"))
    names = environment(RunConfig(training_budget="tokens:1"), evolve(TRAINING, device="0"))
    assert [] == [name for name in names if f"`{name}`" not in rows]


def test_a_training_on_a_card_may_name_its_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """CUDA writes its threads' names into /proc, and does not start without; a CPU has no need to."""
    monkeypatch.setattr("autoresearch.engine.system.landlock.version", lambda: 7)
    config = RunConfig(evaluate=("{python}", "evaluate.py"))
    on_card, on_cpu = (writable(config, evolve(TRAINING, device=one)) or () for one in ("0", "cpu"))
    assert ["/proc"] == [path for path in on_card if path not in on_cpu]


def test_what_an_evaluated_training_compiles_lies_in_its_own_folder() -> None:
    """Triton would write into the home, where it may not; the user's own settings win."""
    config = RunConfig(evaluate=("{python}", "evaluate.py"))
    env = environment(config, TRAINING)
    assert env["TRITON_CACHE_DIR"] == f"{env['TMPDIR']}/triton"
    own = evolve(config, env={"TRITON_CACHE_DIR": "/fast"})
    assert "/fast" == environment(own, TRAINING)["TRITON_CACHE_DIR"]
    assert "TRITON_CACHE_DIR" not in environment(RunConfig(), TRAINING)


def test_a_training_sees_its_own_card_alone() -> None:
    """On a card CUDA is told which, counted as nvidia-smi counts; the user's own settings win."""
    env = environment(RunConfig(), evolve(TRAINING, device="1"))
    assert ("1", "PCI_BUS_ID") == (env["CUDA_VISIBLE_DEVICES"], env["CUDA_DEVICE_ORDER"])
    own = environment(RunConfig(env={"CUDA_VISIBLE_DEVICES": "7"}), evolve(TRAINING, device="1"))
    assert "7" == own["CUDA_VISIBLE_DEVICES"]
    assert "CUDA_VISIBLE_DEVICES" not in environment(RunConfig(), TRAINING)


def test_a_named_cpu_hides_the_cards() -> None:
    """Where the settings say cpu, a training sees no card; the user's own settings win."""
    config = RunConfig(devices=("cpu",))
    assert "" == environment(config, TRAINING)["CUDA_VISIBLE_DEVICES"]
    own = RunConfig(devices=("cpu",), env={"CUDA_VISIBLE_DEVICES": "7"})
    assert "7" == environment(own, TRAINING)["CUDA_VISIBLE_DEVICES"]
