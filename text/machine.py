"""What this computer has and what it has spent: cores and CPU time."""

import contextlib
import os
import resource
from pathlib import Path


def available_cores() -> int:
    """Return how many cores this process may use; a container's quota counts, if it is less."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        cores = min(cores, max(1, int(quota) // int(period)))  # "max" is no number: no quota
    return cores


def default_threads() -> int:
    """Return how many threads torch gets: more would mostly wait for each other, and burn time doing so."""
    return min(8, available_cores())


def cpu_seconds() -> float:
    """Return the CPU time of this process and of the children it has waited for."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in usage)
