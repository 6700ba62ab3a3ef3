"""Which words of a passage answer the query: each telling query token's best match, from the late interaction itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

import numpy as np
from numpy.typing import NDArray

Span = tuple[int, int]
MIN_SIMILARITY = 0.5
MAX_SHARE = 0.35


def telling(weights: NDArray[np.float32]) -> NDArray[np.int64]:
    """The positions of the query tokens, by their weights (q,), whose matches are worth showing: the more telling half."""
    return np.flatnonzero(weights >= median(weights.tolist())) if len(weights) else np.zeros(0, np.int64)


def highlight(
    text: str, offsets: Sequence[Span], similarities: NDArray[np.float32], weights: NDArray[np.float32]
) -> tuple[Span, ...]:
    """(start, end) offsets into ``text`` of the words that match the query, in order, not overlapping.

    ``offsets`` are those of the passage's p tokens, ``similarities`` (q, p) of each query token to each of them, ``weights`` (q,)
    how telling each query token is; of those that are not, nothing should be given. Empty when the tokens cannot be aligned;
    a token from 0 to 0 is one whose place is not known.
    """
    if not len(offsets) or similarities.shape != (len(weights), len(offsets)) or not len(weights):
        return ()
    best = similarities.argmax(axis=1)
    strength = similarities[np.arange(len(best)), best]
    ranked = [offsets[best[i]] for i in np.argsort(-strength * weights, kind="stable") if strength[i] >= MIN_SIMILARITY]
    words = dict.fromkeys(_word(text, start, end) for start, end in ranked if start < end)
    return tuple(_merged(_within_share(words, len(text)), text))


def _word(text: str, start: int, end: int) -> Span:
    while start > 0 and _inside(text[start - 1]):
        start -= 1
    while end < len(text) and _inside(text[end]):
        end += 1
    return start, end


def _inside(character: str) -> bool:
    return character.isalnum() or character == "_"


def _within_share(words: Iterable[Span], length: int) -> list[Span]:
    """The first words that together cover no more than a share of the text: a passage all in yellow says nothing."""
    kept: list[Span] = []
    covered = 0
    for start, end in words:
        if covered + end - start <= max(MAX_SHARE * length, 12):
            covered += end - start
            kept.append((start, end))
    return kept


def _merged(spans: Iterable[Span], text: str) -> list[Span]:
    """The spans in order, neighbours with nothing but a space between them as one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1] + 1 and not text[merged[-1][1] : start].strip():
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif end > start:
            merged.append((start, end))
    return merged
