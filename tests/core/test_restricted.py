"""A reader gets the answers of an index in which nothing is that he may not see: the same hits, figures and scores."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcasearch.errors import NotFoundError
from rcasearch.model import EVERYTHING, NO_FILTERS, UNLABELLED, Clearance, Filters, Incident, Link, Query, Results
from rcasearch.readers import resolve_links
from rcasearch.search import Searcher
from rcasearch.stores.local import LocalStore
from tests.core.fakes import FakeEncoder, build_with, searcher_with, write_corpus
from tests.core.labelled import CANARY, write_labelled

CLEARANCES = {
    "nobody in particular": UNLABELLED,
    "legal": Clearance.of(["legal", "sales"]),
    "both": Clearance.of(["legal", "security"]),
}
QUERIES = (
    "poolError and cache_full on checkout",
    f"pooldown on {CANARY}-vault-api",
    "Operators removed the second replica by hand.",
    f"{CANARY}a crown jewels",
    "disk-expired",
)


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_corpus(tmp_path_factory.mktemp("restricted") / "documents", 60)
    write_labelled(folder / "a-vault", 24)
    return folder


@pytest.fixture(scope="module")
def whole(documents: Path, fake: FakeEncoder) -> Iterator[Searcher]:
    build_with(fake, documents, documents.parent / "whole")
    with closing(searcher_with(fake, documents.parent / "whole")) as searcher:
        yield searcher


@pytest.fixture(scope="module", params=CLEARANCES)
def pair(
    request: pytest.FixtureRequest, documents: Path, whole: Searcher, fake: FakeEncoder
) -> Iterator[tuple[Searcher, Searcher]]:
    """What a reader sees of the whole, and an index of just the documents that he may see."""
    clearance = CLEARANCES[request.param]
    seen = whole.seen_by(clearance)
    own = documents.parent / request.param.replace(" ", "-")
    shutil.copytree(documents, own)
    kept = {outline.id: whole.incident(outline.id) for outline in whole.outlines()}
    for incident in kept.values():
        if not clearance.covers(incident.access):
            (own / incident.path).unlink()
    build_with(fake, own, own.with_name(f"{own.name}-index"))
    with closing(searcher_with(fake, own.with_name(f"{own.name}-index"))) as alone:
        yield seen, alone


def bare(results: Results) -> Results:
    return replace(results, index_id="", took_ms=0.0)


@pytest.mark.parametrize("text", QUERIES)
def test_the_answers_are_those_of_an_index_without_the_rest(pair: tuple[Searcher, Searcher], text: str) -> None:
    seen, alone = pair
    for filters in (NO_FILTERS, Filters(services=("checkout",)), Filters(tags=("database", f"{CANARY}-tag"))):
        assert bare(seen.search(Query(text, 20, filters))) == bare(alone.search(Query(text, 20, filters)))


def test_the_catalogue_is_that_of_an_index_without_the_rest(pair: tuple[Searcher, Searcher]) -> None:
    seen, alone = pair
    assert seen.outlines() == alone.outlines()
    for filters in (NO_FILTERS, Filters(statuses=("open",)), Filters(severities=("SEV0",))):
        assert seen.incidents(filters, 0, 500) == alone.incidents(filters, 0, 500)
    for outline in alone.outlines():
        assert seen.incident(outline.id) == alone.incident(outline.id)
        assert seen.source(outline.id) == alone.source(outline.id)
        assert seen.backlinks(outline.id) == alone.backlinks(outline.id)
    assert seen.labels == alone.labels
    assert list(seen.problems()) == list(alone.problems())


def test_what_is_counted_over_the_corpus_is_that_of_an_index_without_the_rest(pair: tuple[Searcher, Searcher]) -> None:
    seen, alone = (searcher._store for searcher in pair)
    hidden = {"id": "", "path": "", "created": "", "bytes": 0, "sources": ()}
    assert replace(seen.info, **hidden) == replace(alone.info, **hidden)  # type: ignore[arg-type]
    assert seen.services == alone.services
    assert dict(seen.calibration) == dict(alone.calibration)
    np.testing.assert_array_equal(seen.concept_reach, alone.concept_reach)
    ours, theirs = seen.term_values(), alone.term_values()
    assert list(ours.terms) == list(theirs.terms)
    for one, other in zip((ours.starts, ours.rows, ours.values), (theirs.starts, theirs.rows, theirs.values), strict=True):
        np.testing.assert_array_equal(one, other)
    assert seen.links() == alone.links()


def test_what_incidents_come_to_is_that_of_an_index_without_the_rest(pair: tuple[Searcher, Searcher]) -> None:
    seen, alone = pair
    assert seen.recurrences() == alone.recurrences()
    np.testing.assert_allclose(seen.landscape().positions, alone.landscape().positions, atol=1e-5)
    for outline in alone.outlines()[::17]:
        assert bare(seen.similar(outline.id)) == bare(alone.similar(outline.id))


def test_what_may_not_be_seen_is_not_found_in_the_words_for_what_is_not_there(whole: Searcher) -> None:
    seen, secret = whole.seen_by(UNLABELLED), f"{CANARY}-id-1"
    assert whole.incident(secret).access
    for ask in (seen.incident, seen.source, seen.backlinks, seen.similar):
        for key in (secret, f"{CANARY}-file-0"):
            with pytest.raises(NotFoundError) as hidden:
                ask(key)
            with pytest.raises(NotFoundError) as unknown:
                ask("n" * len(key))
            assert str(hidden.value).replace(key, "") == str(unknown.value).replace("n" * len(key), "")
    with pytest.raises(NotFoundError):
        seen.search(Query("disk"), without=secret)


def test_a_link_to_what_may_not_be_seen_leads_nowhere(whole: Searcher) -> None:
    legal = whole.seen_by(Clearance.of(["legal"]))
    told = next(one for one in whole.outlines() if whole.incident(one.id).access == ("legal",))
    targets = {link.target: link.incident_id for link in whole.incident(told.id).links}
    assert targets[f"{CANARY}-file-0"] is not None
    assert {link.target: link.incident_id for link in legal.incident(told.id).links}[f"{CANARY}-file-0"] is None
    assert legal.incident(told.id) in legal.incidents(NO_FILTERS, 0, 500).incidents


def test_no_word_of_a_labelled_document_is_in_anything_that_is_kept_of_the_rest(whole: Searcher) -> None:
    seen = whole.seen_by(UNLABELLED)
    told = [
        seen.incidents(NO_FILTERS, 0, 500),
        seen.outlines(),
        seen.recurrences(),
        seen.problems(),
        seen.info,
        seen._store.services,
    ]
    assert CANARY not in repr(told)
    assert CANARY in repr(whole.incidents(NO_FILTERS, 0, 500))
    assert not any(CANARY in term for term in seen._store.term_values().terms)


# --- searchers -------------------------------------------------------------------------------------------------------


def test_who_sees_all_asks_the_same_searcher(whole: Searcher) -> None:
    assert whole.seen_by(EVERYTHING) is whole
    one = whole.seen_by(UNLABELLED)
    assert whole.seen_by(Clearance.of([])) is one
    assert one.seen_by(EVERYTHING) is one
    assert one.seen_by(Clearance.of(["security"])) is one
    both = whole.seen_by(Clearance.of(["security", "legal"]))
    assert both.seen_by(Clearance.of(["legal", "hr"])).clearance == Clearance.of(["legal"])


def test_views_are_kept_but_not_without_end(whole: Searcher) -> None:
    searcher = whole.snapshot()
    for number in range(100):
        searcher.seen_by(Clearance.of([f"label-{number}"]))
    assert len(searcher._views) <= 32


def test_what_is_kept_of_the_landscape_is_kept_apart(whole: Searcher) -> None:
    seen = whole.seen_by(UNLABELLED)
    assert len(whole.landscape().positions) == whole.info.incidents > seen.info.incidents
    assert len(seen.landscape().positions) == seen.info.incidents
    assert seen._store.overview_file != whole._store.overview_file
    assert seen._store.overview_file.exists()


def test_a_reader_sees_no_more_when_the_index_is_made_again(tmp_path: Path, fake: FakeEncoder) -> None:
    documents = write_corpus(tmp_path / "documents", 6)
    build_with(fake, documents, tmp_path / "index")
    whole = searcher_with(fake, tmp_path / "index")
    following = Searcher(whole._store, whole.settings, fake, UNLABELLED)
    before = whole.seen_by(UNLABELLED)
    assert isinstance(before._store, LocalStore)  # nothing is labelled, and nothing is in between
    write_labelled(documents / "vault", 6)
    build_with(fake, documents, tmp_path / "index")
    assert whole.refresh()
    assert following.refresh()
    assert (whole.info.incidents, following.info.incidents, before.info.incidents) == (12, 6, 6)
    assert whole.seen_by(UNLABELLED).info.incidents == 6
    assert whole.seen_by(UNLABELLED).info.id == whole.info.id


def test_where_all_documents_have_a_label_the_rest_is_learned_all_the_same(tmp_path: Path, fake: FakeEncoder) -> None:
    documents = write_corpus(tmp_path / "documents", 40)
    build_with(fake, documents, tmp_path / "open")
    for path in documents.iterdir():
        path.write_text(path.read_text().replace("---\n", "---\naccess: sre\n", 1))
    build_with(fake, documents, tmp_path / "closed")
    with closing(searcher_with(fake, tmp_path / "open")) as one, closing(searcher_with(fake, tmp_path / "closed")) as other:
        assert dict(one._store.calibration) == dict(other._store.calibration)
        assert one._store.services == other._store.services
        found = [[(hit.incident.id, hit.score) for hit in each.search(Query(QUERIES[0])).hits] for each in (one, other)]
        assert found[0] == found[1]
        nobody = other.seen_by(UNLABELLED)
        assert nobody.search(Query(QUERIES[0])).hits == ()
        assert (nobody.info.incidents, nobody.recurrences(), nobody.outlines()) == (0, (), [])


# --- names -----------------------------------------------------------------------------------------------------------

_labels = st.sets(st.sampled_from(["security", "legal", "hr"]), max_size=2).map(lambda labels: tuple(sorted(labels)))
_corpus = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["", "x/", "y/"]), _labels), unique_by=lambda one: one[:2], max_size=7
)


@given(_corpus)
@settings(max_examples=150, deadline=None)
def test_ids_and_links_of_what_everybody_sees_tell_of_nothing_else(corpus: list[tuple[str, str, tuple[str, ...]]]) -> None:
    """Of two documents of the same id, one keeps it; which, and where links lead, must not tell of a third."""
    links = tuple(Link(name, name, "wiki", 1) for name in "abc")
    incidents = [
        Incident(id=name, title=name, path=f"{folder}{name}.md", access=own, links=links) for name, folder, own in corpus
    ]
    everybody = [one for one in incidents if not one.access]
    resolved = {one.path: one for one in resolve_links(incidents)[0]}
    seen = {one.id for one in resolved.values() if not one.access}
    for one in resolve_links(everybody)[0]:
        assert resolved[one.path].id == one.id
        expected = [link.incident_id for link in one.links]
        assert [link.incident_id if link.incident_id in seen else None for link in resolved[one.path].links] == expected
