"""What a caller may keep, and how it learns that it still holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from rcasearch.index import build
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.web import create_app
from tests.web.conftest import POOL

CACHED = [
    "/api/v1/incidents",
    "/api/v1/incidents?service=checkout&since=2024&limit=3&offset=1",
    f"/api/v1/incidents/{POOL}",
    f"/api/v1/incidents/{POOL}/similar",
    "/openapi.json",
]


@pytest.mark.parametrize("path", CACHED)
def test_what_has_not_changed_is_not_sent_again(client: FlaskClient, path: str) -> None:
    first = client.get(path)
    etag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "private, no-cache"
    for known in (etag, f'"other", {etag}', etag.removeprefix("W/"), "*"):
        again = client.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == etag
        assert again.headers["Cache-Control"] == "private, no-cache"
    for unknown in ('"other"', 'W/"other"', "", '"', etag[:-2] + '"'):
        assert client.get(path, headers={"If-None-Match": unknown}).data == first.data or "similar" in path
    assert client.head(path, headers={"If-None-Match": etag}).status_code == 304


def test_another_question_has_another_tag(client: FlaskClient) -> None:
    paths = [*CACHED, "/api/v1/incidents?limit=3", f"/api/v1/incidents/{POOL}/similar?limit=3"]
    assert len({client.get(path).headers["ETag"] for path in paths}) == len(paths)
    spelled = [client.get(f"/api/v1/incidents?{query}").headers["ETag"] for query in ("severity=P1", "severity=SEV1")]
    assert spelled[0] == spelled[1]


def test_what_is_not_there_is_404_whatever_the_caller_has(client: FlaskClient) -> None:
    for known in ("*", '"x"'):
        assert client.get("/api/v1/incidents/none", headers={"If-None-Match": known}).status_code == 404


def test_nothing_is_computed_for_what_is_known(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/api/v1/incidents/{POOL}/similar"
    etag = client.get(path).headers["ETag"]

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(Searcher, "similar", never)
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304


def test_a_new_index_has_new_tags(tiny_corpus: Path, tmp_path: Path) -> None:
    settings = Settings(index=str(tmp_path / "index"))
    tags = []
    for _ in range(2):
        build([tiny_corpus], settings, fresh=True)
        searcher = Searcher.open(settings)
        client = create_app(searcher, settings).test_client()
        tags.append([client.get(path).headers["ETag"] for path in CACHED])
        searcher.close()
    before, after = tags
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, False, False, False, True]


@pytest.mark.parametrize("path", ["/api/v1/search?q=x", "/healthz", "/readyz", "/metrics"])
def test_what_tells_of_this_moment_is_never_kept(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.headers["Cache-Control"] == "no-store"
    assert "ETag" not in response.headers
    assert client.get(path, headers={"If-None-Match": "*"}).status_code == 200


def test_pages_are_private_and_asked_for_each_time(client: FlaskClient) -> None:
    for path in ("/", "/?q=x", "/incidents", "/docs"):
        assert client.get(path).headers["Cache-Control"] == "no-cache, private"
