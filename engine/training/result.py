"""A training that has ended: what came of it, from what it left.

Starts and ends nothing, and knows nothing of events. What counts is the log: its last metric line is the
contract for any script, and result.json, where a script writes one, only adds digits and facts. Memory is
flat for any output: 200 MB, one endless line, any bytes.
"""

import math
import os

from attrs import asdict, frozen
from attrs import evolve as replace

from autoresearch.engine.jobs.output import LogDigest
from autoresearch.engine.paths import PROGRESS, RESULT
from autoresearch.engine.ports.jobs import JobExit, JobOutput
from autoresearch.engine.system.foreign_files import number, object_from
from autoresearch.engine.system.process import signal_name
from autoresearch.engine.training.metric import Metric, MetricReader, refine
from autoresearch.engine.training.progress_digest import read_progress
from autoresearch.engine.training.report import measured
from autoresearch.events.redact import secret_values
from autoresearch.events.settings import MetricSpec, RunConfig
from autoresearch.events.values import Measured, Outcome, OutputDigest, Printed, ProgressDigest, Reason, why


_DIVERGED = ("nan", "exploding")
_ENDED_WELL = ("budget_spent", "finished")


@frozen(kw_only=True)
class Result:
    """What came of a training; `metric` is a finite number if, and only if, it succeeded."""

    outcome: Outcome
    reason: Reason | None  # why it did not succeed; of a success only what is odd about it
    metric: float | None
    measured: Measured
    printed: Printed | None
    output: OutputDigest
    progress: ProgressDigest | None


def read_result(config: RunConfig, output: JobOutput, exit_: JobExit, *, claims: bool = False) -> Result:
    """Say what came of a training that has ended. Read twice, says the same.

    With `claims`, its number is no more than a claim, which an evaluation decides: it may be missing.
    """
    reader, log = MetricReader(config.metric), LogDigest(secret_values(os.environ | config.env))
    for piece in log.passing(output.log()):
        reader.feed(piece)
    found, digest = reader.finish(), log.digest()
    told = object_from(output.file(RESULT))
    progress, failure = read_progress(output.file(PROGRESS))
    failure = failure or str((told or {}).get("exit_reason") or "")
    exact = (told or {}).get(config.metric.name)
    outcome, reason, metric = _judge(
        config.metric, exit_, found, exact=exact, failure=failure, tail=digest.tail
    )
    if claims and outcome == "no_metric":
        outcome, reason = "succeeded", None
    return Result(
        outcome=outcome,
        reason=reason,
        metric=metric,
        measured=measured(told, log.end),
        printed=found.several if found else None,
        output=digest,
        progress=progress,
    )


def read_unseen(config: RunConfig, output: JobOutput, exit_: JobExit) -> Result | None:
    """Say what came of a training whose end nobody saw, if it certainly ended well; None: train again.

    Without an exit code, the script's word is needed twice: result.json, which it writes at its end, gives a
    finite metric and no failure, and the log, which ends with a whole line, prints the same one.
    """
    told = object_from(output.file(RESULT)) or {}
    _, failure = read_progress(output.file(PROGRESS))
    if failure or told.get("exit_reason") not in (None, *_ENDED_WELL):
        return None
    result = read_result(config, output, replace(exit_, exit_code=0))
    agrees = result.outcome == "succeeded" and result.reason is None
    if not agrees or number(told.get(config.metric.name)) != result.metric:
        return None
    whole = result.output.tail.endswith(("\n", "\r"))
    return replace(result, reason=why("end_unseen")) if whole else None


# --- within ------------------------------------------------------------------------------------

_Judgement = tuple[Outcome, Reason | None, float | None]


def _judge(
    metric: MetricSpec, exit_: JobExit, found: Metric | None, *, exact: object, failure: str, tail: str
) -> _Judgement:
    """Decide outcome, reason and metric; a non-zero exit code or a signal is never a success."""
    name = metric.name
    if exit_.reason in ("deadline", "idle"):
        return "timed_out", how_it_ended(exit_), None
    if failure in _DIVERGED:
        return "diverged", why(failure), None
    if found is not None and found.value is not None and not math.isfinite(found.value):
        return "diverged", why("not_finite", metric=name, found=found.text), None
    if exit_.reason != "exited" or exit_.exit_code != 0:
        return "crashed", how_it_ended(exit_, stated=failure, tail=tail), None
    if found is None:
        return "no_metric", why("no_line", metric=name), None
    if found.value is None:
        return "no_metric", why("no_number", metric=name, found=found.text), None
    if metric.several == "void" and found.several is not None:
        return "no_metric", _of_several("several_numbers", name, found.several), None
    if metric.several == "last" and found.ranks_disagree:
        assert found.several is not None  # two that differ
        return "no_metric", _of_several("ranks_disagree", name, found.several), None
    value, note = refine(found, exact, name)
    if not metric.holds(value):
        return "no_metric", why("out_of_bounds", metric=name, found=found.text), None
    return "succeeded", note, value


def _of_several(code: str, name: str, printed: Printed) -> Reason:
    return why(code, metric=name, **asdict(printed))


def how_it_ended(exit_: JobExit, *, stated: str = "", tail: str = "") -> Reason:
    """Return how a job ended that did not do what it should.

    `stated` is its own word for it, `tail` the end of its output.
    """
    match exit_.reason:
        case "not_started":
            return why("not_started", exit_.detail)
        case "deadline" | "idle" as reason:
            return why(reason, seconds=exit_.seconds)
        case "terminated":
            return why("terminated")
        case "exited" if exit_.signal is not None:
            name = signal_name(exit_.signal)
            return why("signal_memory" if name == "SIGKILL" else "signal", signal=name)
        case "exited":
            last = next((line.strip() for line in reversed(tail.splitlines()) if line.strip()), "")[:300]
            if stated:
                code = "exit_code_stated_said" if last else "exit_code_stated"
                return why(code, last, exit_code=exit_.exit_code, stated=stated)
            return why("exit_code_said" if last else "exit_code", last, exit_code=exit_.exit_code)
