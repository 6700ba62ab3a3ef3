"""What an alerting tool sends is searched by every way in: as a text, as the body of a POST, in the box."""

from __future__ import annotations

import json
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.alerts.payloads import CORPUS, JUDGED, Payload, payload
from tests.web.conftest import POOL

URL = "/api/v1/search"
ALERT = {
    "labels": {"alertname": "DbPoolWaiters", "service": "checkout", "severity": "critical", "job": "gateway"},
    "annotations": {"summary": "every worker waits for a database connection"},
}
GROUP: dict[str, Any] = {
    "version": "4",
    "status": "firing",
    "receiver": "r",
    "groupKey": "g",
    "alerts": [{**ALERT, "status": "firing"}],
}


def _timeless(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in ("took_ms", "query")}


def test_a_payload_is_the_same_as_a_text_and_as_a_body(client: FlaskClient) -> None:
    told = client.post(URL, json={"text": json.dumps(GROUP), "limit": 2}).get_json()
    body = client.post(f"{URL}?limit=2", json=GROUP).get_json()
    asked = client.get(URL, query_string={"q": json.dumps(GROUP), "limit": 2}).get_json()
    assert _timeless(told) == _timeless(body) == _timeless(asked)
    assert told["hits"][0]["id"] == POOL
    assert told["query"]["text"] == json.dumps(GROUP)
    assert body["query"]["text"] == told["read_as"]["symptoms"][0]["text"]


def test_what_was_understood_is_told_and_filters_are_offered_but_not_in_force(client: FlaskClient) -> None:
    answer = client.post(URL, json=GROUP).get_json()
    read_as = answer["read_as"]
    assert (read_as["source"], read_as["services"]) == ("alertmanager", ["checkout"])
    (symptom,) = read_as["symptoms"]
    assert (symptom["status"], symptom["count"], symptom["entities"]["severity"]) == ("firing", 1, "critical")
    assert "critical" not in symptom["text"]
    assert (read_as["suggested"]["services"], read_as["suggested"]["severities"]) == (["checkout"], ["SEV1"])
    assert not any(answer["query"]["filters"].values())
    assert answer["searched"] == 8


def test_a_filter_in_force_is_not_offered_again_and_an_unknown_service_never(client: FlaskClient) -> None:
    narrowed = client.post(f"{URL}?service=checkout", json=GROUP).get_json()
    assert narrowed["query"]["filters"]["services"] == ["checkout"]
    assert narrowed["read_as"]["suggested"]["services"] == []
    other = json.loads(json.dumps(GROUP).replace('"checkout"', '"CHECKOUT"').replace('"gateway"', '"x"'))
    assert client.post(URL, json=other).get_json()["read_as"]["suggested"]["services"] == ["checkout"]
    nobody = json.loads(json.dumps(GROUP).replace('"checkout"', '"no-such-service"'))
    assert client.post(URL, json=nobody).get_json()["read_as"]["suggested"]["services"] == []


@pytest.mark.parametrize("one", [one for one in CORPUS if one.source != "kubernetes"][::5], ids=lambda one: one.name)
def test_every_sender_may_post_as_it_does(client: FlaskClient, one: Payload) -> None:
    response = client.post(URL, data=one.text, content_type="application/json")
    assert response.status_code == 200, response.text
    read_as = response.get_json()["read_as"]
    assert (read_as["source"], len(read_as["symptoms"])) == (one.source, one.symptoms)


def test_an_event_of_cloudevents_comes_with_its_own_type(client: FlaskClient) -> None:
    event = payload("cloudevent-drain.json").text
    response = client.post(URL, data=event, content_type="application/cloudevents+json; charset=UTF-8")
    assert response.get_json()["read_as"]["source"] == "cloudevent"


def test_a_body_far_longer_than_a_text_may_be_is_a_payload_all_the_same(client: FlaskClient) -> None:
    alerts = [{**GROUP["alerts"][0], "fingerprint": f"{number:016x}"} for number in range(200)]
    body = json.dumps({**GROUP, "alerts": alerts})
    assert 40_000 < len(body) < 65_536
    read_as = client.post(URL, data=body, content_type="application/json").get_json()["read_as"]
    assert [symptom["count"] for symptom in read_as["symptoms"]] == [200]
    assert client.post(URL, json={"text": body}).status_code == 400


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "a", "fuzzy": 1}, "fuzzy"),
        ({"message": "disk full", "limit": 3}, "message"),
        ({"txt": "checkout is down since noon"}, "txt"),
        ({"limit": 3}, "text"),
        ({"service": "checkout"}, "text"),
        ({}, "text"),
    ],
)
def test_parameters_that_are_wrong_are_not_taken_for_a_payload(client: FlaskClient, body: Any, field: str) -> None:
    response = client.post(URL, json=body)
    assert (response.status_code, response.get_json()["field"]) == (400, field)


@pytest.mark.parametrize("body", [[], [1, 2], "a text", 7, None])
def test_json_that_says_nothing_is_no_payload(client: FlaskClient, body: Any) -> None:
    assert client.post(URL, data=json.dumps(body), content_type="application/json").status_code == 400


def test_json_of_nobody_known_is_searched_by_what_it_says(client: FlaskClient) -> None:
    found = client.post(
        URL, json={"check": {"id": 7}, "service": "checkout", "message": "waits for a database connection"}
    ).get_json()
    assert (found["read_as"]["source"], found["hits"][0]["id"]) == ("json", POOL)


def test_a_payload_with_a_parameter_that_is_wrong_names_it(client: FlaskClient) -> None:
    assert client.post(f"{URL}?limit=many", json=GROUP).get_json()["field"] == "limit"
    assert client.post(f"{URL}?fuzzy=1", json=GROUP).get_json()["field"] == "fuzzy"


def test_the_page_tells_what_was_understood_and_offers_filters(client: FlaskClient) -> None:
    page = unescape(client.get("/", query_string={"q": json.dumps(GROUP)}).text)
    assert 'name="ignore" value="source:alertmanager"' in page
    assert 'class="chip offer" name="service" value="checkout"' in page
    assert 'class="chip offer" name="severity" value="SEV1"' in page
    assert "every worker waits for a database connection" in page
    sentence = client.get("/?q=every+worker+waits").text
    assert 'value="source:' not in sentence


def test_a_resolved_payload_is_said_to_be(client: FlaskClient) -> None:
    over = json.dumps({**GROUP, "status": "resolved", "alerts": [{**ALERT, "status": "resolved"}]})
    assert "Alertmanager, resolved" in client.get("/", query_string={"q": over}).text


def test_every_judged_payload_can_be_pasted_into_the_box(client: FlaskClient) -> None:
    for one in JUDGED[::7]:
        assert client.post("/", data={"q": one.text}, follow_redirects=True).status_code == 200, one.name
