"""Every error of every route has one shape: problem JSON for programs, the same words as a page for people."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from rcasearch.errors import IndexMismatchError, ModelError
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.web import create_app
from rcasearch.web.app import HEADERS
from rcasearch.web.failures import JSON_ROUTES

FIELDS = {"type", "title", "status", "detail", "code", "field", "hint"}


def rules() -> list[Rule]:
    """Every route there is: a new one is tested without being named here."""
    return sorted(create_app(None, Settings()).url_map.iter_rules(), key=lambda rule: rule.rule)


def address(rule: Rule) -> str:
    return re.sub(r"<(?:\w+:)?\w+>", "any", rule.rule)


def assert_error(response: TestResponse, path: str, status: int, code: str | None = None) -> str:
    """The shape of an error; its words are returned."""
    assert response.status_code == status
    for name, value in HEADERS.items():
        assert response.headers[name] == value
    if path.startswith(JSON_ROUTES):
        assert response.mimetype == "application/problem+json"
        body: dict[str, Any] = response.get_json()
        assert set(body) == FIELDS
        assert body["status"] == status
        assert body["detail"].endswith(".")
        assert code is None or body["code"] == code
        return f"{body['detail']} {body['hint']}"
    assert response.mimetype == "text/html"
    assert f"<p>{status} " not in response.text
    assert re.search(rf'<p class="status">{status} \w+', response.text)
    assert "Traceback" not in response.text
    return response.text


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.rule)
def test_unknown_parameters_are_an_error_that_names_them(client: FlaskClient, rule: Rule) -> None:
    method = "GET" if "GET" in (rule.methods or ()) else "POST"
    path = address(rule)
    response = client.open(
        path, method=method, query_string={"colour": "red", "q": "x"} if "search" in path else {"colour": "red"}
    )
    assert "colour" in assert_error(response, path, 400)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.rule)
def test_a_method_that_a_route_does_not_take_is_405_with_allow(client: FlaskClient, rule: Rule) -> None:
    path = address(rule)
    response = client.delete(path)
    assert_error(response, path, 405, "method_not_allowed")
    allowed = set(response.headers["Allow"].split(", "))
    assert (rule.methods or set()) <= allowed
    assert "DELETE" not in allowed


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.rule)
def test_a_query_string_that_is_not_utf8_is_an_error(client: FlaskClient, rule: Rule) -> None:
    path = address(rule)
    response = client.open(path, method="GET" if "GET" in (rule.methods or ()) else "POST", query_string="q=%ff%fe")
    assert "UTF-8" in assert_error(response, path, 400)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.rule)
def test_a_foreign_host_name_is_refused_on_a_loopback_server(client: FlaskClient, rule: Rule) -> None:
    path = address(rule)
    for host in ("evil.example", "evil.example:8080", "127.0.0.1.evil.example", "10.0.0.1:80", "[fe80::1]:80"):
        assert_error(client.open(path, headers={"Host": host}), path, 403, "host_not_allowed")


def test_a_form_on_another_site_cannot_make_this_server_work(client: FlaskClient) -> None:
    for path, body in (("/", {"data": {"q": "x"}}), ("/api/v1/search", {"json": {"text": "x"}})):
        refused = client.post(path, headers={"Sec-Fetch-Site": "cross-site"}, **body)
        assert_error(refused, path, 403, "cross_site")
        for site in ("same-origin", "same-site", "none"):
            assert client.post(path, headers={"Sec-Fetch-Site": site}, **body).status_code in (200, 303)
    assert client.get("/?q=x", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200, "a link in a chat or a wiki"


def test_every_request_is_one_line_of_the_log_without_what_was_asked(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "rcasearch.web"):
        response = client.get("/nope%0aforged?q=hunter2")
        client.post("/", data={"q": "hunter2"})
        client.get("/?q=hunter2")
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 3
    request_id = response.headers["X-Request-Id"]
    assert re.fullmatch(rf"{request_id} GET 'none' 404 \d+ ms", lines[0])
    assert re.fullmatch(r"\w{12} POST '/' 303 \d+ ms", lines[1])
    assert "hunter2" not in "".join(lines)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "127.1.2.3", "[::1]", "[::1]:8080"])
def test_the_names_of_this_machine_are_welcome(client: FlaskClient, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_a_server_for_the_network_takes_any_host_name(tiny_searcher: Searcher, web_settings: Settings) -> None:
    app = create_app(tiny_searcher, Settings(index=web_settings.index, host="0.0.0.0"))
    assert app.test_client().get("/healthz", headers={"Host": "rca.example"}).status_code == 200


@pytest.mark.parametrize(
    "path", ["/nope", "/api/nope", "/api/v1/incidents/no-such-incident", "/incidents/no-such-incident", "/static/no.js"]
)
def test_what_is_not_there_is_404(client: FlaskClient, path: str) -> None:
    assert_error(client.get(path), path, 404, "not_found")


NO_INDEX = [
    "/",
    "/?q=x",
    "/incidents",
    "/incidents/x",
    "/about",
    "/readyz",
    "/api/v1/search?q=x",
    "/api/v1/incidents",
    "/api/v1/incidents/x",
]


@pytest.mark.parametrize("path", NO_INDEX)
def test_without_an_index_every_answer_says_which_command_makes_one(no_index: FlaskClient, path: str) -> None:
    response = no_index.get(path)
    assert "rcasearch index" in assert_error(response, path, 503, "index_missing")
    assert response.headers["Retry-After"] == "5"


@pytest.mark.parametrize("path", NO_INDEX)
@pytest.mark.parametrize(
    "error", [IndexMismatchError("The index is of another model.", "Index again."), ModelError("No model.", "Name one.")]
)
def test_an_index_that_cannot_be_opened_is_503(monkeypatch: pytest.MonkeyPatch, path: str, error: Exception) -> None:
    def refuse(settings: Settings) -> Searcher:
        raise error

    monkeypatch.setattr(Searcher, "open", refuse)
    response = create_app(None, Settings()).test_client().get(path)
    assert_error(response, path, 503)


class Broken:
    """A searcher with a fault in everything it does."""

    settings = Settings()

    def __getattr__(self, name: str) -> Any:
        raise ZeroDivisionError("secret detail of the fault")


@pytest.mark.parametrize("path", NO_INDEX)
def test_a_fault_is_500_with_a_request_id_and_without_a_traceback(caplog: pytest.LogCaptureFixture, path: str) -> None:
    broken: Any = Broken()
    client = create_app(broken, Settings()).test_client()
    with caplog.at_level(logging.ERROR, "rcasearch.web"):
        response = client.get(path)
    words = assert_error(response, path, 500, "internal_error")
    request_id = response.headers["X-Request-Id"]
    assert request_id in words
    assert "ZeroDivisionError" not in response.text
    assert "secret" not in response.text
    assert any(request_id in record.getMessage() and record.exc_info for record in caplog.records)


def test_a_fault_in_the_error_page_still_gives_an_error(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr("rcasearch.web.failures.render_template", fail)
    response = app.test_client().get("/nope")
    assert response.status_code == 404
    assert response.mimetype == "application/problem+json"


@pytest.mark.parametrize("path", ["/api/v1/search", "/"])
def test_a_body_over_the_limit_is_413(client: FlaskClient, web_settings: Settings, path: str) -> None:
    kind = "application/json" if path.startswith("/api") else "application/x-www-form-urlencoded"
    response = client.post(path, data=b"q=" + b"x" * web_settings.max_body_bytes, content_type=kind)
    assert f"{web_settings.max_body_bytes:,} bytes" in assert_error(response, path, 413, "body_too_large")


@pytest.mark.parametrize("path", ["/api/v1/search", "/"])
@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "", "image/png; x=y"])
def test_a_body_of_another_type_is_415(client: FlaskClient, path: str, kind: str) -> None:
    assert_error(client.post(path, data=b'{"text": "x"}', content_type=kind), path, 415, "unsupported_media_type")


BAD_BODIES = {
    "empty": (b"", "empty"),
    "blank": (b" \n", "empty"),
    "no JSON": (b"{text: 1}", "not JSON"),
    "cut off": (b'{"text": "x', "not JSON"),
    "list": (b'["text"]', "not an object"),
    "null": (b"null", "not an object"),
    "a name twice": (b'{"text": "a", "text": "b"}', "stands twice"),
    "NaN": (b'{"text": "a", "limit": NaN}', "NaN"),
    "Infinity": (b'{"text": "a", "limit": -Infinity}', "Infinity"),
    "not UTF-8": (b'{"text": "\xff"}', "UTF-8"),
    "half a surrogate pair": (b'{"text": "a", "service": "\\ud800"}', "surrogate"),
    "deep": (b'{"text": ' + b"[" * 30_000 + b"]" * 30_000 + b"}", "nested"),
    "huge number": (b'{"text": "a", "limit": ' + b"9" * 9_000 + b"}", "JSON"),
    "overflow": (b'{"text": "a", "limit": 1e999}', "limit"),
    "float": (b'{"text": "a", "limit": 2.5}', "limit"),
    "boolean": (b'{"text": "a", "limit": true}', "limit"),
    "zero": (b'{"text": "a", "limit": 0}', "limit"),
    "text is a number": (b'{"text": 5}', "text"),
    "text is an object": (b'{"text": {"a": 1}}', "text"),
    "text is blank": (b'{"text": "  "}', "text"),
    "no text": (b'{"limit": 3}', "text"),
    "service is nested": (b'{"text": "a", "service": [["b"]]}', "service"),
    "service is an object": (b'{"text": "a", "service": {"b": 1}}', "service"),
    "date that is none": (b'{"text": "a", "since": "yesterday"}', "since"),
    "dates the wrong way round": (b'{"text": "a", "since": "2025", "until": "2024"}', "since"),
    "unknown": (b'{"text": "a", "fuzzy": 1}', "fuzzy"),
    "text twice": (b'{"text": "a", "q": "b"}', "text"),
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_body_that_cannot_be_used_is_400_and_says_why(client: FlaskClient, name: str) -> None:
    body, word = BAD_BODIES[name]
    response = client.post("/api/v1/search", data=body, content_type="application/json")
    assert word in assert_error(response, "/api/v1/search", 400, "invalid_query")


def test_the_field_at_fault_is_named(client: FlaskClient) -> None:
    assert client.get("/api/v1/search?q=x&limit=many").get_json()["field"] == "limit"
    assert client.get("/api/v1/incidents?offset=-1").get_json()["field"] == "offset"
    assert client.get("/api/v1/incidents/x/similar?since=never").get_json()["field"] == "since"


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/v1/search?q=x&q=y", "text"),
        ("/api/v1/search?q=x&limit=2&k=3&limit=4", "text"),
        ("/api/v1/incidents?limit=2&limit=3", "limit"),
        ("/api/v1/incidents/any/similar?k=2&k=3", "limit"),
        ("/?q=x&since=2024&since=2025", "since"),
        ("/?z=x&z=y", "z"),
        ("/incidents/any?lines=1-2&lines=3-4", "lines"),
    ],
)
def test_a_parameter_given_twice_is_an_error_that_says_so(client: FlaskClient, path: str, field: str) -> None:
    words = assert_error(client.get(path), path, 400)
    assert f"{field} is given twice." in words or "under two names" in words


def test_every_surface_words_an_unknown_parameter_alike(client: FlaskClient) -> None:
    for path in (
        "/api/v1/search?q=x&colour=1",
        "/api/v1/incidents?colour=1",
        "/api/v1/incidents/any?colour=1",
        "/readyz?colour=1",
    ):
        body = client.get(path).get_json()
        assert (body["detail"], body["field"]) == ("Unknown parameter: colour.", "colour")
        assert body["hint"].startswith("Known parameters: ") or "no parameters here" in body["hint"]


def test_a_post_with_parameters_in_its_address_is_told_where_they_belong(client: FlaskClient) -> None:
    response = client.post("/api/v1/search?limit=3", json={"text": "x"})
    assert "body" in assert_error(response, "/api/v1/search", 400)


def test_a_page_shows_what_is_wrong_beside_what_was_asked(client: FlaskClient) -> None:
    page = client.get("/?q=slow+checkout&service=checkout&since=never")
    assert_error(page, "/", 400)
    assert "slow checkout</textarea>" in page.text
    assert 'value="service:checkout"' in page.text


def test_errors_escape_what_they_quote(client: FlaskClient) -> None:
    for path in ("/%3Cscript%3Ealert(1)%3C/script%3E", "/?q=x&since=<script>alert(1)</script>", "/?<script>=1"):
        response = client.get(path)
        assert response.status_code in (400, 404)
        assert "<script>alert" not in response.text
        assert "<script>=" not in response.text
