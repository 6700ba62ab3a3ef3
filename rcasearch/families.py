"""Incidents -> families: those of one failure together, and many in none.

Two whose authors linked them and that have the same cause are always of one family.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rcasearch.relations import Side, causes, side
from rcasearch.stores.base import Store

Pairs = Sequence[tuple[int, int]]


@dataclass(frozen=True, eq=False, slots=True)
class Families:
    """The number of the family (n,) of each incident by row, or -1; the ``names`` of the families and their ``terms``.

    ``linked`` are the pairs of rows whose documents name each other and that have the same cause, the lower row first.
    """

    numbers: NDArray[np.int32]
    names: tuple[str, ...]
    terms: tuple[tuple[str, ...], ...]
    linked: Pairs


def families(store: Store) -> Families:
    """The families of all incidents, numbered by the row of their first."""
    linked = same_cause(store)
    groups = sorted(sorted(group) for group in joined(linked))
    numbers = np.full(store.info.incidents, -1, np.int32)
    for number, group in enumerate(groups):
        numbers[group] = number
    names = tuple(store.incidents_at(group[:1])[0].title for group in groups)
    return Families(numbers, names, tuple(() for _ in groups), linked)


def same_cause(store: Store) -> list[tuple[int, int]]:
    """The pairs of rows of linked incidents that have the same cause, the lower first, each once, ascending."""
    pairs = sorted({(min(pair), max(pair)) for pair in store.links()})
    sides = {row: _side(store, row) for row in sorted({row for pair in pairs for row in pair})}
    return [pair for pair in pairs if causes(sides[pair[0]], sides[pair[1]]) == "same"]


def joined(pairs: Iterable[tuple[int, int]]) -> list[set[int]]:
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


def _side(store: Store, row: int) -> Side:
    [incident], [told] = store.incidents_at([row]), store.passages_at([row])
    return side(incident, store.concept_profiles(np.array([row]))[0], told.kinds, told.vectors)
