"""Each sender's payloads are understood: who sent them, what is wrong, whom they name, and nothing of the noise around it."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from rcasearch.alerts import understand
from rcasearch.alerts.labels import names_in
from tests.alerts.payloads import CORPUS, JUDGED, PAYLOADS, STORY, Payload, payload

every = pytest.mark.parametrize("one", CORPUS, ids=lambda one: one.name)
SENDERS = {
    "alertmanager", "grafana", "pagerduty", "pagerduty_event", "opsgenie", "datadog", "cloudwatch", "sentry", "cloudevent",
    "kubernetes", "json",
}  # fmt: skip
NOISE = re.compile(
    r"https?://|\d{4}-\d\d-\d\d|generatorURL|fingerprint|[0-9a-f]{12,}|-[a-z0-9]{8,10}-[a-z0-9]{5}\b|kube-state-metrics|exporter"
    r"|monitoring/k8s|podmonitor|%%%|(?<!\S)@[a-z]|\{\{|prometheus-k8s|arn:|orgId|routing_key",
)
SEVERITY = re.compile(r"\bseverity\b|\bP[1-5]\b|\[(?:FIRING|critical)", re.IGNORECASE)


def test_the_corpus_is_whole() -> None:
    assert {path.name for path in PAYLOADS.iterdir()} == {"payloads.jsonl", *(one.name for one in CORPUS)}
    stems = {path.stem for path in (PAYLOADS.parent.parent.parent / "seeds").glob("*.md")}
    assert {stem for one in CORPUS for stem in one.relevant} <= stems
    assert all(list(one.relevant.values()).count(STORY) == 1 for one in JUDGED)
    assert len(JUDGED) >= 80
    counted = Counter(one.source for one in CORPUS)
    assert set(counted) == SENDERS
    assert min(counted.values()) >= 5


@every
def test_sender_status_and_symptoms_are_understood(one: Payload) -> None:
    understood = understand(one.text)
    assert (understood.source, understood.status, len(understood.symptoms)) == (one.source, one.status, one.symptoms)
    assert all(symptom.text.strip() and symptom.key for symptom in understood.symptoms)


@every
def test_whom_it_names_is_told_and_offered(one: Payload) -> None:
    understood = understand(one.text)
    named = {name for symptom in understood.symptoms for name in names_in(symptom.entities)}
    assert set(one.services) <= named
    assert set(understood.suggested.services) <= named


@every
def test_no_noise_and_no_severity_is_searched(one: Payload) -> None:
    for symptom in understand(one.text).symptoms:
        assert NOISE.findall(symptom.text) == []
        assert SEVERITY.findall(symptom.text) == []


@every
def test_the_order_of_keys_and_unknown_keys_change_nothing(one: Payload) -> None:
    if one.source == "kubernetes":
        return
    document = json.loads(one.text)
    known = understand(one.text)
    if one.source != "json":
        turned = json.dumps({"zz_new": {"deep": [1, None]}, **dict(reversed(document.items()))})
        assert understand(turned) == known
    assert understand(f"\n```json\n{one.text}```\n") == known


@every
def test_half_of_a_payload_is_a_text(one: Payload) -> None:
    half = one.text[: len(one.text) // 2]
    understood = understand(half)
    if one.source != "kubernetes":
        assert understood.source in ("text", "log")
        assert [symptom.text for symptom in understood.symptoms] == [half]


def test_alerts_that_differ_in_names_and_numbers_are_one_symptom() -> None:
    (symptom,) = understand(payload("alertmanager-pool-waits.json").text).symptoms
    assert symptom.count == 3
    assert symptom.entities.workloads == ("checkout-api",)
    assert symptom.entities.severity == "critical"
    assert symptom.entities.runbook_urls == ("https://runbooks.marrowby.example/jdbc-pool-waiters",)
    assert "HikariPool" in symptom.entities.signatures
    assert "threads of checkout-api have been waiting" in symptom.text


def test_what_is_over_is_not_searched_beside_what_fires() -> None:
    understood = understand(payload("alertmanager-rabbit-blocked.json").text)
    assert [symptom.status for symptom in understood.symptoms] == ["firing", "firing", "resolved"]
    assert "p99 of checkout-api" not in understood.text
    assert understood.text.count("\n") == 1


def test_a_key_is_the_same_when_it_fires_again_and_when_it_is_over() -> None:
    told = payload("alertmanager-redis-evictions.json").text
    again = told.replace("2140 keys", "977 keys").replace("2026-11-20T09:04", "2026-11-20T13:04")
    over = told.replace('"firing"', '"resolved"')
    keys = [understand(text).symptoms[0].key for text in (told, again, over)]
    assert len(set(keys)) == 1
    assert understand(over).status == "resolved"
    others = [symptom.key for one in CORPUS if one.relevant for symptom in understand(one.text).symptoms]
    assert len(set(others)) == len(others)


def test_the_message_of_sns_may_be_of_anybody_or_a_text() -> None:
    envelope = json.loads(payload("cloudwatch-sns-burst-balance.json").text)
    inner = payload("grafana-gc-pauses.json")
    assert understand(json.dumps({**envelope, "Message": inner.text})).symptoms == understand(inner.text).symptoms
    (symptom,) = understand(json.dumps({**envelope, "Subject": "Batch", "Message": "the nightly export failed"})).symptoms
    assert symptom.text == "Batch. the nightly export failed."


def test_several_payloads_in_a_list_are_read_each() -> None:
    parts = [json.loads(payload(name).text) for name in ("sentry-queuepool.json", "sentry-enum-locale.json")]
    understood = understand(json.dumps(parts))
    assert (understood.source, len(understood.symptoms)) == ("sentry", 2)


def test_the_api_of_alertmanager_gives_a_list() -> None:
    alerts = json.loads(payload("alertmanager-conntrack.json").text)["alerts"]
    listed = [{**alert, "status": {"state": "active", "silencedBy": []}} for alert in alerts]
    understood = understand(json.dumps(listed))
    assert (understood.source, understood.status, [one.count for one in understood.symptoms]) == ("alertmanager", "firing", [3])
    pending = [{"labels": one["labels"], "annotations": one["annotations"], "state": "firing", "activeAt": "x"} for one in alerts]
    assert understand(json.dumps({"status": "success", "data": {"alerts": pending}})).symptoms[0].text == understood.text
