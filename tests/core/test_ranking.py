"""The arithmetic of ranking against plain loops in double precision."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from rcasearch import ranking

Floats = NDArray[np.float32]
_numbers = st.floats(-100, 100, width=32)


def vectors(rows: Any, width: int = 4) -> Any:
    return arrays.arrays(np.float32, st.tuples(rows, st.just(width)), elements=st.floats(-1, 1, width=32))


@given(arrays.arrays(np.float32, st.integers(0, 30), elements=_numbers))
@settings(max_examples=200, deadline=None)
def test_standardised_values_have_mean_0_and_deviation_1(values: Floats) -> None:
    found = ranking.standardise(values)
    assert found.dtype == np.float32
    spread = float(np.std(values.astype(np.float64))) if len(values) else 0.0
    if spread > 1e-3:
        np.testing.assert_allclose(found, (values - values.mean(dtype=np.float64)) / spread, atol=2e-3)
    elif spread == 0:
        assert not found.any()


@pytest.mark.parametrize("value", [0.0, 0.1, -7.3, 1e6])
def test_values_that_do_not_differ_say_nothing(value: float) -> None:
    assert not ranking.standardise(np.full(7, value, np.float32)).any()


def test_fusion_by_hand() -> None:
    legs = {"a": np.array([1, 2, 3], np.float32), "b": np.array([10, 10, 40], np.float32), "c": np.array([9, 0, 0], np.float32)}
    fused = ranking.summed(ranking.addends(legs, {"a": 1.0, "b": 0.5, "d": 3.0}))
    # a: mean 2, deviation sqrt(2/3); b: mean 20, deviation sqrt(200).
    a = [-math.sqrt(1.5), 0, math.sqrt(1.5)]
    b = [-0.5 / math.sqrt(2), -0.5 / math.sqrt(2), 1 / math.sqrt(2)]
    np.testing.assert_allclose(fused.contributions["a"], a, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(fused.contributions["b"], b, rtol=1e-5)
    np.testing.assert_allclose(fused.scores, np.add(a, b), rtol=1e-5)
    assert set(fused.contributions) == {"a", "b"}


@given(vectors(st.integers(1, 12), 3), st.tuples(*[st.sampled_from([0.0, 0.5, 1.0, 2.0])] * 3).filter(any))
@settings(max_examples=100, deadline=None)
def test_contributions_add_up_to_the_score(legs: Floats, weights: tuple[float, ...]) -> None:
    fused = ranking.summed(ranking.addends(dict(zip("abc", legs.T, strict=True)), dict(zip("abc", weights, strict=True))))
    np.testing.assert_allclose(np.sum(list(fused.contributions.values()), axis=0), fused.scores, atol=1e-5)
    assert set(fused.contributions) == {name for name, weight in zip("abc", weights, strict=True) if weight}


@pytest.mark.parametrize("weights", [{}, {"a": 0.0}, {"b": 1.0}])
def test_no_leg_with_a_weight_is_an_error(weights: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="weight"):
        ranking.summed(ranking.addends({"a": np.ones(2, np.float32)}, weights))


@given(st.lists(st.tuples(_numbers, st.integers(0, 5)), max_size=40), _numbers)
@settings(max_examples=200, deadline=None)
def test_the_best_of_each_group(pairs: list[tuple[float, int]], empty: float) -> None:
    values = np.array([value for value, _ in pairs], np.float32)
    groups = np.array([group for _, group in pairs], np.int64)
    found = ranking.best_per_group(values, groups, 6, empty)
    assert found.dtype == np.float32
    for group in range(6):
        assert found[group] == max((np.float32(value) for value, own in pairs if own == group), default=np.float32(empty))


@given(vectors(st.integers(0, 4)), st.lists(vectors(st.integers(0, 4)), max_size=5))
@settings(max_examples=150, deadline=None)
@example(np.zeros((0, 4), np.float32), [])
@example(-np.ones((1, 4), np.float32), [np.ones((2, 4), np.float32), np.ones((0, 4), np.float32), np.ones((1, 4), np.float32)])
def test_max_similarity_is_the_triple_loop(query: Floats, groups: list[Floats]) -> None:
    lengths = np.array([len(group) for group in groups], np.int64)
    tokens = np.concatenate([np.zeros((0, 4), np.float32), *groups])
    found = ranking.max_similarity(query, tokens, np.cumsum(lengths) - lengths)
    assert found.shape == (len(groups), len(query))
    for i, group in enumerate(groups):
        for j, wanted in enumerate(query):
            dots = [sum(float(x) * float(y) for x, y in zip(wanted, token, strict=True)) for token in group]
            assert found[i, j] == pytest.approx(max(dots, default=0.0), abs=1e-5)


@given(vectors(st.integers(0, 6), 3), arrays.arrays(np.float32, 3, elements=st.floats(0, 5, width=32)))
@settings(max_examples=100, deadline=None)
def test_the_weighted_mean(similarities: Floats, weights: Floats) -> None:
    found = ranking.weighted_mean(similarities, weights)
    assert found.shape == (len(similarities),)
    if weights.sum() > 1e-3:
        expected = similarities.astype(np.float64) @ weights.astype(np.float64) / weights.astype(np.float64).sum()
        np.testing.assert_allclose(found, expected, atol=1e-5)
    elif not weights.any():
        assert not found.any()


def test_idf_by_hand_and_never_negative() -> None:
    found = ranking.idf(np.array([0, 1, 5, 10]), 10)
    expected = [math.log(1 + (10 - df + 0.5) / (df + 0.5)) for df in (0, 1, 5, 10)]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert (found > 0).all()
    assert (np.diff(found) < 0).all()
    assert np.isfinite(ranking.idf(np.zeros(3, np.int64), 0)).all()


@given(st.lists(st.sampled_from([0.0, -0.0, 0.5, 1.0, -1.0]), max_size=20), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_order_is_best_first_and_ties_go_by_the_row(scores: list[float], chance: Any) -> None:
    rows = chance.sample(range(100), len(scores))
    found = ranking.order(np.array(scores, np.float32), rows).tolist()
    assert found == sorted(range(len(scores)), key=lambda i: (-scores[i], rows[i]))
