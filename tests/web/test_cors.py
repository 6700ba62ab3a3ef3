"""Pages of other origins: refused unless named, and never with credentials."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from rcasearch.errors import SettingsError
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.web import create_app

STATUS = "https://status.example.com"
OTHER = "https://evil.example"


@pytest.fixture(scope="module")
def open_client(tiny_searcher: Searcher) -> FlaskClient:
    settings = Settings(index=tiny_searcher.settings.index, cors_origins=f"{STATUS}:443 HTTP://Wiki.Example:8080/")
    return create_app(tiny_searcher, settings).test_client()


def preflight(client: FlaskClient, path: str, origin: str, method: str = "POST") -> dict[str, str]:
    headers = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "content-type"}
    response = client.options(path, headers=headers)
    assert response.status_code == 200
    return {name: value for name, value in response.headers.items() if name.startswith(("Access-", "Vary"))}


def test_by_default_no_origin_is_told_anything(client: FlaskClient) -> None:
    for path in ("/api/v1/search?q=x", "/api/v1/incidents", "/openapi.json", "/"):
        response = client.get(path, headers={"Origin": STATUS})
        assert not [name for name, _ in response.headers if name.startswith("Access-Control")]
    assert preflight(client, "/api/v1/search", STATUS) == {}


def test_a_preflight_is_answered_for_origins_that_are_named(open_client: FlaskClient) -> None:
    for origin in (STATUS, "http://wiki.example:8080"):
        told = preflight(open_client, "/api/v1/search", origin)
        assert told["Access-Control-Allow-Origin"] == origin
        assert set(told["Access-Control-Allow-Methods"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
        assert "content-type" in told["Access-Control-Allow-Headers"].lower()
        assert told["Vary"] == "Origin"
        assert "Access-Control-Allow-Credentials" not in told
    assert set(preflight(open_client, "/api/v1/search/batch", STATUS)["Access-Control-Allow-Methods"].split(", ")) == {
        "OPTIONS",
        "POST",
    }


@pytest.mark.parametrize(
    "origin", [OTHER, "null", "", "https://status.example.com.evil.example", STATUS + ":444", "http" + STATUS[5:]]
)
def test_other_origins_are_told_nothing(open_client: FlaskClient, origin: str) -> None:
    assert preflight(open_client, "/api/v1/search", origin) == {"Vary": "Origin"}
    response = open_client.get("/api/v1/incidents", headers={"Origin": origin})
    assert "origin" in response.vary
    assert "Access-Control-Allow-Origin" not in response.headers


def test_an_answer_can_be_read_with_its_headers(open_client: FlaskClient) -> None:
    for path, status in (
        ("/api/v1/incidents", 200),
        ("/openapi.json", 200),
        ("/api/v1/incidents/none", 404),
        ("/api/v1/search", 400),
    ):
        response = open_client.get(path, headers={"Origin": STATUS})
        assert response.status_code == status
        assert response.headers["Access-Control-Allow-Origin"] == STATUS
        assert "ETag" in response.headers["Access-Control-Expose-Headers"]
        assert "Access-Control-Allow-Credentials" not in response.headers
    assert "origin" in open_client.get("/api/v1/incidents").vary, "a cache must not give one's answer to another"


def test_pages_and_metrics_stay_closed(open_client: FlaskClient) -> None:
    for path in ("/", "/incidents", "/metrics", "/readyz"):
        assert "Access-Control-Allow-Origin" not in open_client.get(path, headers={"Origin": STATUS}).headers


def test_a_post_from_another_site_is_answered_for_origins_that_are_named(open_client: FlaskClient) -> None:
    crossing = {"Sec-Fetch-Site": "cross-site"}
    allowed = open_client.post("/api/v1/search", json={"text": "x"}, headers={"Origin": STATUS, **crossing})
    assert allowed.status_code == 200
    for headers in ({"Origin": OTHER}, {}):
        assert open_client.post("/api/v1/search", json={"text": "x"}, headers={**headers, **crossing}).status_code == 403
    page = open_client.post("/", data={"q": "x"}, headers={"Origin": STATUS, **crossing})
    assert page.status_code == 403


@pytest.mark.parametrize(
    "word",
    ["*", "null", "status.example.com", "https://", "https://a/b", "https://a@b", "file:///x", "https://a:x", "https://*.a"],
)
def test_what_is_no_origin_is_named(word: str) -> None:
    with pytest.raises(SettingsError, match="which is no web origin") as caught:
        create_app(None, Settings(cors_origins=f"{STATUS} {word}"))
    assert repr(word) in caught.value.message
    assert caught.value.field == "cors_origins"
