"""From one version of an event's data to the next: pure steps, applied one after the other on reading.

A step takes the data of version `v` and returns that of `v + 1`, in a new dict. It is never changed
once a history was written with it; a changed event class gets one more step.
"""

from collections.abc import Callable, Mapping

from autoresearch.events.shapes import JSON


Data = dict[str, JSON]
Step = Callable[[Data], Data]


def _loops_requested_1(data: Data) -> Data:
    """Before there was `--timeout`, the settings alone said when a training is ended."""
    request = data["request"]
    assert isinstance(request, dict)  # an object since version 1
    return {**data, "request": {**request, "timeout_s": 0.0}}


def _config_1(data: Data) -> Data:
    """Before there was `device`, a training started whether another run was training or not."""
    config = data["config"]
    assert isinstance(config, dict)  # an object since version 1
    return {**data, "config": {**config, "device": "none"}}


def _config_2(data: Data) -> Data:
    """Before there was `prefetch`, nothing was prepared while a training ran."""
    config = data["config"]
    assert isinstance(config, dict)  # an object since version 1
    return {**data, "config": {**config, "prefetch": 0}}


def _loops_requested_2(data: Data) -> Data:
    """Before there was `--prefetch`, nothing was prepared while a training ran."""
    request = data["request"]
    assert isinstance(request, dict)  # an object since version 1
    return {**data, "request": {**request, "prefetch": 0}}


UPCASTERS: Mapping[tuple[str, int], Step] = {
    ("RunStarted", 1): _config_1,
    ("RunStarted", 2): _config_2,
    ("ConfigChanged", 1): _config_1,
    ("ConfigChanged", 2): _config_2,
    ("LoopsRequested", 1): _loops_requested_1,
    ("LoopsRequested", 2): _loops_requested_2,
}


def upcast(
    name: str, version: int, data: Data, *, to: int, steps: Mapping[tuple[str, int], Step] = UPCASTERS
) -> Data:
    """Return the data of an older version of an event as the version `to` would have it.

    Raises:
        KeyError: a step is missing; tests hold that none is.
    """
    for old in range(version, to):
        data = steps[name, old](data)
    return data
