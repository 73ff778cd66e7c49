import gc
import lzma
from collections.abc import Iterator
from pathlib import Path

import pytest

from text.sets import datasets, sources
from text.sets.datasets import Dataset


@pytest.fixture(scope="session")
def sotu() -> list[tuple[str, str]]:
    """The embedded documents: names and texts."""
    lines = lzma.decompress(sources.SOTU.read_bytes()).decode().split("\n")[:-1]
    return [(name, text) for name, _, text in (line.partition("\t") for line in lines)]


@pytest.fixture(scope="session")
def session_cache(tmp_path_factory: pytest.TempPathFactory, sotu: list[tuple[str, str]]) -> Path:
    """A cache with `mini`: 48 short documents, 300 kB, enough to train on for a second."""
    cache = tmp_path_factory.mktemp("cache")
    texts = tmp_path_factory.mktemp("texts")
    for name, text in sotu[::5][:48]:
        (texts / f"{name}.txt").write_text(text[:6500], encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTORESEARCH_CACHE", str(cache))
        datasets.ensure("mini", lambda folder: sources.build_text(folder, texts))
    return cache


@pytest.fixture(autouse=True)
def _quiet_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No setting of whoever runs the tests reaches a training in them."""
    for name in ("DATASET", "BUDGET", "SEED", "CPU_CAP", "JOB_DIR", "CLIMBMIX_URL"):
        monkeypatch.delenv(f"AUTORESEARCH_{name}", raising=False)
    monkeypatch.setenv("AUTORESEARCH_RETRY_PAUSE", "0")
    yield
    gc.unfreeze()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("AUTORESEARCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def mini(session_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """The prepared data set `mini`, made the active one."""
    monkeypatch.setenv("AUTORESEARCH_CACHE", str(session_cache))
    monkeypatch.setenv("AUTORESEARCH_DATASET", "mini")
    return datasets.find("mini")
