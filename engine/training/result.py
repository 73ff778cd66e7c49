"""A training that has ended: what came of it, from what it left.

Starts and ends nothing, and knows nothing of events. What counts is the log: its last metric line is the
contract for any script, and result.json, where a script writes one, only adds digits and facts. Memory is
flat for any output: 200 MB, one endless line, any bytes.
"""

import math
import os
from collections.abc import Sequence

from attrs import asdict, frozen
from attrs import evolve as replace

from autoresearch.engine.jobs.output import END_BYTES, LogDigest
from autoresearch.engine.metrics import metric_file
from autoresearch.engine.metrics.metric import Metric, MetricReader, parse, refine
from autoresearch.engine.metrics.nearest import nearest
from autoresearch.engine.paths import METRIC, PROGRESS, RESULT
from autoresearch.engine.ports.jobs import JobExit, JobOutput
from autoresearch.engine.system.foreign_files import number, object_from
from autoresearch.engine.system.processes.process import signal_name
from autoresearch.engine.training import crash
from autoresearch.engine.training.progress_digest import read_progress
from autoresearch.engine.training.report import measured
from autoresearch.events.encoding.redact import redact, secret_values
from autoresearch.events.metric_spec import MetricSpec
from autoresearch.events.settings import RunConfig
from autoresearch.events.values import Measured, Outcome, OutputDigest, Printed, ProgressDigest, Reason, why


_DIVERGED = ("nan", "exploding")
SUMMARY_BYTES = 64 * 2**10  # of a log's end, in which the facts beside the metric are looked for
_FAULTS = ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL")
_ENDED_WELL = ("budget_spent", "finished")


@frozen(kw_only=True)
class Result:
    """What came of a training; `metric` is a finite number if, and only if, it succeeded."""

    outcome: Outcome
    reason: Reason | None  # why it did not succeed; of a success only what is odd about it
    metric: float | None
    measured: Measured
    also: dict[str, float]  # the numbers that the settings name beside the metric
    printed: Printed | None
    output: OutputDigest
    progress: ProgressDigest | None


def read_result(config: RunConfig, output: JobOutput, exit_: JobExit, *, claims: bool = False) -> Result:
    """Say what came of a training that has ended. Read twice, says the same.

    With `claims`, its number is no more than a claim, which an evaluation decides: it may be missing.
    """
    secrets = secret_values(os.environ | config.env)
    reader, log = MetricReader(config.metric), LogDigest(secrets)
    others = {name: MetricReader(MetricSpec(name=name)) for name in config.also_read}
    for piece in log.passing(output.log()):
        for one in (reader, *others.values()):
            one.feed(piece)
    found, digest = reader.finish(), log.digest()
    if config.metric.file:
        found = _in_file(config.metric, output)
    told = object_from(output.file(RESULT))
    progress, failure = read_progress(output.file(PROGRESS))
    failure = failure or str((told or {}).get("exit_reason") or "")
    exact = (told or {}).get(config.metric.name)
    tail = digest.tail if exit_.exit_code == 0 else log.last_words(END_BYTES // 4)
    ended, note = _ended_well(config, exit_, found, exact=exact, tail=tail)
    outcome, reason, metric = _judge(config.metric, ended, found, exact=exact, failure=failure, tail=tail)
    if outcome == "succeeded":
        reason = note or reason
    also = _also(config, others, told or {}, output)
    lacks = next((name for name in config.guarded if name not in also), None)
    if outcome == "succeeded" and not claims and lacks is not None:
        outcome, metric, reason = "no_metric", None, _not_found(MetricSpec(name=lacks), output, secrets)
    if claims and outcome == "no_metric":
        outcome, reason = "succeeded", None
    if reason is not None and reason.code == "no_line":
        reason = _not_found(config.metric, output, secrets)
    return Result(
        outcome=outcome,
        reason=reason,
        metric=metric,
        measured=measured(told, log.end[-SUMMARY_BYTES:]),
        also=also,
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


def read_lost(config: RunConfig, output: JobOutput, exit_: JobExit, reason: Reason) -> Result:
    """Say what came of a training that took its supervisor along again and again: a crash."""
    return replace(read_result(config, output, exit_), outcome="crashed", metric=None, reason=reason)


# --- within ------------------------------------------------------------------------------------

_Judgement = tuple[Outcome, Reason | None, float | None]


def _judge(
    metric: MetricSpec, exit_: JobExit, found: Metric | None, *, exact: object, failure: str, tail: str
) -> _Judgement:
    """Decide outcome, reason and metric; a non-zero exit code or a signal is never a success."""
    name = metric.name
    if exit_.reason in ("deadline", "idle", "lingered"):
        return "timed_out", _timed_out(name, exit_, found), None
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
    if metric.several == "last" and found.unlike is not None:
        first, second = found.unlike
        return "no_metric", why("several_meanings", metric=name, first=first, second=second), None
    value, note = refine(found, exact, name)
    if not metric.holds(value):
        return "no_metric", why("out_of_bounds", metric=name, found=found.text), None
    return "succeeded", note, value


def _ended_well(
    config: RunConfig, exit_: JobExit, found: Metric | None, *, exact: object, tail: str
) -> tuple[JobExit, Reason | None]:
    """Take for a good end one that came after the whole result, and say how it came."""
    lingered, fault = exit_.reason == "lingered", config.count_killed_at_exit and _fault(exit_)
    if not lingered and not fault:
        return exit_, None
    # Of several, the last may be that of an evaluation in between: then the script's own file has to agree.
    if found is None or found.value is None or crash.reason_line(tail).is_exception:
        return exit_, None
    if found.several is not None and number(exact) != found.value:
        return exit_, None
    note = why("lingered", seconds=exit_.seconds) if lingered else why("killed_at_exit", signal=fault)
    return replace(exit_, reason="exited", exit_code=0, signal=None), note


def _fault(exit_: JobExit) -> str:
    """Return the signal of a fault in the program, also as a shell passes it on; "" for any other end."""
    number_of = exit_.signal or max(0, (exit_.exit_code or 0) - 128)
    name = signal_name(number_of) if exit_.reason == "exited" and number_of else ""
    return name if name in _FAULTS else ""


def _timed_out(name: str, exit_: JobExit, found: Metric | None) -> Reason:
    code = "deadline" if exit_.reason == "deadline" else "idle"
    if found is None:
        return why(code, seconds=exit_.seconds)
    return why(f"{code}_printed", seconds=exit_.seconds, metric=name, printed=found.text)


def _also(
    config: RunConfig, readers: dict[str, MetricReader], told: dict[str, object], output: JobOutput
) -> dict[str, float]:
    """Return the other numbers that the settings name: of result.json, the metric's file, or the output."""
    taken = output.file(METRIC) if config.metric.file else None
    content = b"".join(taken) if taken is not None else b""
    found: dict[str, float] = {}
    for name, reader in readers.items():
        printed = reader.finish()
        in_file = metric_file.read(config.metric, name, content).text if content else None
        if printed is not None and (printed.unlike is not None or printed.ranks_disagree):
            printed = None
        in_log = printed.value if printed is not None else None
        values = (number(told.get(name)), number(parse(in_file).value), in_log)
        value = next((one for one in values if one is not None), None)
        if value is not None and math.isfinite(value):
            found[name] = value
    return found


def _in_file(metric: MetricSpec, output: JobOutput) -> Metric | None:
    taken = output.file(METRIC)
    said = metric_file.read(metric, metric.name, b"".join(taken)) if taken is not None else None
    return None if said is None or said.text is None else parse(said.text)


def _not_found(metric: MetricSpec, output: JobOutput, secrets: Sequence[str]) -> Reason:
    """Say what was looked for, and what is there that looks like it."""
    name = metric.name
    if metric.file:
        taken = output.file(METRIC)
        if taken is None:
            return why("no_metric_file", file=metric.file)
        said = metric_file.read(metric, name, b"".join(taken))
        return why("no_metric_key", redact(said.keys, secrets), file=metric.file, key=metric.key or name)
    near = redact(nearest(output.log(), name), secrets)
    if metric.pattern:
        return why("no_match_near" if near else "no_match", near, metric=name, pattern=metric.pattern)
    return why("no_line_near" if near else "no_line", near, metric=name)


def _of_several(code: str, name: str, printed: Printed) -> Reason:
    return why(code, metric=name, **asdict(printed))


def how_it_ended(exit_: JobExit, *, stated: str = "", tail: str = "") -> Reason:
    """Return how a job ended that did not do what it should.

    `stated` is its own word for it, `tail` the end of its output.
    """
    match exit_.reason:
        case "not_started":
            return why("not_started", exit_.detail)
        case "deadline" | "idle" | "lingered" as reason:
            return why("deadline" if reason == "deadline" else "idle", seconds=exit_.seconds)
        case "terminated":
            return why("terminated")
        case "exited" if exit_.signal is not None:
            name, line = signal_name(exit_.signal), crash.reason_line(tail)
            if name != "SIGKILL" and line.names_error:
                return why("signal_said", line.text, signal=name)
            return why("signal_memory" if name == "SIGKILL" else "signal", signal=name)
        case "exited":
            last = crash.reason_line(tail).text
            if stated:
                code = "exit_code_stated_said" if last else "exit_code_stated"
                return why(code, last, exit_code=exit_.exit_code, stated=stated)
            return why("exit_code_said" if last else "exit_code", last, exit_code=exit_.exit_code)
