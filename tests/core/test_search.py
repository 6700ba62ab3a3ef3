"""The searcher: ten asked are ten incidents, only what passes the filters, and evidence that stands where it says."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from rcasearch.calibration import STRONG
from rcasearch.encoders import Encoder, Tokens
from rcasearch.errors import IndexMissingError, ModelError, NotFoundError
from rcasearch.model import Filters, Hit, Match, Query, Results
from rcasearch.retrieval import MAX_PARTS, MAX_TOKENS, RANKERS, Signals, read_signals, telling
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.stores.generations import current
from rcasearch.stores.local import LocalStore
from tests.core.fakes import SHARED, FakeEncoder, build_with, searcher_with
from tests.core.oracle import Oracle

POOL = "2024-03-14-checkout-connection-pool-exhausted"
LEAK = "2025-09-18-basket-connection-leak"
DNS = "2025-06-30-resolver-search-domains"
DISK = "2024-11-02-search-data-disk-full"
CERTIFICATE = "2025-01-20-gateway-certificate-expired"


def ids(results: Results) -> list[str]:
    return [hit.incident.id for hit in results.hits]


def same(one: Results, other: Results) -> bool:
    return replace(one, took_ms=0) == replace(other, took_ms=0)


def test_the_stages_of_an_answer_follow_one_another_and_make_up_its_time(seeded_searcher: Searcher) -> None:
    found = seeded_searcher.search(Query("poolError"))
    similar = seeded_searcher.similar(found.hits[0].incident.id)
    assert [stage.name for stage in found.stages] == ["wait", "encode", "rank", "explain"]
    assert [stage.name for stage in similar.stages] == ["wait", "rank", "explain"]
    for results in (found, similar):
        assert all(before.ended == after.began for before, after in pairwise(results.stages))
        assert sum(stage.ended - stage.began for stage in results.stages) == pytest.approx(results.took_ms / 1000)


# --- the seeded corpus, with the fake encoder ------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 10, 50, 100])
@pytest.mark.parametrize("text", ["poolError cache_full", SHARED, "outage", "words that nobody wrote", "42"])
def test_as_many_asked_as_many_incidents(seeded_searcher: Searcher, limit: int, text: str) -> None:
    results = seeded_searcher.search(Query(text, limit))
    assert len(set(ids(results))) == len(ids(results)) == limit
    assert results.searched == 200
    assert results.index_id == seeded_searcher.info.id
    assert_consistent(results)


def assert_consistent(results: Results) -> None:
    assert [hit.rank for hit in results.hits] == list(range(1, len(results.hits) + 1))
    scores = [hit.score for hit in results.hits]
    assert scores == sorted(scores, reverse=True)
    assert np.isfinite(scores).all()
    order = ["none", "possible", "strong"]
    assert results.verdict == max((hit.verdict for hit in results.hits), key=order.index, default="none")
    assert results.confidence == max((hit.confidence for hit in results.hits), default=0.0)
    for hit in results.hits:
        assert 0 <= hit.confidence <= 1
        assert hit.score == pytest.approx(sum(hit.contributions.values()), abs=1e-4)
        assert_evidence(hit)


def assert_evidence(hit: Hit) -> None:
    assert 1 <= len(hit.evidence) <= 3
    scores = [one.score for one in hit.evidence]
    assert scores == sorted(scores, reverse=True)
    for one in hit.evidence:
        assert one.chunk.incident_id == hit.incident.id
        assert -1.01 <= one.score <= 1.01
        spans = one.highlights
        assert all(0 <= start < end <= len(one.chunk.text) for start, end in spans)
        assert all(first[1] <= second[0] for first, second in pairwise(spans))


def test_evidence_is_the_nearest_passage(seeded_searcher: Searcher, fake: FakeEncoder, oracle: Oracle) -> None:
    text = "poolError cache_full lockdown"
    encoding = fake.encode_queries([text])
    vector, tokens = encoding.vectors[0].astype(np.float64), encoding.tokens[0].vectors.astype(np.float64)
    store = LocalStore(current(Path(seeded_searcher.settings.index)))
    weights = store.token_weights(encoding.tokens[0]).tolist()
    store.close()
    number = {incident.id: n for n, incident in enumerate(oracle.incidents)}
    for hit in seeded_searcher.search(Query(text, 50)).hits:
        n = number[hit.incident.id]
        chunks = [(position, one) for position, one in enumerate(oracle.chunks[n]) if one.kind != "title"]
        near = {one.id: oracle.near(n, position, vector, tokens, weights) for position, one in chunks}
        # A link to another incident must be nearer by a tenth than what is told of this one.
        values = {one.id: near[one.id] - 0.1 * (one.kind == "related") for _, one in chunks}
        # Token vectors are stored rounded.
        assert max(values[one.chunk.id] for one in hit.evidence) > max(values.values()) - 0.03
        assert hit.evidence[0].score == max(one.score for one in hit.evidence)
        for shown in hit.evidence:
            assert shown.score == pytest.approx(near[shown.chunk.id], abs=0.03)
            assert shown.chunk in oracle.chunks[n]


def test_a_passage_that_stands_twice_in_an_incident_is_shown_once(tmp_path: Path, fake: FakeEncoder) -> None:
    again = "The broker was full."
    text = f"# Twice\n\n## Summary\n\n{again}\n\n## Impact\n\n{again}\n\n## Root cause\n\nThe broker was small.\n"
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "twice.md").write_text(text, encoding="utf-8")
    build_with(FakeEncoder(), tmp_path / "documents", tmp_path / "index")
    [hit] = searcher_with(fake, tmp_path / "index").search(Query(again)).hits
    assert [one.chunk.kind for one in hit.evidence].count("impact") == 0
    assert hit.evidence[0].chunk.kind == "summary"
    assert hit.evidence[0].score == pytest.approx(1, abs=0.02)


def test_the_plain_ranker_is_the_best_cosine_and_nothing_else(
    seeded_searcher: Searcher, fake: FakeEncoder, oracle: Oracle
) -> None:
    text = "poolError cache_full lockdown"
    query = fake.encode_queries([text]).vectors[0].astype(np.float64)
    cosine = {incident.id: oracle.passage(n, query) for n, incident in enumerate(oracle.incidents)}
    results = seeded_searcher.search(Query(text, 100), RANKERS["plain"])
    assert set(results.hits[0].contributions) == {"passage"}
    found = [cosine[key] for key in ids(results)]
    np.testing.assert_allclose(found, sorted(cosine.values(), reverse=True)[:100], atol=1e-5)


@pytest.mark.parametrize(
    "filters",
    [
        Filters(tags=("rare",)),
        Filters(services=("gateway",), since="2021-01-01"),
        Filters(severities=("SEV1", "SEV2"), statuses=("open",)),
        Filters(until="2020-12-31"),
        Filters(tags=("no such tag",)),
    ],
)
@pytest.mark.parametrize("text", ["poolError cache_full", SHARED])
def test_only_what_passes_and_all_of_it(seeded_searcher: Searcher, filters: Filters, text: str) -> None:
    expected = {incident.id for incident in seeded_searcher.incidents(filters, limit=200).incidents}
    results = seeded_searcher.search(Query(text, 100, filters))
    assert set(ids(results)) == expected
    assert results.searched == len(expected)
    assert_consistent(results)


def test_a_filter_does_not_change_the_order_of_what_passes_by_much(seeded_searcher: Searcher) -> None:
    """The best of those that pass is the best of them among all."""
    filters = Filters(tags=("rare",))
    passing = [hit for hit in seeded_searcher.search(Query("poolError cache_full", 100)).hits if "rare" in hit.incident.tags]
    filtered = seeded_searcher.search(Query("poolError cache_full", 100, filters)).hits
    confidences = {hit.incident.id: hit.confidence for hit in filtered}
    assert len(confidences) == 3
    for hit in passing:
        # Among fewer incidents there are fewer above it that hold it down.
        assert confidences[hit.incident.id] >= hit.confidence - 1e-5


def test_no_hit_is_surer_than_one_above_it_and_the_first_speaks_for_the_answer(seeded_searcher: Searcher) -> None:
    for text in ("poolError cache_full", "outage", "words that nobody wrote"):
        results = seeded_searcher.search(Query(text, 50))
        sure = [hit.confidence for hit in results.hits]
        assert sure == sorted(sure, reverse=True)
        assert (results.verdict, results.confidence) == (results.hits[0].verdict, sure[0])
        assert seeded_searcher.search(Query(text, 1)).confidence == pytest.approx(sure[0])


def test_without_evidence_the_ranking_is_the_same(seeded_searcher: Searcher) -> None:
    query = Query("poolError cache_full", 20)
    shown, bare = seeded_searcher.search(query), seeded_searcher.search(query, explain=False)
    assert [replace(hit, evidence=(), match=Match()) for hit in shown.hits] == list(bare.hits)
    assert all(hit.evidence for hit in shown.hits)


def test_similar_leaves_the_incident_itself_out(seeded_searcher: Searcher) -> None:
    for key in ("rca-000", "rca-011", "rca-199"):
        results = seeded_searcher.similar(key, 100)
        assert len(results.hits) == 100
        assert key not in ids(results)
        assert results.searched == 199
        assert_consistent(results)
    assert "rca-011" not in ids(seeded_searcher.similar("rca-011", 10, Filters(tags=("rare",))))
    assert len(seeded_searcher.similar("rca-011", 10, Filters(tags=("rare",))).hits) == 2
    assert len(seeded_searcher.similar("rca-000", 10, Filters(tags=("rare",))).hits) == 3


@pytest.mark.parametrize("ask", ["incident", "source", "backlinks", "similar"])
def test_an_unknown_id_is_not_found_and_named(seeded_searcher: Searcher, ask: str) -> None:
    for key in ("rca-999", "", "../etc/passwd", "\ud800"):
        with pytest.raises(NotFoundError, match="No incident") as caught:
            getattr(seeded_searcher, ask)(key)
        assert caught.value.hint
        caught.value.message.encode()


def test_eight_threads_get_the_same_answers_as_one(seeded_searcher: Searcher) -> None:
    filters = (Filters(), Filters(tags=("dns",)))
    queries = [Query(f"poolError {word}", 5, own) for word in ("disk", "cert42", "nodes", "lock") for own in filters]
    alone = [seeded_searcher.search(query) for query in queries]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(seeded_searcher.search, queries * 4))
    assert all(same(one, other) for one, other in zip(together, alone * 4, strict=True))


ODD = ["", " ", "!!!", "\n\n\n", "\u200b", "a" * 10_000, "x " * 5_000, "\U0001f600", "' OR 1=1 --", "[SEP] [CLS] [PAD]"]


@pytest.mark.parametrize("text", ODD)
def test_odd_text_is_answered(seeded_searcher: Searcher, tiny_searcher: Searcher, text: str) -> None:
    for searcher in (seeded_searcher, tiny_searcher):
        results = searcher.search(Query(text, 5))
        assert results.query.text == text
        assert len(results.hits) in (0, 5)
        assert_consistent(results)


# --- the tiny corpus, with the real model ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "best"),
    [
        ("every worker waits for a database connection and checkout answers 503", POOL),
        ("x509: certificate has expired or is not yet valid", CERTIFICATE),
        ("no space left on device", DISK),
        ("names of partners do not resolve", DNS),
        ("[FIRING] KubePodCrashLooping media/thumbnailer lastState=OOMKilled exitCode=137", "2026-02-11-thumbnailer-oom-killed"),
    ],
)
def test_a_symptom_finds_its_precedent(tiny_searcher: Searcher, text: str, best: str) -> None:
    results = tiny_searcher.search(Query(text, 10))
    assert ids(results)[0] == best
    assert len(ids(results)) == 8
    assert_consistent(results)


def test_what_never_happened_is_less_sure_than_what_did(tiny_searcher: Searcher) -> None:
    known = tiny_searcher.search(Query("every worker waits for a database connection and checkout answers 503"))
    unknown = tiny_searcher.search(Query("the espresso machine on the third floor leaks"))
    assert known.confidence > unknown.confidence
    assert unknown.verdict != "strong"


def test_similar_finds_the_other_connection_incident(tiny_searcher: Searcher) -> None:
    results = tiny_searcher.similar(POOL, 3)
    assert ids(results)[0] == LEAK
    assert POOL not in ids(results)
    assert len(results.hits) == 3


@pytest.mark.parametrize("text", ["database connections ran out", "certificate expired", "disk full", "queue backlog", "memory"])
def test_evidence_and_its_lines_point_into_the_document(tiny_searcher: Searcher, text: str) -> None:
    for hit in tiny_searcher.search(Query(text)).hits:
        lines = tiny_searcher.source(hit.incident.id).split("\n")
        for one in hit.evidence:
            if one.chunk.kind == "title":
                continue
            shown = one.chunk.text.split("\n")
            assert bare(shown[0]) in bare(lines[one.chunk.start_line - 1])
            assert bare(shown[-1]) in bare(lines[one.chunk.end_line - 1])
            within = bare("".join(lines[one.chunk.start_line - 1 : one.chunk.end_line]))
            assert all(bare(line) in within for line in shown)


def bare(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


def test_highlights_mark_the_words_that_answer(tiny_searcher: Searcher) -> None:
    [hit] = tiny_searcher.search(Query("QueuePool limit reached, connection timed out", 1)).hits
    marked = " ".join(one.chunk.text[start:end] for one in hit.evidence for start, end in one.highlights)
    assert hit.incident.id == POOL
    assert "QueuePool" in marked or "connection" in marked
    assert sum(len(one.highlights) for one in hit.evidence) >= 1


def test_a_paste_of_two_hundred_lines_finds_the_line_that_matters(tiny_searcher: Searcher) -> None:
    noise = [f"2026-05-0{n % 9 + 1}T03:{n % 60:02}:11Z INFO scheduler heartbeat ok shard={n} lag=0" for n in range(200)]
    noise[77] = "2026-05-01T03:17:11Z ERROR tls: x509: certificate has expired or is not yet valid"
    results = tiny_searcher.search(Query("\n".join(noise), 3))
    assert CERTIFICATE in ids(results)
    assert_consistent(results)
    lines = "\n".join(["TimeoutError: QueuePool limit of size 40 overflow 0 reached, connection timed out, timeout 30.00"] * 200)
    assert ids(tiny_searcher.search(Query(lines, 3)))[0] == POOL


def test_no_token_of_a_query_is_lost_up_to_the_bounds(encoder: Encoder) -> None:
    names = [first + second for first in "bcdf" for second in ("olt", "amp", "est")]
    text = "\n".join(f"the {name} worker waited {'for its turn ' * 8}behind the {name} queue" for name in names)
    signals = read_signals(text, encoder)
    assert len(signals.vectors) >= 2
    assert len(signals.tokens.ids) == encoder.count_tokens([text])[0]
    # A piece for every letter: more than the parts hold, even of the lines that tell.
    letters = "абвгдежзиклмнопрстуфхцчшщэюя"
    lines = [f"error: {' '.join(a + b + c for c in letters for _ in range(3))}" for a in letters for b in letters[:3]]
    huge = read_signals("\n".join(lines), encoder)
    assert len(huge.vectors) == MAX_PARTS
    np.testing.assert_allclose(np.linalg.norm(huge.vectors, axis=1), 1, atol=1e-5)


def test_of_many_tokens_the_rarest_are_kept_in_their_order(seeded_searcher: Searcher, fake: FakeEncoder) -> None:
    store = LocalStore(current(Path(seeded_searcher.settings.index)))
    known = "outage please keep this review blameless and add nothing private ".split()
    text = "\n".join(" ".join([*known, f"unheard{n}"]) for n in range(MAX_TOKENS))
    encoding = fake.encode_queries([text])
    signals = Signals(encoding.vectors, encoding.tokens[0], text, ())
    few = telling(store, signals)
    assert 0 < len(few.tokens.ids) == len(few.tokens.vectors) <= MAX_TOKENS < len(signals.tokens.ids)
    assert len(set(few.tokens.ids.tolist())) == len(few.tokens.ids)
    dropped = sorted(set(signals.tokens.ids.tolist()) - set(few.tokens.ids.tolist()))
    vectors = np.zeros((1, fake.dimension), np.float32)
    rarity = [float(store.token_weights(Tokens(np.array([token], np.int32), vectors))[0]) for token in dropped]
    assert max(rarity) <= store.token_weights(few.tokens).min()
    where = [signals.tokens.ids.tolist().index(token) for token in few.tokens.ids]
    assert where == sorted(where)
    short = read_signals("pool full", fake)
    assert telling(store, short) is short
    store.close()


def test_the_same_query_gives_the_same_answer(tiny_searcher: Searcher) -> None:
    query = Query("database connections ran out", 8)
    assert same(tiny_searcher.search(query), tiny_searcher.search(query))


def test_ids_and_stems_name_the_same_incident(tiny_searcher: Searcher) -> None:
    for incident in tiny_searcher.incidents().incidents:
        assert tiny_searcher.incident(incident.id) == tiny_searcher.incident(incident.stem) == incident
        assert tiny_searcher.source(incident.id) == tiny_searcher.source(incident.stem)
    assert [incident.id for incident in tiny_searcher.backlinks(POOL)] == [LEAK]
    assert tiny_searcher.backlinks(DNS) == ()


def test_the_listing_of_the_tiny_corpus(tiny_searcher: Searcher) -> None:
    page = tiny_searcher.incidents(Filters(services=("orders-db",)))
    assert [incident.id for incident in page.incidents] == [LEAK, POOL]
    assert dict(page.facets["services"]) == {"orders-db": 2, "basket": 1, "checkout": 1}
    assert dict(page.facets["years"]) == {"2024": 1, "2025": 1}


def test_no_index_and_no_model_are_told_apart(tmp_path_factory: pytest.TempPathFactory, tiny_searcher: Searcher) -> None:
    with pytest.raises(IndexMissingError):
        Searcher.open(Settings(index=str(tmp_path_factory.mktemp("none"))))
    with pytest.raises(ModelError, match="no-such-model"):
        Searcher.open(replace(tiny_searcher.settings, model="no-such-model"))


def test_a_failure_that_nobody_here_had_is_not_called_a_precedent(tiny_searcher: Searcher) -> None:
    text = "the holiday calendar feature broke on 29 February, leap year date arithmetic is off by one day"
    results = tiny_searcher.search(Query(text))
    assert results.concepts
    assert results.verdict == "none"


def test_a_failure_that_was_had_is_not_held_down(tiny_searcher: Searcher) -> None:
    results = tiny_searcher.search(Query("TLS handshake fails since midnight, the certificate has expired"))
    assert results.concepts
    assert results.confidence > STRONG


@pytest.mark.parametrize("text", ["the cake recipe needs two more eggs", "who plays football on Sunday afternoon"])
def test_what_is_no_failure_is_read_as_none(tiny_searcher: Searcher, text: str) -> None:
    assert tiny_searcher.search(Query(text, 3)).concepts == ()
