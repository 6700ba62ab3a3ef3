"""The plane: the same every time, neighbours together, a query among its hits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.manifold import trustworthiness

from rcasearch.landscape import Landscape, place, positions
from rcasearch.likeness import likeness, nearest, principal
from rcasearch.model import Hit, Incident, Query
from rcasearch.search import Searcher
from rcasearch.stores.generations import current
from rcasearch.stores.local import LocalStore
from rcasearch.stores.vectors import neighbours

Halves = NDArray[np.float16]
K = 10


def blobs(count: int, groups: int, dimension: int = 40) -> tuple[Halves, NDArray[np.int64]]:
    """Vectors around so many middles, and the middle of each."""
    chance = np.random.default_rng(3)
    own = np.arange(count) % groups
    vectors = chance.standard_normal((groups, dimension))[own] + 0.3 * chance.standard_normal((count, dimension))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16), own


def test_neighbours_stay_together_where_two_directions_lose_them() -> None:
    vectors, own = blobs(300, 20)
    near = neighbours(vectors.astype(np.float32), 16)
    found = positions(vectors, near)
    assert found.dtype == np.float32
    assert np.abs(found).max() == pytest.approx(1)
    flat = trustworthiness(vectors, principal(vectors, 2), n_neighbors=K)
    assert trustworthiness(vectors, found, n_neighbors=K) > max(flat + 0.05, 0.9)
    inside = [np.linalg.norm(found[own == group] - found[own == group].mean(axis=0), axis=1).mean() for group in range(20)]
    assert np.mean(inside) < 0.2


def test_the_same_vectors_lie_the_same() -> None:
    vectors, _ = blobs(120, 7)
    near = neighbours(vectors.astype(np.float32), 16)
    assert np.array_equal(positions(vectors, near), positions(vectors.copy(), near.copy()))


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_few_incidents_have_a_place(count: int) -> None:
    vectors = np.eye(3, dtype=np.float16)[:count]
    found = positions(vectors, neighbours(vectors.astype(np.float32), 16))
    assert found.shape == (count, 2)
    assert np.isfinite(found).all()
    assert (np.abs(found) <= 1).all()


def test_incidents_that_tell_the_same_have_places() -> None:
    vectors = np.repeat(np.eye(4, dtype=np.float16)[:1], 30, axis=0)
    found = positions(vectors, neighbours(vectors.astype(np.float32), 16))
    assert np.isfinite(found).all()


def test_all_incidents_of_an_index_have_one(seeded_searcher: Searcher) -> None:
    found = seeded_searcher.landscape()
    count = seeded_searcher.info.incidents
    assert (found.positions.shape, found.families.shape) == ((count, 2), (count,))
    assert set(found.families.tolist()) - {-1} == set(range(len(found.names)))


def hit(name: str, sure: float) -> Hit:
    return Hit(Incident(name, name, f"{name}.md"), 1, 0.0, sure, "none", ())


def test_a_query_stands_among_its_hits_nearest_to_the_surest() -> None:
    plane = Landscape(np.array([[0, 0], [1, 0], [0, 1]], np.float32), np.full(3, -1, np.int32), ())
    assert place([], plane) is None
    assert place([(hit("a", 0.9), 1)], plane) == pytest.approx((1, 0))
    assert place([(hit("a", 0.6), 0), (hit("b", 0.2), 1), (hit("c", 0.2), 2)], plane) == pytest.approx((0.2, 0.2))
    assert place([(hit("a", 0.0), 0)], plane) is None


def test_a_query_has_a_place_where_it_finds_something(seeded_searcher: Searcher) -> None:
    found = seeded_searcher.search(Query("poolError and poolLimit"))
    there = seeded_searcher.place(found)
    assert there is not None
    assert max(map(abs, there)) <= 1


@pytest.mark.slow
def test_on_the_seeds_neighbours_stand_together(seeds_searcher: Searcher) -> None:
    store = LocalStore(current(Path(seeds_searcher.settings.index)))
    alike = likeness(store)
    store.close()
    found = positions(alike.vectors, nearest(alike, 16))
    vectors = alike.vectors.astype(np.float32)
    flat = trustworthiness(vectors, principal(alike.vectors, 2), n_neighbors=K)
    # Measured: .85, and .66 for the two directions alone.
    assert trustworthiness(vectors, found, n_neighbors=K) > max(0.8, flat + 0.1)
