"""Confidence: from the relevances that other incidents of the corpus reach, rising with relevance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcasearch.calibration import DEFAULT, POSSIBLE, STRONG, calibrate, confidence, verdict


def test_the_marks_are_the_lowest_fourteenth_and_the_median() -> None:
    values = [n / 100 for n in range(30, 71)]
    found = calibrate(values[::-1])
    assert found == pytest.approx({"line": 0.328, "median": 0.5, "samples": 41})
    assert confidence(0.328, found) == pytest.approx(POSSIBLE)
    assert confidence(0.5, found) == pytest.approx(STRONG)
    # As far above the median as the median is above the line: the odds are multiplied by three once more.
    assert confidence(0.672, found) == pytest.approx(0.9)
    assert confidence(0.156, found) == pytest.approx(0.25)


def test_a_sample_of_strays_does_not_move_the_marks() -> None:
    values = np.random.default_rng(0).normal(0.6, 0.04, 1_000).tolist()
    one, other = calibrate(values), calibrate([*values, *[99.0] * 20])
    assert other["line"] == pytest.approx(one["line"], abs=0.005)
    assert other["median"] == pytest.approx(one["median"], abs=0.005)


@pytest.mark.parametrize("count", [0, 1, 7])
def test_too_few_samples_say_nothing(count: int) -> None:
    assert calibrate([0.9] * count) == dict(DEFAULT)


def test_equal_samples_do_not_make_every_difference_certain() -> None:
    found = calibrate([0.5] * 20)
    assert confidence(0.5, found) == POSSIBLE
    assert POSSIBLE < confidence(0.505, found) < STRONG


def test_a_calibration_is_never_shared() -> None:
    first = calibrate([])
    first["line"] = 7.0
    assert calibrate([])["line"] == DEFAULT["line"]


@given(st.floats(-10, 10), st.floats(-10, 10), st.lists(st.floats(0, 1), max_size=30))
def test_confidence_rises_with_relevance_and_stays_between_0_and_1(one: float, other: float, samples: list[float]) -> None:
    found = calibrate(samples)
    low, high = sorted((one, other))
    assert 0 <= confidence(low, found) <= confidence(high, found) <= 1
    assert verdict(confidence(found["line"] - 1e-6, found)) == "none"
    assert verdict(confidence(found["median"] + 1e-6, found)) == "strong"


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


@given(st.floats(-2, 2), st.integers(0, 20))
def test_a_failure_unheard_of_is_set_back_half_the_way(relevance: float, tokens: int) -> None:
    known = confidence(relevance, DEFAULT, tokens)
    unheard_of = confidence(relevance, DEFAULT, tokens, unheard_of=True)
    odds = [value / (1 - value) for value in (known, unheard_of)]
    assert odds[0] / odds[1] == pytest.approx(3**0.5)
