"""What Prometheus reads: counted right, in one process and in several, and never by what a caller made up."""

from __future__ import annotations

import logging
import re
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.web import create_app
from rcasearch.web.metrics import CONTENT_TYPE, STAGES, Metrics
from tests.web.conftest import POOL_QUERY, serving

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def fresh(tiny_searcher: Searcher, web_settings: Settings) -> Flask:
    """An app that has counted nothing yet."""
    return create_app(tiny_searcher, web_settings)


def read(text: str) -> Samples:
    """Every sample, as Prometheus would read it; none may be there twice."""
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found, key
            found[key] = sample.value
    return found


def scraped(app: Flask) -> Callable[..., float]:
    samples = read(app.test_client().get("/metrics").text)
    return lambda name, **labels: samples.get((name, frozenset(labels.items())), 0.0)


def test_requests_are_counted_by_route_and_status(fresh: Flask) -> None:
    client = fresh.test_client()
    for path in ("/api/v1/incidents/none", "/api/v1/incidents/any", "/api/v1/search?q=x", "/nope", "/%0a"):
        client.get(path)
    client.open("/api/v1/search", method="BREW")
    value = scraped(fresh)
    requests = "rcasearch_http_requests_total"
    assert value(requests, method="GET", route="/api/v1/incidents/<path:incident_id>", status="404") == 2
    assert value(requests, method="GET", route="/api/v1/search", status="200") == 1
    assert value(requests, method="GET", route="none", status="404") == 2
    assert value(requests, method="other", route="none", status="405") == 1
    assert value("rcasearch_http_request_seconds_count", route="/api/v1/search") == 1


def test_every_stage_of_a_search_is_timed_and_its_verdict_counted(fresh: Flask) -> None:
    client = fresh.test_client()
    verdicts = [
        client.get("/api/v1/search", query_string={"q": POOL_QUERY}).get_json()["verdict"],
        client.post("/api/v1/search", json={"text": "words about nothing at all"}).get_json()["verdict"],
    ]
    batch = client.post("/api/v1/search/batch", json={"queries": [{"text": POOL_QUERY}, {"text": ""}]}).get_json()
    verdicts.append(batch["results"][0]["result"]["verdict"])
    value = scraped(fresh)
    for verdict in ("strong", "possible", "none"):
        assert value("rcasearch_verdicts_total", verdict=verdict) == verdicts.count(verdict)
    for stage in STAGES:
        assert value("rcasearch_stage_seconds_count", stage=stage) == (4 if stage == "read" else 3)
        assert value("rcasearch_stage_seconds_sum", stage=stage) > 0
    assert value("rcasearch_stage_seconds_bucket", stage="encode", le="0.0005") <= value(
        "rcasearch_stage_seconds_count", stage="encode"
    )
    client.get("/", query_string={"q": POOL_QUERY})
    assert scraped(fresh)("rcasearch_stage_seconds_count", stage="rank") == 4, "the page searches too"


def test_the_index_that_is_served_is_told_of(fresh: Flask, tiny_searcher: Searcher) -> None:
    info = tiny_searcher.info
    value = scraped(fresh)
    assert value("rcasearch_index_loaded") == 1
    assert value("rcasearch_index_incidents") == info.incidents
    assert value("rcasearch_index_info", id=info.id, model=info.model, created=info.created) == 1
    assert 0 < value("rcasearch_index_age_seconds") < 86_400


def test_without_an_index_there_are_metrics_all_the_same(no_index: FlaskClient) -> None:
    no_index.get("/api/v1/search?q=x")
    samples = read(no_index.get("/metrics").text)
    assert samples["rcasearch_index_loaded", frozenset()] == 0
    assert not [name for name, _ in samples if name.startswith("rcasearch_index_age")]


def test_a_queue_shows_how_much_waits_and_one_in_trouble_hides_nothing(fresh: Flask, caplog: pytest.LogCaptureFixture) -> None:
    metrics: Metrics = fresh.extensions["metrics"]
    waiting = ["a", "b"]

    def broken() -> int:
        raise OSError("disk full")

    metrics.watch_queue("deliveries", lambda: len(waiting))
    metrics.watch_queue("broken", broken)
    assert scraped(fresh)("rcasearch_queue_depth", queue="deliveries") == 2
    waiting.clear()
    assert scraped(fresh)("rcasearch_queue_depth", queue="deliveries") == 0
    assert any("broken" in record.getMessage() for record in caplog.records if record.levelno == logging.WARNING)


def test_the_process_is_told_of(fresh: Flask) -> None:
    samples = read(fresh.test_client().get("/metrics").text)
    [memory] = [value for (name, _), value in samples.items() if name == "process_resident_memory_bytes"]
    assert memory > 10_000_000


def test_nothing_that_was_asked_is_in_it(fresh: Flask) -> None:
    client = fresh.test_client()
    client.get("/api/v1/search?q=hunter2&hunter2=1")
    client.get("/hunter2")
    client.post("/api/v1/search", json={"text": "hunter2"}, headers={"X-Request-Id": "hunter2", "User-Agent": "hunter2"})
    response = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=hunter2"})
    assert "hunter2" not in response.text
    assert response.content_type == CONTENT_TYPE


def test_two_apps_count_apart(fresh: Flask, tiny_searcher: Searcher, web_settings: Settings) -> None:
    fresh.test_client().get("/healthz")
    value = scraped(create_app(tiny_searcher, web_settings))
    assert value("rcasearch_http_requests_total", method="GET", route="/healthz", status="200") == 0


@pytest.mark.slow
def test_several_processes_count_together(tiny_index: Path) -> None:
    def get(path: str) -> str:
        with urllib.request.urlopen(server.url + path, timeout=60) as answer:
            return str(answer.read().decode())

    with serving(tiny_index, workers=2) as server:
        for _ in range(12):
            get("/healthz")
        texts = [get("/metrics") for _ in range(6)]
        server.stop()
    name = ("rcasearch_http_requests_total", frozenset({("method", "GET"), ("route", "/healthz"), ("status", "200")}))
    assert {read(text)[name] for text in texts} == {12}, "whichever process is asked"
    pids = set(re.findall(r'process_cpu_seconds_total{pid="(\d+)"}', texts[-1]))
    assert len(pids) == 2
