"""Which programs and variables a result hangs on, though they stand in no commit."""

import shutil
from pathlib import Path

import pytest

from autoresearch.engine.sealing import environment, programs
from autoresearch.events.settings import RunConfig


GIT = str(shutil.which("git"))
SCRIPT = b"""
LAYERS = os.environ["LAYERS"]
KEY = os.getenv('WANDB_API_KEY')
FOLDERS = os.environ["PATH"]
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout with a script, and a scorer and some data beside it."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for path in (folder / "train.py", tmp_path / "score", tmp_path / "score.py"):
        path.write_text("print(1)\n")
    return folder


def named(checkout: Path, *evaluate: str, train: tuple[str, ...] = ("{python}", "train.py")) -> set[str]:
    return set(programs.named(RunConfig(train=train, evaluate=evaluate), checkout))


def test_what_commands_name_outside_the_checkout_is_found(checkout: Path):
    """A program, a script behind an interpreter, by any path, and one that is found on the PATH; and git."""
    score, script = str(checkout.parent / "score"), str(checkout.parent / "score.py")
    assert {GIT, score} == named(checkout, score)
    assert {GIT, script} == named(checkout, "{python}", script)
    assert {GIT, f"{checkout}/../score"} == named(checkout, "../score")
    assert {GIT, str(shutil.which("sh"))} == named(checkout, train=("sh", "train.sh"))


def test_what_is_named_within_a_word_is_found_as_well(checkout: Path, monkeypatch: pytest.MonkeyPatch):
    """In a line for a shell, by a variable or the home folder, and behind an option."""
    shell, script = str(shutil.which("sh")), str(checkout.parent / "score.py")
    monkeypatch.setenv("HOME", str(checkout.parent))
    lines = (f"python3 {script} && echo", "cd /;{python} '~/score.py'", 'exec python3 "$HOME/score.py"|cat')
    for line in lines:
        assert {GIT, shell, script} == named(checkout, "sh", "-c", line.replace("'", ""))
    assert {GIT, script} == named(checkout, "{python}", "-u", f"--scorer={script}")


def test_what_is_no_program_outside_is_not(checkout: Path, monkeypatch: pytest.MonkeyPatch):
    """Files of the checkout, folders, options, what is not there, and what is as large as data."""
    assert {GIT} == named(checkout, "{python}", "train.py", str(checkout / "train.py"), str(checkout.parent))
    assert {GIT} == named(checkout, "no-such-program", "--data=x", "/no/such/file", "x" * 5000, "a\0b")
    monkeypatch.setattr(programs, "MOST_BYTES", 3)
    assert {GIT} == named(checkout, str(checkout.parent / "score"))


def told(config: RunConfig | None = None, **environ: str) -> str:
    return environment.digest(environ, config or RunConfig(), [SCRIPT])


def test_variables_that_scripts_and_libraries_read_are_told():
    """Another value, or one more of them, is another environment."""
    seen = {told(), told(LAYERS="2"), told(LAYERS="3"), told(LD_PRELOAD="x"), told(PYTHONHASHSEED="1")}
    seen |= {told(MKL_NUM_THREADS="1"), told(MKL_NUM_THREADS="2")}
    assert 7 == len(seen)


@pytest.mark.parametrize(
    "name",
    ["PATH", "TERM", "OTHER", "PYTHONPATH", "OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "AUTORESEARCH_RUN"],
)
def test_variables_that_are_told_otherwise_or_read_by_nobody_are_not(name: str):
    """What each terminal has of its own, and what other conditions tell, is the same environment."""
    assert told() == told(**{name: "another"})


def test_what_the_settings_give_and_secrets_are_not_told():
    """The settings decide by themselves, and a digest in the history must not let anybody try out secrets."""
    assert told() == told(WANDB_API_KEY="0123456789")
    given = RunConfig(env={"LAYERS": "2"}, seed_env="PYTHONHASHSEED")
    assert told(given) == told(given, LAYERS="3", PYTHONHASHSEED="3")
