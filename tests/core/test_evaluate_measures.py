"""Figures over queries: bootstrap intervals beside numpy done by hand, and what is said of queries without an answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcasearch.ablation import ablated, ablation
from rcasearch.judged import Answer, JudgedQuery
from rcasearch.measures import MEASURES, Separation, Values, differences, figures, separations
from rcasearch.retrieval import HYBRID, PLAIN

# --- the bootstrap ---------------------------------------------------------------------------------------------------


def values(seed: int, *sizes: int) -> list[Values]:
    chance = np.random.default_rng(seed)
    return [chance.random((len(MEASURES), size)) for size in sizes]


def resampled(groups: list[Values], seed: int, count: int = 40_000) -> Values:
    """Means (measures, count) over resamples of each group's queries, written another way: by how often each was drawn."""
    chance = np.random.default_rng(seed)
    drawn = []
    for group in groups:
        size = group.shape[1]
        times = chance.multinomial(size, np.full(size, 1 / size), size=count)
        drawn.append(group @ times.T / size)
    return np.asarray(np.mean(drawn, axis=0))


@pytest.mark.parametrize("sizes", [(30,), (12, 40), (5, 60, 25)])
def test_an_interval_is_that_of_many_more_resamples(sizes: tuple[int, ...]) -> None:
    groups = values(1, *sizes)
    low, high = np.percentile(resampled(groups, 2), [2.5, 97.5], axis=1)
    for row, figure in enumerate(figures(groups)):
        assert figure.mean == pytest.approx(np.mean([group[row].mean() for group in groups]))
        assert (figure.low, figure.high) == pytest.approx((low[row], high[row]), abs=0.012)


@pytest.mark.parametrize("sizes", [(30,), (12, 40), (5, 60, 25)])
def test_a_paired_difference_is_the_bootstrap_of_the_differences(sizes: tuple[int, ...]) -> None:
    ours, theirs = values(1, *sizes), values(2, *sizes)
    apart = [a - b for a, b in zip(ours, theirs, strict=True)]
    low, high = np.percentile(resampled(apart, 3), [2.5, 97.5], axis=1)
    for row, figure in enumerate(differences(ours, theirs)):
        assert figure.mean == pytest.approx(np.mean([group[row].mean() for group in apart]))
        assert (figure.low, figure.high) == pytest.approx((low[row], high[row]), abs=0.015)


@given(st.integers(0, 10_000), st.lists(st.integers(1, 9), min_size=1, max_size=4), st.floats(-0.5, 0.5))
@settings(max_examples=30, deadline=None)
def test_what_is_the_same_for_every_query_has_no_width(seed: int, sizes: list[int], shift: float) -> None:
    """Unpaired intervals would be as wide as the queries differ; only the same resamples for both sides cancel that."""
    groups = values(seed, *sizes)
    for figure in differences([group + shift for group in groups], groups):
        assert (figure.mean, figure.low, figure.high) == pytest.approx((shift, shift, shift), abs=1e-9)


# --- ablation --------------------------------------------------------------------------------------------------------


def test_each_leg_is_switched_off_once_and_nothing_else_is_changed() -> None:
    rankers = ablated()
    assert (rankers["plain"], rankers["hybrid"]) == (PLAIN, HYBRID)
    legs = [leg for leg, weight in HYBRID.items() if weight]
    assert list(rankers) == ["plain", "hybrid", *(f"without {leg}" for leg in legs)]
    for leg in legs:
        weights = rankers[f"without {leg}"]
        assert not weights.get(leg)
        assert {name: weights[name] for name in legs if name != leg} == {name: HYBRID[name] for name in legs if name != leg}


def test_a_leg_added_later_appears_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rcasearch.ablation.HYBRID", {"passage": 1.0, "rumour": 0.5, "idle": 0.0})
    assert list(ablated()) == ["plain", "hybrid", "without passage", "without rumour"]
    monkeypatch.setattr("rcasearch.ablation.HYBRID", {"passage": 1.0})
    assert list(ablated()) == ["plain", "hybrid"]


def test_an_ablation_by_hand() -> None:
    # Measures down (nDCG@10, RR@10, R@5, Success@1), queries across.
    ours = {"alert": np.array([[0.5, 1.0], [9, 9], [9, 9], [0, 1]]), "cause": np.array([[0.2], [9], [9], [1]])}
    shipped = {"alert": np.array([[0.6, 0.9], [9, 9], [9, 9], [1, 1]]), "cause": np.array([[0.4], [9], [9], [1]])}
    found = ablation("without late", ours, shipped)
    assert found.ranker == "without late"
    assert found.ndcg == pytest.approx({"alert": 0.75, "cause": 0.2, "mean over kinds": 0.475})
    assert found.success == pytest.approx((0.5 + 1) / 2)
    # The differences of the two alerts are -.1 and +.1: resampled they mean -.1, 0 or .1; the one cause gives -.2 always.
    assert found.difference.mean == pytest.approx(-0.1)
    assert (found.difference.low, found.difference.high) == pytest.approx((-0.15, -0.05))
    same = ablation("hybrid", shipped, shipped).difference
    assert (same.mean, same.low, same.high) == (0, 0, 0)


# --- telling none ----------------------------------------------------------------------------------------------------


def answer(confidence: float, kind: str) -> Answer:
    return Answer(JudgedQuery("q", "t", kind, {} if kind == "none" else {"s": 1}), (), (), confidence)


_confidences = st.lists(st.sampled_from([0.0, 0.1, 0.5, 0.50001, 0.9, 1.0]) | st.floats(0, 1), max_size=25)


def told(alerts: list[float], causes: list[float], none: list[float]) -> dict[str, Separation]:
    kinds = (("alert", alerts), ("cause", causes), ("none", none))
    found = separations("hybrid", [answer(value, kind) for kind, own in kinds for value in own])
    assert all(own.ranker == "hybrid" for own in found)
    return {own.kind: own for own in found}


@given(_confidences, _confidences, _confidences)
@settings(max_examples=150, deadline=None)
def test_auroc_is_the_share_of_pairs_in_the_right_order(alerts: list[float], causes: list[float], none: list[float]) -> None:
    found = told(alerts, causes, none)
    groups = {kind: own for kind, own in (("alert", alerts), ("cause", causes), ("all kinds", alerts + causes)) if own}
    assert list(found) == (list(groups) if none else [])
    for kind, separation in found.items():
        pairs = [1.0 if a > n else 0.5 if a == n else 0.0 for a in groups[kind] for n in none]
        assert separation.auroc == pytest.approx(sum(pairs) / len(pairs))
        assert separation.queries == len(groups[kind])


@given(_confidences, _confidences, _confidences)
@settings(max_examples=150, deadline=None)
def test_none_answered_is_at_the_highest_line_that_keeps_95_percent(
    alerts: list[float], causes: list[float], none: list[float]
) -> None:
    groups = {"alert": alerts, "cause": causes, "all kinds": alerts + causes}
    for kind, separation in told(alerts, causes, none).items():
        own = groups[kind]
        line = max(value for value in own if 100 * sum(other >= value for other in own) >= 95 * len(own))
        assert separation.none_answered == pytest.approx(sum(value >= line for value in none) / len(none))


def test_none_answered_by_hand() -> None:
    twenty = [n / 20 for n in range(1, 21)]
    # Nineteen of the twenty are kept at .10; of the none-queries, those at .10 and at .99 are answered.
    assert told(twenty, [], [0.05, 0.09, 0.10, 0.99])["alert"].none_answered == 0.5
