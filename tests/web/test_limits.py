"""What a request may cost: its time, and nothing for who does not want the answer."""

from __future__ import annotations

import time
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from rcasearch import patience
from rcasearch.search import Searcher
from rcasearch.web.app import ARRIVED

# Arrived so long ago that its time is up.
LATE = {ARRIVED: time.monotonic() - 1e6}
GONE = {"waitress.client_disconnected": lambda: True}


@pytest.mark.parametrize(("path", "people"), [("/api/v1/search?q=disk+full", False), ("/?q=disk+full", True)])
def test_a_request_whose_time_is_up_is_503_with_a_time_to_come_back(client: FlaskClient, path: str, people: bool) -> None:
    answer = client.get(path, environ_overrides=LATE)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "There was no answer within 30 seconds." in (answer.text if people else answer.get_json()["detail"])
    assert client.get(path).status_code == 200, "the limit of one request is not that of the next"


def test_of_a_batch_what_there_was_no_time_for_is_told(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    search = Searcher.search

    def slowly(self: Searcher, *given: Any, **named: Any) -> Any:
        found = search(self, *given, **named)
        patience.set_limit(patience.Limit(0.0, 30.0, lambda: False))
        return found

    monkeypatch.setattr(Searcher, "search", slowly)
    body = {"queries": [{"text": "disk full"}, {"text": "queue full"}]}
    first, second = client.post("/api/v1/search/batch", json=body).get_json()["results"]
    assert first["result"]["hits"]
    assert (second["problem"]["code"], second["problem"]["status"]) == ("timed_out", 503)


@pytest.mark.parametrize("body", [None, {"queries": [{"text": "disk full"}] * 3}])
def test_who_has_gone_costs_no_search(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, body: dict[str, Any] | None, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("rcasearch.retrieval.rank", lambda *_: pytest.fail("nobody waits for it"))
    method, path = ("POST", "/api/v1/search/batch") if body else ("GET", "/api/v1/search?q=disk")
    answer = client.open(path, method=method, json=body, environ_overrides=GONE)
    assert answer.status_code == 499
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize("path", ["/api/v1/search?q=disk", "/?q=disk", "/map?q=disk"])
def test_head_runs_no_search_and_tells_what_is_wrong_all_the_same(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, no_index: FlaskClient, path: str
) -> None:
    wanted = client.get(path)
    monkeypatch.setattr(Searcher, "search", lambda *_: pytest.fail("nobody sees what is found"))
    answer = client.head(path)
    assert (answer.status_code, answer.mimetype, answer.data) == (200, wanted.mimetype, b"")
    assert answer.headers["Cache-Control"] == wanted.headers["Cache-Control"]
    assert client.head(path.replace("disk", "")).status_code == client.get(path.replace("disk", "")).status_code
    assert no_index.head(path).status_code == 503


def test_the_limit_goes_with_the_request(app: Flask) -> None:
    with app.test_request_context("/", environ_overrides=LATE):
        app.preprocess_request()
    patience.check()
