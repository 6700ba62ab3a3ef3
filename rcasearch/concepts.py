"""Vectors of texts -> which failure concepts they tell of.

A text's score for a concept is the cosine of the concept's nearest exemplar plus half that of the exemplars' mean; a signature of
the concept in the text adds to it. A softmax over the concepts makes a profile. The profiles of a query and of an incident are
compared by their dot product: two texts without a word in common agree when they tell of the same failure.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
TEMPERATURE = 0.06
CENTROID_SHARE = 0.5
SIGNATURE_BONUS = 0.2
# A concept is named to the user when it takes this share of the profile.
NAMED = 0.3
_FEWEST_WORDS = 2
_WORD = re.compile(r"[^\W_]+")
# Scores of a query's best concept below which it tells of none, and above which it tells of one.
_FAR, _NEAR = 0.3, 0.6
# An incident tells of a concept when its profile has this much of it, of a length of 1.
HEARD_OF = 0.15


@dataclass(frozen=True)
class ConceptSpace:
    """c concepts as exemplars: ``vectors`` (e, d) of length 1, sorted by concept; ``starts`` (c,) where each concept begins.

    ``signatures`` are (text in lower case, number of its concept).
    """

    labels: tuple[str, ...]
    signatures: tuple[tuple[str, int], ...]
    vectors: Floats
    starts: NDArray[np.int64]

    def scores(self, vectors: Floats) -> Floats:
        """(n, d) unit vectors -> (n, c) scores."""
        if not self.labels:
            return np.zeros((len(vectors), 0), np.float32)
        cosines = vectors @ self.vectors.T
        best = np.maximum.reduceat(cosines, self.starts, axis=1)
        return np.asarray(best + CENTROID_SHARE * (vectors @ self._centroids.T), dtype=np.float32)

    def query_profile(self, vectors: Floats, text: str, ignored: Collection[str] = frozenset()) -> tuple[Floats, float]:
        """The profile (c,) of a query whose parts have these (p, d) vectors, and how certain it is.

        From 0, where the query is near no concept at all and its profile means nothing, to 1. It has nothing of the concepts
        whose labels, in lower case, are ``ignored``.
        """
        scores = self.scores(vectors)
        scores[:, self.signed(text)] += SIGNATURE_BONUS
        if ignored:
            scores[:, [label.casefold() in ignored for label in self.labels]] = -np.inf
        shares = profile(scores).mean(axis=0) if len(scores) else np.zeros(len(self.labels), np.float32)
        best = float(scores.max(initial=0.0))
        return shares, min(max((best - _FAR) / (_NEAR - _FAR), 0.0), 1.0)

    def signed(self, text: str) -> list[int]:
        """The concepts that have a signature in the text."""
        return sorted({number for _, number in self.signatures_in(text)})

    def signatures_in(self, text: str) -> list[tuple[str, int]]:
        """The signatures that stand in the text as whole words, each with the number of its concept, in their order."""
        lowered = text.lower()
        words = {"", *_WORD.findall(lowered)}
        own = sorted(place for word in words & self._by_word.keys() for place in self._by_word[word])
        return [self.signatures[place] for place in own if _stands_in(self.signatures[place][0], lowered)]

    @cached_property
    def _by_word(self) -> dict[str, list[int]]:
        """The longest word of each signature -> their places: no text has a signature without all of its words."""
        places: dict[str, list[int]] = {}
        for place, (signature, _) in enumerate(self.signatures):
            places.setdefault(max(_WORD.findall(signature), key=len, default=""), []).append(place)
        return places

    def named(self, query_profile: Floats, text: str) -> tuple[str, ...]:
        """The labels of the concepts that a query clearly tells of, clearest first. A single word tells of none."""
        return tuple(self.labels[i] for i in self._clear(query_profile, text))

    def unheard_of(self, query_profile: Floats, text: str, reach: Floats) -> bool:
        """Whether a query clearly tells of something, and of nothing that any incident reaches (c,): nobody here had that."""
        clear = self._clear(query_profile, text)
        return bool(clear) and bool((reach[clear] < HEARD_OF).all())

    def _clear(self, query_profile: Floats, text: str) -> list[int]:
        if len(text.split()) < _FEWEST_WORDS:
            return []
        order = np.argsort(-query_profile, kind="stable")
        return [int(i) for i in order[:2] if query_profile[i] >= NAMED]

    @cached_property
    def _centroids(self) -> Floats:
        sums = np.add.reduceat(self.vectors, self.starts, axis=0)
        return np.asarray(sums / np.linalg.norm(sums, axis=1, keepdims=True), dtype=np.float32)


def profile(scores: Floats) -> Floats:
    """(n, c) scores -> (n, c) shares that add up to 1: a softmax."""
    exponents = np.exp((scores - scores.max(axis=1, keepdims=True, initial=-1.0)) / TEMPERATURE)
    return np.asarray(exponents / np.maximum(exponents.sum(axis=1, keepdims=True), 1e-12), dtype=np.float32)


def _stands_in(signature: str, text: str) -> bool:
    """Whether the signature stands in the text as whole words."""
    start = text.find(signature)
    while start >= 0:
        end = start + len(signature)
        before, after = text[start - 1 : start], text[end : end + 1]
        if not (_joins(before, signature[0]) or _joins(signature[-1], after)):
            return True
        start = text.find(signature, start + 1)
    return False


def _joins(left: str, right: str) -> bool:
    return left.isalnum() and right.isalnum()


def space(labels: Sequence[str], signatures: Sequence[Sequence[str]], vectors: Sequence[Floats]) -> ConceptSpace:
    """The space of concepts with these labels, signatures and exemplars (each (e, d)); one without exemplars is left out."""
    kept = [i for i, own in enumerate(vectors) if len(own)]
    if not kept:
        return ConceptSpace((), (), np.zeros((0, 0), np.float32), np.zeros(0, np.int64))
    counts = [len(vectors[i]) for i in kept]
    pairs = tuple((text.lower(), number) for number, i in enumerate(kept) for text in signatures[i])
    stacked = np.concatenate([vectors[i] for i in kept]).astype(np.float32)
    return ConceptSpace(tuple(labels[i] for i in kept), pairs, stacked, np.cumsum([0, *counts[:-1]]).astype(np.int64))
