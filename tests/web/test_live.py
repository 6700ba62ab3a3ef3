"""The index behind a running server: appearing, replaced, broken."""

from __future__ import annotations

import shutil
import threading
import time
import traceback
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import has_request_context
from flask.testing import FlaskClient

from rcasearch import retrieval
from rcasearch.errors import IndexMismatchError, RcaSearchError
from rcasearch.index import build
from rcasearch.model import Query, Results
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.stores.base import Store
from rcasearch.web import create_app, live
from tests.web.conftest import POOL


@pytest.fixture(autouse=True)
def look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LOOK_EVERY_S", 0.0)


def test_a_server_without_an_index_gets_ready_when_one_appears(tiny_index: Path, tmp_path: Path) -> None:
    client = create_app(None, Settings(index=str(tmp_path / "index"))).test_client()
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200
    shutil.copytree(tiny_index, tmp_path / "index", symlinks=True)
    assert client.get("/readyz").get_json()["index"]["incidents"] == 8
    assert client.get("/api/v1/search?q=disk+full").status_code == 200


def test_a_replaced_index_is_picked_up(tiny_corpus: Path, tmp_path: Path) -> None:
    settings = Settings(index=str(tmp_path / "index"))
    documents = tmp_path / "documents"
    shutil.copytree(tiny_corpus, documents)
    build([documents], settings)
    client = create_app(Searcher.open(settings), settings).test_client()
    before = client.get("/readyz").get_json()["index"]
    next(documents.iterdir()).unlink()
    build([documents], settings)
    after = client.get("/readyz").get_json()["index"]
    assert (before["incidents"], after["incidents"]) == (8, 7)
    assert before["id"] != after["id"]
    assert "7 incidents" in client.get("/about").text


def test_a_broken_successor_leaves_the_old_index_serving(
    tiny_searcher: Searcher, web_settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(self: Searcher) -> bool:
        raise IndexMismatchError("The new index is damaged.", "Index again.")

    monkeypatch.setattr(Searcher, "refresh", refuse)
    client = create_app(tiny_searcher, web_settings).test_client()
    for _ in range(3):
        assert client.get("/api/v1/search?q=disk").status_code == 200
    assert caplog.text.count("The new index is damaged.") == 1


def rebuilt(settings: Settings, documents: Path) -> str:
    """The id of a new generation, of one document less."""
    next(documents.iterdir()).unlink()
    return build([documents], settings).info.id


@pytest.fixture
def own(tiny_corpus: Path, tmp_path: Path) -> tuple[Settings, Path]:
    """An index of its own, and the documents it was made of."""
    documents = tmp_path / "documents"
    shutil.copytree(tiny_corpus, documents)
    settings = Settings(index=str(tmp_path / "index"), hook_open="generic")
    build([documents], settings)
    return settings, documents


def test_a_request_stays_with_the_index_that_it_began_with(own: tuple[Settings, Path]) -> None:
    settings, documents = own
    app = create_app(Searcher.open(settings), settings)
    found: live.Live = app.extensions["rcasearch"]
    with app.test_request_context("/"):
        begun = found.searcher()
        before = begun.info.id
        newest = rebuilt(settings, documents)
        assert found._in_force().info.id == newest
        assert found.searcher() is begun
        assert begun.info.id == before
        assert len(found.recurring.found()) == len(begun.recurrences())
    assert found.searcher().info.id == newest
    assert begun.search(Query("disk full")).index_id == before


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/?q=disk+full",
        "/incidents?service=checkout",
        "/incidents/" + POOL,
        "/recurrences",
        "/map?q=disk",
        "/insights",
        "/about",
        "/nope",
        "/api/v1/recurrences?service=checkout",
        "/api/v1/map",
        f"/api/v1/incidents/{POOL}/similar",
    ],
)
def test_no_page_asks_for_the_index_in_force_twice(
    tiny_searcher: Searcher, web_settings: Settings, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    app = create_app(tiny_searcher, web_settings)
    asked: list[bool] = []
    in_force = live.Live._in_force

    def counted(self: live.Live) -> Searcher:
        asked.append(has_request_context())
        return in_force(self)

    monkeypatch.setattr(live.Live, "_in_force", counted)
    app.test_client().get(path)
    assert asked.count(True) == 1


def test_all_symptoms_of_a_notification_are_searched_in_one_index(
    own: tuple[Settings, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, documents = own
    client = create_app(Searcher.open(settings), replace(settings, hook_memory=0)).test_client()
    search = Searcher.search

    def then_replaced(self: Searcher, *given: Any, **named: Any) -> Results:
        answer = search(self, *given, **named)
        rebuilt(settings, documents)
        return answer

    monkeypatch.setattr(Searcher, "search", then_replaced)
    alerts = [
        {"status": "firing", "labels": {"alertname": name}, "annotations": {"summary": f"{name} is full"}, "fingerprint": name}
        for name in ("disk", "queue", "cache")
    ]
    body = {"version": "4", "groupKey": "{}", "status": "firing", "receiver": "r", "alerts": alerts}
    results = [one["result"] for one in client.post("/api/v1/hooks/generic", json=body).get_json()["symptoms"]]
    assert len(results) == 3
    assert len({result["index_id"] for result in results}) == 1


def test_a_generation_that_opens_but_cannot_answer_is_refused(
    own: tuple[Settings, Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings, documents = own
    client = create_app(Searcher.open(settings), settings).test_client()
    before = client.get("/readyz").get_json()["index"]["id"]
    newest = rebuilt(settings, documents)
    rank, tries = retrieval.rank, []

    def fails(store: Store, *given: Any) -> Any:
        if store.info.id != newest:
            return rank(store, *given)
        tries.append(newest)
        raise IndexError("index 7 is out of bounds")

    monkeypatch.setattr(retrieval, "rank", fails)
    for _ in range(3):
        assert client.get("/api/v1/search?q=disk").get_json()["index_id"] == before
    assert len(tries) == 1, "what was refused is not opened for every request"
    assert caplog.text.count(f"The generation {newest} of the index opens but cannot be searched") == 1
    third = rebuilt(settings, documents)
    assert client.get("/readyz").get_json()["index"]["id"] == third


def test_an_index_that_breaks_in_an_unforeseen_way_is_503_and_logged_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, own: tuple[Settings, Path]
) -> None:
    def breaks(settings: Settings) -> Searcher:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(Searcher, "open", breaks)
    client = create_app(None, own[0]).test_client()
    for _ in range(3):
        answer = client.get("/readyz")
        assert (answer.status_code, answer.get_json()["code"]) == (503, "index_mismatch")
    assert caplog.text.count("Opening the index failed.") == 1
    monkeypatch.undo()
    monkeypatch.setattr(live, "REFUSED_FOR_S", 0.0)
    monkeypatch.setattr(live, "LOOK_EVERY_S", 0.0)
    assert client.get("/readyz").status_code == 200


def test_an_error_that_stays_holds_nothing_of_the_requests_it_ended(no_index: FlaskClient) -> None:
    for _ in range(5):
        assert no_index.get("/readyz").status_code == 503
    found: live.Live = no_index.application.extensions["rcasearch"]
    assert len(traceback.extract_tb(found._error.__traceback__)) < 10


def test_followed_in_the_background_no_request_opens_an_index(
    own: tuple[Settings, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, documents = own
    monkeypatch.setattr(live, "LOOK_EVERY_S", 0.02)
    found = live.Live(settings)
    opened: list[str] = []
    refresh = Searcher.refresh

    def told(self: Searcher) -> bool:
        opened.append(threading.current_thread().name)
        return refresh(self)

    monkeypatch.setattr(Searcher, "refresh", told)
    found.warm()
    try:
        deadline = time.monotonic() + 60
        newest = rebuilt(settings, documents)
        while time.monotonic() < deadline:
            with suppress(RcaSearchError):
                if found.searcher().info.id == newest:
                    break
            time.sleep(0.01)
        assert found.searcher().info.id == newest
        assert set(opened) <= {"open-index"}
    finally:
        found.stop()


def test_the_index_is_looked_at_once_a_second_at_most(
    tiny_searcher: Searcher, web_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []
    monkeypatch.setattr(live, "LOOK_EVERY_S", 60.0)
    monkeypatch.setattr(Searcher, "refresh", lambda self: looks.append(time.monotonic()))
    client = create_app(tiny_searcher, web_settings).test_client()
    for _ in range(20):
        client.get("/readyz")
    assert looks == []


def test_while_an_index_opens_others_are_told_to_come_back(tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    opening, go_on = threading.Event(), threading.Event()

    def slowly(settings: Settings) -> Searcher:
        opening.set()
        assert go_on.wait(20)
        return tiny_searcher

    monkeypatch.setattr(Searcher, "open", slowly)
    app = create_app(None, Settings())
    first: list[Any] = []
    thread = threading.Thread(target=lambda: first.append(app.test_client().get("/readyz").status_code))
    thread.start()
    assert opening.wait(20)
    waiting: FlaskClient = app.test_client()
    assert waiting.get("/api/v1/search?q=x").get_json()["code"] == "index_loading"
    assert "being loaded" in waiting.get("/").text
    assert waiting.get("/healthz").status_code == 200
    go_on.set()
    thread.join(20)
    assert first == [200]
