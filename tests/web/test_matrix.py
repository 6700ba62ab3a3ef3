"""Who may ask for what: every route there is, asked with every kind of token, in every state of the server.

The routes come from the table of the application and what is expected from the scope that each declares, so that a new route is
tested, and closed, without being named here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.tokens import ADMIN, SCOPES, TokenFile, secret
from rcasearch.tokens.upkeep import add
from rcasearch.web import create_app
from rcasearch.web.contract import PUBLIC, Operation, operation_of
from tests.web.test_errors import address, rules

NOW = datetime.now(UTC)
# Of those who hold no token that is in force.
NOBODY = ("none", "wrong", "expired", "revoked", "foreign")
HOLDERS = tuple(SCOPES)
REFUSED = (401, 403)


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each kind of caller sends, and the file that knows of it."""
    path = tmp_path_factory.mktemp("tokens") / "tokens.json"
    file = TokenFile(path)
    made = {scope: add(file, scope, (scope,), (), 1, NOW)[0] for scope in SCOPES}
    made["expired"] = add(file, "expired", tuple(SCOPES), (), 1, NOW - timedelta(days=2))[0]
    made["revoked"] = add(file, "revoked", tuple(SCOPES), (), 1, NOW)[0]
    file.change(lambda kept: [token for token in kept if token.name != "revoked"])
    return {**made, "none": "", "wrong": secret(), "foreign": "the-secret-of-a-proxy", "file": str(path)}


def made(searcher: Searcher, index: Path, tokens: dict[str, str], **settings: Any) -> Flask:
    # Whoever fails often is told so by another status, which has its own tests.
    app = create_app(searcher, Settings(index=str(index), tokens_file=tokens["file"], rate_limit=0, **settings))
    app.extensions["gate"]._shared.failures = app.extensions["gate"]._shared.requests
    return app


@pytest.fixture(scope="module", params=["auto", "nothing"])
def closed(request: pytest.FixtureRequest, tiny_searcher: Searcher, tiny_index: Path, tokens: dict[str, str]) -> Flask:
    return made(tiny_searcher, tiny_index, tokens, anonymous=request.param)


@pytest.fixture(scope="module")
def readable(tiny_searcher: Searcher, tiny_index: Path, tokens: dict[str, str]) -> Flask:
    return made(tiny_searcher, tiny_index, tokens, anonymous="read")


def declared(app: Flask, rule: Rule) -> Operation:
    operation = operation_of(app.view_functions[rule.endpoint])
    assert operation, f"{rule.rule}: say with @promises what it takes, answers and to whom"
    assert operation.scope in {PUBLIC, *SCOPES}, f"{rule.rule}: {operation.scope} is no scope"
    return operation


def path_of(rule: Rule) -> str:
    return address(rule).replace("/hooks/any", "/hooks/generic")


def asked(app: Flask, rule: Rule, token: str, how: str = "bearer") -> Iterator[tuple[str, TestResponse]]:
    """The answers to every method of a route, whoever asks by a header or by the cookie of the pages."""
    for method in sorted((rule.methods or set()) - {"OPTIONS"}):
        client = app.test_client()
        headers = {"Sec-Fetch-Site": "same-origin"}
        if token and how == "bearer":
            headers["Authorization"] = f"Bearer {token}"
        elif token:
            client.set_cookie("rcasearch", token)
        yield method, client.open(path_of(rule), method=method, headers=headers, buffered=True)


def expected(operation: Operation, who: str, anonymous: str = "nothing") -> bool:
    """Whether the route answers: derived from what it declares and from nothing else."""
    if operation.scope == PUBLIC or who == ADMIN or who == operation.scope:
        return True
    return anonymous == "read" and operation.scope == "read" and who in ("none", "foreign")


def assert_lets_in(operation: Operation, response: TestResponse, method: str) -> None:
    refusal = response.status_code in REFUSED and not (operation.scope == PUBLIC and method == "POST")
    assert not refusal, (response.status_code, response.text[:300])


def assert_keeps_out(response: TestResponse, who: str) -> None:
    """Refused in words that tell nothing of the index."""
    assert response.status_code == (403 if who in HOLDERS else response.status_code)
    assert response.status_code in REFUSED
    if response.status_code == 401:
        assert response.headers["WWW-Authenticate"] == "Bearer"
    for canary in ("checkout", "8 incidents", "indexed", "connection pool"):
        assert canary not in response.text
    assert "ETag" not in response.headers


@pytest.mark.parametrize("who", [*NOBODY, *HOLDERS])
@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.rule)
def test_a_closed_server_answers_who_holds_the_scope_and_nobody_else(
    closed: Flask, tokens: dict[str, str], rule: Rule, who: str
) -> None:
    operation = declared(closed, rule)
    how = "cookie" if closed.config["SETTINGS"].anonymous == "nothing" else "bearer"
    for method, response in asked(closed, rule, tokens[who], how):
        if expected(operation, who):
            assert_lets_in(operation, response, method)
        else:
            assert_keeps_out(response, who)


@pytest.mark.parametrize("who", [*NOBODY, *HOLDERS])
@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.rule)
def test_a_readable_server_answers_anybody_what_is_to_read(readable: Flask, tokens: dict[str, str], rule: Rule, who: str) -> None:
    operation = declared(readable, rule)
    for method, response in asked(readable, rule, tokens[who]):
        if expected(operation, who, "read"):
            assert_lets_in(operation, response, method)
        else:
            assert_keeps_out(response, who)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.rule)
def test_while_there_is_no_token_who_uses_this_machine_reads_all(tiny_searcher: Searcher, tiny_index: Path, rule: Rule) -> None:
    app = create_app(tiny_searcher, Settings(index=str(tiny_index)))
    operation = declared(app, rule)
    for method, response in asked(app, rule, ""):
        # Who sends alerts always proves who they are.
        if operation.scope in (PUBLIC, "read", "metrics"):
            assert_lets_in(operation, response, method)
        else:
            assert_keeps_out(response, "none")


def test_only_what_holds_nothing_is_for_everybody(closed: Flask) -> None:
    """Whoever makes another route public says so here as well."""
    public = {rule.rule for rule in rules() if declared(closed, rule).scope == PUBLIC}
    assert public == {"/healthz", "/readyz", "/sign-in", "/sign-out", "/static/<path:filename>"}
    proofs = {rule.rule for rule in rules() if declared(closed, rule).proof}
    assert proofs == {"/api/v1/hooks/<hook>", "/api/v1/slack/command"}


@pytest.mark.parametrize("path", ["/nope", "/api/v1/nope", "/incidents/..%2f..", "/API/v1/search", "//", "/metrics/"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "PROPFIND"])
def test_what_is_not_there_is_closed_too(closed: Flask, path: str, method: str) -> None:
    assert closed.test_client().open(path, method=method).status_code == 401


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.rule)
def test_no_other_method_is_a_way_in(closed: Flask, rule: Rule) -> None:
    if declared(closed, rule).scope == PUBLIC:
        return
    for method in ("PUT", "DELETE", "PATCH", "TRACE", "get", "É"):
        headers = {"X-HTTP-Method-Override": "GET", "X-Original-URL": "/healthz", "X-Rewrite-URL": "/healthz"}
        assert closed.test_client().open(address(rule), method=method, headers=headers).status_code == 401
    told = closed.test_client().options(address(rule))
    assert told.status_code in (200, 401)
    assert not told.data or told.status_code == 401
