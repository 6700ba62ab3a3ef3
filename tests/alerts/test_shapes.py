"""A sender is recognised by its shape, unknown JSON by what its fields say, and nothing that is pasted makes it fail."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rcasearch.alerts import understand
from rcasearch.model import Understood
from tests.alerts.payloads import CORPUS, Payload

NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
DOCUMENTS = [json.loads(one.text) for one in CORPUS if one.source != "kubernetes"]


def _holds(understood: Understood, text: str) -> None:
    assert understood.symptoms
    assert understood.text.encode("utf-8")
    assert all(symptom.text.strip() for symptom in understood.symptoms) or not text.strip()
    assert sorted(understood.symptoms, key=lambda one: one.status) == list(understood.symptoms)


@given(NESTED)
@settings(deadline=None)
def test_no_json_makes_it_fail(document: Any) -> None:
    text = json.dumps(document)
    _holds(understand(text), text)


@given(st.text())
@settings(deadline=None)
def test_no_text_makes_it_fail_and_text_stays_as_it_is(text: str) -> None:
    understood = understand(text)
    if understood.source in ("text", "log"):
        assert understood.text == text


@given(st.sampled_from(DOCUMENTS), st.randoms(use_true_random=False), NESTED)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_value_in_a_payload_makes_it_fail(document: Any, chance: random.Random, value: Any) -> None:
    text = json.dumps(_with(document, chance, value))
    _holds(understand(text), text)


def _with(document: Any, chance: random.Random, value: Any) -> Any:
    """A copy with one of its parts, somewhere, in place of which stands the value."""
    if not isinstance(document, dict | list) or not document or chance.random() < 0.15:
        return value
    if isinstance(document, list):
        place = chance.randrange(len(document))
        return [*document[:place], _with(document[place], chance, value), *document[place + 1 :]]
    key = chance.choice(list(document))
    return {**document, key: _with(document[key], chance, value)}


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 50_000 + "1" + "}" * 50_000,
        '{"message": ' + "9" * 10_000 + "}",
        '{"message": "half \\ud83d of a pair", "title": "\\u0000"}',
        '{"alerts": [' + '{"labels": {}, "annotations": {}, "status": "firing"},' * 3_000 + "{}]}",
        json.dumps({"message": "<a " * 30_000}),
        json.dumps({"message": "- " * 50_000 + "\n" * 50_000}),
        json.dumps({"message": "{{" * 50_000 + "[" * 50_000}),
        json.dumps({"message": "a-" * 50_000}),
        json.dumps({"Message": "{" * 9, "Type": "Notification", "TopicArn": "arn", "MessageId": "1"}),
        "Name: x\nNamespace: y\nEvents:\n" + "  Warning  A  1m  kubelet  b\n" * 20_000,
    ],
    ids=lambda text: text[:24],
)
def test_what_is_huge_deep_or_broken_is_understood_as_something(text: str) -> None:
    _holds(understand(text), text)
    assert len(understand(text).text) <= max(len(text), 20_000)


def _alone(value: Any) -> Iterator[Any]:
    """The value with no more than one key in each of its objects, in all ways."""
    if isinstance(value, dict) and value:
        yield from ({key: alone} for key, inner in value.items() for alone in _alone(inner))
    elif isinstance(value, list) and value:
        yield from ([alone] for alone in _alone(value[0]))
    else:
        yield value


@pytest.mark.parametrize("place", range(len(DOCUMENTS)))
def test_one_key_alone_makes_no_sender(place: int) -> None:
    for alone in _alone(DOCUMENTS[place]):
        assert understand(json.dumps(alone)).source in ("json", "text"), alone


@pytest.mark.parametrize("one", [one for one in CORPUS if one.source != "kubernetes"], ids=lambda one: one.name)
def test_a_payload_in_another_object_is_still_told(one: Payload) -> None:
    understood = understand(json.dumps({"received": {"body": one.text}}))
    assert understood.source == "json"
    assert understood.symptoms[0].text


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"message": "disk full", "host": "db-1"}, "disk full."),
        ({"alert": {"headline": "No free ports", "ts": 1763622000, "id": "a1b2c3d4e5f60718"}}, "No free ports."),
        ({"error": {"type": "TimeoutError", "message": "pool exhausted"}}, "TimeoutError. pool exhausted."),
        ({"status_code": 502, "detail": "upstream gone"}, "status code 502. upstream gone."),
        ({"eventDetail": json.dumps({"errorMessage": "quota exceeded"})}, "quota exceeded."),
        ([{"text": "first thing broke"}, {"text": "second thing broke"}], "first thing broke. second thing broke."),
        ({"a": "lags behind by ten minutes", "b": "7c1e", "c": 4}, "lags behind by ten minutes."),
        (
            {"comment": "nothing answers at all", "link": "see the page for it all", "author": "an on call person"},
            "nothing answers at all.",
        ),
    ],
)
def test_of_unknown_json_what_speaks_is_told(document: Any, told: str) -> None:
    understood = understand(json.dumps(document))
    assert (understood.source, understood.text) == ("json", told)


@pytest.mark.parametrize("text", ["[1, 2, 3]", "{}", "[]", '{"a": 1, "b": [true, null]}', '{"id": "7c1e"}'])
def test_json_that_says_nothing_is_a_text(text: str) -> None:
    understood = understand(text)
    assert (understood.source, understood.text) == ("text", text)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("checkout answers 503 since the deploy", "text"),
        ("why?\nit fails\nagain", "text"),
        ("2026-03-14 18:05:01 ERROR pool exhausted\n2026-03-14 18:05:02 INFO retry", "log"),
        ('Traceback (most recent call last):\n  File "a.py", line 3, in f\nKeyError: 1', "log"),
        ('{"level":"error","msg":"x failed"}\n{"level":"info","msg":"y"}', "log"),
        ('"checkout is down"', "text"),
        ('{"alerts": [{"labels"', "text"),
    ],
)
def test_text_is_told_from_logs_and_stays_as_it_is(text: str, source: str) -> None:
    understood = understand(text)
    assert (understood.source, understood.text) == (source, text)
    assert not understood.suggested
