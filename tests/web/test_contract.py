"""Every route keeps what the API's document promises: asked with data that fits the document, and with data that does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as bounded
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator
from schemathesis import GenerationMode
from schemathesis.checks import negative_data_rejection, positive_data_acceptance

from rcasearch.errors import InvalidQueryError
from rcasearch.push.targets import HOOKS
from rcasearch.query import QUERY_KEYS, parse_filters, parse_query
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.tokens import ADMIN, TokenFile
from rcasearch.tokens.upkeep import add
from rcasearch.web import create_app
from rcasearch.web.contract import PUBLIC, operation_of
from rcasearch.web.failures import JSON_ROUTES
from rcasearch.web.openapi import document, path_of
from rcasearch.web.parameters import search_body

EXAMPLES = 8
SEARCH, BATCH = "/api/v1/search", "/api/v1/search/batch"
MOST = 30
# A person is led to the page where they sign in.
TURNED_AWAY = (401, 403, 302, 303)
BODY = search_body(Settings(max_query_chars=MOST))
VALIDATOR = Draft202012Validator(BODY)
DOCUMENT = document(create_app(None, Settings()), Settings(), pages=True)
ROUTES = [(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods]


def can_be_wrong(path: str, method: str) -> bool:
    """Whether it is easy to think of requests that do not fit the document: all that a form holds is text."""
    operation = DOCUMENT["paths"][path][method]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return body is not None or any(parameter["in"] == "query" for parameter in operation["parameters"])


@pytest.fixture(scope="module")
def small(tiny_searcher: Searcher, tiny_index: Path) -> Flask:
    """An app whose limits are soon reached."""
    given: dict[str, Any] = {"max_query_chars": MOST, "max_batch": 3, "max_body_bytes": 65_536, "hook_open": " ".join(HOOKS)}
    return create_app(tiny_searcher, Settings(index=str(tiny_index), **given))


@pytest.fixture(scope="module")
def routes(small: Flask) -> Any:
    """The document of all routes, pages too, with its shapes closed: what it does not tell of may not be answered."""
    told = document(small, small.config["SETTINGS"], pages=True)
    for shape in told["components"]["schemas"].values():
        shape.setdefault("additionalProperties", False)
    loaded = schemathesis.openapi.from_dict(json.loads(json.dumps(told)))
    loaded.app = small
    return loaded


@pytest.fixture(scope="module")
def guarded(tiny_searcher: Searcher, tiny_index: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, str]:
    """The same of an app that answers nobody without a token, and a token for all of it."""
    file = tmp_path_factory.mktemp("tokens") / "tokens.json"
    token = add(TokenFile(file), "all", (ADMIN,), (), 1, datetime.now(UTC))[0]
    given: dict[str, Any] = {"max_query_chars": MOST, "max_batch": 3, "max_body_bytes": 65_536, "hook_open": ""}
    app = create_app(
        tiny_searcher, Settings(index=str(tiny_index), tokens_file=str(file), anonymous="nothing", rate_limit=0, **given)
    )
    # Whoever fails often is told so by another status, which has its own tests.
    app.extensions["gate"]._shared.failures = app.extensions["gate"]._shared.requests
    loaded = schemathesis.openapi.from_dict(json.loads(json.dumps(document(app, app.config["SETTINGS"], pages=True))))
    loaded.app = app
    return loaded, token


def ask(case: Any, **headers: str) -> None:
    """Send a request, and compare status, headers and body of the answer with the document."""
    # Browsers tell this of the forms of our own pages.
    response = case.call_and_validate(headers={"Sec-Fetch-Site": "same-origin", **headers}, excluded_checks=list(excluded(case)))
    if case.path == BATCH and case.method == "POST" and response.status_code == 200:
        assert all(item["problem"] is None or item["problem"]["status"] == 400 for item in response.json()["results"])


def excluded(case: Any) -> Iterator[Any]:
    """What cannot be asked of a request."""
    # Pages forgive what browsers send; a query of a batch that is wrong has its problem within the answer.
    if "pages" in case.operation.definition.raw["tags"] or case.path == BATCH:
        yield negative_data_rejection
    # Nobody can tell from outside in which JSON a field speaks.
    if (case.path, case.method) == (SEARCH, "POST"):
        yield negative_data_rejection
        if case.query or not VALIDATOR.is_valid(case.body if isinstance(case.body, dict) else None):
            yield positive_data_acceptance


def possible(body: Any) -> bool:
    """Whether dates make sense together and are in the calendar, which no schema can tell."""
    if not isinstance(body, dict):
        return True
    queries = body["queries"] if isinstance(body.get("queries"), list) else [body]
    dates = (
        {name: value for name, value in query.items() if name in ("since", "until")}
        for query in queries
        if isinstance(query, dict)
    )
    return all(accepted(lambda given=given: parse_filters(given)) for given in dates)


def accepted(parse: Any) -> bool:
    try:
        parse()
    except InvalidQueryError:
        return False
    return True


def fits(case: Any, mode: GenerationMode) -> bool:
    return mode is GenerationMode.NEGATIVE or possible(case.body if isinstance(case.body, dict) else case.query)


@pytest.mark.parametrize(("path", "method"), ROUTES)
def test_at_the_bounds_of_every_parameter(routes: Any, path: str, method: str) -> None:
    """The least, the most, one less, one more, another type, another method, a name twice, a name unknown."""
    operation = routes[path][method]
    config = routes.config.generation_for(operation=operation)
    asked = 0
    for case in routes.iter_coverage_cases(operation, generation_modes=list(GenerationMode), generation_config=config):
        if fits(case, case.meta.generation.mode):
            ask(case)
            asked += 1
    assert asked > 5


@pytest.mark.parametrize(
    ("path", "method", "mode"),
    [(*route, GenerationMode.POSITIVE) for route in ROUTES]
    + [(*route, GenerationMode.NEGATIVE) for route in ROUTES if can_be_wrong(*route)],
)
def test_with_any_data(routes: Any, path: str, method: str, mode: GenerationMode) -> None:
    operation = routes[path][method]

    @given(operation.as_strategy(generation_mode=mode))
    @bounded(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    def asked(case: Any) -> None:
        if fits(case, mode):
            ask(case)

    asked()


@pytest.mark.parametrize(("path", "method"), ROUTES)
def test_with_any_data_asked_with_a_token_and_without(guarded: Any, path: str, method: str) -> None:
    """Who holds a token is answered as promised, anybody else is turned away, whatever is sent."""
    schema, token = guarded
    operation = schema[path][method]
    promised = operation_of(schema.app.view_functions[_endpoint(schema.app, path)])
    closed = promised is None or promised.scope != PUBLIC

    @given(operation.as_strategy())
    @bounded(max_examples=1, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    def asked(case: Any) -> None:
        if possible(case.body if isinstance(case.body, dict) else case.query):
            ask(case, Authorization=f"Bearer {token}")
        answer = case.call(headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code in TURNED_AWAY or not closed

    asked()


def _endpoint(app: Flask, path: str) -> str:
    return str(next(rule.endpoint for rule in app.url_map.iter_rules() if path_of(rule) == path))


def test_every_route_promises_something_and_only_pages_are_left_out(small: Flask) -> None:
    served = small.test_client().get("/openapi.json").get_json()["paths"]
    for rule in small.url_map.iter_rules():
        assert operation_of(small.view_functions[rule.endpoint]), f"{rule.rule}: say with @promises what it takes and answers"
        assert (path_of(rule) in served) == rule.rule.startswith(JSON_ROUTES)


# --- the document and the validator -----------------------------------------------------------------------------------

_day = st.from_regex(r"\A[0-9]{4}(-[0-9]{1,2}){0,2}\Z") | st.from_regex(r"\A[0-9]{1,5}[dwmyh]\Z")
_words = st.text(st.characters(codec="utf-8"), max_size=4)
_lists = st.lists(_words | st.integers(), max_size=2) | st.lists(st.just("a"), min_size=49, max_size=52)
_read = st.sampled_from(["source:json", "service:a", "signature:HTTP 503", "concept:", "service", "colour:red"]) | _words
_values = {
    "text": _words | st.text("ab \0\t", min_size=28, max_size=33) | st.text(" \0\n\x1f\u3000", max_size=3),
    "limit": st.integers(-1, 102) | st.sampled_from([1.0, 2.5, 1e300]),
    **dict.fromkeys(("service", "severity", "tag", "status"), _words | _lists),
    "ignore": _read | st.lists(_read, max_size=3),
    **dict.fromkeys(("since", "until"), _day | st.just("")),
}
_any = (
    st.none() | st.booleans() | st.integers() | st.dictionaries(_words, _words, max_size=1) | st.lists(st.integers(), max_size=2)
)


def bodies() -> st.SearchStrategy[dict[str, Any]]:
    """Bodies that are nearly right: each value fits, or is of its kind, or is anything."""
    optional: dict[str, Any] = {name: st.one_of(values, _any) for name, values in _values.items()}
    return st.fixed_dictionaries({}, optional={**optional, "colour": _words})


@given(bodies())
@bounded(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_document_and_the_validator_agree_on_every_body(body: dict[str, Any]) -> None:
    told = VALIDATOR.is_valid(body) and possible(body)
    assert accepted(lambda: parse_query(body, Settings(max_query_chars=MOST))) == told


@pytest.mark.parametrize("body", [{"q": "x"}, {"text": "x", "k": 3}, {"text": "x", "limit": " 3 "}, {"text": "x", "limit": ""}])
def test_what_the_validator_takes_besides(body: dict[str, Any]) -> None:
    assert accepted(lambda: parse_query(body, Settings()))


def test_the_document_tells_of_every_parameter_and_of_no_other() -> None:
    assert set(BODY["properties"]) == set(QUERY_KEYS)


# --- what no document foresees ------------------------------------------------------------------------------------------

HOSTILE = [
    {"Content-Type": "application/json; charset=\"'"},
    {"Content-Type": "multipart/form-data; boundary="},
    {"Content-Type": "application/json" + ";a=b" * 500},
    {"Content-Type": "\t"},
    {"Accept": "application/openmetrics-text; version=abc, text/plain; version=;;", "Accept-Encoding": "br;q=x"},
    {"If-None-Match": '"' * 999, "If-Match": "*", "If-Modified-Since": "never", "If-Range": "x"},
    {"Range": "bytes=9-1,-", "Expect": "200-maybe"},
    {"X-Request-Id": "a" * 9_999, "traceparent": "00-" + "0" * 999},
    {"X-Request-Id": "a b", "traceparent": "ff-" + "a" * 32 + "-" + "b" * 16 + "-01", "tracestate": "=,="},
    {"Origin": "null", "Access-Control-Request-Method": "\x7f", "Access-Control-Request-Headers": "*, *"},
    {"Cookie": "session=\"; a=b; ;", "Authorization": "Basic %%%"},
    {"X-Forwarded-For": "::1, x", "X-Forwarded-Host": "evil.example", "Forwarded": "for=\"_x\";;"},
    {"Transfer-Encoding": "identity", "Upgrade": "websocket", "Connection": "Upgrade"},
    {"X-HTTP-Method-Override": "DELETE"},
]  # fmt: skip


def requests() -> Iterator[tuple[str, str]]:
    for path in (SEARCH, BATCH, "/api/v1/incidents", "/api/v1/incidents/x", "/openapi.json", "/metrics", "/", "/docs"):
        for method in ("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "TRACE", "PROPFIND", "get", "É", "G ET"):
            yield path, method


@pytest.mark.parametrize("headers", HOSTILE, ids=lambda headers: next(iter(headers)))
def test_hostile_headers_and_methods_never_break_it(small: Flask, headers: dict[str, str]) -> None:
    client = small.test_client()
    for path, method in requests():
        response = client.open(path, method=method, headers=headers, data=b'{"text": "x"}' if method == "POST" else None)
        assert response.status_code < 500
        assert len(response.headers["X-Request-Id"]) <= 128
        assert "evil" not in response.text
