"""How a run stands as Prometheus reads it: in a file for node_exporter's textfile collector, or over HTTP.

A projection and no stream, so there is no cursor: whatever was missed, the next look has all.
"""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, get_args

from autoresearch.engine.paths import RunPaths
from autoresearch.engine.runs.load import load_run
from autoresearch.engine.runs.runner_lock import living_runner
from autoresearch.events.clock import seconds_between
from autoresearch.events.errors import NotFound, UsageRefused
from autoresearch.events.files import write_atomic
from autoresearch.projections.summary import Phase, Standing, standing
from autoresearch.workflows.api.status import live_facts, status_object
from autoresearch.workflows.exports.asked import Asked, Exported
from autoresearch.workflows.live.follow import HistoryFollower


TAKES = {"--to", "--port", "--follow"}
EPOCH = "1970-01-01T00:00:00.000Z"
LOCAL = "127.0.0.1"
KIND = "text/plain; version=0.0.4; charset=utf-8"
ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def export(asked: Asked) -> Exported:
    """Write the metrics of a run once, or again and again until it is idle; or answer for them until Ctrl-C.

    Raises:
        UsageRefused: neither a file nor a port is named, or both are.
        NotFound: the file's folder is not there, or the port is taken.
    """
    if asked.port is not None and not asked.to:
        return _serve(asked.paths, asked.port, asked.say)
    if asked.port is not None or not asked.to:
        raise UsageRefused("prometheus takes a file or a port", remedy="--to FILE.prom, or --port 9188")
    file = Path(asked.to)
    if not file.parent.is_dir():
        raise NotFound(f"there is no folder {file.parent}", remedy="make it, or name another file")
    written, last = 0, b""
    with HistoryFollower(asked.paths, since=load_run(asked.paths).position) as bell:
        while True:
            told, text = metrics_text(asked.paths)
            if text != last:
                write_atomic(file, text, sync=False)
                written, last = written + 1, text
            if not asked.follow or told["stopped"] is not None:
                return Exported(sent=written, seq=told["seq"], what="write", to=str(file))
            bell.wait()


def metrics_text(paths: RunPaths) -> tuple[Standing, bytes]:
    """Return how a run stands, and all of its metrics in the text format."""
    told = standing(load_run(paths).state)
    status = status_object(paths, told, live_facts(paths, told, gpu=False))
    told_by = {"run": paths.run_id}
    lines: list[str] = []
    for name, kind, meaning, samples in families(paths, told, status):
        known = [(labels, value) for labels, value in samples if value is not None]
        if known:
            lines += [f"# HELP autoresearch_{name} {meaning}", f"# TYPE autoresearch_{name} {kind}"]
        lines += [
            f"autoresearch_{name}{_labels(told_by | labels)} {float(value)!r}" for labels, value in known
        ]
    return told, "\n".join([*lines, ""]).encode()


Samples = list[tuple[dict[str, str], float | None]]


def families(
    paths: RunPaths,
    told: Standing,
    status: dict[str, Any],  # Any: it is JSON
) -> Iterator[tuple[str, str, str, Samples]]:
    """Yield name, kind, meaning and samples of each metric; what is not known has no sample."""

    def one(value: float | None, **labels: str) -> Samples:
        return [(labels, value)]

    cost, progress, metric = status["cost"], status["progress"] or {}, {"metric": str(status["metric"])}
    yield "info", "gauge", "The run, its branch and its metric.", one(1, branch=status["branch"], **metric)
    phases: Samples = [({"phase": name}, name == status["phase"]) for name in get_args(Phase)]
    yield "phase", "gauge", "1 for the phase that the run is in.", phases
    yield "runner_up", "gauge", "Whether a runner is alive.", one(living_runner(paths) is not None)
    yield "last_event_seq", "gauge", "The number of the last event.", one(status["seq"])
    at = seconds_between(EPOCH, told["updated_at"])
    yield "last_event_timestamp_seconds", "gauge", "When it was recorded.", one(at)
    counts: Samples = [({"verdict": name}, count) for name, count in status["counts"].items()]
    yield "iterations", "gauge", "Iterations that are closed, by how they ended.", counts
    yield "loops_left", "gauge", "Iterations that were asked for and are left.", one(status["loops_left"])
    yield "best", "gauge", "The metric of the best.", [(metric, status["best_metric"])]
    yield "baseline", "gauge", "The metric of the baseline.", [(metric, status["baseline_metric"])]
    gain = status["gain"] or {}
    yield "gain", "gauge", "The gain of the best on fresh seeds.", one(gain.get("value"))
    yield "gain_half_width", "gauge", "Half of its 95 % interval.", one(gain.get("half_width"))
    yield "device_seconds_total", "counter", "What trainings took.", one(told["device_s"])
    yield "agent_calls_total", "counter", "Calls of agents.", one(cost["calls"])
    unpriced = one(cost["calls_of_unknown_cost"])
    yield "agent_calls_of_unknown_cost_total", "counter", "Those whose cost is not known.", unpriced
    yield "agent_cost_usd_total", "counter", "What the others cost.", one(cost["usd"])
    yield "agent_tokens_total", "counter", "Tokens that agents took.", one(cost["tokens"])
    yield "questions_open", "gauge", "Questions that nobody has answered.", one(len(status["questions"]))
    yield "proposals_waiting", "gauge", "Proposals that wait.", one(status["waiting_proposals"])
    percent = progress.get("percent")
    yield (
        "training_done_ratio",
        "gauge",
        "How far the training is that runs now.",
        one(None if percent is None else percent / 100),
    )
    yield "training_loss", "gauge", "Its newest loss.", one(progress.get("loss"))
    yield "training_tokens_per_second", "gauge", "How fast it is.", one(progress.get("tok_per_s"))


def _labels(labels: dict[str, str]) -> str:
    return "{" + ",".join(f'{name}="{value.translate(ESCAPED)}"' for name, value in labels.items()) + "}"


def _serve(paths: RunPaths, port: int, say: Callable[[str], None]) -> Exported:
    """Answer for the metrics on loopback until the process is ended."""

    class Metrics(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/metrics"
            text = metrics_text(paths)[1] if found else b"/metrics\n"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", KIND)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Say nothing of who asks."""

    try:
        server = ThreadingHTTPServer((LOCAL, port), Metrics)
    except OSError as error:
        raise NotFound(
            f"port {port} cannot be had: {error.strerror}", remedy="name another --port"
        ) from error
    with server:
        say(f"http://{LOCAL}:{server.server_port}/metrics  (Ctrl-C ends it, the run goes on)")
        server.serve_forever()
    raise AssertionError
