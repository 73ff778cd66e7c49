"""A training that has ended: what came of it, from what it left.

Starts and ends nothing, and knows nothing of events. What counts is the log: its last metric line is the
contract for any script, and result.json, where a script writes one, only adds digits and facts. Memory is
flat for any output: 200 MB, one endless line, any bytes.
"""

import math
import os

from attrs import frozen

from autoresearch.engine.jobs.output import LogDigest
from autoresearch.engine.paths import PROGRESS, RESULT
from autoresearch.engine.ports.jobs import JobExit, JobOutput
from autoresearch.engine.system.foreign_files import object_from
from autoresearch.engine.system.process import signal_name
from autoresearch.engine.training.metric import Metric, MetricReader, refine
from autoresearch.engine.training.progress_digest import read_progress
from autoresearch.engine.training.report import measured
from autoresearch.events.redact import secret_values
from autoresearch.events.values import Measured, Outcome, OutputDigest, ProgressDigest, RunConfig


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


def read_result(config: RunConfig, output: JobOutput, exit_: JobExit) -> Result:
    """Say what came of a training that has ended. Read twice, says the same."""
    reader, log = MetricReader(config.metric.pattern), LogDigest(secret_values(os.environ | config.env))
    for piece in log.passing(output.log()):
        reader.feed(piece)
    found, digest = reader.finish(), log.digest()
    told = object_from(output.file(RESULT))
    progress, failure = read_progress(output.file(PROGRESS))
    failure = failure or str((told or {}).get("exit_reason") or "")
    exact = (told or {}).get(config.metric.name)
    outcome, reason, metric, note = _judge(
        config.metric.name, exit_, found, exact=exact, failure=failure, tail=digest.tail
    )
    return Result(
        outcome=outcome,
        reason=reason,
        metric=metric,
        measured=measured(told, log.end),
        output=digest,
        progress=progress,
        note=note,
    )


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
