"""Incidents -> groups and places, at a cost that grows little faster than their number.

Up to a bound all are grouped at once. Of more, a sample is, and each other incident joins the group of the sampled one that it is
most alike, where it is alike enough to its members on average. Only large groups are joined like that: what is in none of them is
grouped anew, among itself, for most of a small group may be outside the sample. What is large in a corpus is large in the sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from rcasearch.families import NEAR, edges, products
from rcasearch.landscape import among, positions
from rcasearch.likeness import Likeness, directed
from rcasearch.linkage import grouped, joined
from rcasearch.stores.vectors import neighbours

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
Marks = NDArray[np.uint64]
Links = Sequence[tuple[int, int]]
# So many are grouped at once.
MOST = 10_000
# A group of so many of a sample is large.
_LARGE = 4
_BLOCK = 2_048


@dataclass(frozen=True, eq=False, slots=True)
class Surroundings:
    """The ``rows`` (m,) of a sample and the ``others`` (o,), and of both the nearest in the sample, by their places there.

    ``near`` (m, k) are those of the sample, ``near_others`` (o, k) those of the others, with their products ``alike`` (o, k).
    ``parts`` (n, d) are what all are compared by first.
    """

    rows: Rows
    others: Rows
    near: Rows
    near_others: Rows
    alike: Floats
    parts: Floats


def marks_of(ids: Sequence[str]) -> Marks:
    """A number for each incident that only its id decides, as if drawn by chance."""
    hashes = b"".join(blake2b(one.encode("utf-8", "surrogatepass"), digest_size=8).digest() for one in ids)
    return np.frombuffer(hashes, np.dtype("<u8"))


def sampled(marks: Marks, linked: Links, most: int) -> Rows:
    """The rows of up to ``most`` incidents, ascending: first those that are linked, then by their marks."""
    alone = np.ones(len(marks), np.bool_)
    alone[[row for pair in linked for row in pair]] = False
    return np.sort(np.lexsort((marks, alone))[:most])


def surroundings(found: Likeness, rows: Rows) -> Surroundings:
    """What is near to each incident in the sample of these rows."""
    parts = directed(found)
    others = np.setdiff1d(np.arange(len(parts)), rows)
    near, near_others = neighbours(parts[rows], NEAR), neighbours(parts[others], NEAR, parts[rows])
    return Surroundings(rows, others, near, near_others, products(found, others, rows[near_others]), parts)


def groups(found: Likeness, around: Surroundings, linked: Links) -> Rows:
    """The group (n,) of each incident, numbered by the first in it; those that are ``linked`` are of one group."""
    own = _grouped(found, around.rows, around.rows[around.near], linked)
    if not len(around.others):
        return own
    large = np.bincount(own) >= _LARGE
    _assign(found, around, own, large)
    left = np.flatnonzero(~large[own])
    own[left] = len(own) + _grouped(found, left, left[neighbours(around.parts[left], NEAR)], linked)[left]
    return _numbered(own, linked)


def places(found: Likeness, around: Surroundings, marks: Marks) -> Floats:
    """The places (n, 2) of all incidents: those of the sample find theirs, and the others stand among what is near."""
    points = np.empty((len(found.vectors), 2), np.float32)
    sample = positions(found.vectors[around.rows], around.near)
    points[around.rows] = sample
    points[around.others] = among(sample, around.near_others, around.alike, marks[around.others])
    return points


def _grouped(found: Likeness, rows: Rows, near: Rows, linked: Links) -> Rows:
    """The groups (n,) of the incidents of these rows, among themselves; each other one is a group of its own."""
    there = set(rows.tolist())
    together = [pair for pair in linked if there.issuperset(pair)]
    return grouped(found.vectors, edges(found, near, rows), found.enough, together, near.shape[1] - 1)


def _assign(found: Likeness, around: Surroundings, own: Rows, large: NDArray[np.bool_]) -> None:
    """Give each that is not of the sample to the group of the nearest there, if that is large and alike on average."""
    wanted = own[around.rows[around.near_others[np.arange(len(around.others)), around.alike.argmax(axis=1)]]]
    numbers = np.flatnonzero(large)
    means = [found.vectors[own == number].astype(np.float32).mean(axis=0) for number in numbers.tolist()]
    for start in range(0, len(wanted), _BLOCK):
        rows, group = around.others[start : start + _BLOCK], wanted[start : start + _BLOCK]
        rows, group = rows[large[group]], group[large[group]]
        if len(rows):
            means_of = np.stack([means[place] for place in np.searchsorted(numbers, group).tolist()])
            fits = np.einsum("bd,bd->b", found.vectors[rows].astype(np.float32), means_of) >= found.enough
            own[rows[fits]] = group[fits]


def _numbered(own: Rows, linked: Links) -> Rows:
    """The same groups, and those that a link joins as one, numbered by their first."""
    apart = [(int(own[one]), int(own[other])) for one, other in linked if own[one] != own[other]]
    for together in joined(apart):
        own[np.isin(own, list(together))] = min(together)
    _, first, inverse = np.unique(own, return_index=True, return_inverse=True)
    return np.unique(first[inverse], return_inverse=True)[1].astype(np.int64)
