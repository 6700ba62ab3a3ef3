"""A word that nobody may see, sent through every door of the server: it is in no log, no metric and no answer to anybody else."""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from rcasearch.errors import RcaSearchError
from rcasearch.push.targets import targets_of
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.web import create_app, logs
from rcasearch.web.logs import JsonFormatter, TextFormatter
from tests.web.test_errors import address, rules

CANARY = "canary7x9q"
SECRET_SETTINGS: dict[str, Any] = {
    "hook_token": f"{CANARY}-hook",
    "pagerduty_secret": f"{CANARY}-pd",
    "slack_signing_secret": f"{CANARY}-slack",
    "push": json.dumps(
        [
            {"kind": "slack", "url": f"https://hooks.slack.com/services/T0/B0/{CANARY}"},
            {"kind": "webhook", "url": f"https://x.example/{CANARY}?k={CANARY}", "headers": {"X-Key": CANARY}},
            {"kind": "pagerduty", "token": CANARY, "from": "a@example.com"},
        ]
    ),
}
DOORS: dict[str, dict[str, Any]] = {
    "query": {"query_string": {"q": CANARY, "text": CANARY, "service": CANARY, "since": CANARY, CANARY: CANARY}},
    "header": {"headers": {"X-Key": CANARY, "User-Agent": CANARY, "Referer": f"http://x/{CANARY}", "Accept": f"{CANARY}/x"}},
    "odd header": {"headers": {"traceparent": CANARY, "X-Forwarded-For": CANARY, "Sec-Fetch-Site": CANARY, "Origin": CANARY}},
    "cookie": {"headers": {"Cookie": f"session={CANARY}; __Host-session={CANARY}; {CANARY}=1"}},
    "bearer": {"headers": {"Authorization": f"Bearer {CANARY}"}},
    "token": {"headers": {"Authorization": f"Bearer rcas_{CANARY}"}},
    "basic": {"headers": {"Authorization": f"Basic {CANARY}"}},
    "signature": {"headers": {"X-PagerDuty-Signature": f"v1={CANARY}", "X-Slack-Signature": f"v0={CANARY}"}},
    "JSON": {"json": {"text": CANARY, "limit": CANARY, "queries": [{"text": CANARY}], CANARY: {CANARY: [CANARY]}}},
    "no JSON": {"data": f"{{{CANARY}", "content_type": "application/json"},
    "form": {"data": {"q": CANARY, "token": CANARY, "next": f"//{CANARY}", CANARY: CANARY}},
    "type": {"data": b"x", "content_type": f"{CANARY}/x; charset={CANARY}"},
}
# What a caller sends in these is nothing that an answer repeats, not even to the same caller.
NEVER_REPEATED = ("header", "cookie", "bearer", "token", "basic", "signature")


@pytest.fixture
def written() -> Iterator[list[io.StringIO]]:
    """All that is logged, by anybody at any level, as text and as JSON."""
    root = logging.getLogger()
    level, streams, handlers = root.level, [], []
    for formatter in (JsonFormatter(), TextFormatter("%(levelname)s %(name)s %(message)s")):
        streams.append(io.StringIO())
        handlers.append(logging.StreamHandler(streams[-1]))
        handlers[-1].setFormatter(formatter)
        root.addHandler(handlers[-1])
    root.setLevel(logging.INFO)
    logging.getLogger("rcasearch").setLevel(logging.INFO)
    yield streams
    for handler in handlers:
        root.removeHandler(handler)
    root.setLevel(level)


def told(streams: list[io.StringIO]) -> str:
    return "".join(stream.getvalue() for stream in streams)


@pytest.fixture(scope="module")
def secretive(tiny_searcher: Searcher, tiny_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    queue = tmp_path_factory.mktemp("queue") / "push.sqlite"
    return create_app(tiny_searcher, Settings(index=str(tiny_index), push_queue=str(queue), rate_limit=0, **SECRET_SETTINGS))


@pytest.mark.parametrize("broken", [False, True], ids=["sound", "broken"])
@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.rule)
def test_no_door_of_any_route_leads_to_the_log(
    rule: Rule, broken: bool, secretive: Flask, written: list[io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(self: Searcher, *args: object, **_: object) -> None:
        raise ValueError(f"cannot take {args} {CANARY}")

    if broken:
        for name in ("search", "similar", "incident", "recurrences", "facets", "incidents"):
            monkeypatch.setattr(Searcher, name, break_down, raising=False)
    client = secretive.test_client()
    for door, given in DOORS.items():
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
            response = client.open(address(rule), method=method, **given)
            if door in NEVER_REPEATED:
                assert CANARY not in response.get_data(as_text=True) + str(response.headers), (door, method)
    assert told(written)
    assert CANARY not in told(written)


def test_no_path_that_nobody_answers_to_is_in_the_log(secretive: Flask, written: list[io.StringIO]) -> None:
    client = secretive.test_client()
    for rule in rules():
        for part in {part for part in rule.rule.split("/") if part.startswith("<")}:
            client.get(rule.rule.replace(part, CANARY))
    for path in (f"/{CANARY}", f"/static/{CANARY}", f"/static/../{CANARY}", f"//{CANARY}", f"/api/v1/{CANARY}/x"):
        client.get(path)
    client.open("/", method=CANARY.upper())
    assert CANARY not in told(written).lower()
    assert CANARY not in client.get("/metrics").get_data(as_text=True).lower()


def test_no_metric_no_page_and_no_listing_tells_of_the_settings(secretive: Flask, written: list[io.StringIO]) -> None:
    client = secretive.test_client()
    pages = [client.get(path) for path in ("/metrics", "/about", "/openapi.json", "/docs", "/readyz", "/", "/nothing")]
    assert all(CANARY not in page.get_data(as_text=True) + str(page.headers) for page in pages)
    settings = secretive.config["SETTINGS"]
    assert CANARY not in repr(settings) + repr(targets_of(settings)) + told(written)


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/app.py", "/static/....//app.py"])
def test_the_files_of_the_pages_are_all_that_is_served(path: str, secretive: Flask) -> None:
    assert secretive.test_client().get(path).status_code in (400, 404)


@pytest.mark.parametrize(
    "name", ["..", "../../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e%2f", "....", "~root", "a%00b"]
)
def test_no_id_is_a_path(name: str, secretive: Flask) -> None:
    for base in ("/api/v1/incidents/", "/incidents/", "/api/v1/recurrences/"):
        response = secretive.test_client().get(base + name)
        assert response.status_code in (301, 302, 308, 400, 404)
        assert "root:" not in response.get_data(as_text=True)


@pytest.mark.parametrize("setting", ["port", "log_format", "push"])
def test_no_wrong_setting_is_told_with_what_stands_in_its_file(setting: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(CANARY, encoding="utf-8")
    wrong = {f"RCASEARCH_{setting.upper()}_FILE": str(secret)}
    with pytest.raises(RcaSearchError) as caught:
        targets_of(Settings.load(env=wrong))
    assert CANARY not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("setting", ["hook_token", "pagerduty_secret", "slack_signing_secret", "push"])
def test_a_secret_in_the_place_of_its_file_is_not_told(setting: str) -> None:
    with pytest.raises(RcaSearchError) as caught:
        Settings.load(env={f"RCASEARCH_{setting.upper()}_FILE": CANARY})
    assert CANARY not in caught.value.message + caught.value.hint
    assert setting.upper() in caught.value.message


def test_a_thread_that_fails_does_not_tell_of_what(written: list[io.StringIO], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        try:
            raise KeyError(CANARY)
        except KeyError as error:
            raise ValueError(CANARY) from error

    monkeypatch.setattr(threading, "excepthook", logs._thread_failed)
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    assert CANARY not in told(written)
    assert "KeyError" in told(written)
    assert "in fail" in told(written)
