"""The API answers with the one result shape."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask, jsonify
from flask.testing import FlaskClient

from rcasearch.model import Filters, Query
from rcasearch.render import as_dict, incident_as_dict, page_as_dict
from rcasearch.search import Searcher
from rcasearch.web.app import HEADERS
from tests.web.conftest import POOL, POOL_QUERY

HIT = {
    "rank", "id", "title", "date", "severity", "level", "services", "tags", "status", "duration_minutes", "author", "url",
    "score", "confidence", "verdict", "evidence", "match", "root_cause", "resolution", "minutes_to_mitigate", "open_action_items",
    "links", "contributions",
}  # fmt: skip


def without_time(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "took_ms"}


def test_get_and_post_give_what_the_searcher_finds(client: FlaskClient, tiny_searcher: Searcher) -> None:
    expected = without_time(as_dict(tiny_searcher.search(Query(POOL_QUERY, 3))))
    got = client.get("/api/v1/search", query_string={"q": POOL_QUERY, "limit": 3})
    posted = client.post("/api/v1/search", json={"text": POOL_QUERY, "limit": 3})
    assert got.mimetype == posted.mimetype == "application/json"
    assert without_time(got.get_json()) == without_time(posted.get_json()) == expected
    assert [set(hit) for hit in expected["hits"]] == [HIT] * 3
    assert expected["hits"][0]["id"] == POOL


def test_filters_may_be_given_once_or_several_times(client: FlaskClient) -> None:
    one = client.get("/api/v1/search?q=leak&service=checkout").get_json()
    assert one["query"]["filters"]["services"] == ["checkout"]
    assert {hit["id"] for hit in one["hits"]} == {POOL}
    two = client.get("/api/v1/search?q=leak&severity=SEV1&severity=SEV2").get_json()
    assert two["query"]["filters"]["severities"] == ["SEV1", "SEV2"]
    assert two["searched"] == len(two["hits"]) > 1
    none = client.post("/api/v1/search", json={"text": "leak", "service": ["nobody"]}).get_json()
    assert (none["searched"], none["hits"], none["verdict"]) == (0, [], "none")


def test_text_in_any_script_and_with_nul_is_searched(client: FlaskClient) -> None:
    for text in ("\u0000pool\u0000", "пул соединений 🚦", "x" * 30_000, "-- '; DROP TABLE incidents; \" OR 1=1 *", "\u202e‮"):
        response = client.post("/api/v1/search", json={"text": text})
        assert response.status_code == 200, text
        assert len(response.get_json()["hits"]) == 8


def test_incidents_are_paged_filtered_and_counted(client: FlaskClient, tiny_searcher: Searcher) -> None:
    whole = client.get("/api/v1/incidents").get_json()
    assert whole == page_as_dict(tiny_searcher.incidents())
    assert whole["total"] == 8
    assert set(whole["facets"]) >= {"services", "severities", "tags", "statuses", "years"}
    pages = [client.get(f"/api/v1/incidents?offset={offset}&limit=3").get_json()["incidents"] for offset in (0, 3, 6, 9)]
    assert [len(page) for page in pages] == [3, 3, 2, 0]
    assert [incident for page in pages for incident in page] == whole["incidents"]
    filtered = client.get("/api/v1/incidents?since=2025&until=2025-06").get_json()
    assert filtered == page_as_dict(tiny_searcher.incidents(Filters(since="2025-01-01", until="2025-06-30")))


def test_an_incident_is_found_by_id(client: FlaskClient, tiny_searcher: Searcher) -> None:
    body = client.get(f"/api/v1/incidents/{POOL}").get_json()
    assert body == incident_as_dict(tiny_searcher.incident(POOL))
    assert body["sections"]


def test_similar_incidents_never_hold_the_incident_itself(client: FlaskClient, tiny_searcher: Searcher) -> None:
    body = client.get(f"/api/v1/incidents/{POOL}/similar?limit=2").get_json()
    assert without_time(body) == without_time(as_dict(tiny_searcher.similar(POOL, 2)))
    assert len(body["hits"]) == 2
    assert POOL not in {hit["id"] for hit in body["hits"]}
    assert without_time(client.get(f"/api/v1/incidents/{POOL}/similar?k=2").get_json()) == without_time(body)


def test_ready_tells_what_the_index_holds(client: FlaskClient, tiny_searcher: Searcher) -> None:
    body = client.get("/readyz").get_json()
    assert body["status"] == "ready"
    assert (body["index"]["id"], body["index"]["incidents"]) == (tiny_searcher.info.id, 8)


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/api/v1/search?q=x", "/incidents", "/about", "/static/base.css"])
def test_every_answer_has_the_strict_headers(client: FlaskClient, path: str) -> None:
    response = client.get(path, buffered=True)
    assert response.status_code == 200
    assert {name: response.headers[name] for name in HEADERS} == HEADERS
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert "Server" not in response.headers


def test_head_answers_like_get_without_a_body(client: FlaskClient) -> None:
    for path in ("/", "/api/v1/search?q=x", "/healthz"):
        response = client.head(path)
        assert (response.status_code, response.data) == (200, b"")


def test_json_is_utf_8_and_what_utf_8_cannot_hold_is_escaped(app: Flask) -> None:
    with app.app_context():
        assert jsonify({"b": "Zürich", "a": [1.5, None]}).data == '{"b":"Zürich","a":[1.5,null]}\n'.encode()
        assert json.loads(jsonify({"text": "half \ud83d"}).data) == {"text": "half \ud83d"}
