"""Webhooks: who may send, what is searched and what is not, and what is handed on."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from rcasearch.errors import SettingsError
from rcasearch.push.targets import HOOKS
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.web import create_app
from rcasearch.web.hooks import BODY_MAX, MOST_SEARCHED
from rcasearch.web.pushing import Pushing, check
from tests.web.conftest import POOL, POOL_QUERY

PAYLOADS = Path(__file__).parents[1] / "data" / "payloads"
TOKEN = "tok-en-1"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
TARGETS = [
    {"kind": "slack", "url": "https://hooks.slack.com/services/T0/B0/verysecret"},
    {"kind": "pagerduty", "token": "pd-tok", "from": "a@example.com", "verdicts": ["strong", "possible", "none"]},
    {"kind": "webhook", "url": "https://e.com/", "hooks": ["generic"], "verdicts": ["none"]},
]
Make = Callable[..., Flask]


@pytest.fixture
def make(tiny_searcher: Searcher, tiny_index: Path, tmp_path: Path) -> Make:
    def made(**given: Any) -> Flask:
        defaults = {"hook_token": TOKEN, "push": json.dumps(TARGETS), "push_queue": str(tmp_path / "push.sqlite")}
        return create_app(tiny_searcher, Settings(index=str(tiny_index), **{**defaults, **given}))

    return made


@pytest.fixture
def hooked(make: Make) -> FlaskClient:
    return make().test_client()


def alerts(*texts: str, status: str = "firing", group: str = "g") -> dict[str, Any]:
    """An Alertmanager notification, an alert a text."""
    told = [
        {
            "status": status,
            "labels": {"alertname": f"Alert{number}"},
            "annotations": {"summary": text},
            "startsAt": "2026-11-20T06:52:14Z",
        }
        for number, text in enumerate(texts)
    ]
    return {"version": "4", "groupKey": group, "status": status, "receiver": "rca", "alerts": told}


def payload(name: str) -> Any:
    return json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))


def post(client: FlaskClient, hook: str, body: Any, headers: dict[str, str] | None = None) -> Any:
    return client.post(f"/api/v1/hooks/{hook}", json=body, headers=AUTHORIZED if headers is None else headers)


def push_of(client: FlaskClient) -> Pushing:
    found = client.application.extensions["push"]
    assert isinstance(found, Pushing)
    return found


def queued(client: FlaskClient) -> list[tuple[str, str]]:
    return [(message.target, message.address) for message in push_of(client).queue.messages()]


def test_the_sender_is_answered_with_the_precedents_of_each_symptom(hooked: FlaskClient) -> None:
    answer = post(hooked, "alertmanager", alerts(POOL_QUERY, "The wildcard certificate has expired"))
    assert answer.status_code == 200
    told = answer.get_json()
    assert (told["hook"], told["source"], told["status"]) == ("alertmanager", "alertmanager", "firing")
    assert [one["outcome"] for one in told["symptoms"]] == ["searched", "searched"]
    assert told["symptoms"][0]["result"]["hits"][0]["id"] == POOL
    assert answer.headers["Cache-Control"] == "no-store"
    worth = sum(one["result"]["verdict"] != "none" for one in told["symptoms"])
    assert worth >= 1
    assert told["queued"] == worth
    assert queued(hooked) == [("slack", "")] * worth


def test_a_hook_gives_the_same_result_as_a_search(hooked: FlaskClient) -> None:
    body = json.dumps(alerts(POOL_QUERY))
    by_hook = hooked.post("/api/v1/hooks/generic", data=body, content_type="application/json", headers=AUTHORIZED).get_json()
    by_search = hooked.post("/api/v1/search", json={"text": body}).get_json()
    [one] = by_hook["symptoms"]
    assert {**one["result"], "took_ms": 0} == {**by_search, "took_ms": 0}


@pytest.mark.parametrize(
    "name", ["alertmanager-pool-waits", "grafana-replica-lag", "opsgenie-wal-volume", "pagerduty-checkout-504"]
)
def test_each_sender_is_understood_and_repeated_only_after_a_while(hooked: FlaskClient, name: str) -> None:
    hook = name.partition("-")[0]
    first, again = (post(hooked, hook, payload(name)).get_json() for _ in range(2))
    assert first["source"] == hook
    assert {one["outcome"] for one in first["symptoms"]} == {"searched"}
    assert {one["outcome"] for one in again["symptoms"]} == {"duplicate"}
    assert all(one["result"] is None for one in again["symptoms"])
    assert again["queued"] == 0


def test_another_group_and_another_hook_are_no_replay(hooked: FlaskClient) -> None:
    for hook, group in (("alertmanager", "g"), ("alertmanager", "h"), ("grafana", "g")):
        told = post(hooked, hook, alerts(POOL_QUERY, group=group)).get_json()
        assert [one["outcome"] for one in told["symptoms"]] == ["searched"]


def test_replays_are_answered_where_nothing_is_to_be_remembered(make: Make) -> None:
    client = make(hook_memory=0, push="").test_client()
    outcomes = [post(client, "generic", alerts(POOL_QUERY)).get_json()["symptoms"][0]["outcome"] for _ in range(2)]
    assert outcomes == ["searched", "searched"]
    assert not push_of(client).queue.path.exists()


@pytest.mark.parametrize("name", ["alertmanager-resolved", "grafana-resolved", "opsgenie-closed", "pagerduty-resolved"])
def test_what_is_over_is_acknowledged_and_not_searched(make: Make, name: str) -> None:
    client = create_without_index(make)
    told = post(client, name.partition("-")[0], payload(name))
    assert told.status_code == 200
    assert told.get_json()["status"] == "resolved"
    assert {one["outcome"] for one in told.get_json()["symptoms"]} == {"resolved"}
    assert queued(client) == []


def create_without_index(make: Make) -> FlaskClient:
    settings: Settings = make().config["SETTINGS"]
    return create_app(None, Settings(index="/nowhere/none", hook_token=TOKEN, push_queue=settings.push_queue)).test_client()


def test_without_an_index_the_sender_is_told_to_come_again(make: Make) -> None:
    answer = post(create_without_index(make), "alertmanager", alerts(POOL_QUERY))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_what_people_do_about_an_incident_is_acknowledged(hooked: FlaskClient) -> None:
    """Our own note comes back as an event; to answer it would go on for ever."""
    event = payload("pagerduty-checkout-504")
    event["event"]["event_type"] = "incident.annotated"
    assert [one["outcome"] for one in post(hooked, "pagerduty", event).get_json()["symptoms"]] == ["ignored"]
    note = post(hooked, "pagerduty", payload("pagerduty-note-throttled")).get_json()
    assert [one["outcome"] for one in note["symptoms"]] == ["ignored"]
    action = {**payload("opsgenie-wal-volume"), "action": "AddNote"}
    assert [one["outcome"] for one in post(hooked, "opsgenie", action).get_json()["symptoms"]] == ["ignored"]
    assert queued(hooked) == []


def test_a_note_goes_to_the_incident_that_the_webhook_names(hooked: FlaskClient) -> None:
    post(hooked, "pagerduty", payload("pagerduty-checkout-504"))
    assert ("pagerduty", "Q7900F014F0D81") in queued(hooked)


@pytest.mark.parametrize("name", ["../../users", "", "Q1/x", 7, None])
def test_an_incident_of_no_sane_id_gets_no_note(hooked: FlaskClient, name: object) -> None:
    event = payload("pagerduty-checkout-504")
    event["event"]["data"]["id"] = name
    assert post(hooked, "pagerduty", event).status_code == 200
    assert "pagerduty" not in dict(queued(hooked))


def test_nothing_on_record_is_silent_unless_a_target_wants_to_know(hooked: FlaskClient) -> None:
    told = post(hooked, "generic", alerts("The cat of the neighbours sits on the keyboard of the piano")).get_json()
    assert told["symptoms"][0]["result"]["verdict"] == "none"
    assert queued(hooked) == [("webhook", "")]


def test_of_very_many_symptoms_the_first_are_searched(hooked: FlaskClient) -> None:
    words = "alpha bravo charlie delta echo foxtrot golf hotel india juliett kilo lima".split()
    told = post(hooked, "alertmanager", alerts(*(f"{word} queue of {word} grows" for word in words))).get_json()
    outcomes = [one["outcome"] for one in told["symptoms"]]
    assert outcomes == ["searched"] * MOST_SEARCHED + ["skipped"] * (len(words) - MOST_SEARCHED)


@pytest.mark.parametrize("body", [{}, [], {"event": {"event_type": "pagey.ping", "data": {"message": "hi", "type": "ping"}}}])
def test_what_tells_nothing_is_acknowledged(hooked: FlaskClient, body: Any) -> None:
    """Senders test their set-up with such, and one that is refused stops sending."""
    answer = post(hooked, "pagerduty", body)
    assert answer.status_code == 200
    assert all(one["outcome"] == "ignored" for one in answer.get_json()["symptoms"])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": TOKEN}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
        ({"Authorization": "Bearer " + "ü"}, 401),
        ({"Authorization": f"bearer  {TOKEN}"}, 200),
        ({"Authorization": "Bearer tok-en-2"}, 200),
    ],
)
@pytest.mark.parametrize("hook", HOOKS)
def test_only_the_sender_is_answered(make: Make, hook: str, headers: dict[str, str], status: int) -> None:
    client = make(hook_token=f"{TOKEN} tok-en-2").test_client()
    answer = post(client, hook, {}, headers)
    assert answer.status_code == status
    if status == 401:
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.get_json()["code"] == "unauthorized"


def test_a_hook_without_a_secret_is_off_unless_it_is_open(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    client = make(hook_token="", hook_open="generic").test_client()
    assert post(client, "generic", {}, {}).status_code == 200
    refused = post(client, "alertmanager", {}, {})
    assert (refused.status_code, refused.get_json()["code"]) == (403, "hook_off")
    check(client.application.config["SETTINGS"])
    assert "ANYBODY WHO REACHES THIS SERVER CAN USE THESE HOOKS" in caplog.text
    with pytest.raises(SettingsError, match="names sentry, which is no hook"):
        make(hook_open="sentry")


def sign(body: bytes, secret: str) -> str:
    return "v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_pagerduty_proves_itself_by_any_of_its_signatures_over_the_raw_body(make: Make) -> None:
    client = make(hook_token="", pagerduty_secret="old new").test_client()
    body = b'{ "a":  1 }'

    def status(header: str | None) -> int:
        headers = {} if header is None else {"X-PagerDuty-Signature": header}
        return client.post("/api/v1/hooks/pagerduty", data=body, content_type="application/json", headers=headers).status_code

    good, wrong = sign(body, "new"), sign(body, "other")
    assert status(good) == status(f"{wrong},{good}") == status(f"{wrong} , {sign(body, 'old')}") == 200
    for header in (None, "", wrong, good[:-1], good.upper(), good.removeprefix("v1="), good.replace("v1", "v0"), "v1=", "ü"):
        assert status(header) == 401, header
    assert status(sign(body + b" ", "new")) == 401
    assert status(",".join([wrong] * 10 + [good])) == 401
    assert post(client, "alertmanager", {}, {}).status_code == 403


@pytest.mark.parametrize(("size", "status"), [(BODY_MAX, 400), (BODY_MAX + 1, 413)])
def test_a_body_may_have_a_mebibyte_whatever_the_settings_allow(make: Make, size: int, status: int) -> None:
    client = make(max_body_bytes=BODY_MAX * 4).test_client()
    answer = client.post("/api/v1/hooks/generic", data=b"x" * size, content_type="application/json", headers=AUTHORIZED)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize("body", [b"", b"{", b"7", b'"text"', b"\xff{}", b"[" * 100_000])
def test_what_is_no_json_object_or_list_is_a_problem(hooked: FlaskClient, body: bytes) -> None:
    answer = hooked.post("/api/v1/hooks/generic", data=body, content_type="application/json", headers=AUTHORIZED)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")


def test_only_json_is_read_and_only_known_hooks_are_there(hooked: FlaskClient) -> None:
    assert hooked.post("/api/v1/hooks/generic", data="{}", content_type="text/plain", headers=AUTHORIZED).status_code == 415
    assert post(hooked, "sentry", {}).status_code == 404
    assert hooked.get("/api/v1/hooks/generic").status_code == 405


def test_trouble_with_the_queue_does_not_keep_the_answer_back(
    make: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "broken"
    path.write_bytes(b"not a database, " * 100)
    told = post(make(push_queue=str(path)).test_client(), "alertmanager", alerts(POOL_QUERY)).get_json()
    assert told["symptoms"][0]["result"]["hits"][0]["id"] == POOL
    assert told["queued"] == 0
    assert "An answer is not sent on" in caplog.text


def test_what_waits_is_among_the_metrics(hooked: FlaskClient) -> None:
    post(hooked, "alertmanager", alerts(POOL_QUERY))
    text = hooked.get("/metrics").get_data(as_text=True)
    assert 'rcasearch_queue_depth{queue="push"} 1.0' in text
    assert 'rcasearch_queue_depth{queue="push_dead"} 0.0' in text


def test_no_secret_and_nothing_that_was_sent_is_logged(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client = make(pagerduty_secret="pd-secret").test_client()
    post(client, "alertmanager", alerts(POOL_QUERY))
    post(client, "pagerduty", alerts(POOL_QUERY), {"Authorization": "Bearer guess-1"})
    check(client.application.config["SETTINGS"])
    assert len(caplog.records) > 2
    for secret in (TOKEN, "pd-secret", "pd-tok", "verysecret", "guess-1", POOL_QUERY):
        assert secret not in caplog.text
