"""Incidents -> vectors whose products say how alike two failures are, and from what on that is no chance.

The product adds up three cosines: of what both tell of the cause, of the failure concepts that they tell of, and of their words.
Means of what recurs in the corpus are taken off first. (What is told of symptoms alone says little: two services stop answering
in the same words for any reason. docs/architecture.md has the figures.)
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rcasearch.lexical import terms
from rcasearch.relations import CAUSE_KINDS
from rcasearch.services import ServiceNames
from rcasearch.stores.base import Store, TermValues
from rcasearch.stores.vectors import neighbours

Floats = NDArray[np.float32]
Halves = NDArray[np.float16]
Rows = NDArray[np.int64]
# The cosines of words lie closer together than those of vectors, and count three times.
_CAUSE, _CONCEPTS, _WORDS = 1.0, 1.0, 3.0
# Words are told apart by so many places: enough that the chance of sharing one adds little to a cosine (1 / 32).
_PLACES = 1_024
# What is enough is measured on so many incidents, and cosines in steps of so much.
_SAMPLE, _STEP = 1_000, 0.01
# Strangers, whose cause, concepts and words agree by chance alone, are this much alike in one of a thousand pairs; that and
# three tenths more is enough. On judged corpora .0003 and .003 did no better, and changed more from one half to the other.
_CHANCE, _MARGIN = 0.001, 1.3
# Of 5, which two of the same text have: where hardly anything but recurrences is on record, chance cannot be told.
_SURELY = 2.5
_BLOCK = 2_048
_PRINCIPAL = 128
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, eq=False, slots=True)
class Likeness:
    """The ``vectors`` (n, d) of all incidents; two whose product is ``enough`` are alike by more than chance."""

    vectors: Halves
    enough: float


def likeness(store: Store) -> Likeness:
    """How alike the failures of all incidents of a store are."""
    count, dimension, concepts = store.info.incidents, store.info.dimension, len(store.concepts.labels)
    ends = np.cumsum([0, dimension, concepts, _PLACES])
    vectors = np.empty((count, ends[-1]), np.float16)
    causes, profiles, words = (vectors[:, start:end] for start, end in pairwise(ends.tolist()))
    causes[:] = _CAUSE**0.5 * centred(store.kind_means(CAUSE_KINDS))
    profiles[:] = _CONCEPTS**0.5 * centred(store.concept_profiles(np.arange(count)))
    for rows, block in _words(store.term_values(), store.services, count):
        words[rows] = _WORDS**0.5 * block
    return Likeness(vectors, enough((causes, _CAUSE), (profiles, _CONCEPTS), (words, _WORDS)))


def centred(vectors: Floats) -> Floats:
    """The vectors (n, d) without their mean, of length 1; those of zeros stay as they are."""
    told = np.linalg.norm(vectors, axis=1, keepdims=True) > 0.5
    apart = np.where(told, vectors - vectors.mean(axis=0, where=told, keepdims=True) if told.any() else vectors, np.float32(0))
    return np.asarray(_unit(apart), np.float32)


def enough(*legs: tuple[NDArray[np.float16], float]) -> float:
    """From what on a sum of the legs' products is no chance; each leg are vectors (n, d) and the most that two can have.

    What strangers reach is found by adding up the products of other pairs in each leg: their distributions are convolved.
    """
    shares = np.ones(1)
    for vectors, most in legs:
        rows = np.unique(np.linspace(0, len(vectors) - 1, min(len(vectors), _SAMPLE)).astype(np.int64))
        own = vectors[rows].astype(np.float32)
        products = (own @ own.T)[np.triu_indices(len(own), 1)]
        places = np.rint((np.clip(products, -most, most) + most) / _STEP).astype(np.int64)
        shares = np.convolve(shares, np.bincount(places, minlength=round(2 * most / _STEP) + 1) / max(len(places), 1))
    above = np.cumsum(shares[::-1])[::-1]
    reached = float(np.count_nonzero(above > _CHANCE)) * _STEP - sum(most for _, most in legs)
    return min(_MARGIN * reached, _SURELY) if reached > 0 else _SURELY


def nearest(found: Likeness, k: int) -> Rows:
    """The k incidents (n, k) nearest to each, by row, it mostly among them; all where there are fewer.

    Compared are their principal parts: of two that are alike by more than chance, they left out none in two hundred.
    """
    return neighbours(directed(found), k)


def directed(found: Likeness) -> Floats:
    """The principal parts (n, d) that incidents are compared by first."""
    return principal(found.vectors, _PRINCIPAL)


def principal(vectors: NDArray[np.float16], most: int) -> Floats:
    """What up to ``most`` directions (n, most) have of the vectors (n, d), those first in which a sample differs most."""
    rows = np.unique(np.linspace(0, max(len(vectors) - 1, 0), min(len(vectors), _SAMPLE)).astype(np.int64))
    own = vectors[rows].astype(np.float32)
    values, sides = np.linalg.eigh((own @ own.T).astype(np.float64))
    best = np.argsort(-values, kind="stable")[:most]
    directions = own.T @ (sides[:, best] / np.maximum(values[best], 1e-6) ** 0.5).astype(np.float32)
    # The sign of a direction is arbitrary: its largest part counts as positive.
    directions *= np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(len(best))] + np.float32(1e-12))
    blocks = [vectors[start : start + _BLOCK].astype(np.float32) @ directions for start in range(0, len(vectors), _BLOCK)]
    return np.concatenate([np.zeros((0, len(best)), np.float32), *blocks])


def telling(term: str) -> bool:
    """Whether a term may tell of a failure: one without a letter is a time, a count or a version."""
    return bool(_LETTER.search(term))


def _words(found: TermValues, services: ServiceNames, count: int) -> Iterator[tuple[slice, Floats]]:
    """The words of some incidents at a time: their rows, and a vector (b, p) of length 1 for each.

    A word has one of the places, plus or minus, by its checksum (Weinberger et al., "Feature Hashing", ICML 2009).
    """
    frequency, named = np.diff(found.starts), {term for name in services.names for term in terms(name)}
    counts = [
        many > 1 and term not in named and telling(term) for term, many in zip(found.terms, frequency.tolist(), strict=True)
    ]
    kept = np.repeat(np.array(counts, np.bool_), frequency)
    sums = np.array([zlib.crc32(term.encode("utf-8", "surrogatepass")) for term in found.terms], np.int64)
    sums, rows, values = np.repeat(sums, frequency)[kept], found.rows[kept].astype(np.int64), found.values[kept]
    order = np.argsort(rows, kind="stable")
    places, rows, values = (sums >> 1)[order] % _PLACES, rows[order], np.where(sums & 1, values, -values)[order]
    for start in range(0, count, _BLOCK):
        end = min(start + _BLOCK, count)
        own = slice(*np.searchsorted(rows, [start, end]))
        flat = (rows[own] - start) * _PLACES + places[own]
        block = np.bincount(flat, weights=values[own], minlength=(end - start) * _PLACES).reshape(-1, _PLACES)
        yield slice(start, end), _unit(block.astype(np.float32))


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), np.float32)
