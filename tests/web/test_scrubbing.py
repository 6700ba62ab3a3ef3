"""An index that is damaged while it is served is served no longer, and says so; one that is mended is served again."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest

from rcasearch import checksums
from rcasearch.index import build
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.stores import scrubbing as scrubs
from rcasearch.stores.generations import current
from rcasearch.web import create_app, live
from rcasearch.web.scrubbing import Scrubbing


class Served:
    """An index of its own behind an application, and what looks after it, called by hand."""

    def __init__(self, tiny_index: Path, folder: Path) -> None:
        self.index = folder / "index"
        shutil.copytree(tiny_index, self.index)
        self.settings = Settings(index=str(self.index))
        app = create_app(Searcher.open(self.settings), self.settings)
        self.client = app.test_client()
        self.stopped = threading.Event()
        self.scrubbing = Scrubbing(app.extensions["rcasearch"], self.stopped)
        # The first look learns which index is served, the second reads it.
        for _ in range(2):
            self.scrubbing.look()

    def file(self, name: str) -> Path:
        return current(self.index) / name

    def answer(self) -> tuple[int, str]:
        self.scrubbing.look()
        ready = self.client.get("/readyz")
        assert ready.status_code == self.client.get("/api/v1/search?q=disk+full").status_code
        return ready.status_code, ready.get_json().get("detail", "")


@pytest.fixture
def served(tiny_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Served:
    monkeypatch.setattr(live, "LOOK_EVERY_S", 0.0)
    return Served(tiny_index, tmp_path)


def flip(path: Path, place: float = 0.5) -> None:
    """Change one byte in place."""
    with path.open("r+b") as file:
        file.seek(int(place * path.stat().st_size))
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))


def test_what_is_whole_is_served(served: Served) -> None:
    assert [served.answer()[0] for _ in range(3)] == [200] * 3


def test_a_file_that_is_written_into_is_named_and_the_index_served_no_longer(
    served: Served, tiny_corpus: Path, caplog: pytest.LogCaptureFixture
) -> None:
    flip(served.file("token_codes.bin"))
    status, detail = served.answer()
    assert status == 503
    assert "token_codes.bin has other content than was written" in detail
    assert served.answer() == (status, detail)
    assert caplog.text.count("is served no longer") == 1
    assert "rcasearch_index_loaded 0.0" in served.client.get("/metrics").text
    build([tiny_corpus], served.settings)
    assert served.answer()[0] == 200


def test_a_file_whose_times_did_not_tell_is_found_when_all_is_read_again(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    path = served.file("passages.faiss")
    state = scrubs._state(path)
    checksums.sha256(path)
    flip(path)
    real = scrubs._state
    monkeypatch.setattr(scrubs, "_state", lambda one: state if one == path else real(one))
    assert served.answer()[0] == 200
    monkeypatch.setattr(scrubs, "EVERY_S", 0.0)
    assert served.answer()[0] == 503
    assert "passages.faiss" in served.answer()[1]


def test_a_new_index_is_looked_after_and_one_that_is_gone_is_left(served: Served, tiny_corpus: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_corpus, tmp_path / "documents")
    next((tmp_path / "documents").iterdir()).unlink()
    build([tmp_path / "documents"], served.settings)
    assert [served.answer()[0] for _ in range(2)] == [200, 200]
    flip(served.file("catalogue.sqlite"))
    assert served.answer()[0] == 503


def test_files_that_are_removed_are_still_served(served: Served) -> None:
    gone = current(served.index)
    (gone / "passages.faiss").unlink()
    assert served.answer()[0] == 200
    shutil.rmtree(gone)
    assert served.answer()[0] == 200


def test_it_stops_with_the_server(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rcasearch.web.scrubbing.LOOK_EVERY_S", 0.001)
    served.scrubbing.start()
    [thread] = [one for one in threading.enumerate() if one.name == "scrub-index"]
    served.stopped.set()
    thread.join(20)
    assert not thread.is_alive()
