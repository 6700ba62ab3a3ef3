"""Confidence: one half where an unrelated incident stands, more above, less below."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcasearch.calibration import DEFAULT, POSSIBLE, STRONG, calibrate, confidence, verdict


def test_middle_and_spread_are_the_median_and_the_robust_deviation() -> None:
    values = [0.4, 0.42, 0.44, 0.46, 0.5, 0.54, 0.56, 0.58, 0.6, 99.0, -99.0]
    found = calibrate(values)
    assert found["middle"] == 0.5
    assert found["spread"] == pytest.approx(1.4826 * 0.08)
    assert found["samples"] == 11


def test_a_normal_sample_gives_its_own_deviation() -> None:
    found = calibrate(np.random.default_rng(0).normal(0.6, 0.04, 20_000).tolist())
    assert found["middle"] == pytest.approx(0.6, abs=0.002)
    assert found["spread"] == pytest.approx(0.04, abs=0.002)


@pytest.mark.parametrize("count", [0, 1, 7])
def test_too_few_samples_say_nothing(count: int) -> None:
    assert calibrate([0.9] * count) == dict(DEFAULT)


def test_equal_samples_do_not_make_every_difference_certain() -> None:
    found = calibrate([0.5] * 20)
    assert found["spread"] == 0.01
    assert 0.5 < confidence(0.505, found) < 0.7


def test_a_calibration_is_never_shared() -> None:
    first = calibrate([])
    first["middle"] = 7.0
    assert calibrate([])["middle"] == DEFAULT["middle"]


@given(st.floats(-10, 10), st.floats(-10, 10), st.lists(st.floats(0, 1), max_size=30))
def test_confidence_rises_with_relevance_and_stays_between_0_and_1(one: float, other: float, samples: list[float]) -> None:
    found = calibrate(samples)
    low, high = sorted((one, other))
    assert 0 <= confidence(low, found) <= confidence(high, found) <= 1
    assert confidence(found["middle"], found) == 0.5


@pytest.mark.parametrize("relevance", [-1e300, 1e300])
def test_extremes_do_not_overflow(relevance: float) -> None:
    assert confidence(relevance, DEFAULT) == pytest.approx(float(relevance > 0))


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (1, "strong"),
        (STRONG, "strong"),
        (STRONG - 1e-9, "possible"),
        (POSSIBLE, "possible"),
        (POSSIBLE - 1e-9, "none"),
        (0, "none"),
    ],
)
def test_the_word_for_a_confidence(value: float, word: str) -> None:
    assert verdict(value) == word
