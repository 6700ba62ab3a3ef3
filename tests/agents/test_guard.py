"""Who may ask over HTTP: programs by a local name, and no web page unless the settings name its origin."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from rcasearch.agents.guard import Guard, asking
from rcasearch.agents.server import PATH, Desk, make_server
from rcasearch.errors import SettingsError
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.tokens import SCOPES, TokenFile, secret
from rcasearch.tokens.upkeep import add
from rcasearch.web.gate import FAILURES_A_MINUTE


def ask(settings: Settings, **headers: str) -> tuple[int, dict[str, Any]]:
    """The status that the guard lets through, 200 for the application behind it, and the problem."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is read before the headers are looked at")

    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    asyncio.run(Guard(app, settings)({"type": "http", "headers": raw}, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"]) if len(sent) > 1 else {}


LOCAL = Settings()
OPEN = Settings(host="0.0.0.0", anonymous="read", cors_origins="https://status.example.com")


@pytest.mark.parametrize("host", ["127.0.0.1:8081", "localhost:8081", "LOCALHOST", "[::1]:8081", "127.0.0.2"])
def test_a_local_name_may_ask(host: str) -> None:
    assert ask(LOCAL, Host=host)[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8081", "", "localhost.evil.example", "[::1", "10.0.0.1"])
def test_a_foreign_name_of_a_local_server_is_refused(host: str) -> None:
    status, problem = ask(LOCAL, Host=host)
    assert (status, problem["code"]) == (403, "host_not_allowed")


def test_a_server_for_others_answers_by_any_name() -> None:
    assert ask(OPEN, Host="mcp.example.com")[0] == 200


@pytest.mark.parametrize(
    ("settings", "origin", "status"),
    [
        (LOCAL, "http://localhost:6274", 200),
        (LOCAL, "https://evil.example", 403),
        (LOCAL, "null", 403),
        (LOCAL, "", 403),
        (OPEN, "https://status.example.com", 200),
        (OPEN, "http://localhost:6274", 403),
        (OPEN, "https://evil.example", 403),
    ],
)
def test_a_web_page_is_refused_unless_its_origin_is_known(settings: Settings, origin: str, status: int) -> None:
    found, problem = ask(settings, Host="127.0.0.1:8081", Origin=origin)
    assert found == status
    assert problem.get("code", "cross_site") == "cross_site"


def test_an_origin_that_is_none_is_told_at_once() -> None:
    with pytest.raises(SettingsError, match="no web origin"):
        ask(Settings(cors_origins="status"))


# --- tokens ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def made(tmp_path: Path) -> dict[str, str]:
    """A token of each scope, and the file that knows of them."""
    file, now = TokenFile(tmp_path / "tokens.json"), datetime.now(UTC)
    tokens = {scope: add(file, scope, (scope,), (), 1, now)[0] for scope in SCOPES}
    return {**tokens, "labelled": add(file, "labelled", ("read",), ("security",), 1, now)[0], "file": str(file.path)}


@pytest.mark.parametrize("settings", [{}, {"anonymous": "nothing"}, {"host": "0.0.0.0"}])
def test_with_tokens_made_only_who_may_read_is_answered(made: dict[str, str], settings: dict[str, Any]) -> None:
    closed, host = Settings(tokens_file=made["file"], **settings), "127.0.0.1:8081"
    told = {who: ask(closed, Host=host, Authorization=f"Bearer {made[who]}")[0] for who in SCOPES}
    assert told == {"read": 200, "ingest": 403, "metrics": 403, "admin": 200}
    status, problem = ask(closed, Host=host)
    assert (status, problem["code"]) == (401, "token_needed")
    status, problem = ask(closed, Host=host, Authorization=f"Bearer {secret()}")
    assert (status, problem["code"]) == (401, "token_unknown")
    assert ask(closed, Host=host, Cookie=f"rcasearch={made['read']}")[0] == 401


def test_what_a_proxy_passed_on_is_not_of_this_machine() -> None:
    assert ask(LOCAL, Host="127.0.0.1", **{"X-Forwarded-For": "192.0.2.1"})[0] == 401
    assert ask(Settings(proxies=1), Host="127.0.0.1")[0] == 401


def test_anybody_may_read_where_the_settings_say_so() -> None:
    assert ask(Settings(anonymous="read"), Host="127.0.0.1", **{"X-Forwarded-For": "192.0.2.1"})[0] == 200


def sent(settings: Settings, searcher: Searcher | None, tokens: list[str | None]) -> tuple[list[httpx2.Response], list[str]]:
    """The answers to one call for each token, all at once, and who asked as the tools were told."""
    seen: list[str] = []

    def clearance() -> Any:
        seen.append(f"{asking().name}:{','.join(sorted(asking().clearance.labels))}")
        return asking().clearance

    app = make_server(Desk(settings, searcher), settings, clearance).streamable_http_app(
        streamable_http_path=PATH, json_response=True, stateless_http=True
    )
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    body["params"] = {"name": "get_incident", "arguments": {"id": "no-such-incident"}}

    async def one(client: httpx2.AsyncClient, token: str | None) -> httpx2.Response:
        headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}
        return await client.post(PATH, json=body, headers=headers | ({"Authorization": f"Bearer {token}"} if token else {}))

    async def run() -> list[httpx2.Response]:
        transport = httpx2.ASGITransport(Guard(app, settings))
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8081") as client,
        ):
            return await asyncio.gather(*(one(client, token) for token in tokens))

    return asyncio.run(run()), seen


def test_each_of_many_calls_at_once_is_answered_for_who_sent_it(
    tiny_searcher: Searcher, tiny_index: Path, made: dict[str, str]
) -> None:
    settings = Settings(index=str(tiny_index), tokens_file=made["file"])
    answers, seen = sent(settings, tiny_searcher, [made["read"], made["labelled"], made["admin"], None, made["ingest"]] * 4)
    assert [answer.status_code for answer in answers] == [200, 200, 200, 401, 403] * 4
    assert sorted(seen) == sorted(["read:", "labelled:security", "admin:*"] * 4)
    assert asking().clearance.labels == frozenset()


def test_wrong_tokens_and_many_calls_are_told_to_wait(made: dict[str, str]) -> None:
    settings = Settings(tokens_file=made["file"], rate_limit=2)
    answers, _ = sent(settings, None, [secret()] * (FAILURES_A_MINUTE + 1))
    assert sorted(answer.status_code for answer in answers) == [401] * FAILURES_A_MINUTE + [429]
    answers, _ = sent(settings, None, [made["read"]] * 3)
    assert sorted(answer.status_code for answer in answers) == [200, 200, 429]
    late = next(answer for answer in answers if answer.status_code == 429)
    assert int(late.headers["Retry-After"]) >= 1
    assert late.json()["code"] == "too_many_requests"
