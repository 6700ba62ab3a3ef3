"""The legs of the ranking over some incidents, from what is stored of them: the same sums as the local store's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rcasearch import ranking
from rcasearch.stores.base import Floats
from rcasearch.stores.milvus.bundles import PassageTokens, Sketch, hashes_of
from rcasearch.stores.milvus.shelf import Shelf
from rcasearch.stores.milvus.state import Corpus

Ints = NDArray[np.int64]


def groups(sketches: Sequence[Sketch]) -> Ints:
    """For each passage of these incidents, one after the other, the place of its incident."""
    return np.repeat(np.arange(len(sketches), dtype=np.int64), [len(one.kinds) for one in sketches])


def vectors(sketches: Sequence[Sketch], dimension: int) -> Floats:
    """The vectors (p, d) of all passages of these incidents."""
    return np.concatenate([np.zeros((0, dimension), np.float16), *(one.vectors for one in sketches)]).astype(np.float32)


def profiles(sketches: Sequence[Sketch], concepts: int) -> Floats:
    """The profiles (n, c) of these incidents."""
    return np.array([one.profile for one in sketches], np.float32).reshape(len(sketches), concepts)


def passages(sketches: Sequence[Sketch], asked: Floats) -> Floats:
    """The cosine (n, q) of each incident's best passage."""
    cosines = np.asarray(vectors(sketches, asked.shape[1]) @ asked.T, np.float32)
    return ranking.best_of_groups(cosines, groups(sketches), len(sketches))


def means(sketches: Sequence[Sketch], dimension: int) -> Floats:
    """The mean (n, d) of each incident's passages, of length 1; zeros for one without passages."""
    found = np.zeros((len(sketches), dimension), np.float32)
    np.add.at(found, groups(sketches), vectors(sketches, dimension))
    return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), np.float32(1e-12)), np.float32)


def lexical(sketches: Sequence[Sketch], terms: Sequence[str], corpus: Corpus) -> Floats:
    """The BM25 (n,) of each incident, as `postings` has it."""
    often = Counter(terms)
    hashes = hashes_of(list(often))
    if not len(hashes) or not sketches:
        return np.zeros(len(sketches), np.float32)
    order = np.argsort(hashes)
    hashes, times = hashes[order], np.array(list(often.values()), np.float64)[order]
    held = np.concatenate([one.terms for one in sketches])
    counts = np.concatenate([one.counts for one in sketches]).astype(np.float64)
    rows = np.repeat(np.arange(len(sketches)), [len(one.terms) for one in sketches])
    place = np.minimum(np.searchsorted(hashes, held), len(hashes) - 1)
    own = np.flatnonzero(hashes[place] == held)
    norms = corpus.norms(np.array([one.length for one in sketches], np.int64))
    weights = (times * corpus.inverse_frequency(hashes))[place[own]]
    values = weights * counts[own] / (counts[own] + norms[rows[own]])
    return np.bincount(rows[own], values, len(sketches)).astype(np.float32)


def serves(sketches: Sequence[Sketch], services: Sequence[str]) -> NDArray[np.bool_]:
    """Whether (n,) each incident lists one of these services."""
    wanted = {service.casefold() for service in services}
    return np.array([not wanted.isdisjoint(one.services) for one in sketches], np.bool_)


def late(
    sketches: Sequence[Sketch], shelf: Shelf, asked: Floats, projected: Floats, weights: Floats, most: int
) -> tuple[Floats, Floats]:
    """Late interaction with each incident (n,), and with its best passage (n,): see `Store.late_scores`."""
    own = groups(sketches)
    nearest = (vectors(sketches, asked.shape[1]) @ asked.T).max(axis=1, initial=-1)
    kept = ranking.best_in_groups(nearest, own, most)
    per_passage = best_tokens(_hashes(sketches)[kept], shelf, projected)
    whole = ranking.weighted_mean(ranking.best_of_groups(per_passage, own[kept], len(sketches)), weights)
    return whole, ranking.best_per_group(ranking.weighted_mean(per_passage, weights), own[kept], len(sketches))


def late_by_passage(sketches: Sequence[Sketch], shelf: Shelf, projected: Floats, weights: Floats) -> list[Floats]:
    """Late interaction (p,) with each passage of each incident."""
    scores = ranking.weighted_mean(best_tokens(_hashes(sketches), shelf, projected), weights)
    return ranking.split_by_group(scores, groups(sketches), len(sketches))


def best_tokens(hashes: Ints, shelf: Shelf, projected: Floats) -> Floats:
    """The best similarity (p, t) of each projected query token within each of the passages with these hashes."""
    distinct, inverse = np.unique(hashes, return_inverse=True)
    codes, starts = _together(shelf.tokens(distinct.tolist()), shelf.widths.codes)
    return ranking.best_tokens(codes, starts, np.arange(len(distinct), dtype=np.int32), projected)[inverse]


def _hashes(sketches: Sequence[Sketch]) -> Ints:
    return np.concatenate([np.zeros(0, np.int64), *(one.hashes for one in sketches)])


def _together(held: Sequence[PassageTokens], width: int) -> tuple[NDArray[np.int8], Ints]:
    """The codes of passages one after the other, and where each begins."""
    starts = np.cumsum([0, *(len(one.ids) for one in held)])
    return np.concatenate([np.zeros((0, width), np.int8), *(one.codes for one in held)]), starts
