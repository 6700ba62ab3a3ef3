"""The log as text and as JSON: each line with its request and trace, none with what was asked."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from rcasearch.search import Searcher
from rcasearch.web.logs import JsonFormatter, TextFormatter
from rcasearch.web.tracing import read_trace, request_id

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Log:
    """What a formatter writes of our log."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.handler = logging.StreamHandler(self.stream)

    @property
    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


@pytest.fixture
def log() -> Iterator[Log]:
    written = Log()
    logger = logging.getLogger("rcasearch")
    level = logger.level
    logger.addHandler(written.handler)
    logger.setLevel(logging.INFO)
    yield written
    logger.removeHandler(written.handler)
    logger.setLevel(level)


def test_a_request_is_an_object_with_its_id_and_trace(app: Flask, log: Log) -> None:
    log.handler.setFormatter(JsonFormatter())
    response = app.test_client().post(
        "/api/v1/search", json={"text": "hunter2"}, headers={"X-Request-Id": "abc-1", "traceparent": TRACE}
    )
    assert (response.headers["X-Request-Id"], response.headers["traceparent"]) == ("abc-1", TRACE)
    [entry] = log.entries
    assert {name: entry[name] for name in ("level", "logger", "request_id", "method", "path", "route", "status")} == {
        "level": "INFO",
        "logger": "rcasearch.web",
        "request_id": "abc-1",
        "method": "POST",
        "path": "/api/v1/search",
        "route": "/api/v1/search",
        "status": 200,
    }
    assert (entry["trace_id"], entry["parent_span_id"]) == tuple(TRACE.split("-")[1:3])
    assert entry["ms"] > 0
    assert datetime.fromisoformat(entry["time"]).utcoffset() is not None


def test_a_line_for_people_names_the_trace(app: Flask, log: Log) -> None:
    log.handler.setFormatter(TextFormatter("%(levelname)s %(message)s"))
    app.test_client().get("/healthz", headers={"X-Request-Id": "abc-1", "traceparent": TRACE})
    assert re.fullmatch(r"INFO abc-1 GET '/healthz' 200 \d+ ms trace 4bf92f3577b34da6a3ce929d0e0e4736", log.lines[0])


def test_what_happens_outside_a_request_is_an_object_too(log: Log) -> None:
    log.handler.setFormatter(JsonFormatter())
    try:
        raise OSError("the disk is full")
    except OSError:
        logging.getLogger("rcasearch.web").exception("Opening %s failed.", "the index")
    [entry] = log.entries
    assert (entry["message"], entry["level"]) == ("Opening the index failed.", "ERROR")
    assert "the disk is full" in entry["exception"]
    assert "request_id" not in entry


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter("%(message)s")])
def test_no_line_tells_what_was_asked_even_where_it_broke(
    app: Flask, log: Log, monkeypatch: pytest.MonkeyPatch, formatter: logging.Formatter
) -> None:
    def broken(self: Searcher, query: Any) -> None:
        try:
            raise KeyError(query.text)
        except KeyError as error:
            raise ValueError(f"cannot search {query.text}") from error

    monkeypatch.setattr(Searcher, "search", broken)
    log.handler.setFormatter(formatter)
    client = app.test_client()
    assert client.get("/api/v1/search?q=hunter2").status_code == 500
    assert client.get("/?q=hunter2").status_code == 500
    assert client.post("/api/v1/search", json={"text": "hunter2"}).status_code == 500
    client.post("/api/v1/search/batch", json={"queries": [{"text": "hunter2"}]})
    client.post("/api/v1/search", json={"text": "x", "limit": "hunter2", "hunter2": 1})
    client.post("/api/v1/search", data=b'{"text": hunter2}', content_type="application/json")
    client.post("/", data={"q": "hunter2", "since": "hunter2"}, headers={"Cookie": "hunter2", "Authorization": "hunter2"})
    written = log.stream.getvalue()
    assert "hunter2" not in written
    assert written.count("ValueError") >= 4
    assert written.count("KeyError") >= 4
    assert "in broken" in written, "where it broke is told"


@pytest.mark.parametrize(
    "given_id", ["abc-1", "4bf92f3577b34da6", "Root=1-67891233-abcdef012345678912345678", "a/b:c+d;e=f", "x" * 128]
)
def test_a_sane_id_is_kept(given_id: str) -> None:
    assert request_id(given_id) == given_id


@pytest.mark.parametrize("given_id", [None, "", " ", "a b", "-a", "a\nb", "é", "x" * 129, "<script>", '"', "a,b"])
def test_any_other_id_is_replaced(given_id: str | None) -> None:
    assert re.fullmatch(r"[0-9a-f]{12}", request_id(given_id))


def test_a_trace_is_read_as_the_standard_says() -> None:
    trace_id, span_id = TRACE.split("-")[1:3]
    for valid in (TRACE, TRACE[:-2] + "ff", "01" + TRACE[2:], "cc" + TRACE[2:] + "-what-comes"):
        trace = read_trace(valid)
        assert trace is not None
        assert (trace.id, trace.span_id, trace.header) == (trace_id, span_id, valid)


@pytest.mark.parametrize(
    "header",
    [None, "", TRACE + "-more", "ff" + TRACE[2:], TRACE.upper(), TRACE[:-1], TRACE + "\n", "cc" + TRACE[2:] + "x",
     f"{TRACE},{TRACE}", TRACE.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 32),
     TRACE.replace("00f067aa0ba902b7", "0" * 16)],
)  # fmt: skip
def test_a_trace_that_is_none_is_left_out(header: str | None, app: Flask) -> None:
    assert read_trace(header) is None
    if header and header.isprintable():
        assert "traceparent" not in app.test_client().get("/healthz", headers={"traceparent": header}).headers


@given(st.text(max_size=80))
def test_whatever_comes_as_a_trace_is_one_or_none(header: str) -> None:
    trace = read_trace(header)
    assert trace is None or trace.header == header
