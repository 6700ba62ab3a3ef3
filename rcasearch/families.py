"""Incidents -> families: those of one failure together, and many in none.

Two whose authors linked them and that have the same cause are always of one family; others are where their failures are alike by
more than chance, on average over the family.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rcasearch.likeness import Likeness
from rcasearch.linkage import Edges, grouped
from rcasearch.naming import Namer
from rcasearch.relations import Side, causes, side
from rcasearch.stores.base import Store

Rows = NDArray[np.int64]
# An incident is compared with so many of those that are nearest to it.
NEAR = 16
_BLOCK = 256


@dataclass(frozen=True, eq=False, slots=True)
class Families:
    """The number of the family (n,) of each incident by row, or -1; the ``names`` of the families and their ``terms``.

    ``linked`` are the pairs of rows whose documents name each other and that have the same cause, the lower row first.
    """

    numbers: NDArray[np.int32]
    names: tuple[str, ...]
    terms: tuple[tuple[str, ...], ...]
    linked: Sequence[tuple[int, int]]


def families(store: Store, found: Likeness, near: Rows) -> Families:
    """The families of all incidents, numbered by the row of their first; ``near`` (n, k) are the nearest of each."""
    linked = same_cause(store)
    groups = grouped(found.vectors, edges(found, near), found.enough, linked, near.shape[1] - 1)
    sizes = np.bincount(groups, minlength=1)
    kept = np.flatnonzero(sizes > 1)
    numbers = np.full(len(sizes), -1, np.int32)
    numbers[kept] = np.arange(len(kept))
    numbers = numbers[groups]
    namer = Namer(store)
    names = [namer.name(np.flatnonzero(numbers == number).tolist()) for number in range(len(kept))]
    return Families(numbers, tuple(name.text for name in names), tuple(name.terms for name in names), linked)


def edges(found: Likeness, near: Rows) -> Edges:
    """The pairs of incidents, one of them among the nearest of the other, that are alike by more than chance."""
    ones, others, products = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
    for start in range(0, len(near), _BLOCK):
        own = near[start : start + _BLOCK]
        vectors = found.vectors[start : start + _BLOCK].astype(np.float32)
        alike = np.einsum("bkd,bd->bk", found.vectors[own].astype(np.float32), vectors)
        rows, places = np.nonzero((alike >= found.enough) & (own != np.arange(start, start + len(own))[:, None]))
        ones.append(rows + start)
        others.append(own[rows, places])
        products.append(alike[rows, places])
    return Edges(np.concatenate(ones), np.concatenate(others), np.concatenate(products))


def same_cause(store: Store) -> list[tuple[int, int]]:
    """The pairs of rows of linked incidents that have the same cause, the lower first, each once, ascending."""
    pairs = sorted({(min(pair), max(pair)) for pair in store.links()})
    sides = {row: _side(store, row) for row in sorted({row for pair in pairs for row in pair})}
    return [pair for pair in pairs if causes(sides[pair[0]], sides[pair[1]]) == "same"]


def _side(store: Store, row: int) -> Side:
    [incident], [told] = store.incidents_at([row]), store.passages_at([row])
    return side(incident, store.concept_profiles(np.array([row]))[0], told.kinds, told.vectors)
