"""The lexical leg's file against bm25s, which it must agree with on any terms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import bm25s
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rcasearch.stores import postings
from rcasearch.stores.postings import MOST, Postings, Whole
from rcasearch.stores.reweighing import SomePostings

WORDS = st.sampled_from(["disk", "full", "disks", "dis", "Köln", "é", "故障", "\U0001f600", "\ue000", "x" * 64, "a b", ""])
INCIDENTS = st.lists(st.lists(WORDS, max_size=12), min_size=1, max_size=12).filter(any)


def opened(path: Path, incidents: Sequence[Sequence[str]]) -> Postings:
    postings.write(path, map(Counter, incidents))
    return Postings(path)


def expected(incidents: Sequence[Sequence[str]], query: Sequence[str]) -> NDArray[np.float32]:
    index = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    index.index([list(terms) for terms in incidents], show_progress=False)
    known = [term for term in query if any(term in terms for terms in incidents)]
    return np.asarray(index.get_scores(known) if known else np.zeros(len(incidents)), dtype=np.float32)


@given(INCIDENTS, st.lists(WORDS, max_size=6))
def test_scores_are_those_of_bm25s(
    tmp_path_factory: pytest.TempPathFactory, incidents: list[list[str]], query: list[str]
) -> None:
    found = opened(tmp_path_factory.getbasetemp() / "lexical.bin", incidents).scores(query)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected(incidents, query), atol=1e-5)


def test_many_incidents_are_written_a_block_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(3)
    incidents = [[f"w{number}" for number in generator.integers(0, 90, generator.integers(0, 60))] for _ in range(200)]
    whole = tmp_path / "whole"
    opened(whole, incidents)
    for block in (1, 7, 500):
        monkeypatch.setattr(postings, "_BLOCK", block)
        found = opened(tmp_path / "blocks", incidents)
        assert (tmp_path / "blocks").read_bytes() == whole.read_bytes()
    for query in (["w1"], ["w5", "w5", "w89"], [f"w{number}" for number in range(90)], ["w9", "unknown"]):
        np.testing.assert_allclose(found.scores(query), expected(incidents, query), rtol=1e-5, atol=1e-5)


def test_a_term_may_stand_in_an_incident_more_often_than_is_counted(tmp_path: Path) -> None:
    incidents = [Counter({"disk": 1_000_000, "full": 1}), Counter({"full": 2}), Counter({"other": 1})]
    postings.write(tmp_path / "file", incidents)
    scores = Postings(tmp_path / "file").scores(["disk"])
    idf, norm = np.log(1 + 2.5 / 1.5), 0.25 + 0.75 * 1_000_001 / (1_000_004 / 3)
    np.testing.assert_allclose(scores, [idf * 1e6 / (1e6 + 1.2 * norm), 0, 0], rtol=1e-4)


@pytest.mark.parametrize("incidents", [[], [[]], [[], [], []]])
def test_nothing_matches_where_there_is_nothing(tmp_path: Path, incidents: list[list[str]]) -> None:
    found = opened(tmp_path / "file", incidents)
    assert found.incidents == len(incidents)
    assert found.scores(["disk"]).tolist() == found.scores([]).tolist() == [0] * len(incidents)


def test_incidents_are_taken_one_at_a_time(tmp_path: Path) -> None:
    found = opened(tmp_path / "file", [["a"], ["b", "a"], [], ["b"]])
    assert [bool(score) for score in found.scores(["b"])] == [False, True, False, True]
    postings.write(tmp_path / "again", iter([{"a": 1}, {"a": 1, "b": 1}, {}, {"b": 1}]))
    assert (tmp_path / "again").read_bytes() == (tmp_path / "file").read_bytes()


@pytest.mark.parametrize("cut", [0, 1, 31, 32, 40, -1])
def test_a_file_that_is_not_whole_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "file"
    opened(path, [["disk", "full"], ["disk"]])
    whole = path.read_bytes()
    for content in (whole[:cut], whole + b"\0"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"file of terms|mmap length is greater"):
            Postings(path)


@pytest.mark.parametrize("value", [-1, 7, 2**62])
@pytest.mark.parametrize("place", ["terms", "postings", "text", "last term", "last posting"])
def test_counts_that_are_not_those_of_the_file_are_refused(tmp_path: Path, place: str, value: int) -> None:
    path = tmp_path / "file"
    opened(path, [["disk", "full"], ["disk"]])
    whole = bytearray(path.read_bytes())
    start = 8 * {"terms": 1, "postings": 2, "text": 3, "last term": 6, "last posting": 9}[place]
    whole[start : start + 8] = np.int64(value).tobytes()
    path.write_bytes(whole)
    with pytest.raises(ValueError, match="terms"):
        Postings(path)


@given(st.lists(st.lists(WORDS, max_size=12), max_size=8), st.lists(st.lists(WORDS, max_size=12), max_size=8))
def test_a_share_has_the_values_of_the_whole_and_forgets_it_for_who_sees_no_more(
    tmp_path_factory: pytest.TempPathFactory, share: list[list[str]], others: list[list[str]]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    whole, alone = opened(folder / "whole", [*share, *others]), opened(folder / "alone", share)
    names = alone.everything().terms
    frequency = np.array([whole.frequency(term) for term in names], np.int32)
    corpus = Whole(len(share) + len(others), sum(map(len, [*share, *others])), frequency)
    counted = replace(postings._count(map(Counter, share)), whole=corpus)
    postings.write_counted(folder / "share", counted)
    found = Postings(folder / "share", corpus)
    for term in names:
        rows, values = whole.of(term)
        assert found.of(term)[1].tobytes() == values[rows < len(share)].tobytes()
        assert found.frequency(term) == whole.frequency(term)
    told = found.everything()
    terms = np.repeat(np.arange(len(names)), np.diff(told.starts))
    for row, number, often in zip(told.rows.tolist(), terms.tolist(), found.counts().tolist(), strict=True):
        assert often == share[row].count(names[number])
    left = SomePostings(found, np.arange(len(share))).everything()
    np.testing.assert_array_equal(left.values, alone.everything().values)
    np.testing.assert_array_equal(SomePostings(found, np.arange(len(share))).scores(names), alone.scores(names))


def test_counts_are_found_again_up_to_the_most(tmp_path: Path) -> None:
    postings.write(tmp_path / "file", [Counter({"disk": 70_000, "full": 1}), Counter({"disk": 3}), Counter({"full": 500})])
    assert Postings(tmp_path / "file").counts().tolist() == [MOST, 3, 1, 500]


@pytest.mark.parametrize("frequency", [[1], [1, 1], [2, 4], [2, 1, 1]])
def test_a_corpus_that_they_are_no_share_of_is_refused(tmp_path: Path, frequency: list[int]) -> None:
    opened(tmp_path / "file", [["disk", "full"], ["disk"]])
    with pytest.raises(ValueError, match=r"frequencies of terms|fewer incidents of the corpus"):
        Postings(tmp_path / "file", Whole(3, 9, np.array(frequency, np.int32)))
