"""All incidents as points of a plane, near to one another where they tell of the like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rcasearch.model import Hit

Floats = NDArray[np.float32]
# A query stands among so many of its hits.
_HITS = 5


@dataclass(frozen=True, eq=False, slots=True)
class Landscape:
    """``positions`` (n, 2) of the incidents by row, within -1 and 1; the number of the family (n,) of each, or -1.

    ``names`` has the name of each family.
    """

    positions: Floats
    families: NDArray[np.int32]
    names: tuple[str, ...]


def positions(vectors: Floats) -> Floats:
    """Where the incidents of these vectors (n, d) stand: (n, 2), within -1 and 1."""
    return _framed(_principal(vectors))


def place(found: Sequence[tuple[Hit, int]], landscape: Landscape) -> tuple[float, float] | None:
    """Where a query stands that found these hits, each with its row, best first; None where it found none."""
    best = found[:_HITS]
    weights = np.array([hit.confidence for hit, _ in best])
    if not weights.sum():
        return None
    x, y = np.average(landscape.positions[[row for _, row in best]], axis=0, weights=weights).tolist()
    return x, y


def _principal(vectors: Floats) -> Floats:
    """The two directions (n, 2) in which the vectors differ most."""
    centred = vectors - vectors.mean(axis=0) if len(vectors) else vectors
    values, directions = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    first = directions[:, np.argsort(-values, kind="stable")[:2]]
    # An eigenvector's sign is arbitrary.
    first = first * np.sign(first[np.abs(first).argmax(axis=0), [0, 1]])
    return np.asarray(centred @ first, dtype=np.float32)


def _framed(points: Floats) -> Floats:
    """The same points in the middle of the square from -1 to 1, and as large as it."""
    if not len(points):
        return points
    low, high = points.min(axis=0), points.max(axis=0)
    half = max(float((high - low).max()) / 2, 1e-12)
    return np.asarray(np.clip((points - (low + high) / 2) / half, -1, 1), dtype=np.float32)
