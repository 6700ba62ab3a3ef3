"""OpenTelemetry spans of requests and their stages, where the extra ``otel`` is installed; nothing otherwise.

The spans are written when a request is answered, from the times that were taken anyway, so that the core knows nothing of them.
Where no tracer provider was set up, one is made if the environment names an endpoint (OTEL_EXPORTER_OTLP_ENDPOINT): nothing
leaves the machine by default.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import g

from rcasearch import __version__
from rcasearch.web.stages import work

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

# Method, route, status, began, ended.
Recorder = Callable[[str, str, int, float, float], None]
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def recorder() -> Recorder:
    """What writes the spans of a request that was answered; does nothing where OpenTelemetry is not installed or not set up."""
    try:
        from opentelemetry import trace
    except ImportError:
        return _nothing
    provider = trace.get_tracer_provider()
    if isinstance(provider, trace.ProxyTracerProvider):
        if not any(os.environ.get(name) for name in _ENDPOINTS):
            return _nothing
        provider = _set_up()
    tracer = provider.get_tracer("rcasearch", __version__)

    def record(method: str, route: str, status: int, began: float, ended: float) -> None:
        _record(tracer, method, route, status, began, ended)

    return record


def _nothing(method: str, route: str, status: int, began: float, ended: float) -> None:
    """No spans are wanted."""


def _set_up() -> TracerProvider:
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    name = os.environ.get("OTEL_SERVICE_NAME", "rcasearch")
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider


def _record(tracer: Tracer, method: str, route: str, status: int, began: float, ended: float) -> None:
    from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

    # Spans are dated by the clock of the day, stages by one that never goes back.
    offset = time.time_ns() - time.perf_counter_ns()
    facts: dict[str, str | int] = {"http.request.method": method, "http.route": route, "http.response.status_code": status}
    span = tracer.start_span(
        f"{method} {route}",
        _caller(),
        SpanKind.SERVER,
        {**facts, "rcasearch.request_id": g.request_id},
        start_time=_ns(began, offset),
    )
    context = set_span_in_context(span)
    for name, start, end in work().stages:
        tracer.start_span(f"rcasearch.{name}", context, start_time=_ns(start, offset)).end(_ns(end, offset))
    if status >= 500:
        span.set_status(Status(StatusCode.ERROR))
    span.end(_ns(ended, offset))


def _caller() -> Context | None:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({"traceparent": g.trace.header}) if g.get("trace") else None


def _ns(seconds: float, offset: int) -> int:
    return int(seconds * 1e9) + offset
