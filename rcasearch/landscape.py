"""All incidents as points of a plane, near to one another where they tell of the like.

They begin in the order of the two directions in which the incidents differ most (a principal component analysis; by rank, so that
outliers leave room to the rest). Then, as in UMAP (McInnes, Healy and Melville, 2018), each is drawn to its neighbours and pushed
away by incidents taken at random.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rcasearch.likeness import principal
from rcasearch.model import Hit

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
# A query stands among so many of its hits.
_HITS = 5
# Each point is drawn to so many neighbours and pushed away by so many others, in so many rounds of ever shorter steps.
_DRAWN_TO, _PUSHED_BY, _ROUNDS = 10, 5, 100
# How the force falls with distance, as UMAP has it for a least distance of 0.1; the most of it; and what a push counts.
_A, _B, _STRONGEST, _PUSH = 1.577, 0.895, 4.0, 0.2
# So wide, times the root of the number of points, is the plane to begin with.
_WIDTH = 0.1
_SEED = 7


@dataclass(frozen=True, eq=False, slots=True)
class Landscape:
    """``positions`` (n, 2) of the incidents by row, within -1 and 1; the number of the family (n,) of each, or -1.

    ``names`` has the name of each family.
    """

    positions: Floats
    families: NDArray[np.int32]
    names: tuple[str, ...]


def positions(vectors: NDArray[np.float16], near: Rows) -> Floats:
    """Where the incidents of these vectors (n, d) stand, each of which is near to those of the rows ``near`` (n, k).

    They fill the square (n, 2) from -1 to 1 in its longer direction. The same for the same vectors.
    """
    points = _begun(vectors)
    ones, others = _pairs(near[:, : _DRAWN_TO + 1])
    random = np.random.default_rng(_SEED)
    for step in np.linspace(1, 0, _ROUNDS, endpoint=False):
        moves = _draw(points, ones, others)
        for _ in range(_PUSHED_BY):
            moves += _push(points, random.permutation(len(points)))
        points += np.float32(step) * moves
    return _framed(points)


def among(points: Floats, near: Rows, alike: Floats, marks: NDArray[np.uint64]) -> Floats:
    """Where others stand (o, 2): in the middle of the ``points`` that are ``near`` (o, k), the more ``alike`` (o, k) the nearer.

    Their ``marks`` (o,) tell how far aside each stands, for those that are alike would stand in one place.
    """
    best = np.argsort(-alike, axis=1, kind="stable")[:, :_HITS]
    weights = np.maximum(np.take_along_axis(alike, best, axis=1), np.float32(1e-6))
    middles = (points[np.take_along_axis(near, best, axis=1)] * weights[:, :, None]).sum(axis=1) / weights.sum(axis=1)[:, None]
    halves = np.stack([marks >> np.uint64(32), marks & np.uint64(0xFFFFFFFF)], axis=1) / 2**31 - 1
    return np.asarray(np.clip(middles + halves / max(len(points), 1) ** 0.5, -1, 1), np.float32)


def place(found: Sequence[tuple[Hit, int]], landscape: Landscape) -> tuple[float, float] | None:
    """Where a query stands that found these hits, each with its row, best first; None where it found none.

    It is the middle of the best, each as heavy as it is sure: scores mean nothing but an order.
    """
    best = found[:_HITS]
    weights = np.array([hit.confidence for hit, _ in best])
    if not weights.sum():
        return None
    x, y = np.average(landscape.positions[[row for _, row in best]], axis=0, weights=weights).tolist()
    return x, y


def _begun(vectors: NDArray[np.float16]) -> Floats:
    """Points (n, 2) in the order of the vectors along the two directions in which they differ most."""
    parts = principal(vectors, 2)
    places = np.zeros((len(vectors), 2), np.float32)
    places[:, : parts.shape[1]] = np.argsort(np.argsort(parts, axis=0, kind="stable"), axis=0, kind="stable")
    half = max(len(vectors) - 1, 1) / 2
    return np.asarray((places / half - 1) * _WIDTH * len(vectors) ** 0.5, np.float32)


def _pairs(near: Rows) -> tuple[Rows, Rows]:
    """Each point and each of its neighbours, and the other way round."""
    ones = np.repeat(np.arange(len(near)), near.shape[1])
    others = near.ravel()
    ones, others = ones[ones != others], others[ones != others]
    return np.concatenate([ones, others]), np.concatenate([others, ones])


def _draw(points: Floats, ones: Rows, others: Rows) -> Floats:
    """The mean force (n, 2) towards its neighbours on each point."""
    apart = points[ones] - points[others]
    squares = np.maximum((apart * apart).sum(axis=1), np.float32(1e-12))
    forces = _limited(apart, -2 * _A * _B * squares ** (_B - 1) / (1 + _A * squares**_B))
    sums = np.stack([np.bincount(ones, forces[:, axis], len(points)) for axis in (0, 1)], axis=1)
    return np.asarray(sums / np.maximum(np.bincount(ones, minlength=len(points)), 1)[:, None], np.float32)


def _push(points: Floats, others: Rows) -> Floats:
    """The force (n, 2) away from one other point each."""
    apart = points - points[others]
    squares = (apart * apart).sum(axis=1)
    return np.float32(_PUSH) * _limited(apart, 2 * _B / ((0.001 + squares) * (1 + _A * squares**_B)))


def _limited(apart: Floats, strength: Floats) -> Floats:
    return np.asarray(np.clip(apart * strength[:, None], -_STRONGEST, _STRONGEST), np.float32)


def _framed(points: Floats) -> Floats:
    """The same points in the middle of the square from -1 to 1, and as large as it."""
    if not len(points):
        return points
    low, high = points.min(axis=0), points.max(axis=0)
    half = max(float((high - low).max()) / 2, 1e-12)
    return np.asarray(np.clip((points - (low + high) / 2) / half, -1, 1), dtype=np.float32)
