"""What a hit shares with the query and what differs: true of both texts, never at odds, and silent where it is not clear."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from rcasearch import retrieval
from rcasearch.comparison import compare
from rcasearch.model import Hit, Incident, Kind, Link, Match, Query
from rcasearch.relations import Side, causes, met_on, side
from rcasearch.search import Searcher
from rcasearch.signatures import signatures_in
from tests.core.fakes import FakeEncoder, build_with, searcher_with

SYMPTOM = "amber birch cedar dahlia elm fern gorse hazel"
CAUSE = "poolLimit poolslow poolreset 42"
OTHER_CAUSE = "disk_full diskdown diskError"
DOCUMENTS = {
    "first": ("2020-01-01", "checkout", SYMPTOM, CAUSE, "ORA-00060 was thrown, HTTP 503"),
    "again": ("2023-06-01", "Basket", SYMPTOM, CAUSE, "ORA-00060 as in [[first]]"),
    "third": ("2023-07-01", "gateway", SYMPTOM, OTHER_CAUSE, "ORA-01555"),
    "fourth": ("2023-08-01", "gateway", "teak umber violet willow xylem yarrow zinnia", OTHER_CAUSE, ""),
}
NAMED = f"checkout: {SYMPTOM}, {CAUSE}, ORA-00060, HTTP 503"


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    """Four incidents: one, its recurrence, one with the same symptoms and another cause, and a stranger."""
    folder = tmp_path_factory.mktemp("compared")
    for name, (date, service, symptom, cause, lesson) in DOCUMENTS.items():
        (folder / f"{name}.md").write_text(
            f"---\ntitle: Outage {name}\ndate: {date}\nservices: [{service}]\n---\n\n## Symptoms\n\n{symptom}\n\n"
            f"## Root cause\n\n{cause}\n\n## Trigger\n\n{cause}\n\n## Lessons\n\n{lesson}\n",
            encoding="utf-8",
        )
    encoder = FakeEncoder()
    index = tmp_path_factory.mktemp("compared-index") / "index"
    build_with(encoder, folder, index)
    opened = searcher_with(encoder, index)
    yield opened
    opened.close()


def hits_of(searcher: Searcher, text: str) -> dict[str, Hit]:
    """The hits by file stem, all taken to be above the line: a verdict over four incidents means nothing."""
    store = searcher._store
    signals = retrieval.read_signals(text, searcher._encoder, store.services)
    ranked = retrieval.rank(store, signals, store.select(Query("").filters), retrieval.HYBRID)
    incidents = store.incidents_at(ranked.rows.tolist())
    plain = [Hit(incident, rank, 1.0, 0.9, "strong", ()) for rank, incident in enumerate(incidents, 1)]
    told = store.passages_at(ranked.rows.tolist())
    return {hit.incident.stem: hit for hit in compare(store, signals, ranked, plain, told)}


def differences(hit: Hit) -> dict[str, str]:
    return {difference.what: difference.text for difference in hit.match.differs}


def test_what_stands_in_both_is_shared(searcher: Searcher) -> None:
    match = hits_of(searcher, NAMED)["first"].match
    assert match.services == ("checkout",)
    assert match.signatures == ("ORA-00060", "HTTP 503")


def test_another_service_and_another_error_are_told(searcher: Searcher) -> None:
    hits = hits_of(searcher, NAMED)
    assert differences(hits["again"])["service"] == "other service: Basket, not checkout"
    assert hits["again"].match.signatures == ("ORA-00060",)
    assert differences(hits["third"])["signature"] == "other error: ORA-01555, not ORA-00060"
    assert not {"service", "signature"} & set(differences(hits["first"]))


def test_no_service_and_no_signature_in_the_query_make_no_difference(searcher: Searcher) -> None:
    for hit in hits_of(searcher, SYMPTOM).values():
        assert not {"service", "signature"} & set(differences(hit))
        assert not hit.match.services
        assert not hit.match.signatures


def test_a_recurrence_is_told_of_the_earlier_incident_alone(searcher: Searcher) -> None:
    hits = hits_of(searcher, NAMED)
    assert differences(hits["first"])["superseded"] == "happened again on 2023-06-01: Outage again"
    assert [d.incident_id for d in hits["first"].match.differs if d.what == "superseded"] == ["again"]
    assert not any("superseded" in differences(hits[name]) for name in ("again", "third", "fourth"))


def test_what_is_years_older_than_most_is_told(searcher: Searcher) -> None:
    hits = hits_of(searcher, NAMED)
    assert differences(hits["first"])["age"] == "3 years older than most here"
    assert not any("age" in differences(hits[name]) for name in ("again", "third", "fourth"))


def test_one_cause_with_the_first_hit_is_shared(searcher: Searcher) -> None:
    hits = hits_of(searcher, NAMED)
    best = min(hits, key=lambda name: hits[name].rank)
    assert hits[best].match.cause is None
    assert {hits[name].match.cause for name in ("first", "again") if name != best} == {"same"}
    assert not any("cause" in differences(hits[name]) for name in ("first", "again"))


def test_another_cause_than_that_of_the_first_hit_is_told(searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rcasearch.comparison.causes", lambda one, other: "other")
    best, *others = sorted(hits_of(searcher, NAMED).values(), key=lambda hit: hit.rank)
    assert "cause" not in differences(best)
    for hit in others:
        assert [(d.text, d.incident_id) for d in hit.match.differs if d.what == "cause"] == [
            ("other cause than 1", best.incident.id)
        ]


def test_the_side_that_a_query_meets(searcher: Searcher) -> None:
    assert hits_of(searcher, SYMPTOM)["first"].match.on == "symptom"
    assert hits_of(searcher, CAUSE)["first"].match.on == "cause"


def test_concepts_are_shared_or_named(searcher: Searcher) -> None:
    hits = hits_of(searcher, "poolLimit poolError and pooldown")
    assert hits["first"].match.concepts == ("pool used up",)
    assert differences(hits["fourth"])["concept"] == "reads as disk full, not as pool used up"


def test_below_the_line_nothing_is_said_of_cause_age_and_sides(seeded_searcher: Searcher) -> None:
    results = seeded_searcher.search(Query("whatever cannot be found anywhere", 20))
    below = [hit for hit in results.hits if hit.verdict == "none"]
    assert below
    for hit in below:
        assert hit.match.on is None
        assert hit.match.cause is None
        assert not {"cause", "age", "superseded"} & set(differences(hit))


QUERIES = (
    "poolError and pooldown in checkout, HTTP 503, poolLimit",
    "disk_full on orders_db, ENOSPC, exit code 137, SQLSTATE 40P01",
    "cert-expired on gateway",
    "search-api routedown and lockdown",
)


@pytest.mark.parametrize("text", QUERIES)
def test_what_is_shared_stands_in_both_and_nothing_contradicts_it(seeded_searcher: Searcher, text: str) -> None:
    results = seeded_searcher.search(Query(text, 50))
    assert any(hit.match != Match() for hit in results.hits)
    for hit in results.hits:
        check(hit, text, results.concepts, results.services)


def check(hit: Hit, text: str, concepts: Sequence[str], services: Sequence[str]) -> None:
    match, told = hit.match, differences(hit)
    body = "\n".join([hit.incident.title, *(section.text for section in hit.incident.sections)])
    assert set(match.concepts) <= set(concepts)
    assert {name.casefold() for name in match.services} <= {name.casefold() for name in hit.incident.services}
    assert set(match.services) <= set(services)
    for signature in match.signatures:
        found = [{own.text for own in signatures_in(each)} for each in (text, body)]
        assert all(signature in own for own in found) or all(signature.lower() in each.lower() for each in (text, body))
    assert len(told) == len(match.differs)
    assert not (match.services and "service" in told)
    assert not (match.signatures and "signature" in told)
    assert not (match.concepts and "concept" in told)
    assert (match.cause == "other") == ("cause" in told)


def test_nothing_is_compared_unless_it_is_explained(seeded_searcher: Searcher) -> None:
    hits = seeded_searcher.search(Query(QUERIES[0], 5), explain=False).hits
    assert hits
    assert all(hit.match == Match() for hit in hits)


def test_a_comparison_is_the_same_every_time(seeded_searcher: Searcher) -> None:
    first, again = (seeded_searcher.search(Query(QUERIES[1], 20)).hits for _ in range(2))
    assert [hit.match for hit in first] == [hit.match for hit in again]


def test_neighbours_are_compared_too(seeded_searcher: Searcher, seeded_corpus: Path) -> None:
    results = seeded_searcher.similar("rca-000", 10)
    assert any(hit.match != Match() for hit in results.hits)


def unit(*values: float) -> np.ndarray:
    vector = np.array(values, np.float32)
    return vector / np.linalg.norm(vector)


@pytest.mark.parametrize(
    ("symptom", "cause", "word"),
    [(0.9, 0.5, "symptom"), (0.5, 0.9, "cause"), (0.5, 0.45, None), (0.5, 0.55, None), (0.35, 0.1, None), (0.1, 0.3, "cause")],
)
def test_a_side_is_named_where_it_is_clearly_nearer(symptom: float, cause: float, word: str | None) -> None:
    kinds: list[Kind] = ["symptoms", "root_cause", "resolution"]
    query = np.array([[1, 0]], np.float32)
    vectors = np.array([(cosine, np.sqrt(1 - cosine**2)) for cosine in (symptom, cause, 1.0)], np.float32)
    assert met_on(kinds, vectors, query) == word


@pytest.mark.parametrize("kinds", [(), ("symptoms",), ("root_cause",), ("resolution", "people")])
def test_an_incident_without_both_sides_is_met_on_none(kinds: tuple[Kind, ...]) -> None:
    vectors = np.ones((len(kinds), 2), np.float32)
    assert met_on(kinds, vectors, np.ones((1, 2), np.float32)) is None


def told(name: str, profile: np.ndarray, cause: np.ndarray | None, *links: str) -> Side:
    wiki = tuple(Link(target, target, "wiki", 1, target) for target in links)
    incident = Incident(name, name, f"{name}.md", links=wiki)
    return Side(incident, profile, cause)


def test_one_cause_needs_a_link_and_likeness_and_another_needs_neither() -> None:
    here, near, far = unit(1, 0), unit(1, 0.2), unit(0, 1)
    one = told("one", here, here)
    assert causes(one, told("two", near, near, "one")) == "same"
    assert causes(told("two", near, near, "one"), one) == "same"
    assert causes(one, told("two", near, near)) is None
    assert causes(one, told("two", far, near, "one")) is None
    assert causes(one, told("two", near, far, "one")) is None
    assert causes(one, told("two", far, far)) == "other"
    assert causes(one, told("two", far, far, "one")) is None
    assert causes(one, told("two", far, None)) is None


def test_a_side_keeps_the_passages_on_the_cause_alone() -> None:
    kinds: list[Kind] = ["symptoms", "root_cause", "five_whys"]
    vectors = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]], np.float32)
    cause = side(Incident("i", "i", "i.md"), unit(1), kinds, vectors).cause
    assert cause is not None
    np.testing.assert_allclose(cause, unit(1, 1, 0), atol=1e-6)
    assert side(Incident("i", "i", "i.md"), unit(1), kinds[:1], vectors[:1]).cause is None
