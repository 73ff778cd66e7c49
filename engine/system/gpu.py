"""The graphics cards: which there are, and what the first is doing now; nothing where there is none.

As nvidia-smi tells it. Imports only what starts fast.
"""

import os
import re
from itertools import takewhile
from pathlib import Path

from autoresearch.events.errors import AutoresearchError


PROGRAM = "nvidia-smi"
TIMEOUT_S = 2.0
LIST_TIMEOUT_S = 20.0  # asked once a runner: a driver that sleeps needs seconds to answer
LIST_TRIES = 3
VISIBLE = "CUDA_VISIBLE_DEVICES"
LIST = ("--query-gpu=index", "--format=csv,noheader")
CARDS = ("--query-gpu=index,uuid,driver_version,name", "--format=csv,noheader")
QUERY = ("--query-gpu=utilization.gpu,memory.used,memory.total,name", "--format=csv,noheader,nounits")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")  # an index or a UUID; "-1" hides all that follow


class CardsUnknown(AutoresearchError):
    """There is a driver, and it does not say which cards there are."""

    exit_code = 3

    def __init__(self, error: AutoresearchError) -> None:
        """Keep why the driver's program did not answer."""
        from autoresearch.engine.system.trouble import reason_of  # noqa: PLC0415 - most never come here
        from autoresearch.events.values import because  # noqa: PLC0415

        super().__init__(
            f"{PROGRAM} does not say which graphics cards there are: {error}",
            remedy=f"see what `{PROGRAM}` says; the setting devices names them without asking it",
            reason=because("cards_unknown", reason_of(error)),
        )


class Gpu:
    """One card; None where the driver does not say."""

    def __init__(
        self,
        *,
        utilisation_percent: float | None,
        memory_used_mb: float | None,
        memory_total_mb: float | None,
        name: str,
    ) -> None:
        self.utilisation_percent = utilisation_percent
        self.memory_used_mb = memory_used_mb  # MiB
        self.memory_total_mb = memory_total_mb  # MiB
        self.name = name


class Cards:
    """What cards a machine has; empty where nobody says."""

    def __init__(self, *, models: dict[str, str], driver: str) -> None:
        self.models = models  # what card each is, by its index and by its UUID
        self.driver = driver  # its version


def gpu_now() -> Gpu | None:
    """Return the first card; None without nvidia-smi, without a card, and when it does not answer."""
    try:
        said = _ask(QUERY, TIMEOUT_S)
    except AutoresearchError:
        return None
    return None if said is None else parse(said)


def gpu_names() -> tuple[str, ...]:
    """Return the cards that this process may use, as CUDA_VISIBLE_DEVICES names them; none: it knows of none.

    What its own environment leaves of them is what there is. A program that ends badly knows of none.

    Raises: CardsUnknown: nvidia-smi is there and does not answer, also when asked again.
    """
    visible = os.environ.get(VISIBLE)
    listed = _listed().split("\n") if visible is None else visible.split(",")
    names = (name.strip() for name in listed)
    return tuple(takewhile(_NAME.fullmatch, names))  # as CUDA reads it: up to the first that is none


def gpu_cards() -> Cards:
    """Return what nvidia-smi says of the cards."""
    try:
        said = _ask(CARDS, LIST_TIMEOUT_S) or ""
    except AutoresearchError:
        said = ""
    models, driver = {}, ""
    for line in said.splitlines():
        fields = [field.strip() for field in line.split(",", 3)]
        if len(fields) == 4:  # noqa: PLR2004 - as many as CARDS asks for
            index, uuid, driver, name = fields
            models[index] = models[uuid] = name
    return Cards(models=models, driver=driver)


def parse(text: str) -> Gpu | None:
    """Read what nvidia-smi prints for QUERY: one line for each card, four fields."""
    fields = [field.strip() for field in text.partition("\n")[0].split(",", 3)]
    if len(fields) != 4:  # noqa: PLR2004 - as many as QUERY asks for
        return None
    return Gpu(
        utilisation_percent=_number(fields[0]),
        memory_used_mb=_number(fields[1]),
        memory_total_mb=_number(fields[2]),
        name=fields[3],
    )


def _listed() -> str:
    left = LIST_TRIES
    while True:
        left -= 1
        try:
            return _ask(LIST, LIST_TIMEOUT_S) or ""
        except AutoresearchError as error:
            if not left:
                raise CardsUnknown(error) from error


def _ask(query: tuple[str, ...], timeout_s: float) -> str | None:
    """Return what nvidia-smi prints; None where there is no such program, or it ends badly.

    Raises: AutoresearchError: it does not answer, or cannot be started.
    """
    if not any(os.access(os.path.join(folder, PROGRAM), os.X_OK) for folder in os.get_exec_path()):  # noqa: PTH118 - paths cost more
        return None
    from autoresearch.engine.system.processes import run_command  # noqa: PLC0415 - most machines have no such program

    done = run_command.run([PROGRAM, *query], cwd=Path("/"), timeout_s=timeout_s)
    return done.stdout.decode(errors="replace") if done.exit_code == 0 else None


def _number(text: str) -> float | None:
    return float(text) if text.replace(".", "", 1).isdigit() else None  # "[N/A]", "[Not Supported]"
