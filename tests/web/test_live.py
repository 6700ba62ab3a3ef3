"""The index behind a running server: appearing, replaced, broken."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from rcasearch.errors import IndexMismatchError
from rcasearch.index import build
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.web import create_app, live


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
