"""Average linkage along edges, compared with scikit-learn's over all pairs."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.cluster import AgglomerativeClustering

from rcasearch.linkage import Edges, grouped

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

SEEDS = st.integers(0, 2**32 - 1)
COUNTS = st.integers(2, 14)
# Of how many dimensions: the fewer, the more of the vectors are alike.
DIMENSIONS = st.integers(2, 6)
LEAST = st.floats(-0.5, 0.95)


def unit_vectors(count: int, dimension: int, seed: int) -> Floats:
    found = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def edges(vectors: Floats, least: float = -np.inf) -> Edges:
    """An edge between any two that are alike by ``least``, from the higher to the lower as well as the other way round."""
    products = vectors @ vectors.T
    ones, others = np.nonzero((products >= least) & ~np.eye(len(vectors), dtype=bool))
    return Edges(ones, others, products[ones, others])


def partition(groups: Ints) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(groups == group).tolist()) for group in np.unique(groups)}


def by_all_pairs(vectors: Floats, least: float) -> set[frozenset[int]]:
    apart = 2 - (vectors @ vectors.T).astype(np.float64)
    np.fill_diagonal(apart, 0)
    found = AgglomerativeClustering(None, metric="precomputed", linkage="average", distance_threshold=2 - least).fit(apart)
    return partition(found.labels_)


@settings(max_examples=150, deadline=None)
@given(COUNTS, DIMENSIONS, SEEDS, LEAST)
def test_with_all_edges_it_is_what_scikit_learn_finds(count: int, dimension: int, seed: int, least: float) -> None:
    vectors = unit_vectors(count, dimension, seed)
    assert partition(grouped(vectors, edges(vectors), least)) == by_all_pairs(vectors, least)


@settings(max_examples=150, deadline=None)
@given(COUNTS, DIMENSIONS, SEEDS, LEAST)
def test_edges_between_those_that_are_alike_enough_suffice(count: int, dimension: int, seed: int, least: float) -> None:
    vectors = unit_vectors(count, dimension, seed)
    assert partition(grouped(vectors, edges(vectors, least), least)) == by_all_pairs(vectors, least)


@settings(max_examples=80, deadline=None)
@given(COUNTS, SEEDS, LEAST)
def test_the_order_of_the_vectors_does_not_matter(count: int, seed: int, least: float) -> None:
    vectors = unit_vectors(count, 3, seed)
    order = np.random.default_rng(seed).permutation(count)
    again = grouped(vectors[order], edges(vectors[order], least), least)
    assert {frozenset(order[list(group)].tolist()) for group in partition(again)} == partition(
        grouped(vectors, edges(vectors, least), least)
    )


@settings(max_examples=80, deadline=None)
@given(COUNTS, SEEDS, st.lists(st.tuples(st.integers(0, 13), st.integers(0, 13)), max_size=4))
def test_what_belongs_together_stays_together(count: int, seed: int, pairs: list[tuple[int, int]]) -> None:
    vectors = unit_vectors(count, 4, seed)
    together = [(one, other) for one, other in pairs if max(one, other) < count]
    groups = grouped(vectors, edges(vectors, 0.7), 0.7, together)
    assert all(groups[one] == groups[other] for one, other in together)
    none = grouped(vectors, edges(vectors[:0]), 0.7, together)
    assert len(np.unique(none)) == count - sum(len(group) - 1 for group in partition(none))


def test_groups_are_numbered_by_their_first_vector() -> None:
    vectors = np.array([[1, 0], [0, 1], [0, 1], [1, 0]], np.float32)
    assert grouped(vectors, edges(vectors, 0.5), 0.5).tolist() == [0, 1, 1, 0]
    assert grouped(vectors[:0], edges(vectors[:0]), 0.5).tolist() == []
    assert grouped(vectors, edges(vectors[:0]), 0.5).tolist() == [0, 1, 2, 3]


def test_a_crowd_that_leaves_no_edge_to_a_second_one_is_joined_with_it() -> None:
    vectors = np.repeat(np.array([[1, 0]], np.float32), 12, axis=0)
    ones = np.array([*range(5), *range(6, 11)])
    apart = Edges(ones, ones + 1, np.ones(10, np.float32))
    assert len(np.unique(grouped(vectors, apart, 0.9))) == 2
    assert len(np.unique(grouped(vectors, apart, 0.9, crowd=5))) == 1
    assert len(np.unique(grouped(vectors, apart, 0.9, crowd=6))) == 2
