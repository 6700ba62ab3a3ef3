"""Highlights: the words that answer the query, whole, in order, and not all of them."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rcasearch.highlights import MAX_SHARE, MIN_SIMILARITY, highlight, telling

TEXT = "The pool of forty connections ran dry, and every worker waited for QueuePool to answer."


def offsets(text: str) -> list[tuple[int, int]]:
    """Word pieces of up to four letters, as a tokenizer might cut them."""
    return [match.span() for match in re.finditer(r"\w{1,4}|[^\w\s]", text)]


def marked(text: str, **similarity: float) -> list[str]:
    """Ask with one token for each word named; its best piece is the first piece of that word."""
    pieces = offsets(text)
    table = np.zeros((len(similarity), len(pieces)), np.float32)
    for row, (word, value) in enumerate(similarity.items()):
        table[row, [start for start, _ in pieces].index(text.index(word))] = value
    spans = highlight(text, pieces, table, np.ones(len(similarity), np.float32))
    return [text[start:end] for start, end in spans]


def test_a_piece_lights_up_its_whole_word() -> None:
    assert marked(TEXT, connections=0.9) == ["connections"]
    assert marked(TEXT, QueuePool=0.9, dry=0.8) == ["dry", "QueuePool"]


def test_neighbours_are_one_highlight() -> None:
    assert marked(TEXT, ran=0.9, dry=0.8) == ["ran dry"]


def test_a_weak_match_is_none() -> None:
    assert marked(TEXT, pool=MIN_SIMILARITY - 0.01) == []
    assert marked(TEXT, pool=MIN_SIMILARITY + 0.01) == ["pool"]


def test_the_strongest_come_first_when_not_all_can_be_shown() -> None:
    shown = marked("alpha bravo charlie delta echo", alpha=0.6, bravo=0.7, charlie=0.95, delta=0.65, echo=0.66)
    assert shown == ["bravo charlie"]


def test_a_word_too_long_to_mark_does_not_hide_the_others() -> None:
    text = f"waiting on {'x' * 60} for the pool"
    spans = highlight(text, [(0, 7), (11, 71), (80, 84)], np.eye(3, dtype=np.float32)[1:], np.array([2.0, 2.0], np.float32))
    assert [text[start:end] for start, end in spans] == ["pool"]


def test_telling_tokens_count_and_common_ones_do_not() -> None:
    pieces = [(0, 4), (5, 9), (10, 14)]
    table, weights = np.eye(3, dtype=np.float32), np.array([0.1, 3.0, 2.0], np.float32)
    shown = telling(weights)
    spans = highlight("with pool fail and much more text than that", pieces, table[shown], weights[shown])
    assert spans == ((5, 14),)
    assert telling(weights[:0]).size == 0


def test_a_token_whose_place_is_not_known_is_not_highlighted() -> None:
    ones = np.ones(2, np.float32)
    assert highlight("the pool is full", [(0, 0), (4, 8)], np.eye(2, dtype=np.float32), ones) == ((4, 8),)


@pytest.mark.parametrize(
    ("pieces", "table", "weights"),
    [
        ([], np.zeros((2, 0)), np.ones(2)),
        ([(0, 3)], np.zeros((0, 1)), np.ones(0)),
        ([(0, 3)], np.ones((2, 2)), np.ones(2)),
        ([(0, 3)], np.ones((2, 1)), np.ones(3)),
    ],
)
def test_what_cannot_be_aligned_is_not_highlighted(pieces: Any, table: NDArray[Any], weights: NDArray[Any]) -> None:
    assert highlight(TEXT, pieces, table.astype(np.float32), weights.astype(np.float32)) == ()


@given(st.text("ab_ .-é\n", min_size=1, max_size=80), st.integers(1, 5), st.integers(0, 2**32 - 1))
@settings(max_examples=200, deadline=None)
def test_spans_are_inside_the_text_in_order_and_cover_a_share_of_it(text: str, asked: int, seed: int) -> None:
    pieces = offsets(text)
    generator = np.random.default_rng(seed)
    table = generator.uniform(0, 1, (asked, len(pieces))).astype(np.float32)
    spans = highlight(text, pieces, table, generator.uniform(0.1, 5, asked).astype(np.float32))
    for start, end in spans:
        assert 0 <= start < end <= len(text)
        # Nobody's word is cut in two.
        assert not (start and re.match(r"\w", text[start]) and re.match(r"\w", text[start - 1]))
        assert not (end < len(text) and re.match(r"\w", text[end - 1]) and re.match(r"\w", text[end]))
    assert all(first[1] < second[0] for first, second in pairwise(spans))
    words = sum(len(piece) for start, end in spans for piece in re.findall(r"\w+|[^\w\s]", text[start:end]))
    assert words <= max(MAX_SHARE * len(text), 12)
