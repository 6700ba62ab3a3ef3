"""OpenTelemetry: a span a request with its stages, in the caller's trace; nothing where it is not installed or not set up."""

from __future__ import annotations

import sys
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.web import create_app, spans
from tests.web.conftest import serving

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def exported() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def traced(
    tiny_searcher: Searcher, web_settings: Settings, exported: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> Flask:
    """An app in a process where somebody set up tracing."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exported))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    return create_app(tiny_searcher, web_settings)


def spans_of(exported: InMemorySpanExporter) -> tuple[ReadableSpan, list[ReadableSpan]]:
    """The span of the one request, and those of its stages in order."""
    [root] = [span for span in exported.get_finished_spans() if span.kind is trace.SpanKind.SERVER]
    stages = [span for span in exported.get_finished_spans() if span is not root]
    for stage in stages:
        assert stage.parent is not None
        assert root.context is not None
        assert stage.parent.span_id == root.context.span_id
    return root, sorted(stages, key=lambda span: span.start_time or 0)


def test_a_search_is_a_span_with_its_stages_in_the_callers_trace(traced: Flask, exported: InMemorySpanExporter) -> None:
    traced.test_client().get("/api/v1/search?q=hunter2", headers={"traceparent": TRACE, "X-Request-Id": "abc-1"})
    root, stages = spans_of(exported)
    assert root.name == "GET /api/v1/search"
    assert root.attributes == {
        "http.request.method": "GET",
        "http.route": "/api/v1/search",
        "http.response.status_code": 200,
        "rcasearch.request_id": "abc-1",
    }
    assert root.parent is not None
    assert root.context is not None
    assert f"00-{root.context.trace_id:032x}-{root.parent.span_id:016x}-01" == TRACE
    assert [span.name for span in stages] == [
        f"rcasearch.{name}" for name in ("read", "wait", "encode", "rank", "explain", "render")
    ]
    times = [(span.start_time or 0, span.end_time or 0) for span in (root, *stages)]
    assert all(times[0][0] <= began <= ended <= times[0][1] for began, ended in times)
    assert "hunter2" not in "".join(span.to_json() for span in exported.get_finished_spans())


def test_a_request_without_a_trace_begins_one_and_a_fault_is_marked(
    traced: Flask, exported: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Searcher, "search", broken)
    traced.test_client().get("/api/v1/search?q=x")
    root, _ = spans_of(exported)
    assert root.parent is None
    assert root.status.status_code is StatusCode.ERROR


def test_nothing_is_traced_where_nobody_set_it_up(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in spans._ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    assert spans.recorder() is spans._nothing


def test_nothing_is_traced_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    assert spans.recorder() is spans._nothing


@pytest.fixture
def collector() -> Iterator[HTTPServer]:
    """A receiver of OTLP over HTTP."""
    received: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.received = received  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.slow
def test_spans_reach_the_endpoint_that_the_environment_names(
    tiny_index: Path, collector: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
    with serving(tiny_index, workers=1) as server:
        with urllib.request.urlopen(server.url + "/healthz", timeout=60):
            pass
        server.stop()
    received: list[tuple[str, bytes]] = collector.received  # type: ignore[attr-defined]
    assert {path for path, _ in received} == {"/v1/traces"}
    sent = [ExportTraceServiceRequest.FromString(body) for _, body in received]
    resources = [resource for message in sent for resource in message.resource_spans]
    names = {span.name for resource in resources for scope in resource.scope_spans for span in scope.spans}
    services = {
        pair.value.string_value for resource in resources for pair in resource.resource.attributes if pair.key == "service.name"
    }
    assert (names, services) == ({"GET /healthz"}, {"rcasearch"})
