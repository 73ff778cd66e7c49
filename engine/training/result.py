"""A training's folder, read: how it is started, where it stands, and what came of it.

Starts and ends nothing, and knows nothing of events. What counts is output.log: its last metric line is the
contract for any script, and result.json, where a script writes one, only adds digits and facts. Memory is
flat for any output: 200 MB, one endless line, any bytes.
"""

import hashlib
import math
import os
import sys
from pathlib import Path

from attrs import frozen

from autoresearch.engine.jobs import devices
from autoresearch.engine.paths import JobPaths
from autoresearch.engine.ports import JobExit, JobSpec
from autoresearch.engine.system.foreign_files import read_object
from autoresearch.engine.system.process import signal_name
from autoresearch.engine.training.metric import Metric, MetricReader, refine
from autoresearch.engine.training.progress_digest import read_digest, stated_failure
from autoresearch.engine.training.report import measured
from autoresearch.events.redact import redact, secret_values
from autoresearch.events.values import Measured, Outcome, OutputDigest, ProgressDigest, RunConfig


TAIL_BYTES = 4096

# Measured on two shared cores (2026-11): spinning threads cost a factor of three beside another job, and
# glibc's mmap of each large tensor a factor of 1.4; the results are bit-identical.
FAST_ON_CPU = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "8000000000",
}

_CHUNK = 2**20
_DIVERGED = ("nan", "exploding")
_WHY_DIVERGED = {"nan": "the loss is not a number", "exploding": "the loss is exploding"}


@frozen(kw_only=True)
class Result:
    """What came of a training; `metric` is a finite number if, and only if, it succeeded."""

    outcome: Outcome
    reason: str  # "" when succeeded
    metric: float | None
    measured: Measured
    output: OutputDigest
    progress: ProgressDigest | None
    note: str = ""  # what a reader should know of a success


def training_env(config: RunConfig, folder: Path) -> dict[str, str]:
    """Return what is added to the environment of a training; the settings' own `env` has the last word."""
    # No bytecode is written: two candidates of one second and one size would share a stale file.
    plain = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    env = {**FAST_ON_CPU, **plain, "AUTORESEARCH_JOB_DIR": str(folder.absolute())}
    if config.budget:
        env["AUTORESEARCH_BUDGET"] = config.budget
    return env | config.env


def training_spec(
    config: RunConfig, *, folder: Path, worktree: Path, iteration: int, attempt: int, deadline_s: float
) -> JobSpec:
    """Return how the training of one attempt is run."""
    return JobSpec(
        name=f"train {iteration}.{attempt}",
        command=tuple(word.replace("{python}", sys.executable) for word in config.train),
        cwd=str(worktree.absolute()),
        env=training_env(config, folder),
        deadline_s=deadline_s,
        log_limit_bytes=int(config.log_limit_mb * 2**20),
        places=tuple(str(place) for place in devices.places(config.device, config.slots)),
    )


def read_result(config: RunConfig, folder: Path, exit_: JobExit) -> Result:
    """Say what came of a training that has ended. Read twice, says the same."""
    job, reader = JobPaths(folder), MetricReader(config.metric.pattern)
    output = _digest(job.output, config, reader)
    found = reader.finish()
    told = read_object(job.result)
    failure = stated_failure(folder) or str((told or {}).get("exit_reason") or "")
    exact = (told or {}).get(config.metric.name)
    outcome, reason, metric, note = _judge(
        config.metric.name, exit_, found, exact=exact, failure=failure, tail=output.tail
    )
    return Result(
        outcome=outcome,
        reason=reason,
        metric=metric,
        measured=measured(told, job.output),
        output=output,
        progress=read_digest(folder),
        note=note,
    )


def digest_output(folder: Path) -> OutputDigest:
    """Return size, sha256 and redacted end of a job's output.log; none at all counts as empty."""
    return _digest(JobPaths(folder).output, None, None)


# --- within ------------------------------------------------------------------------------------

_Judgement = tuple[Outcome, str, float | None, str]


def _judge(
    name: str, exit_: JobExit, found: Metric | None, *, exact: object, failure: str, tail: str
) -> _Judgement:
    """Decide outcome, reason, metric and note; a non-zero exit code or a signal is never a success."""
    if exit_.reason == "deadline":
        return "timed_out", f"ended after {exit_.seconds:.0f} s, its deadline", None, ""
    if exit_.reason == "idle":
        return "timed_out", f"ended after {exit_.seconds:.0f} s: no output and no CPU use", None, ""
    if failure in _DIVERGED:
        return "diverged", _WHY_DIVERGED[failure], None, ""
    if found is not None and found.value is not None and not math.isfinite(found.value):
        return "diverged", f"{name} is {found.text}", None, ""
    if exit_.reason != "exited" or exit_.exit_code != 0:
        return "crashed", _why_crashed(exit_, failure, tail), None, ""
    if found is None:
        return "no_metric", f"it ended well, but no line of its output gives {name}", None, ""
    if found.value is None:
        return "no_metric", f"the last {name} is {found.text!r}, which is no number", None, ""
    value, note = refine(found, exact, name)
    return "succeeded", "", value, note


def _why_crashed(exit_: JobExit, failure: str, tail: str) -> str:
    if exit_.reason == "not_started":
        return f"could not be started: {exit_.detail}"
    if exit_.reason == "terminated":
        return "was told to end"
    if exit_.signal is not None:
        name = signal_name(exit_.signal)
        hint = "; the kernel does so when memory runs out" if name == "SIGKILL" else ""
        return f"killed by {name}{hint}"
    last = next((line.strip() for line in reversed(tail.splitlines()) if line.strip()), "")
    words = [f"exit code {exit_.exit_code}", failure.replace("_", " "), last[:300]]
    return ": ".join(word for word in words if word)


def _digest(path: Path, config: RunConfig | None, reader: MetricReader | None) -> OutputDigest:
    """Read the file once: its size, its sha256, its redacted end, and all of it for the reader."""
    sha256, size, end = hashlib.sha256(), 0, b""
    if path.is_file():
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                sha256.update(chunk)
                size += len(chunk)
                end = (end + chunk)[-4 * TAIL_BYTES :]  # more: a secret that the cut halves is cut off later
                if reader is not None:
                    reader.feed(chunk)
    secrets = secret_values(os.environ | (config.env if config else {}))
    tail = redact(end.decode(errors="replace"), secrets)
    last = tail.encode(errors="replace")[-TAIL_BYTES:].decode(errors="ignore")
    return OutputDigest(bytes=size, sha256=sha256.hexdigest(), tail=last)
