"""The corpus of long pastes: what must stay of each, what must go, and that the incidents of the seeds are found by them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from rcasearch import retrieval
from rcasearch.chunking import split_text
from rcasearch.encoders import Encoder
from rcasearch.model import Query
from rcasearch.pastes import condense
from rcasearch.search import Searcher

SEEDS = Path(__file__).parent.parent.parent / "seeds"
PASTES = Path(__file__).parent.parent / "data" / "pastes"
SAME_FAILURE = 2


@dataclass(frozen=True, slots=True)
class Paste:
    """A long paste, the incidents that it tells of (grade 2: the same failure), and what must stay of it and what must go."""

    name: str
    text: str
    relevant: dict[str, int]
    telling: tuple[str, ...]
    noise: tuple[str, ...]


def _read(line: str) -> Paste:
    row = json.loads(line)
    text = (PASTES / row["file"]).read_bytes().decode("utf-8")
    return Paste(row["file"], text, row["relevant"], tuple(row["telling"]), tuple(row["noise"]))


CORPUS = [_read(line) for line in (PASTES / "pastes.jsonl").read_text(encoding="utf-8").splitlines()]
ANSWERABLE = [paste for paste in CORPUS if paste.relevant]
UNANSWERABLE = [paste for paste in CORPUS if not paste.relevant]
every = pytest.mark.parametrize("paste", CORPUS, ids=lambda paste: paste.name)


def test_the_corpus_is_whole() -> None:
    assert {path.name for path in PASTES.iterdir()} == {"pastes.jsonl", *(paste.name for paste in CORPUS)}
    assert {stem for paste in CORPUS for stem in paste.relevant} <= {path.stem for path in SEEDS.glob("*.md")}
    assert all(part in paste.text for paste in CORPUS for part in (*paste.telling, *paste.noise))
    assert len(ANSWERABLE) >= 40
    assert len(UNANSWERABLE) >= 5


@every
def test_what_tells_stays(paste: Paste) -> None:
    told = condense(paste.text)
    assert [part for part in paste.telling if part not in told] == []


@every
def test_noise_goes(paste: Paste) -> None:
    told = condense(paste.text)
    assert [part for part in paste.noise if part in told] == []
    assert 0 < len(told) < len(paste.text)


def _first_three(searcher: Searcher) -> dict[str, list[str]]:
    """The file stems of the first three incidents that each answerable paste finds."""
    results = {paste.name: searcher.search(Query(paste.text, 3), explain=False) for paste in ANSWERABLE}
    return {name: [hit.incident.stem for hit in own.hits] for name, own in results.items()}


@pytest.fixture(scope="module")
def answers(seeds_searcher: Searcher) -> dict[str, list[str]]:
    return _first_three(seeds_searcher)


def _found(answers: dict[str, list[str]], depth: int) -> float:
    """The share of answerable pastes with an incident of the same failure among the first ``depth``."""
    hits = [any(paste.relevant.get(stem) == SAME_FAILURE for stem in answers[paste.name][:depth]) for paste in ANSWERABLE]
    return sum(hits) / len(hits)


def test_the_incident_is_found(answers: dict[str, list[str]]) -> None:
    """Measured: first in 93 %, among the first three in 100 %. One paste more or less is 2.3 %."""
    assert _found(answers, 1) >= 0.85
    assert _found(answers, 3) >= 0.93


def test_what_is_condensed_finds_more_than_what_the_encoder_would_have_cut(
    seeds_searcher: Searcher, answers: dict[str, list[str]], encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Measured: cut off, 47 % come first and 67 % among the first three."""

    def cut_off(text: str) -> str:
        return split_text(text, encoder.count_tokens, encoder.max_tokens)[0]

    monkeypatch.setattr(retrieval, "condense", cut_off)
    without = _first_three(seeds_searcher)
    assert _found(answers, 1) > _found(without, 1) + 0.2
    assert _found(answers, 3) > _found(without, 3) + 0.2


def test_a_paste_of_which_nothing_is_on_record_is_no_strong_precedent(seeds_searcher: Searcher) -> None:
    """Measured: none of eight is called strong, six are called none."""
    words = [seeds_searcher.search(Query(paste.text, 1), explain=False).verdict for paste in UNANSWERABLE]
    assert "strong" not in words
    assert words.count("none") >= len(words) / 2


def test_an_instruction_in_a_paste_is_only_text(answers: dict[str, list[str]]) -> None:
    paste = next(paste for paste in CORPUS if paste.name == "injection-slow-search.log")
    assert "Ignore all previous instructions" in paste.text
    assert "Ignore all previous instructions" not in condense(paste.text)
    assert "2025-06-17-resale-search-dropped-index" in answers[paste.name][:3]
