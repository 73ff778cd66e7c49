"""What a baseline's compiler made, kept and given on a real disk."""

import shutil
from pathlib import Path

import pytest

from autoresearch.engine.training import compiled


KERNEL = Path("compiled", "triton", "ab", "kernel.cubin")


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Return the temporary folder of a training that compiled something."""
    (tmp_path / "job" / KERNEL).parent.mkdir(parents=True)
    (tmp_path / "job" / KERNEL).write_text("of the baseline")
    return tmp_path / "job"


def test_each_gets_a_copy_of_its_own(made: Path, tmp_path: Path):
    """What one training writes into what it was given reaches neither what is kept nor the next one."""
    compiled.keep(made, tmp_path / "kept")
    for job in (tmp_path / "one", tmp_path / "two"):
        job.mkdir()
        compiled.give(tmp_path / "kept", job)
        assert "of the baseline" == (job / KERNEL).read_text()
        (job / KERNEL).write_text("of a candidate")


def test_the_first_that_is_kept_stays(made: Path, tmp_path: Path):
    """A later training of the baseline replaces nothing, and what compiled nothing leaves nothing."""
    (tmp_path / "idle").mkdir()
    compiled.keep(tmp_path / "idle", tmp_path / "kept")
    assert not (tmp_path / "kept").exists()
    compiled.keep(made, tmp_path / "kept")
    shutil.copytree(tmp_path / "kept", made / "compiled")
    (made / KERNEL).write_text("of another seed")
    compiled.keep(made, tmp_path / "kept")
    assert "of the baseline" == (tmp_path / "kept" / "triton" / "ab" / "kernel.cubin").read_text()


def test_too_much_is_not_kept(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What would take longer to copy than to compile, by files or by bytes, is left to be removed."""
    monkeypatch.setattr(compiled, "MOST_BYTES", 3)
    compiled.keep(made, tmp_path / "kept")
    monkeypatch.setattr(compiled, "MOST_BYTES", 2**30)
    monkeypatch.setattr(compiled, "MOST_FILES", 0)
    compiled.keep(made, tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_a_copy_that_breaks_off_leaves_nothing(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """On a disk that fills up meanwhile, a training compiles by itself, as if nothing had been kept."""

    def fill_up(source: Path, target: Path, **_: object) -> None:
        target.mkdir()
        (target / "half").write_text("a")
        raise OSError(28, "No space left on device")

    compiled.keep(made, tmp_path / "kept")
    (tmp_path / "one").mkdir()
    monkeypatch.setattr(shutil, "copytree", fill_up)
    compiled.give(tmp_path / "kept", tmp_path / "one")
    assert [] == list((tmp_path / "one").iterdir())


def test_only_where_it_is_looked_for(tmp_path: Path):
    """Settings that name other places for both compilers are given nothing."""
    own = dict.fromkeys(compiled.FOLDERS, "/fast")
    assert compiled.is_given({**own, "TRITON_CACHE_DIR": str(tmp_path / "compiled" / "triton")}, tmp_path)
    assert not compiled.is_given(own, tmp_path)
