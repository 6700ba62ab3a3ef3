"""What every store must answer: values, compared with an oracle that shares no code with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rcasearch.encoders import Tokens
from rcasearch.errors import NotFoundError
from rcasearch.lexical import terms
from rcasearch.model import NO_FILTERS, Filters, Kind, Outline
from rcasearch.stores.base import Store
from rcasearch.stores.generations import current
from rcasearch.stores.local import LocalStore
from tests.core.fakes import BOILERPLATE, DIMENSION, LEXICON, SERVICES, SHARED, STATUSES, TAGS, FakeEncoder, build_with, unit
from tests.core.labelled import seen_by_everybody
from tests.core.oracle import Oracle
from tests.core.told import told

# Of the second, nobody can tell that there are more documents than the first has.
STORES: dict[str, Callable[[Path], Store]] = {
    "local": lambda index: LocalStore(current(index)),
    "restricted": seen_by_everybody,
}
# More passages than any incident has.
ALL = 99
QUERIES = (
    "poolError and cache_full on checkout",
    "disk-expired node42 node42",
    SHARED,
    "words that nobody wrote",
    "lockdown",
)
COUNT = 200
Floats = NDArray[np.float32]


@pytest.fixture(scope="session", params=list(STORES))
def opened(request: pytest.FixtureRequest) -> Callable[[Path], Store]:
    return STORES[str(request.param)]


@pytest.fixture(scope="session")
def close() -> float:
    """How near to the truth the vectors of the store are."""
    return 1e-5


@pytest.fixture(scope="session")
def store(opened: Callable[[Path], Store], seeded_index: Path) -> Iterator[Store]:
    store = opened(seeded_index)
    yield store
    store.close()


@pytest.fixture(scope="session")
def rows(store: Store, oracle: Oracle) -> list[int]:
    """The store's row of each incident of the oracle."""
    return [store.row(incident.id) for incident in oracle.incidents]


@pytest.fixture(scope="session")
def queries(fake: FakeEncoder) -> Floats:
    """(q, d) of length 1, and one that is a stored passage itself."""
    return fake.encode_queries(QUERIES).vectors


def asked(fake: FakeEncoder, text: str) -> Tokens:
    return fake.encode_queries([text]).tokens[0]


def every(store: Store) -> NDArray[np.int64]:
    return np.arange(store.info.incidents, dtype=np.int64)


# --- what was stored -------------------------------------------------------------------------------------------------


def test_all_incidents_come_back_as_they_were_read(store: Store, oracle: Oracle, rows: list[int]) -> None:
    assert sorted(rows) == list(range(COUNT))
    assert store.incidents_at(rows) == oracle.incidents
    assert [store.source(row) for row in rows] == oracle.sources
    info = store.info
    assert (info.incidents, info.chunks, info.dimension) == (COUNT, sum(map(len, oracle.chunks)), DIMENSION)
    assert info.passages == len({one.content_hash for own in oracle.chunks for one in own})


def test_incidents_come_in_the_order_asked_and_as_often(store: Store) -> None:
    found = [incident.id for incident in store.incidents_at([7, 3, 7, 0])]
    assert found == [store.incidents_at([row])[0].id for row in (7, 3, 7, 0)]
    assert store.incidents_at([]) == []


def test_outlines_tell_what_the_incidents_tell(store: Store, oracle: Oracle, rows: list[int]) -> None:
    found = store.outlines()
    assert [found[row] for row in rows] == [
        Outline(
            id=incident.id,
            title=incident.title,
            date=incident.date,
            severity=incident.severity,
            level=incident.level,
            status=incident.status,
            services=incident.services,
            minutes_to_mitigate=incident.milestones.mitigated,
            duration_minutes=incident.duration_minutes,
        )
        for incident in oracle.incidents
    ]


def test_an_outline_has_the_minutes_and_a_bare_document_has_none(
    opened: Callable[[Path], Store], fake: FakeEncoder, tmp_path: Path
) -> None:
    timeline = "- 10:00 Alert fires\n- 10:25 Mitigated: rolled back\n- 11:30 Resolved\n"
    source = _written(
        tmp_path / "documents",
        full="---\ntitle: Full\ndate: 2024-05-06\nseverity: SEV2\nstatus: resolved\nduration: 90m\nservices: [b, a]\n---\n\n"
        f"## Timeline\n\n{timeline}",
        bare="# Bare\n\n## Summary\n\nNothing more.\n",
    )
    build_with(fake, source, tmp_path / "index")
    store = opened(tmp_path / "index")
    found = store.outlines()
    assert found[store.row("full")] == Outline(
        "full", "Full", "2024-05-06", "SEV2", "SEV2", "resolved", ("b", "a"), minutes_to_mitigate=25, duration_minutes=90
    )
    assert found[store.row("bare")] == Outline("bare", "Bare")
    store.close()


def test_chunks_come_with_their_own_vectors(store: Store, oracle: Oracle, rows: list[int], close: float) -> None:
    for number, row in enumerate(rows):
        chunks, vectors = told(store, row)
        assert chunks == oracle.chunks[number]
        np.testing.assert_allclose(vectors, oracle.vectors[number], atol=close / 10)


def test_an_incident_is_found_by_id_and_by_stem_and_nothing_else(store: Store, oracle: Oracle) -> None:
    incident = oracle.incidents[17]
    assert store.row(incident.id) == store.row(incident.stem)
    for key in ("", "rca-999", "rca-017.md", incident.id.upper() + "x", "%", "\ud800", "\0"):
        with pytest.raises(NotFoundError):
            store.row(key)


def test_links_lead_back(store: Store, oracle: Oracle) -> None:
    target = oracle.incidents[3].id
    expected = [i for i in oracle.incidents if i.id != target and any(link.incident_id == target for link in i.links)]
    assert len(expected) > 20
    found = store.linking_to(target)
    assert Counter(i.id for i in found) == Counter(i.id for i in expected)
    dates = [incident.date or "" for incident in found]
    assert dates == sorted(dates, reverse=True)
    assert store.linking_to("nothing") == []


def test_every_link_stands_in_the_list_of_links(store: Store, oracle: Oracle, rows: list[int]) -> None:
    row = {incident.id: rows[n] for n, incident in enumerate(oracle.incidents)}
    links = {(row[i.id], row[link.incident_id]) for i in oracle.incidents for link in i.links if link.incident_id}
    expected = sorted(pair for pair in links if pair[0] != pair[1])
    assert len(expected) > 150
    assert store.links() == expected


def test_the_mean_of_what_is_told_in_some_kinds_of_passages(store: Store, oracle: Oracle, rows: list[int], close: float) -> None:
    asked: list[tuple[Kind, ...]] = [("symptoms",), ("summary", "root_cause"), ()]
    for kinds in asked:
        found = store.kind_means(kinds)
        assert found.shape == (COUNT, DIMENSION)
        for number, row in enumerate(rows):
            own = [v for one, v in zip(oracle.chunks[number], oracle.vectors[number], strict=True) if one.kind in kinds]
            mean = np.sum(own, axis=0) if own else np.zeros(DIMENSION)
            np.testing.assert_allclose(found[row], mean / max(float(np.linalg.norm(mean)), 1e-12), atol=close)


def test_the_values_of_all_terms_are_what_queries_add_up(store: Store) -> None:
    found = store.term_values()
    assert list(found.terms) == sorted(found.terms)
    assert len(found.starts) == len(found.terms) + 1
    asked = found.terms[:: len(found.terms) // 20]
    for term in asked:
        own = slice(*found.starts[found.terms.index(term) :][:2])
        values = np.zeros(COUNT, np.float32)
        values[found.rows[own]] = found.values[own]
        np.testing.assert_allclose(values, store.lexical_scores(every(store), [term]), rtol=1e-6)
    assert {term for text in QUERIES for term in terms(text)} & set(found.terms)


# --- dense values ----------------------------------------------------------------------------------------------------


def test_the_best_passage_of_each_incident(store: Store, oracle: Oracle, rows: list[int], queries: Floats, close: float) -> None:
    found = store.passage_scores(np.array(rows), queries)
    expected = [[oracle.passage(n, query) for query in queries.astype(np.float64)] for n in range(COUNT)]
    np.testing.assert_allclose(found, expected, atol=close)


def test_each_incident_as_a_whole(store: Store, oracle: Oracle, rows: list[int], queries: Floats, close: float) -> None:
    found = store.incident_scores(np.array(rows), queries)
    expected = [[oracle.whole(n, query) for query in queries.astype(np.float64)] for n in range(COUNT)]
    np.testing.assert_allclose(found, expected, atol=close)


def test_a_stored_passage_is_exactly_like_itself(
    store: Store, fake: FakeEncoder, oracle: Oracle, rows: list[int], close: float
) -> None:
    for number in (0, 57, 199):
        for one, vector in zip(
            oracle.chunks[number], fake.encode_queries([c.text for c in oracle.chunks[number]]).vectors, strict=True
        ):
            found = store.passage_scores(np.array(rows), vector[None, :])[:, 0]
            assert found[number] == pytest.approx(1, abs=close), one.text
            assert found.max() <= 1 + close


def test_a_query_that_is_not_of_length_1_gives_no_other_order(store: Store, queries: Floats) -> None:
    """A store that measures distances, or the cosine of only one side, fails here."""
    unscaled, scaled = (store.passage_scores(every(store), factor * queries) for factor in (np.float32(1), np.float32(5)))
    assert np.allclose(scaled, unscaled, atol=1e-4) or np.allclose(scaled, 5 * unscaled, atol=1e-4)
    for query in queries:
        near, far = (
            store.nearest((factor * query)[None, :], 9, store.select(NO_FILTERS)) for factor in (np.float32(1), np.float32(5))
        )
        assert near.tolist() == far.tolist()


@pytest.mark.parametrize("k", [1, 3, 10, 60])
def test_the_nearest_by_a_passage_and_as_a_whole(
    store: Store, oracle: Oracle, rows: list[int], queries: Floats, k: int, close: float
) -> None:
    for query in queries:
        found = store.nearest(query[None, :], k, store.select(NO_FILTERS)).tolist()
        exact = query.astype(np.float64)
        by_passage = np.array([oracle.passage(n, exact) for n in range(COUNT)])
        by_whole = np.array([oracle.whole(n, exact) for n in range(COUNT)])
        assert len(set(found)) == len(found)
        numbers = [rows.index(row) for row in found]
        for values in (by_passage, by_whole):
            # Ties at the edge may fall either way.
            assert set(np.flatnonzero(values > np.sort(values)[-k] + close)) <= set(numbers)
        edge_passage, edge_whole = np.sort(by_passage)[-k] - close, np.sort(by_whole)[-k] - close
        assert all(by_passage[n] >= edge_passage or by_whole[n] >= edge_whole for n in numbers)


def test_no_part_of_a_long_query_is_crowded_out(store: Store, queries: Floats, close: float) -> None:
    found = set(store.nearest(queries, 3, store.select(NO_FILTERS)).tolist())
    for query in queries:
        passages = store.passage_scores(every(store), query[None, :])[:, 0]
        assert any(passages[row] >= passages.max() - close for row in found)
        assert int(store.incident_scores(every(store), query[None, :])[:, 0].argmax()) in found


def test_more_asked_than_there_are_gives_all_once(store: Store, queries: Floats) -> None:
    found = store.nearest(queries[:1], 5_000, store.select(NO_FILTERS))
    assert sorted(found.tolist()) == list(range(COUNT))
    assert sorted(store.nearest(queries, 5_000, store.select(NO_FILTERS)).tolist()) == list(range(COUNT))


def test_no_query_vectors_give_no_incidents(store: Store) -> None:
    none = np.zeros((0, DIMENSION), np.float32)
    assert store.nearest(none, 10, store.select(NO_FILTERS)).size == 0
    assert store.passage_scores(every(store), none).shape == (COUNT, 0)
    assert store.incident_scores(every(store), none).shape == (COUNT, 0)


# --- lexical values --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [*QUERIES, "node42 node42 node42", "Outage 17", "orders_db", "rare", ""])
def test_bm25_is_the_formula(store: Store, oracle: Oracle, rows: list[int], text: str) -> None:
    expected = np.array(oracle.bm25(terms(text)))
    found = store.lexical_scores(np.array(rows), terms(text))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    matching = [rows.index(row) for row in store.matching(terms(text), 1_000, store.select(NO_FILTERS))]
    assert sorted(matching) == np.flatnonzero(expected > 0).tolist()
    assert all(expected[a] >= expected[b] - 1e-4 for a, b in pairwise(matching))
    assert store.matching(terms(text), 3, store.select(NO_FILTERS)).tolist() == [rows[n] for n in matching[:3]]


def test_the_words_of_every_field_are_known(store: Store, oracle: Oracle, rows: list[int]) -> None:
    for number in (0, 11, 42):
        incident = oracle.incidents[number]
        for text in (
            incident.title,
            *incident.services,
            *incident.tags,
            incident.sections[-2].heading,
            incident.sections[0].text,
        ):
            assert store.lexical_scores(np.array([rows[number]]), terms(text))[0] > 0, text


def test_boilerplate_matches_nothing(store: Store, oracle: Oracle, fake: FakeEncoder) -> None:
    assert sum(BOILERPLATE in source for source in oracle.sources) == 40
    assert not any(BOILERPLATE in one.matched for own in oracle.chunks for one in own)
    assert store.matching(terms("blameless private"), 10, store.select(NO_FILTERS)).size == 0
    assert store.passage_scores(every(store), fake.encode_queries([BOILERPLATE]).vectors).max() < 0.9


# --- late interaction ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [1, 2, ALL])
@pytest.mark.parametrize("text", QUERIES)
def test_late_interaction_against_the_floats(
    store: Store, oracle: Oracle, rows: list[int], fake: FakeEncoder, text: str, most: int
) -> None:
    tokens = asked(fake, text)
    weights = store.token_weights(tokens)
    vectors = fake.encode_queries([text, QUERIES[0]]).vectors
    found = np.array(store.late_scores(np.array(rows), vectors, store.project(tokens), weights, most))
    query = tokens.vectors.astype(np.float64)
    nearest = [oracle.nearest(number, vectors.astype(np.float64), most) for number in range(COUNT)]
    expected = np.array([oracle.late(number, query, weights.tolist(), nearest[number]) for number in range(COUNT)]).T
    assert found.shape == expected.shape == (2, COUNT)
    # Rounding, and for a rare token the clipping of what lies far out.
    np.testing.assert_allclose(found, expected, atol=0.06)
    assert np.abs(found - expected).mean() < 0.005
    for exact, close in zip(expected, found, strict=True):
        assert exact.max() - exact[close.argmax()] < 0.01


def test_a_passage_matches_no_better_than_its_incident(store: Store, fake: FakeEncoder, queries: Floats) -> None:
    for text in QUERIES:
        tokens = asked(fake, text)
        whole, passage = store.late_scores(every(store), queries, store.project(tokens), store.token_weights(tokens), 3)
        assert (passage <= whole + 1e-6).all()


def test_an_incident_is_as_good_as_its_best_chunk(store: Store, fake: FakeEncoder) -> None:
    projected = store.project(asked(fake, QUERIES[0]))
    for row in (0, 5, 123):
        chunks, vectors = told(store, row)
        tables = [store.chunk_token_scores(row, position, projected) for position in range(len(chunks))]
        assert [table.shape for table in tables] == [(len(projected), len(fake.offsets(one.text))) for one in chunks]
        best = np.max([table.max(axis=1) for table in tables], axis=0)
        weights = np.linspace(1, 2, len(projected), dtype=np.float32)
        late = [float(np.average(table.max(axis=1), weights=weights)) for table in tables]
        np.testing.assert_allclose(store.chunk_late_scores([row], projected, weights)[0], late, atol=1e-5)
        for token, weights in enumerate(np.eye(len(projected), dtype=np.float32)):
            whole, passage = store.late_scores(np.array([row]), vectors, projected, weights, ALL)
            assert whole[0] == pytest.approx(passage[0], abs=1e-5) == pytest.approx(best[token], abs=1e-5)


def test_the_places_of_tokens_are_those_that_the_encoder_gives(store: Store, fake: FakeEncoder) -> None:
    for row in (0, 5, 123):
        chunks, _ = told(store, row)
        for position, one in enumerate(chunks):
            assert store.chunk_spans(row, position) == list(fake.offsets(one.matched))


def test_token_counts_against_the_chunks(store: Store, oracle: Oracle, rows: list[int]) -> None:
    expected = [sum(len(tokens.ids) for tokens in own) for own in oracle.tokens]
    assert store.token_counts(np.array(rows)).tolist() == expected


def test_an_incident_serves_what_its_front_matter_lists(store: Store, oracle: Oracle, rows: list[int]) -> None:
    listed = {service for incident in oracle.incidents for service in incident.services}
    assert set(store.services.names) == listed
    assert store.services.masked <= listed
    for asked_for in ([], ["nothing-of-ours"], sorted(listed)[:1], sorted(listed)[:2], [sorted(listed)[0].upper()]):
        wanted = {service.casefold() for service in asked_for}
        expected = [bool(wanted & {service.casefold() for service in incident.services}) for incident in oracle.incidents]
        assert store.serves(np.array(rows), asked_for).tolist() == expected


def test_the_tokens_of_a_chunk_are_its_own(store: Store, fake: FakeEncoder) -> None:
    chunks, _ = told(store, 8)
    for position, one in enumerate(chunks):
        table = store.chunk_token_scores(8, position, store.project(asked(fake, one.text)))
        np.testing.assert_allclose(np.diag(table), 1, atol=0.03)


def test_stored_tokens_come_back_in_the_order_of_the_chunks_asked(store: Store, oracle: Oracle, rows: list[int]) -> None:
    for number, picked in ((0, [0]), (8, [2, 0, 3]), (57, [1, 1]), (199, [])):
        found = store.tokens_at(rows[number], picked)
        own = [oracle.tokens[number][position] for position in picked]
        assert found.ids.tolist() == [int(token) for tokens in own for token in tokens.ids]
        expected = np.concatenate([np.zeros((0, DIMENSION)), *(tokens.vectors for tokens in own)])
        assert found.vectors.shape == expected.shape
        np.testing.assert_allclose(found.vectors, expected, atol=0.05)


def test_token_weights_are_idf_over_incidents(store: Store, oracle: Oracle, fake: FakeEncoder) -> None:
    tokens = asked(fake, "please outage node42 blameless unheardof 17")
    df = [oracle.token_frequency(int(token)) for token in tokens.ids]
    assert len(set(df)) >= 4
    expected = [np.log(1 + (COUNT - n + 0.5) / (n + 0.5)) for n in df]
    np.testing.assert_allclose(store.token_weights(tokens), expected, rtol=1e-5)
    stranger = Tokens(np.array([10_000_000], np.int32), tokens.vectors[:1])
    assert store.token_weights(stranger)[0] == pytest.approx(np.log(1 + (COUNT + 0.5) / 0.5))


# --- concepts --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def exemplars(fake: FakeEncoder) -> list[NDArray[np.float64]]:
    """The vectors of each concept's phrases. A concept without phrases takes no part."""
    return [fake.encode_queries(concept.phrases).vectors.astype(np.float64) for concept in LEXICON if concept.phrases]


def test_the_concepts_come_back(store: Store, exemplars: list[NDArray[np.float64]]) -> None:
    space = store.concepts
    assert space.labels == tuple(concept.label for concept in LEXICON if concept.phrases)
    assert space.signatures == (("disk_full", 1), ("[disk error]", 1), ("cert-expired", 2))
    assert space.starts.tolist() == [0, 3, 5, 6]
    np.testing.assert_allclose(space.vectors, np.concatenate(exemplars), atol=1e-3)


def test_each_incident_by_its_concepts(
    store: Store, oracle: Oracle, rows: list[int], exemplars: list[NDArray[np.float64]]
) -> None:
    expected = np.array([oracle.concepts(n, exemplars) for n in range(COUNT)])
    found = np.stack([store.concept_scores(np.array(rows), one) for one in np.eye(len(exemplars), dtype=np.float32)], axis=1)
    np.testing.assert_allclose(found, expected, atol=2e-3)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=2e-3)
    np.testing.assert_allclose(store.concept_reach, expected.max(axis=0), atol=2e-3)
    mixed = np.array([0.5, 0.1, 0.1, 0.3], np.float32)
    np.testing.assert_allclose(store.concept_scores(np.array(rows), mixed), expected @ mixed, atol=2e-3)
    # The corpus has incidents of each concept, or the test would show nothing.
    assert set(expected.argmax(axis=1)) == {0, 1, 2, 3}


def test_an_index_without_a_lexicon_answers_without_concepts(
    opened: Callable[[Path], Store], fake: FakeEncoder, tmp_path: Path, queries: Floats
) -> None:
    source = _written(tmp_path / "documents", one="# One\n\n## Summary\n\nA disk.\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.core.fakes.LEXICON", ())
        build_with(fake, source, tmp_path / "index")
        store = opened(tmp_path / "index")
    profile = store.concepts.query_profile(queries, "a disk")[0]
    assert profile.shape == (0,)
    assert store.concepts.labels == store.concepts.named(profile, "a disk") == ()
    assert store.concept_scores(every(store), profile).tolist() == [0]
    assert store.concept_reach.shape == (0,)
    store.close()


# --- rows and scores stay together -----------------------------------------------------------------------------------


@given(st.lists(st.integers(0, COUNT - 1), max_size=30))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_row_gets_its_own_score_wherever_it_stands(
    store: Store, queries: Floats, fake: FakeEncoder, picked: list[int]
) -> None:
    some = np.array(picked, np.int64)
    projected = store.project(asked(fake, QUERIES[0]))
    words = terms(QUERIES[0])
    np.testing.assert_allclose(store.passage_scores(some, queries), store.passage_scores(every(store), queries)[some], atol=1e-6)
    np.testing.assert_allclose(
        store.incident_scores(some, queries), store.incident_scores(every(store), queries)[some], atol=1e-6
    )
    np.testing.assert_allclose(store.lexical_scores(some, words), store.lexical_scores(every(store), words)[some])
    profile = store.concepts.query_profile(queries[:2], QUERIES[0])[0]
    np.testing.assert_allclose(store.concept_scores(some, profile), store.concept_scores(every(store), profile)[some], atol=1e-6)
    weights = np.linspace(0, 1, len(projected), dtype=np.float32)
    for own, all_of_them in zip(
        store.late_scores(some, queries, projected, weights, 2),
        store.late_scores(every(store), queries, projected, weights, 2),
        strict=True,
    ):
        np.testing.assert_allclose(own, all_of_them[some], atol=1e-6)
    np.testing.assert_array_equal(store.token_counts(some), store.token_counts(every(store))[some])


def test_incidents_that_tell_of_a_concept_are_proposed(store: Store, oracle: Oracle, rows: list[int]) -> None:
    exemplars = [own.astype(np.float64) for own in np.split(store.concepts.vectors, store.concepts.starts[1:])]
    told = np.array([oracle.concepts(number, exemplars) for number in range(COUNT)])
    everyone, some = store.select(NO_FILTERS), store.select(FILTERS["tag"])
    for concept, profile in enumerate(np.eye(len(exemplars), dtype=np.float32)):
        found = store.telling_of(profile, COUNT, everyone).tolist()
        clearly = {rows[number] for number in np.flatnonzero(told[:, concept] > 0.06)}
        assert clearly <= set(found)
        assert all(told[rows.index(row), concept] > 0.04 for row in found)
        shares = [told[rows.index(row), concept] for row in found]
        assert shares == pytest.approx(sorted(shares, reverse=True), abs=2e-3)
        assert store.telling_of(profile, 5, everyone).tolist() == found[:5]
        assert some.rows is not None
        assert store.telling_of(profile, COUNT, some).tolist() == [row for row in found if row in some.rows]
    assert store.telling_of(np.zeros(len(exemplars), np.float32), 5, everyone).size == 0


def test_who_shares_a_passage(store: Store, oracle: Oracle, rows: list[int]) -> None:
    holders = sorted(rows[n] for n, own in enumerate(oracle.chunks) if any(one.text == SHARED for one in own))
    for row in (holders[0], holders[-1]):
        chunks, _ = told(store, row)
        shared = next(position for position, one in enumerate(chunks) if one.text == SHARED)
        assert store.sharing(row, shared).tolist() == holders
        assert all(row in store.sharing(row, position).tolist() for position in range(len(chunks)))
    assert store.sharing(rows[3], 1).tolist() == [rows[3]]


def test_the_same_text_in_many_incidents_is_found_in_all_of_them(
    store: Store, oracle: Oracle, rows: list[int], fake: FakeEncoder, close: float
) -> None:
    holders = {rows[n] for n, own in enumerate(oracle.chunks) if any(one.text == SHARED for one in own)}
    assert len(holders) == 8
    vector = fake.encode_queries([SHARED]).vectors
    scores = store.passage_scores(every(store), vector)[:, 0]
    assert set(np.flatnonzero(scores > 1 - close)) == holders
    assert holders <= set(store.nearest(vector, 40, store.select(NO_FILTERS)).tolist())


# --- filters ---------------------------------------------------------------------------------------------------------

FILTERS = {
    "none": Filters(),
    "service": Filters(services=("gateway",)),
    "service in other letters": Filters(services=("BASKET", "ORDERS_DB")),
    "severity by level": Filters(severities=("SEV1",)),
    "severity that is no level": Filters(severities=("odd",)),
    "tag": Filters(tags=("queue",)),
    "status": Filters(statuses=("open", "mitigated")),
    "since": Filters(since="2023-06-01"),
    "until": Filters(until="2021-03-04"),
    "one day": Filters(since="2021-02-02", until="2021-02-02"),
    "all at once": Filters(
        ("checkout", "Basket"), ("SEV1", "SEV2", "SEV3"), ("dns", "tls", "database"), ("open",), "2020-05-01", "2024-01-01"
    ),
    "nobody": Filters(services=("nobody",)),
    "no injection": Filters(services=("x') OR 1=1 --", "%", "_")),
}


@pytest.mark.parametrize("name", FILTERS)
def test_filters_select_what_passes(store: Store, oracle: Oracle, rows: list[int], name: str) -> None:
    selection = store.select(FILTERS[name])
    expected = sorted(rows[n] for n in oracle.passing(FILTERS[name]))
    assert selection.count == len(expected)
    assert (list(range(COUNT)) if selection.rows is None else selection.rows.tolist()) == expected


_some = st.builds(
    Filters,
    services=st.lists(st.sampled_from([*SERVICES, "CHECKOUT", "other"]), max_size=2).map(tuple),
    severities=st.lists(st.sampled_from(["SEV1", "SEV2", "SEV3", "odd", "sev1"]), max_size=2).map(tuple),
    tags=st.lists(st.sampled_from([*TAGS, "rare", "QUEUE"]), max_size=2).map(tuple),
    statuses=st.lists(st.sampled_from([*STATUSES, "Open"]), max_size=2).map(tuple),
    since=st.none() | st.dates().map(str) | st.sampled_from(["2021-01-01", "2022-06-15"]),
    until=st.none() | st.dates().map(str) | st.sampled_from(["2023-01-01", "2024-12-31"]),
)


@given(filters=_some)
@settings(max_examples=80, deadline=None)
def test_filters_hold_inside_both_legs(store: Store, oracle: Oracle, rows: list[int], queries: Floats, filters: Filters) -> None:
    allowed = {rows[n] for n in oracle.passing(filters)}
    selection = store.select(filters)
    assert selection.count == len(allowed)
    near = store.nearest(queries[:1], 7, selection).tolist()
    assert set(near) <= allowed
    assert len(near) >= min(7, len(allowed))
    words = terms(QUERIES[0])
    matching = store.matching(words, 7, selection).tolist()
    scores = store.lexical_scores(every(store), words)
    best = sorted((row for row in allowed if scores[row] > 0), key=lambda row: (-scores[row], row))[:7]
    assert matching == best


@pytest.mark.parametrize("query", range(len(QUERIES)))
@pytest.mark.parametrize("k", [1, 2, 3, 10])
def test_a_filter_that_leaves_three_of_two_hundred_still_finds_them(
    store: Store, oracle: Oracle, rows: list[int], queries: Floats, query: int, k: int
) -> None:
    filters = Filters(tags=("rare",))
    allowed = {rows[n] for n in oracle.passing(filters)}
    assert len(allowed) == 3
    found = set(store.nearest(queries[query][None, :], k, store.select(filters)).tolist())
    assert found <= allowed
    assert len(found) >= min(k, 3)
    words = ["outag"]
    assert len(store.matching(words, k, store.select(filters))) == min(k, 3)


def test_a_shared_passage_does_not_let_the_others_in(store: Store, oracle: Oracle, rows: list[int], fake: FakeEncoder) -> None:
    vector = fake.encode_queries([SHARED]).vectors
    filters = Filters(services=("checkout",), statuses=("open",))
    allowed = {rows[n] for n in oracle.passing(filters)}
    found = store.nearest(vector, 5, store.select(filters)).tolist()
    assert set(found) <= allowed
    assert len(found) >= 5


def test_a_filter_that_leaves_nothing(store: Store, queries: Floats) -> None:
    selection = store.select(FILTERS["nobody"])
    assert store.nearest(queries, 10, selection).size == 0
    assert store.matching(terms(QUERIES[0]), 10, selection).size == 0


# --- listing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILTERS)
def test_a_listing_is_newest_first_and_counts_all_that_pass(store: Store, oracle: Oracle, name: str) -> None:
    passing = [oracle.incidents[n] for n in oracle.passing(FILTERS[name])]
    page = store.listing(FILTERS[name], 0, 1_000)
    assert page.total == len(passing)
    by_id = sorted(passing, key=lambda incident: incident.id)
    assert list(page.incidents) == sorted(by_id, key=lambda incident: incident.date or "", reverse=True)
    values = {
        "services": Counter(value.casefold() for i in passing for value in set(i.services)),
        "tags": Counter(value.casefold() for i in passing for value in set(i.tags)),
        "severities": Counter((i.level or i.severity or "").casefold() for i in passing),
        "statuses": Counter((i.status or "").casefold() for i in passing),
        "years": Counter(i.date[:4] for i in passing if i.date),
    }
    for facet, counted in values.items():
        shown = page.facets[facet]
        assert {value.casefold(): n for value, n in shown} == counted, facet
        assert [n for _, n in shown] == sorted((n for _, n in shown), reverse=True)


def test_pages_hold_every_incident_once(store: Store) -> None:
    pages = [store.listing(NO_FILTERS, offset, 33) for offset in range(0, 231, 33)]
    assert [len(page.incidents) for page in pages] == [33] * 6 + [2]
    assert len({incident.id for page in pages for incident in page.incidents}) == COUNT
    assert all((page.total, page.facets) == (COUNT, pages[0].facets) for page in pages)
    assert store.listing(NO_FILTERS, COUNT, 10).incidents == ()


# --- opening ---------------------------------------------------------------------------------------------------------


def test_opened_again_it_gives_the_same_values(
    opened: Callable[[Path], Store], store: Store, oracle: Oracle, seeded_index: Path, queries: Floats, fake: FakeEncoder
) -> None:
    again = opened(seeded_index)
    tokens, words = asked(fake, QUERIES[0]), terms(QUERIES[0])

    def ids(one: Store, found: NDArray[np.int64]) -> NDArray[np.generic]:
        return np.array([incident.id for incident in one.incidents_at(found.tolist())])

    def values(one: Store) -> list[NDArray[np.generic]]:
        # A store may give other rows to incidents when it is opened again.
        rows = np.array([one.row(incident.id) for incident in oracle.incidents])
        return [
            one.passage_scores(rows, queries),
            one.incident_scores(rows, queries),
            one.lexical_scores(rows, words),
            one.concept_scores(rows, one.concepts.query_profile(queries, QUERIES[0])[0]),
            one.concepts.vectors,
            one.concepts.starts,
            *one.late_scores(rows, queries, one.project(tokens), one.token_weights(tokens), 2),
            one.token_counts(rows),
            one.serves(rows, one.services.names[:3]),
            one.token_weights(tokens),
            ids(one, one.nearest(queries, 20, one.select(NO_FILTERS))),
            ids(one, one.matching(words, 20, one.select(FILTERS["tag"]))),
        ]

    assert all(map(np.array_equal, values(again), values(store)))
    assert (again.concepts.labels, again.concepts.signatures) == (store.concepts.labels, store.concepts.signatures)
    assert (again.info, again.fingerprint, dict(again.calibration)) == (store.info, store.fingerprint, dict(store.calibration))
    again.close()


def test_threads_read_the_same(store: Store, queries: Floats, fake: FakeEncoder) -> None:
    projected = store.project(asked(fake, QUERIES[0]))

    def all_of(number: int) -> tuple[list[int], list[int], float, str, int]:
        selection = store.select(FILTERS["tag"])
        return (
            store.nearest(queries, 10, selection).tolist(),
            store.matching(terms(QUERIES[0]), 10, selection).tolist(),
            float(store.late_scores(every(store), queries, projected, np.ones(len(projected), np.float32), 2)[0].sum()),
            store.incidents_at([number % 3])[0].id,
            len(told(store, number % 3)[0]),
        )

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(all_of, range(48)))
    assert found == [all_of(number) for number in range(48)]


def _written(folder: Path, **documents: str) -> Path:
    folder.mkdir()
    for name, text in documents.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    return folder


def test_an_empty_index_answers_everything(
    opened: Callable[[Path], Store], fake: FakeEncoder, tmp_path: Path, queries: Floats
) -> None:
    build_with(fake, _written(tmp_path / "documents"), tmp_path / "index")
    store = opened(tmp_path / "index")
    none, everything = np.zeros(0, np.int64), store.select(NO_FILTERS)
    tokens = asked(fake, QUERIES[0])
    assert everything.count == store.select(FILTERS["tag"]).count == 0
    assert store.nearest(queries, 10, everything).size == store.matching(["disk"], 10, everything).size == 0
    assert store.passage_scores(none, queries).shape == store.incident_scores(none, queries).shape == (0, len(queries))
    assert store.lexical_scores(none, ["disk"]).shape == (0,)
    assert store.concept_scores(none, store.concepts.query_profile(queries, "disk")[0]).shape == (0,)
    late = store.late_scores(none, queries, store.project(tokens), store.token_weights(tokens), 2)
    assert [one.shape for one in late] == [(0,), (0,)]
    assert store.telling_of(store.concepts.query_profile(queries, "disk")[0], 10, everything).size == 0
    assert store.token_counts(none).shape == store.serves(none, ["checkout"]).shape == (0,)
    assert store.token_weights(tokens).shape == (len(tokens.ids),)
    assert store.listing(NO_FILTERS, 0, 10).total == 0
    assert store.incidents_at([]) == []
    assert store.outlines() == []
    with pytest.raises(NotFoundError):
        store.row("rca-000")
    store.close()


def test_duplicate_text_in_two_incidents_is_two_incidents(
    opened: Callable[[Path], Store], fake: FakeEncoder, tmp_path: Path, close: float
) -> None:
    text = "## Summary\n\nThe disk of the broker was full.\n"
    source = _written(
        tmp_path / "documents",
        one=f"# Same title\n\n{text}",
        two=f"# Same title\n\n{text}",
        three="# Other\n\n## Summary\n\nA cache.\n",
    )
    build_with(fake, source, tmp_path / "index")
    store = opened(tmp_path / "index")
    vector = fake.encode_queries(["The disk of the broker was full."]).vectors
    one, two, three = (store.row(name) for name in ("one", "two", "three"))
    scores = store.passage_scores(np.array([one, two, three]), vector)[:, 0]
    assert scores[0] == scores[1] == pytest.approx(1, abs=close)
    assert scores[2] < 0.99
    assert {one, two} <= set(store.nearest(vector, 2, store.select(NO_FILTERS)).tolist())
    assert set(store.matching(["disk"], 10, store.select(NO_FILTERS)).tolist()) == {one, two}
    assert told(store, one)[0][0].incident_id == "one"
    assert told(store, two)[0][0].incident_id == "two"
    assert store.info.passages == 4
    store.close()


def test_an_incident_of_nothing_but_a_title_and_one_in_which_a_passage_stands_twice(
    opened: Callable[[Path], Store], fake: FakeEncoder, tmp_path: Path, close: float
) -> None:
    again = "A node was slow."
    source = _written(
        tmp_path / "documents",
        bare="---\ntitle: Bare outage\ndate: 2024-01-01\n---\n",
        twice=f"# Twice\n\n## Summary\n\n{again}\n\n## Impact\n\n{again}\n",
    )
    build_with(fake, source, tmp_path / "index")
    store = opened(tmp_path / "index")
    chunks, vectors = told(store, store.row("twice"))
    assert [one.text for one in chunks] == ["Twice", again, again]
    # The passage that stands twice counts twice in the mean.
    mean = vectors.astype(np.float64).mean(axis=0)
    query = unit(vectors[1:2])
    whole = store.incident_scores(np.array([store.row("twice")]), query)[0, 0]
    assert whole == pytest.approx(float(mean @ query[0] / np.linalg.norm(mean)), abs=close)
    assert [one.text for one in told(store, store.row("bare"))[0]] == ["Bare outage"]
    store.close()
