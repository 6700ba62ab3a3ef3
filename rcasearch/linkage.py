"""Vectors -> groups by average linkage, without a matrix of all pairs.

How alike two groups are is the mean product of their members, which is the product of their mean vectors; the two most alike are
joined until none are alike enough (UPGMA: Sokal and Michener, 1958). Two groups that are alike enough on average have two
members that are, so that only groups with an edge between them need be compared: with an edge between any two vectors that are
alike enough, the outcome is that of comparing all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Pairs = Iterable[tuple[int, int]]


@dataclass(frozen=True, eq=False, slots=True)
class Edges:
    """The pairs (``ones``, ``others``), both (e,), that may be joined, and their ``products`` (e,)."""

    ones: Ints
    others: Ints
    products: Floats


def grouped(vectors: NDArray[Any], edges: Edges, least: float, together: Pairs = (), crowd: int | None = None) -> Ints:
    """The group (n,) of each vector (n, d), numbered by the first vector in it.

    Groups are joined where an edge leads and their members are alike by ``least`` on average; the pairs ``together`` are joined
    before. Groups of more than ``crowd`` are compared all with all in the end: among so many of its like, a vector may have no
    edge left for others.
    """
    groups = _Groups(vectors, edges, together)
    groups.join(least)
    if crowd is not None:
        groups.compare_large(crowd, least)
        groups.join(least)
    return groups.numbers()


def joined(pairs: Pairs) -> list[set[int]]:
    """The groups that pairs join: two are in one group where a chain of pairs leads from one to the other."""
    parent: dict[int, int] = {}

    def root(row: int) -> int:
        while (above := parent.setdefault(row, row)) != row:
            parent[row] = row = parent[above]
        return row

    for one, other in pairs:
        parent[root(one)] = root(other)
    groups: dict[int, set[int]] = {}
    for row in parent:
        groups.setdefault(root(row), set()).add(row)
    return list(groups.values())


class _Groups:
    """Groups by the number of their first vector. ``_near`` are the groups that each has an edge to."""

    def __init__(self, vectors: NDArray[Any], edges: Edges, together: Pairs) -> None:
        self._count = len(vectors)
        groups = joined(together)
        paired = np.unique(np.concatenate([edges.ones, edges.others, *(np.array(sorted(group), np.int64) for group in groups)]))
        self._members = {row: [row] for row in paired.tolist()}
        self._near: dict[int, set[int]] = {row: set() for row in self._members}
        # The sums of the vectors of groups of more than one; most are joined soon, and so few are held at a time.
        self._vectors, self._sums = vectors, dict[int, Floats]()
        self._sizes = np.ones(self._count, np.int64)
        # Of (how alike, negative; one group, another; how many are in each): out of date where either has grown since.
        self._heap: list[tuple[float, int, int, int, int]] = []
        self._begin(edges, groups)

    def _begin(self, edges: Edges, together: list[set[int]]) -> None:
        """Take in the edges, and join what belongs together."""
        for one, other, product in zip(edges.ones.tolist(), edges.others.tolist(), edges.products.tolist(), strict=True):
            if one != other and other not in self._near[one]:
                self._connect(one, other)
                self._heap.append((-product, min(one, other), max(one, other), 1, 1))
        for group in together:
            first, *rest = sorted(group)
            for other in rest:
                self._merge(first, other)
        heapify(self._heap)
        for group in together:
            self._weigh(min(group), -np.inf)

    def numbers(self) -> Ints:
        """The number (n,) of the group of each vector."""
        first = np.arange(self._count)
        for group, members in self._members.items():
            first[members] = group
        return np.unique(first, return_inverse=True)[1].astype(np.int64)

    def join(self, least: float) -> None:
        """Join the two most alike groups between which there is an edge, again and again, until none are alike by ``least``."""
        while self._heap:
            mean, one, other, size, size_of_other = heappop(self._heap)
            if -mean >= least and self._sizes[one] == size and self._sizes[other] == size_of_other:
                self._merge(one, other)
                self._weigh(one, least)

    def compare_large(self, crowd: int, least: float) -> None:
        """Compare all groups of more than ``crowd`` with each other."""
        large = [first for first, members in sorted(self._members.items()) if len(members) > crowd]
        for one, other in combinations(large, 2):
            self._connect(one, other)
        for group in large:
            self._weigh(group, least)

    def _connect(self, one: int, other: int) -> None:
        self._near[one].add(other)
        self._near[other].add(one)

    def _merge(self, one: int, other: int) -> None:
        """Make one group of two; it has the lower number."""
        one, other = min(one, other), max(one, other)
        self._sums[one] = self._sum(one) + self._sum(other)
        self._sums.pop(other, None)
        self._members[one] += self._members.pop(other)
        self._sizes[one], self._sizes[other] = len(self._members[one]), 0
        for near in self._near.pop(other):
            self._near[near].discard(other)
            if near != one:
                self._connect(near, one)

    def _weigh(self, group: int, least: float) -> None:
        """Put a group's pairs with those near it on the heap, and forget the edges to those that are not alike by ``least``.

        A union of groups that are too unlike a third is too unlike it, too.
        """
        near = np.array(sorted(self._near[group]), np.int64)
        size = int(self._sizes[group])
        means = self._products(near, self._sum(group)) / (self._sizes[near] * size)
        for other, size_of_other, mean in zip(near.tolist(), self._sizes[near].tolist(), means.tolist(), strict=True):
            if mean < least:
                self._near[group].discard(other)
                self._near[other].discard(group)
            elif group < other:
                heappush(self._heap, (-mean, group, other, size, size_of_other))
            else:
                heappush(self._heap, (-mean, other, group, size_of_other, size))

    def _products(self, groups: Ints, vector: Floats) -> Floats:
        """The product (g,) of the sum of each group's vectors with another vector."""
        found = np.empty(len(groups), np.float32)
        alone = self._sizes[groups] == 1
        found[alone] = self._vectors[groups[alone]].astype(np.float32) @ vector
        found[~alone] = [self._sums[group] @ vector for group in groups[~alone].tolist()]
        return found

    def _sum(self, group: int) -> Floats:
        known = self._sums.get(group)
        return np.asarray(self._vectors[group], np.float32) if known is None else known
