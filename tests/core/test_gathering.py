"""Families and places by way of a sample: nearly those that all incidents at once come to, and the same however asked."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from rcasearch import gathering
from rcasearch.gathering import groups, marks_of, places, sampled, surroundings
from rcasearch.likeness import Likeness

COUNT, MIDDLES, SAMPLE = 600, 24, 200
IDS = [f"incident-{number}" for number in range(COUNT)]
Rows = NDArray[np.int64]
Links = list[tuple[int, int]]


def crowds(spread: float = 0.1) -> tuple[Likeness, Rows]:
    """Incidents around few middles, some around many and some around few, and the middle of each."""
    chance = np.random.default_rng(5)
    own = (MIDDLES * chance.random(COUNT) ** 2).astype(np.int64)
    vectors = chance.standard_normal((MIDDLES, 40))[own] + spread * chance.standard_normal((COUNT, 40))
    return Likeness((vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16), 0.7), own


def gathered(found: Likeness, ids: list[str], linked: Links, most: int) -> tuple[Rows, NDArray[np.float32]]:
    marks = marks_of(ids)
    around = surroundings(found, sampled(marks, linked, most))
    return groups(found, around, linked), places(found, around, marks)


def test_families_are_those_of_all_at_once_where_they_are_clear() -> None:
    found, own = crowds()
    whole, _ = gathered(found, IDS, [], COUNT)
    some, points = gathered(found, IDS, [], SAMPLE)
    assert adjusted_rand_score(own, whole) == 1
    assert np.array_equal(some, whole)
    assert len(np.unique(points, axis=0)) == COUNT
    assert np.abs(points).max() <= 1


def test_most_of_them_are_where_they_overlap() -> None:
    found, _ = crowds(spread=0.6)
    whole, some = (gathered(found, IDS, [], most)[0] for most in (COUNT, SAMPLE))
    assert len(np.unique(whole)) > MIDDLES
    assert adjusted_rand_score(whole, some) > 0.85


def test_a_family_outside_the_sample_is_found() -> None:
    found, _ = crowds()
    rows = sampled(marks_of(IDS), [], SAMPLE)
    one, other = np.setdiff1d(np.arange(COUNT), rows)[:2].tolist()
    alone = np.zeros(40)
    alone[0] = 1
    found.vectors[[one, other]] = alone
    own, _ = gathered(found, IDS, [], SAMPLE)
    assert own[one] == own[other]
    assert np.count_nonzero(own == own[one]) == 2


@pytest.mark.parametrize("most", [20, SAMPLE, COUNT])
def test_what_is_linked_is_of_one_family(most: int) -> None:
    found, own = crowds()
    linked = [(row, int(np.flatnonzero(own != own[row])[0])) for row in range(100, 130)]
    numbers, _ = gathered(found, IDS, linked, most)
    assert all(numbers[one] == numbers[other] for one, other in linked)
    first = [int(np.flatnonzero(numbers == number)[0]) for number in np.unique(numbers)]
    assert first == sorted(first)


def test_what_is_linked_is_sampled_first_and_the_rest_by_their_ids() -> None:
    marks = marks_of(IDS)
    linked = [(7, 400), (7, 599)]
    rows = sampled(marks, linked, 50)
    assert {7, 400, 599} <= set(rows.tolist())
    assert len(rows) == 50
    assert sampled(marks, linked, COUNT).tolist() == list(range(COUNT))
    more = sampled(marks_of([*IDS, "another"]), linked, 50)
    assert len(np.setdiff1d(more, rows)) <= 1


@pytest.mark.parametrize("spread", [0.1, 0.6])
def test_the_order_of_the_incidents_does_not_matter(spread: float) -> None:
    found, _ = crowds(spread)
    order = np.random.default_rng(1).permutation(COUNT)
    place = np.argsort(order)
    linked = [(3, 90), (200, 205)]
    first, _ = gathered(found, IDS, linked, SAMPLE)
    turned = [(int(place[one]), int(place[other])) for one, other in linked]
    again, _ = gathered(Likeness(found.vectors[order], found.enough), [IDS[row] for row in order], turned, SAMPLE)
    assert adjusted_rand_score(first[order], again) == 1


def test_asked_twice_it_is_the_same() -> None:
    found, _ = crowds(0.6)
    (first, points), (again, points_again) = (gathered(found, IDS, [(1, 2)], SAMPLE) for _ in range(2))
    assert np.array_equal(first, again)
    assert np.array_equal(points, points_again)


def test_those_outside_the_sample_stand_near_their_like() -> None:
    found, own = crowds()
    _, points = gathered(found, IDS, [], SAMPLE)
    near = [np.linalg.norm(points[one] - points[other]) for one, other in combinations(range(80), 2) if own[one] == own[other]]
    far = [np.linalg.norm(points[one] - points[other]) for one, other in combinations(range(80), 2) if own[one] != own[other]]
    assert np.median(near) < 0.4 * np.median(far)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = crowds(0.6)
    whole, _ = gathered(found, IDS, [], SAMPLE)
    monkeypatch.setattr(gathering, "_BLOCK", 7)
    assert np.array_equal(gathered(found, IDS, [], SAMPLE)[0], whole)
