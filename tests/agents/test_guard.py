"""Who may ask over HTTP: programs by a local name, and no web page unless the settings name its origin."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from rcasearch.agents.guard import Guard
from rcasearch.errors import SettingsError
from rcasearch.settings import Settings


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
