"""The slash command: signed by Slack and of this moment, answered at once or by the address that came with it."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.web import create_app
from rcasearch.web import slack as module
from rcasearch.web.pushing import Pushing
from tests.web.conftest import POOL_QUERY

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
RESPONSE_URL = "https://hooks.slack.com/commands/T0001/1/abc"


@pytest.fixture
def client(tiny_searcher: Searcher, tiny_index: Path, tmp_path: Path) -> Iterator[FlaskClient]:
    settings = Settings(index=str(tiny_index), slack_signing_secret=SECRET, push_queue=str(tmp_path / "push.sqlite"))
    app = create_app(tiny_searcher, settings)
    yield app.test_client()
    app.extensions["push"].stop()


def signed(body: bytes, at: float, secret: str = SECRET) -> dict[str, str]:
    timestamp = str(int(at))
    signature = "v0=" + hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}


def ask(client: FlaskClient, text: str, headers: dict[str, str] | None = None, response_url: str = RESPONSE_URL) -> Any:
    fields = {"command": "/precedent", "text": text, "response_url": response_url, "user_name": "ann", "trigger_id": "1.2"}
    body = urlencode(fields).encode()
    return client.post(
        "/api/v1/slack/command",
        data=body,
        content_type="application/x-www-form-urlencoded",
        headers=signed(body, time.time()) if headers is None else headers,
    )


def test_it_answers_at_once_and_only_to_who_asked(client: FlaskClient) -> None:
    answer = ask(client, POOL_QUERY)
    assert answer.status_code == 200
    told = answer.get_json()
    assert told["response_type"] == "ephemeral"
    assert told["blocks"][0]["text"]["text"].startswith("Strong precedent: ")


@pytest.mark.parametrize("text", ["", "  ", "help"])
def test_without_a_text_it_tells_how_to_ask(client: FlaskClient, text: str) -> None:
    assert "/precedent checkout" in ask(client, text).get_json()["text"]


def test_what_is_wrong_is_said_in_a_message_that_slack_shows(tmp_path: Path) -> None:
    settings = Settings(index=str(tmp_path / "none"), slack_signing_secret=SECRET, push_queue=str(tmp_path / "q"))
    answer = ask(create_app(None, settings).test_client(), POOL_QUERY)
    assert answer.status_code == 200
    assert "rcasearch index" in answer.get_json()["text"]


BODY = urlencode({"command": "/precedent", "text": "help", "response_url": RESPONSE_URL, "user_name": "ann", "trigger_id": "1.2"})


@pytest.mark.parametrize("age", [-301, 301, 86_400])
def test_a_request_that_is_not_of_this_moment_is_refused(client: FlaskClient, age: int) -> None:
    assert ask(client, "help", signed(BODY.encode(), time.time() - age)).status_code == 401


def test_a_wrong_signature_is_refused(client: FlaskClient) -> None:
    good = signed(BODY.encode(), time.time())
    assert ask(client, "help", {}).status_code == 401
    assert ask(client, "help", signed(BODY.encode(), time.time(), "other")).status_code == 401
    assert ask(client, "another text", good).status_code == 401
    for name, value in (("Signature", good["X-Slack-Signature"][3:]), ("Request-Timestamp", "now"), ("Request-Timestamp", "²")):
        assert ask(client, "help", {**good, f"X-Slack-{name}": value}).status_code == 401
    assert ask(client, "help", good).status_code == 200


def test_the_recipe_is_slacks_own() -> None:
    """The example of Slack's documentation."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
        b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
        b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d"
        b"2c447fce8b6703c"
    )
    signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    from rcasearch.web.signing import slack_holds

    assert slack_holds(signature, "1531420618", body, [SECRET], 1531420618.0)
    assert not slack_holds(signature, "1531420618", body + b"x", [SECRET], 1531420618.0)


def test_a_replay_is_refused(client: FlaskClient) -> None:
    headers = signed(BODY.encode(), time.time())
    assert ask(client, "help", headers).status_code == 200
    assert ask(client, "help", headers).status_code == 401


def test_without_a_secret_it_is_off(tiny_searcher: Searcher, tiny_index: Path) -> None:
    answer = ask(create_app(tiny_searcher, Settings(index=str(tiny_index))).test_client(), "help")
    assert (answer.status_code, answer.get_json()["code"]) == (403, "hook_off")


@pytest.fixture
def slow(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Searches wait until the event is set, and Slack would not."""
    go = threading.Event()
    searched = Searcher.search

    def search(*args: Any, **given: Any) -> Any:
        assert go.wait(30)
        return searched(*args, **given)

    # Of the class: what answers a channel is a view of the searcher, which is kept from one test to the next.
    monkeypatch.setattr(Searcher, "search", search)
    monkeypatch.setattr(module, "AT_ONCE_S", 0.01)
    return go


def test_what_takes_longer_comes_by_the_address_of_slack(client: FlaskClient, slow: threading.Event) -> None:
    assert ask(client, POOL_QUERY).get_json()["text"] == "Searching …"
    slow.set()
    push: Pushing = client.application.extensions["push"]
    push.searches.shutdown(wait=True)
    deadline = time.monotonic() + 30
    while not push.queue.messages():
        assert time.monotonic() < deadline
    [message] = push.queue.messages()
    assert (message.target, message.address) == ("slack-command", RESPONSE_URL)
    assert json.loads(message.answer)["headline"].startswith("Strong precedent")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://hooks.slack.com/commands/1",
        "https://hooks.slack.com.evil.example/x",
        "https://evil.example/hooks.slack.com",
        "https://user@hooks.slack.com/x",
        "https://hooks.slack.com:8443/x",
        "https://hooks.slack.com@evil.example/",
        "https://169.254.169.254/latest",
        "https://hooks.slack.com/\r\nX: y",
        "https://[",
    ],
)
def test_no_other_address_is_ever_used(client: FlaskClient, slow: threading.Event, url: str) -> None:
    assert "longer than Slack waits" in ask(client, POOL_QUERY, response_url=url).get_json()["text"]
    slow.set()
    push: Pushing = client.application.extensions["push"]
    push.searches.shutdown(wait=True)
    assert push.queue.messages() == []
