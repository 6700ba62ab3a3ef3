"""A server over an engine: what it answers while the engine says nothing, is gone or dies, and that it recovers by itself."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from rcasearch.errors import SettingsError
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.stores import opening
from rcasearch.stores.milvus import engine as engines
from rcasearch.stores.milvus import engines as connected
from rcasearch.stores.milvus.address import Address
from rcasearch.stores.milvus.breaker import Breaker
from rcasearch.stores.milvus.engine import Engine
from rcasearch.web import create_app
from tests.milvus_stub import Stub, closed_port, silent, stub

SEARCH = "/api/v1/search?q=disk+full"
LIMIT_S = 5


class Asking:
    """A store that asks the engine something before it answers from what it has."""

    def __init__(self, store: Any, engine: Engine) -> None:
        self._store, self._engine = store, engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def select(self, filters: Any) -> Any:
        self._engine.read("get_server_version")
        return self._store.select(filters)

    def seen_by(self, clearance: Any) -> Any:
        return self


@pytest.fixture
def engine_at(tiny_searcher: Searcher, web_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What makes a client of a server over the tiny index that asks an engine at a port."""
    monkeypatch.setattr(engines, "PING_KEPT_S", 0.0)

    def made(port: int) -> FlaskClient:
        engine = Engine(Address("127.0.0.1", port, "x"), "root:s3cret-word", breaker=lambda: Breaker(most=5, rest=0.5))
        monkeypatch.setattr(connected, "of", lambda _: engine)
        searcher = copy.copy(tiny_searcher)
        searcher._store, searcher._views = Asking(tiny_searcher._store, engine), {}
        monkeypatch.setattr(opening, "newest", lambda _: searcher.info.id)
        where = Settings(index=web_settings.index, store=f"milvus://127.0.0.1:{port}/x", timeout=LIMIT_S)
        return create_app(searcher, where).test_client()

    return made


@pytest.fixture
def found() -> Iterator[Stub]:
    with stub() as one:
        yield one


def unavailable(client: FlaskClient, path: str = SEARCH) -> dict[str, Any]:
    """The problem that is told, within the time of a request."""
    began = time.monotonic()
    answer = client.get(path)
    assert time.monotonic() - began < 30, "it is ended by far more than its limit"
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json"), answer.text
    assert int(answer.headers["Retry-After"]) > 0
    told: dict[str, Any] = answer.get_json()
    assert told["code"] == "engine_unavailable"
    assert "127.0.0.1:" in told["detail"]
    assert told["hint"]
    assert "s3cret-word" not in answer.text
    return told


def answers(client: FlaskClient) -> None:
    """Wait until it answers again, with nobody's help."""
    deadline = time.monotonic() + 30
    while client.get(SEARCH).status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert client.get("/readyz").status_code == 200


def test_over_an_engine_that_answers_all_is_well(engine_at: Any, found: Stub) -> None:
    client = engine_at(found.port)
    assert client.get(SEARCH).get_json()["hits"]
    assert client.get("/readyz").get_json()["index"]["incidents"] == 8


def test_an_engine_that_takes_connections_and_says_nothing_costs_no_request_more_than_its_time(engine_at: Any) -> None:
    with silent() as port:
        client = engine_at(port)
        unavailable(client)
        unavailable(client, "/readyz")
        assert client.get("/healthz").status_code == 200


def test_an_engine_that_is_not_there_is_told_and_soon_not_asked_any_more(engine_at: Any) -> None:
    client = engine_at(closed_port())
    told = [unavailable(client)["detail"] for _ in range(4)]
    assert "does not answer" in told[0]
    assert "did not answer of late" in told[-1]
    unavailable(client, "/readyz")


def test_an_engine_that_hangs_and_comes_back_is_found_again(engine_at: Any, found: Stub) -> None:
    client = engine_at(found.port)
    assert client.get(SEARCH).status_code == 200
    found.hangs.set()
    unavailable(client)
    found.hangs.clear()
    answers(client)


def test_an_engine_that_dies_while_it_is_asked_and_comes_back_is_found_again(engine_at: Any, found: Stub) -> None:
    client = engine_at(found.port)
    assert client.get(SEARCH).status_code == 200
    found.hangs.set()
    found.arrived.clear()

    def die() -> None:
        found.arrived.wait(30)
        found.stop()

    dying = threading.Thread(target=die)
    dying.start()
    unavailable(client)
    dying.join()
    unavailable(client)
    unavailable(client, "/readyz")
    found.hangs.clear()
    found.start()
    answers(client)


def test_a_server_whose_engine_is_away_from_the_start_says_so(engine_at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    port = closed_port()
    engine_at(port)
    monkeypatch.undo()
    client = create_app(None, Settings(index="/nowhere/none", store=f"milvus://127.0.0.1:{port}/x")).test_client()
    unavailable(client)
    unavailable(client, "/readyz")


def test_a_page_tells_it_as_a_page(engine_at: Any) -> None:
    answer = engine_at(closed_port()).get("/?q=disk+full")
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "does not answer" in answer.text


def test_a_store_that_is_no_address_is_refused_before_anything_is_served() -> None:
    with pytest.raises(SettingsError, match="must begin with milvus://"):
        create_app(None, Settings(store="postgres://db/x"))
