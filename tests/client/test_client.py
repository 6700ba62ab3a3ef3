"""The client against a real server, against the application, and against what goes wrong in between."""

from __future__ import annotations

import builtins
import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, get_type_hints

import httpx2
import msgspec
import pytest

from rcasearch import shapes
from rcasearch.client import ApiError, Client, records, recurrences, service
from rcasearch.client.session import LONGEST_WAIT_S, wait_s
from rcasearch.query import parse_query
from rcasearch.render import as_dict, incident_as_dict
from rcasearch.render_recurrences import recurrences_as_dicts
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.web import api, create_app
from tests.recurring import POOL as BASKETS
from tests.recurring import tiny_recurrences
from tests.web.conftest import POOL, POOL_QUERY, serving

Handler = Callable[[httpx2.Request], httpx2.Response]


@pytest.fixture
def client(tiny_searcher: Searcher, tiny_index: Path) -> Iterator[Client]:
    """A client of the application, with no network in between."""
    app = create_app(tiny_searcher, Settings(index=str(tiny_index), max_batch=3))
    with Client("http://localhost", transport=httpx2.WSGITransport(app)) as opened:
        yield opened


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the client waited, in place of waiting."""
    waited: list[float] = []
    monkeypatch.setattr("rcasearch.client.session.time.sleep", waited.append)
    return waited


def against(handler: Handler, **options: Any) -> Client:
    return Client("http://server/rca/", transport=httpx2.MockTransport(handler), **options)


def plain(record: object) -> Any:
    return json.loads(msgspec.json.encode(record))


# --- what it answers --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_real_server_is_asked_as_soon_as_it_is_ready(tiny_index: Path, tiny_corpus: Path) -> None:
    with serving(tiny_index, workers=1) as server, Client(server.url, retries=20) as client:
        assert client.health().status == "ok"
        assert client.ready().incidents == len(list(tiny_corpus.iterdir()))
        found = client.search(POOL_QUERY, limit=2, service=["checkout"])
        assert (found.verdict, found.hits[0].id) == ("strong", POOL)
        assert client.incident(POOL).title == found.hits[0].title
        assert {hit.id for hit in client.similar(POOL, limit=3).hits} < {incident.id for incident in client.incidents(page=3)}
        [good, bad] = client.batch([{"text": POOL_QUERY, "limit": 1}, {"text": ""}])
        assert isinstance(good, records.Results)
        assert isinstance(bad, ApiError)
        with pytest.raises(ApiError) as missing:
            client.incident("no such?id")
        assert (missing.value.status, missing.value.code) == (404, "not_found")
        assert "'no such?id'" in missing.value.message


def test_nothing_of_an_answer_is_lost(client: Client, tiny_searcher: Searcher) -> None:
    alert = json.dumps({"alertname": "PoolExhausted", "service": "checkout", "message": POOL_QUERY})
    found = client.search(alert, limit=8)
    expected = as_dict(tiny_searcher.search(parse_query({"text": alert, "limit": 8}, Settings())))
    assert plain(found) == {**json.loads(json.dumps(expected)), "took_ms": found.took_ms}
    for summary in client.incidents():
        assert plain(client.incident(summary.id)) == json.loads(json.dumps(incident_as_dict(tiny_searcher.incident(summary.id))))


def test_the_records_have_the_keys_of_the_shapes() -> None:
    known = {name: getattr(shapes, name) for name in shapes.__all__} | {
        name: getattr(api, name) for name in ("Health", "Ready", "BatchItem", "Batch")
    }
    kinds = {
        name: kind
        for name, kind in (vars(records) | vars(recurrences) | vars(service)).items()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct)
    }
    del kinds["Struct"], kinds["Told"]
    assert set(kinds) <= set(known)
    for name, kind in kinds.items():
        assert set(kind.__struct_fields__) == set(get_type_hints(known[name])), name


def test_keys_of_a_newer_server_are_passed_over() -> None:
    with against(lambda _: httpx2.Response(200, json={"status": "ok", "mood": "fine"})) as client:
        assert client.health() == service.Health("ok")


def test_all_incidents_are_listed_page_by_page(client: Client, tiny_searcher: Searcher) -> None:
    everything = [incident.id for incident in tiny_searcher.incidents(limit=200).incidents]
    for page in (1, 3, 8, 100):
        assert [incident.id for incident in client.incidents(page=page)] == everything
    assert [incident.id for incident in client.incidents(since="2026", service=("payment", "thumbnailer"))]
    assert list(client.incidents(until="1999")) == []


def test_what_happened_again_is_listed_page_by_page_and_told_one_by_one(
    client: Client, tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tiny_recurrences(tiny_searcher)
    monkeypatch.setattr(Searcher, "recurrences", lambda self: made)
    expected = json.loads(json.dumps(recurrences_as_dicts(made, datetime.now(UTC).date())))
    for page in (1, 2, 100):
        assert [plain(one) for one in client.recurrences(page=page)] == expected
    assert [one.id for one in client.recurrences(order="count", service=("basket",))] == [BASKETS]
    assert list(client.recurrences(until="1999")) == []
    assert plain(client.recurrence(BASKETS)) == expected[0]
    with pytest.raises(ApiError, match="id 'a/b'") as missing:
        client.recurrence("a/b")
    assert (missing.value.status, missing.value.code) == (404, "not_found")


def test_a_filter_takes_one_value_or_several(client: Client) -> None:
    for several in ("checkout", ["checkout"], ("checkout",)):
        assert client.search(POOL_QUERY, service=several).query.filters.services == ("checkout",)
    assert client.similar(POOL, service=["checkout", "search"]).query.filters.services == ("checkout", "search")


# --- what goes wrong ----------------------------------------------------------------------------------------------------


def test_an_error_has_the_servers_words(client: Client) -> None:
    with pytest.raises(ApiError) as refused:
        client.search("x", limit=1_000)
    error = refused.value
    assert (error.status, error.code, error.field) == (400, "invalid_query", "limit")
    assert error.message == "limit must be a whole number from 1 to 100."
    assert error.hint.startswith("Write a number")
    with pytest.raises(ApiError, match="3 are allowed"):
        client.batch([{"text": "x"}] * 4)


def test_what_is_not_there_yet_is_asked_for_again_after_the_wait_that_the_server_names(naps: list[float]) -> None:
    answers = [httpx2.Response(503, headers={"Retry-After": wait}, json={"detail": "Loading."}) for wait in ("5", "7")]
    answers.append(httpx2.Response(200, json={"status": "ok"}))
    with against(lambda request: answers.pop(0) if request.url.path == "/rca/healthz" else httpx2.Response(404)) as client:
        assert client.health().status == "ok"
    assert naps == [5, 7]


def test_it_gives_up_after_its_retries_with_the_last_problem(naps: list[float]) -> None:
    problem = {"detail": "There is no index at x.", "hint": "Run `rcasearch index`.", "code": "index_missing", "status": 503}
    with (
        against(lambda _: httpx2.Response(503, json=problem), retries=2) as client,
        pytest.raises(ApiError, match="There is no index") as refused,
    ):
        client.ready()
    assert (refused.value.status, refused.value.hint, len(naps)) == (503, "Run `rcasearch index`.", 2)


def test_other_errors_are_not_asked_for_again(naps: list[float]) -> None:
    with against(lambda _: httpx2.Response(500, json={"detail": "Broken.", "status": 500})) as client, pytest.raises(ApiError):
        client.health()
    assert naps == []


def test_the_wait_is_read_as_seconds_or_as_a_date_and_has_an_end() -> None:
    assert [wait_s("0"), wait_s("4"), wait_s("86400")] == [0, 4, LONGEST_WAIT_S]
    assert [wait_s(None), wait_s("soon"), wait_s("-3"), wait_s("Mon, 23 Nov 2026 10:00:00 -0000")] == [5, 5, 5, 5]
    now = datetime.now(UTC)
    assert 5 < wait_s(format_datetime(now + timedelta(seconds=20), usegmt=True)) <= 20
    assert wait_s(format_datetime(now - timedelta(days=1), usegmt=True)) == 0


@pytest.mark.parametrize(
    ("raised", "code", "told"),
    [
        (httpx2.ReadTimeout("slow"), "timeout", "http://server/rca did not answer in time."),
        (httpx2.ConnectError("refused"), "unreachable", "http://server/rca cannot be reached: refused."),
        (httpx2.RemoteProtocolError(""), "unreachable", "http://server/rca cannot be reached: RemoteProtocolError."),
    ],
)
def test_no_answer_is_a_sentence(raised: Exception, code: str, told: str) -> None:
    def fail(_: httpx2.Request) -> httpx2.Response:
        raise raised

    with against(fail) as client, pytest.raises(ApiError) as refused:
        client.health()
    assert (refused.value.code, refused.value.message, refused.value.status) == (code, told, None)
    assert refused.value.hint


@pytest.mark.parametrize("status", [200, 302, 404, 502])
def test_a_stranger_at_the_address_is_told(status: int) -> None:
    page = httpx2.Response(status, html="<h1>It works!</h1>")
    with against(lambda _: page) as client, pytest.raises(ApiError, match=f"status {status}, text/html") as refused:
        client.search("x")
    assert (refused.value.code, refused.value.status) == ("not_rcasearch", status)


def test_headers_of_the_caller_go_with_every_request() -> None:
    seen: list[httpx2.Headers] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.headers)
        return httpx2.Response(200, json={"status": "ok"})

    with against(answer, headers={"Authorization": "Bearer x"}) as client:
        client.health()
    assert seen[0]["Authorization"] == "Bearer x"
    assert seen[0]["User-Agent"].startswith("rcasearch-client/")


def test_without_httpx2_the_import_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {name: module for name, module in sys.modules.items() if name.startswith("rcasearch.client")}
    for name in kept:
        monkeypatch.delitem(sys.modules, name)
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "httpx2":
            raise ModuleNotFoundError("No module named 'httpx2'", name="httpx2")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'rcasearch\[client\]'"):
        importlib.import_module("rcasearch.client")


def test_the_client_needs_nothing_that_searches() -> None:
    check = (
        "import sys, rcasearch.client; print(sorted({'numpy', 'faiss', 'torch', 'flask', 'mcp', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
