"""Several queries in one request: each answered for itself."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.web import create_app
from tests.web.conftest import POOL, POOL_QUERY

PATH = "/api/v1/search/batch"


def ask(client: FlaskClient, *queries: object) -> list[dict[str, Any]]:
    response = client.post(PATH, json={"queries": list(queries)})
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    results: list[dict[str, Any]] = response.get_json()["results"]
    assert len(results) == len(queries)
    return results


def timeless(result: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if name != "took_ms"}


def test_each_query_is_answered_as_if_it_were_alone(client: FlaskClient) -> None:
    queries = [{"text": POOL_QUERY, "limit": 2}, {"q": "disk full", "service": "nobody"}]
    for query, item in zip(queries, ask(client, *queries), strict=True):
        assert item["problem"] is None
        assert timeless(item["result"]) == timeless(client.post("/api/v1/search", json=query).get_json())


def test_a_query_that_is_wrong_hides_none_of_the_others(client: FlaskClient) -> None:
    wrong = [{}, {"text": "x", "limit": 0}, {"text": "x", "colour": "red"}, "text", None, [], {"text": "x", "since": "never"}]
    items = ask(client, {"text": POOL_QUERY}, *wrong, {"text": POOL_QUERY})
    assert [item["result"]["hits"][0]["id"] for item in (items[0], items[-1])] == [POOL, POOL]
    problems = [item["problem"] for item in items[1:-1]]
    assert [problem["field"] for problem in problems] == ["text", "limit", "colour", None, None, None, "since"]
    assert {problem["status"] for problem in problems} == {400}
    alone = client.post("/api/v1/search", json=wrong[1]).get_json()
    assert problems[1] == alone, "the same words as without a batch"


def test_a_fault_on_one_query_hides_none_of_the_others(
    client: FlaskClient, tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = Searcher.search

    def faulty(self: Searcher, query: Any) -> Any:
        if query.text == "break":
            raise ZeroDivisionError("secret")
        return search(self, query)

    monkeypatch.setattr(Searcher, "search", faulty)
    first, broken, last = ask(client, {"text": POOL_QUERY}, {"text": "break"}, {"text": POOL_QUERY})
    assert first["result"]["verdict"] == last["result"]["verdict"]
    assert (broken["result"], broken["problem"]["status"], broken["problem"]["code"]) == (None, 500, "internal_error")
    assert "secret" not in str(broken)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "queries"),
        ({"queries": []}, "queries"),
        ({"queries": {"text": "x"}}, "queries"),
        ({"queries": "x"}, "queries"),
        ({"queries": [{"text": "x"}], "limit": 3}, "limit"),
        ({"text": "x"}, "text"),
    ],
)
def test_what_is_no_batch_is_refused_as_a_whole(client: FlaskClient, body: dict[str, Any], field: str) -> None:
    response = client.post(PATH, json=body)
    assert (response.status_code, response.get_json()["field"]) == (400, field)


def test_a_batch_has_a_limit_of_its_own(tiny_searcher: Searcher, web_settings: Settings) -> None:
    client = create_app(tiny_searcher, Settings(index=web_settings.index, max_batch=2)).test_client()
    ask(client, {"text": "x"}, {"text": "y"})
    response = client.post(PATH, json={"queries": [{"text": "x"}] * 3})
    problem = response.get_json()
    assert (response.status_code, problem["field"]) == (400, "queries")
    assert "3 queries; 2 are allowed" in problem["detail"]
    assert "RCASEARCH_MAX_BATCH" in problem["hint"]


def test_without_an_index_the_whole_batch_says_so(no_index: FlaskClient) -> None:
    response = no_index.post(PATH, json={"queries": [{"text": "x"}]})
    assert (response.status_code, response.get_json()["code"]) == (503, "index_missing")
