"""What holds for every test: it knows no device of the machine it is on, and is not deaf to Ctrl-C."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import torture


MEMORY = Path("/dev/shm")  # noqa: S108 - a disk in memory, where Linux has one
ROOM_BYTES = 2**31


def pytest_configure() -> None:
    """Put the tests' folders into memory where programs may lie there and there is room.

    They write and sync thousands of small files. On a disk that others used too, some took five times as long
    (2026-11, ext4, six suites at once), waiting most of that time.
    """
    if "PYTEST_DEBUG_TEMPROOT" in os.environ or not os.access(MEMORY, os.W_OK):
        return
    disk = os.statvfs(MEMORY)
    if disk.f_bavail * disk.f_frsize >= ROOM_BYTES and not disk.f_flag & os.ST_NOEXEC:
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(MEMORY)


def pytest_report_header() -> str:
    """Say from which seed the long forms draw, so that they can be repeated."""
    return f"torture: AUTORESEARCH_TORTURE_SEED={torture.SEED}, {torture.SHARE:g} of what a long form draws"


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
