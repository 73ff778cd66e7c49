"""What the graphics card is doing now, as nvidia-smi tells it; nothing where there is none.

Imports only what starts fast.
"""

import os
from pathlib import Path
from typing import NamedTuple

from autoresearch.events.errors import AutoresearchError


PROGRAM = "nvidia-smi"
TIMEOUT_S = 2.0
QUERY = ("--query-gpu=utilization.gpu,memory.used,memory.total,name", "--format=csv,noheader,nounits")


class Gpu(NamedTuple):
    """One card; None where the driver does not say."""

    utilisation_percent: float | None
    memory_used_mb: float | None  # MiB
    memory_total_mb: float | None  # MiB
    name: str


def gpu_now() -> Gpu | None:
    """Return the first card; None without nvidia-smi, without a card, and when it does not answer."""
    if not any(os.access(os.path.join(folder, PROGRAM), os.X_OK) for folder in os.get_exec_path()):  # noqa: PTH118 - paths cost more
        return None
    from autoresearch.engine.system import run_command  # noqa: PLC0415 - most machines have no such program

    try:
        done = run_command.run([PROGRAM, *QUERY], cwd=Path("/"), timeout_s=TIMEOUT_S)
    except AutoresearchError:
        return None
    return parse(done.stdout.decode(errors="replace")) if done.exit_code == 0 else None


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


def _number(text: str) -> float | None:
    return float(text) if text.replace(".", "", 1).isdigit() else None  # "[N/A]", "[Not Supported]"
