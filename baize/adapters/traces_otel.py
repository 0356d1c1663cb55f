"""The port `Trace` by OpenTelemetry's SDK: spans go to a collector over OTLP/HTTP, in batches."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from opentelemetry import context, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, StatusCode

from baize.ports import Fact


class OtelTrace:
    """The port `Trace`. The provider is this object's own: other libraries' spans do not come here.

    Args:
        processor: takes ended spans.
        share: of questions that are traced, 0..1.
    """

    def __init__(self, processor: SpanProcessor, *, share: float = 1.0) -> None:
        told = Resource.create({"service.name": "baize", "service.version": version("baize")})
        self._provider = TracerProvider(resource=told, sampler=ParentBased(TraceIdRatioBased(share)))
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("baize", version("baize"))

    def begin(self, name: str, facts: Mapping[str, Fact], *, calls_out: bool = False) -> Any:
        """As `Trace.begin`."""
        kind = SpanKind.CLIENT if calls_out else SpanKind.INTERNAL
        return self._tracer.start_span(name, kind=kind, attributes=dict(facts))

    def enter(self, span: Any) -> None:
        """As `Trace.enter`: contextvars are copied into every task that is started."""
        context.attach(trace.set_span_in_context(span))

    def current(self) -> Any:
        """As `Trace.current`."""
        return trace.get_current_span()

    def note(self, span: Any, what: str) -> None:
        """As `Trace.note`."""
        span.add_event(what)

    def end(self, span: Any, facts: Mapping[str, Fact], *, failed: str = "") -> None:
        """As `Trace.end`."""
        span.set_attributes(dict(facts))
        if failed:
            span.set_attribute("error.type", failed)
            span.set_status(StatusCode.ERROR)
        span.end()

    def close(self) -> None:
        """As `Trace.close`."""
        self._provider.shutdown()


def to_collector(endpoint: str, *, share: float) -> OtelTrace:
    """Spans to `endpoint`, e.g. http://collector:4318/v1/traces."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OtelTrace(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)), share=share)
