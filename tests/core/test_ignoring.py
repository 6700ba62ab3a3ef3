"""What a query ignores counts as little as if it had not been read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcasearch.errors import InvalidQueryError
from rcasearch.ignoring import leave_out
from rcasearch.model import Query
from rcasearch.query import parse_payload, parse_query
from rcasearch.search import Searcher
from rcasearch.services import names_of
from rcasearch.settings import Settings
from rcasearch.signatures import signatures_in

SERVICES = names_of([["checkout-api"], ["checkout-api"], ["checkout-api"], ["search"]])
ALERT = {
    "version": "4",
    "status": "firing",
    "groupKey": "g",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "HighErrorRate", "service": "checkout-api", "severity": "critical"},
            "annotations": {"summary": "checkout-api answers HTTP 503 to search"},
        }
    ],
}


def left(text: str, *ignore: str) -> Query:
    return leave_out(parse_query({"text": text, "ignore": list(ignore)}, Settings()), SERVICES)


@pytest.mark.parametrize(
    ("text", "ignore", "searched"),
    [
        ("checkout-api answers 503s", "service:checkout-api", " answers 503s"),
        ("Checkout API is slow", "service:CHECKOUT-API", " is slow"),
        ("pod checkout-api-7d9f8b6c5d-x2k4p restarts", "service:checkout-api", "pod  restarts"),
        ("checkout-api returned 503 again", "signature:HTTP 503", "checkout-api returned  again"),
        ("write failed: ENOSPC", "signature:enospc", "write failed: "),
        ("search is down", "service:checkout-api", "search is down"),
        ("search is down", "concept:search", "search is down"),
    ],
)
def test_a_service_or_signature_is_cut_out_of_the_text(text: str, ignore: str, searched: str) -> None:
    query = left(text, ignore)
    assert query.searched == searched
    assert query.text == text


def test_of_a_payload_it_is_gone_from_all_that_was_understood() -> None:
    query = left(json.dumps(ALERT), "service:checkout-api", "signature:HTTP 503")
    assert query.understood
    [symptom] = query.understood.symptoms
    assert "checkout" not in symptom.text
    assert "503" not in symptom.text
    assert symptom.entities.services == symptom.entities.signatures == query.understood.suggested.services == ()
    assert query.understood.suggested.severities == ("SEV1",)


def test_a_payload_whose_sender_is_ignored_is_read_as_it_stands() -> None:
    query = parse_query({"text": json.dumps(ALERT), "ignore": "source:alertmanager"}, Settings())
    assert query.understood
    assert query.understood.source == "text"
    assert query.searched == json.dumps(ALERT)
    posted = parse_payload(ALERT, {"ignore": ["source:alertmanager"]}, Settings())
    assert posted
    assert posted == query
    assert posted.searched == query.searched


def test_where_nothing_is_left_it_says_so() -> None:
    with pytest.raises(InvalidQueryError, match="Nothing is left") as error:
        left("ENOSPC", "signature:ENOSPC")
    assert error.value.field == "ignore"


@pytest.mark.parametrize("wrong", ["checkout", "colour:red", "", ["service:a", "b"], 7, [7], ["service:a"] * 51])
def test_what_is_no_kind_is_named(wrong: object) -> None:
    with pytest.raises(InvalidQueryError) as error:
        parse_query({"text": "x", "ignore": wrong}, Settings())
    assert error.value.field == "ignore"


@given(st.lists(st.sampled_from(["checkout-api", "HTTP 503", "ENOSPC", "search", "answers 502", "a", "-", "\n"]), max_size=9))
@settings(deadline=None)
def test_nothing_that_is_ignored_is_read_again(words: list[str]) -> None:
    text = "it " + " ".join(words)
    query = left(text, "service:checkout-api", "signature:HTTP 503", "signature:ENOSPC")
    assert "checkout-api" not in SERVICES.named_in(query.searched)
    assert not {"HTTP 503", "ENOSPC"} & {signature.text for signature in signatures_in(query.searched)}
    assert ("search" in words) == ("search" in SERVICES.named_in(query.searched))


def test_a_service_that_is_ignored_puts_no_incident_first(tiny_searcher: Searcher) -> None:
    text = "checkout workers wait for a database connection"
    named = tiny_searcher.search(Query(text))
    ignored = tiny_searcher.search(Query(text, ignore=tuple(f"service:{name}" for name in named.services)))
    assert named.services
    assert ignored.services == ()
    assert all("service" not in hit.contributions or not hit.contributions["service"] for hit in ignored.hits)


def test_a_concept_that_is_ignored_is_not_read_and_another_may_be(tiny_searcher: Searcher) -> None:
    text = "requests time out while they wait for a connection from the database pool"
    [first, *_] = tiny_searcher.search(Query(text)).concepts
    again = tiny_searcher.search(Query(text, ignore=(f"concept:{first.upper()}",)))
    assert first not in again.concepts
    assert all(first not in hit.match.concepts for hit in again.hits)
    assert again.hits[0].score != tiny_searcher.search(Query(text)).hits[0].score
