"""What holds for every test: none waits for the device that a real run of the developer trains on."""

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True, scope="session")
def _devices_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder: Path = tmp_path_factory.mktemp("devices")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTORESEARCH_DEVICES", str(folder))
        yield
