"""One query gives the same result dict to all who ask: command line, GET, POST, batch, hook, agent and client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from flask.testing import FlaskClient
from mcp import Client

from rcasearch.agents.server import Desk, make_server
from rcasearch.cli import main
from rcasearch.client import Client as ApiClient
from rcasearch.query import parse_query
from rcasearch.render import as_dict
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.web import create_app
from tests.recurring import tiny_recurrences

QUERY = {"text": "every worker waits for a database connection and checkout answers 503", "limit": 3, "since": "2024-01"}
PAYLOAD = {
    "version": "4",
    "status": "firing",
    "groupKey": '{}:{alertname="PoolExhausted"}',
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "ConnectionPoolExhausted", "service": "checkout", "severity": "critical"},
            "annotations": {"summary": "Every worker waits for a database connection and checkout answers 503"},
            "fingerprint": "f",
        }
    ],
}
QUERIES: list[dict[str, Any]] = [QUERY, {"text": json.dumps(PAYLOAD)}]
# The words of no incident: the answer that nothing is on record is the same as well.
QUERIES.append({"text": "the coffee machine on the second floor is out of beans"})
QUERIES.append({**QUERY, "ignore": ["service:checkout", "signature:HTTP 503", "concept:nothing"]})


@pytest.fixture(scope="module")
def settings(tiny_index: Path) -> Settings:
    return Settings(index=str(tiny_index), hook_open="generic", hook_memory=0)


@pytest.fixture
def http(tiny_searcher: Searcher, settings: Settings) -> FlaskClient:
    return create_app(tiny_searcher, settings).test_client()


@pytest.fixture
def surfaces(
    http: FlaskClient, tiny_searcher: Searcher, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> dict[str, Callable[[dict[str, Any]], Any]]:
    def by_command(query: dict[str, Any]) -> Any:
        options = [(name, value) for name, values in query.items() if name != "text" for value in listed(values)]
        flags = [word for name, value in options for word in (f"--{name}", str(value))]
        assert main(["search", query["text"], "--json", "--index", settings.index, *flags]) == 0
        return json.loads(capsys.readouterr().out)

    def by_agent(query: dict[str, Any]) -> Any:
        async def ask() -> Any:
            async with Client(make_server(Desk(settings, tiny_searcher), settings)) as client:
                return (await client.call_tool("find_precedents", query)).structured_content

        return asyncio.run(ask())

    def by_hook(query: dict[str, Any]) -> Any:
        answer = http.post("/api/v1/hooks/generic", data=query["text"], content_type="application/json")
        [one] = answer.get_json()["symptoms"]
        return one["result"]

    def by_client(query: dict[str, Any]) -> Any:
        transport = httpx2.WSGITransport(http.application)
        with ApiClient("http://localhost", transport=transport) as client:
            return json.loads(msgspec.json.encode(client.search(**query)))

    return {
        "command line": by_command,
        "GET": lambda query: http.get("/api/v1/search", query_string=query).get_json(),
        "POST": lambda query: http.post("/api/v1/search", json=query).get_json(),
        "batch": lambda query: http.post("/api/v1/search/batch", json={"queries": [query]}).get_json()["results"][0]["result"],
        "agent": by_agent,
        "client": by_client,
        "hook": by_hook,
    }


@pytest.mark.parametrize("query", QUERIES, ids=["text", "payload", "nothing", "ignoring"])
def test_every_surface_gives_the_same_answer(
    query: dict[str, Any],
    surfaces: dict[str, Callable[[dict[str, Any]], Any]],
    tiny_searcher: Searcher,
    settings: Settings,
) -> None:
    expected = told(as_dict(tiny_searcher.search(parse_query(query, settings))))
    assert expected["hits"]
    if not query["text"].startswith("{"):
        # A hook takes payloads, which have no parameters.
        del surfaces["hook"]
    for name, ask in surfaces.items():
        assert told(ask(query)) == expected, name


def listed(values: Any) -> list[Any]:
    return values if isinstance(values, list) else [values]


def test_every_surface_tells_the_same_of_what_happened_again(
    http: FlaskClient,
    tiny_searcher: Searcher,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = tiny_recurrences(tiny_searcher)
    monkeypatch.setattr(Searcher, "recurrences", lambda self, filters=None: made)
    expected = http.get("/api/v1/recurrences?limit=10&order=minutes").get_json()
    assert len(expected["recurrences"]) == 2

    async def by_agent() -> Any:
        async with Client(make_server(Desk(settings, tiny_searcher), settings)) as client:
            return (await client.call_tool("list_recurrences", {"order": "minutes"})).structured_content

    assert asyncio.run(by_agent()) == expected
    assert main(["recurrences", "--json", "--order", "minutes", "--index", settings.index]) == 0
    assert json.loads(capsys.readouterr().out) == expected
    with ApiClient("http://localhost", transport=httpx2.WSGITransport(http.application)) as client:
        assert [json.loads(msgspec.json.encode(one)) for one in client.recurrences("minutes")] == expected["recurrences"]
    one = expected["recurrences"][0]
    assert http.get(f"/api/v1{one['url']}").get_json() == one
    assert main(["recurrences", one["id"], "--json", "--index", settings.index]) == 0
    assert json.loads(capsys.readouterr().out) == one


def told(answer: Any) -> Any:
    """An answer as it comes over a wire, without how long it took."""
    return {**json.loads(json.dumps(answer)), "took_ms": None}
