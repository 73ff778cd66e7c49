"""What holds for every test: it knows no device of the machine it is on, and is not deaf to Ctrl-C."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True, scope="session")
def _devices_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Take no turns with real runs, or with another suite beside this one; and see no real card."""
    folder: Path = tmp_path_factory.mktemp("devices")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTORESEARCH_DEVICES", str(folder))
        if shutil.which("nvidia-smi"):  # one that finds no card stands before it
            (folder / "nvidia-smi").write_text("#!/bin/sh\nexit 6\n")
            (folder / "nvidia-smi").chmod(0o755)
            patch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        yield


@pytest.fixture(autouse=True, scope="session")
def _signals_are_heard() -> Iterator[None]:
    """Let what tests start hear Ctrl-C, as from a terminal: what a shell starts with `&` would ignore it."""
    before = signal.getsignal(signal.SIGINT)
    if before == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
