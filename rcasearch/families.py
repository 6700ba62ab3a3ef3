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
from rcasearch.linkage import Edges
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


def families(store: Store, groups: Rows, linked: Sequence[tuple[int, int]]) -> Families:
    """The families of all incidents, numbered by the row of their first, as they were put into ``groups`` (n,).

    Groups are numbered alike; ``linked`` are the pairs of linked incidents that have the same cause.
    """
    sizes = np.bincount(groups, minlength=1)
    kept = np.flatnonzero(sizes > 1)
    numbers = np.full(len(sizes), -1, np.int32)
    numbers[kept] = np.arange(len(kept))
    numbers = numbers[groups]
    namer = Namer(store)
    names = [namer.name(np.flatnonzero(numbers == number).tolist()) for number in range(len(kept))]
    return Families(numbers, tuple(name.text for name in names), tuple(name.terms for name in names), linked)


def edges(found: Likeness, near: Rows, rows: Rows | None = None) -> Edges:
    """The pairs of incidents, one of them among the nearest of the other, that are alike by more than chance.

    ``near`` (n, k) are the rows that are nearest to all incidents, or to those of the ``rows`` (n,).
    """
    own = np.arange(len(near)) if rows is None else rows
    alike = products(found, own, near)
    places, nth = np.nonzero((alike >= found.enough) & (near != own[:, None]))
    return Edges(own[places], near[places, nth], alike[places, nth])


def products(found: Likeness, rows: Rows, near: Rows) -> NDArray[np.float32]:
    """How alike the incidents of the rows (n,) are to those ``near`` (n, k) each."""
    alike = np.empty(near.shape, np.float32)
    for start in range(0, len(near), _BLOCK):
        block = slice(start, start + _BLOCK)
        vectors, others = (found.vectors[one[block]].astype(np.float32) for one in (rows, near))
        alike[block] = np.einsum("bkd,bd->bk", others, vectors)
    return alike


def same_cause(store: Store) -> list[tuple[int, int]]:
    """The pairs of rows of linked incidents that have the same cause, the lower first, each once, ascending."""
    pairs = sorted({(min(pair), max(pair)) for pair in store.links()})
    sides = {row: _side(store, row) for row in sorted({row for pair in pairs for row in pair})}
    return [pair for pair in pairs if causes(sides[pair[0]], sides[pair[1]]) == "same"]


def _side(store: Store, row: int) -> Side:
    [incident], [told] = store.incidents_at([row]), store.passages_at([row])
    return side(incident, store.concept_profiles(np.array([row]))[0], told.kinds, told.vectors)
