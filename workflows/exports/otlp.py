"""The jobs of a run as spans to whatever takes OTLP over HTTP: a collector, Jaeger, Tempo.

A trace for each iteration. Ids are digests of the run's id and the place of an event, so what is sent twice
is one span. A span is sent when it has ended.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from autoresearch.engine.system.version import adds, program_version
from autoresearch.events.encoding.codec import Position
from autoresearch.events.errors import NotFound
from autoresearch.events.log.read import read
from autoresearch.workflows.exports.asked import Asked, Exported
from autoresearch.workflows.exports.cursor import Cursor
from autoresearch.workflows.exports.feed import feed, place
from autoresearch.workflows.exports.post import PASSING, host_of, until_taken
from autoresearch.workflows.exports.spans import Span, Spans


if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

TAKES = {"--to", "--follow", "--from"}
PATH = "/v1/traces"  # where an address names none
MOST = 256  # spans in one request: 0.2 MB
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def export(asked: Asked) -> Exported:
    """Send each span that has ended; return once nothing is left to send.

    Raises:
        NotFound: the packages of OpenTelemetry are not installed, or the receiver took nothing.
        UsageRefused: the address is none.
        RunLocked: another process sends the same.
    """
    host = host_of(asked.to)
    url = asked.to if urlsplit(asked.to).path.strip("/") else asked.to.rstrip("/") + PATH
    cursor = Cursor(paths=asked.paths, sink="otlp", to=url)
    with cursor.held():
        sender = Sender(url, host=host, run_id=asked.paths.run_id, patient=asked.follow)
        spans, waiting = _as_of(asked, cursor), list[Span]()
        reached, stored = None, None
        for recorded in feed(cursor, first=asked.first, follow=asked.follow):
            if recorded is not None:
                waiting += spans.take(recorded)
                reached = place(recorded)
            if reached != stored and (recorded is None or len(waiting) >= MOST):
                _hand_on(sender, waiting, cursor, reached)
                stored = reached
        _hand_on(sender, waiting, cursor, reached)
    seq = reached.seq if reached else 0
    return Exported(sent=sender.sent, what="span", to=host, seq=seq)


def _as_of(asked: Asked, cursor: Cursor) -> Spans:
    """Return what had begun before the first event that is to be read."""
    stored = cursor.stored() if asked.first is None else None
    last = asked.first - 1 if asked.first is not None else stored.seq if stored else 0
    spans = Spans(asked.paths.run_id)
    for recorded in read(asked.paths.history, upto=last) if last else ():
        for _ in spans.take(recorded):
            pass
    return spans


def _hand_on(sender: "Sender", waiting: list[Span], cursor: Cursor, reached: Position | None) -> None:
    """Send what waits, and store then how far that is."""
    sender.send(waiting)
    waiting.clear()
    if reached is not None:
        cursor.store(reached)


class Sender:
    """Sends spans by OpenTelemetry's own exporter; its variables for headers and certificates hold."""

    def __init__(self, url: str, *, host: str, run_id: str, patient: bool) -> None:
        """Load the packages.

        Raises:
            NotFound: they are not installed.
        """
        try:
            import requests  # noqa: PLC0415 - 0.3 s with the others, for this alone
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - the same
                OTLPSpanExporter,
            )
            from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - the same
            from opentelemetry.sdk.util.instrumentation import InstrumentationScope  # noqa: PLC0415 - the same
        except ImportError as error:
            raise NotFound("otlp needs opentelemetry", remedy=f"`{adds('otlp')}` brings it") from error
        quiet = logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        quiet.addHandler(logging.NullHandler())  # what fails is told by us
        quiet.propagate = False
        session = requests.Session()
        session.hooks["response"].append(lambda answer, **_: self._answers.append(answer.status_code))
        self._answers: list[int] = []  # to what is sent now, redirects too
        self._exporter = OTLPSpanExporter(endpoint=url, session=session)
        self._made_by = InstrumentationScope("autoresearch", program_version())
        self._resource = Resource.create({"service.name": "autoresearch", "autoresearch.run_id": run_id})
        self._host, self._patient, self.sent = host, patient, 0

    def send(self, spans: Sequence[Span]) -> None:
        """Send spans, until they are taken.

        Raises:
            NotFound: nobody took them.
        """
        for begin in range(0, len(spans), MOST):
            batch = [self._readable(span) for span in spans[begin : begin + MOST]]

            def tried(batch: list["ReadableSpan"] = batch) -> tuple[str, bool] | None:
                self._answers.clear()
                result = self._exporter.export(batch)
                if result.name == "SUCCESS" and self._answers and max(self._answers) < 300:  # noqa: PLR2004
                    return None
                last = max(self._answers, default=0)  # a redirect would lose the body
                return (f"it answered {last}", last in PASSING) if last else ("no answer", True)

            until_taken(tried, who=self._host, what=f"{len(batch)} spans", patient=self._patient)
            self.sent += len(batch)

    def _readable(self, span: Span) -> "ReadableSpan":
        """Return a span as OpenTelemetry has it."""
        from opentelemetry.sdk.trace import ReadableSpan  # noqa: PLC0415 - it is loaded
        from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags  # noqa: PLC0415 - the same

        def context(key: str) -> SpanContext:
            trace, own = _digest(span.trace, 16), _digest(key, 8)
            return SpanContext(trace, own, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))

        told = {f"autoresearch.{name}": value for name, value in span.attributes.items()}
        return ReadableSpan(
            name=span.name,
            context=context(span.key),
            parent=context(span.parent) if span.parent else None,
            resource=self._resource,
            attributes=told | {"autoresearch.said": span.words, "autoresearch.event": span.key},
            status=Status(StatusCode.ERROR, span.words) if span.failed else Status(StatusCode.OK),
            start_time=_nanoseconds(span.begin),
            end_time=_nanoseconds(span.end),
            instrumentation_scope=self._made_by,
        )


def _digest(key: str, size: int) -> int:
    return int.from_bytes(sha256(key.encode()).digest()[:size], "big")


def _nanoseconds(at: str) -> int:
    return (datetime.fromisoformat(at) - EPOCH) // timedelta(microseconds=1) * 1000
