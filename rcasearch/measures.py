"""Answers -> figures: the measures of `ir_measures` at incident level with bootstrap intervals, and how well *none* is told.

A query that gets no answer counts as 0. Queries without relevant incidents have no answer to find: for them, what counts is that
the confidence in the best hit is lower than for the answerable ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rcasearch.judged import Answer
from rcasearch.model import Verdict

MEASURES = ("nDCG@10", "RR@10", "R@5", "Success@1")
OVER_KINDS = "mean over kinds"
ALL_KINDS = "all kinds"
VERDICTS: tuple[Verdict, ...] = ("strong", "possible", "none")
# In percent of the answerable queries.
KEPT = 95
_RESAMPLES = 2_000
_SEED = 20_231_201

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over queries with its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Separation:
    """How well the confidence parts the answerable queries of a kind from the unanswerable ones.

    ``auroc`` is how often an answerable query gets the higher confidence. ``none_answered`` is the share of unanswerable queries
    that are at or above the confidence that 95 % of the answerable ones reach.
    """

    ranker: str
    kind: str
    queries: int
    auroc: float
    none_answered: float


def by_kind(answers: Sequence[Answer], names: Mapping[str, str]) -> dict[str, Values]:
    """Kind -> the value (measures, queries) of each of ``MEASURES`` for each answerable query of that kind.

    ``names`` maps a judged name to the name it is ranked under.
    """
    answerable = [answer for answer in answers if answer.query.relevant]
    values = _measure(answerable, names)
    kinds = [answer.query.kind for answer in answerable]
    return {kind: values[:, [i for i, own in enumerate(kinds) if own == kind]] for kind in dict.fromkeys(kinds)}


def _measure(answers: Sequence[Answer], names: Mapping[str, str]) -> Values:
    import ir_measures
    from ir_measures import RR, R, Success, nDCG

    measures = [nDCG @ 10, RR @ 10, R @ 5, Success @ 1]
    qrels = {a.query.id: {names[name]: grade for name, grade in a.query.relevant.items()} for a in answers}
    # Scores can tie; the order given is the order meant.
    run = {a.query.id: {name: float(len(a.ranked) - i) for i, name in reversed(list(enumerate(a.ranked)))} for a in answers}
    position = {a.query.id: i for i, a in enumerate(answers)}
    values = np.zeros((len(measures), len(answers)))
    if answers:
        for found in ir_measures.iter_calc(measures, qrels, run):
            values[measures.index(found.measure), position[found.query_id]] = found.value
    return values


def figures(groups: Sequence[Values]) -> tuple[Figure, ...]:
    """For each row of the groups (rows, queries), the mean over groups of the means over their queries."""
    return tuple(_figure(mean, drawn) for mean, drawn in zip(_mean(groups), _draws(groups), strict=True))


def differences(groups: Sequence[Values], others: Sequence[Values]) -> tuple[Figure, ...]:
    """For each row, the mean of ``groups`` less that of ``others`` on the same queries, as a paired bootstrap has it.

    Both sides are averaged over the same resamples, so that what is hard for both does not widen the interval.
    """
    means, drawn = _mean(groups) - _mean(others), _draws(groups) - _draws(others)
    return tuple(_figure(mean, own) for mean, own in zip(means, drawn, strict=True))


def _mean(groups: Sequence[Values]) -> Values:
    return np.asarray(np.mean([group.mean(axis=1) for group in groups], axis=0), dtype=np.float64)


def _draws(groups: Sequence[Values]) -> Values:
    """The means (rows, resamples) over resampled queries; groups of the same sizes get the same resamples."""
    generator = np.random.default_rng(_SEED)
    drawn = np.zeros((len(groups[0]), _RESAMPLES))
    for group in groups:
        chosen = generator.integers(group.shape[1], size=(_RESAMPLES, group.shape[1]))
        drawn += [row[chosen].mean(axis=1) for row in group]
    return drawn / len(groups)


def _figure(mean: float, drawn: Values) -> Figure:
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Figure(float(mean), float(low), float(high))


def verdict_shares(answers: Sequence[Answer]) -> dict[str, dict[Verdict, float]]:
    """Kind -> verdict -> the share of the kind's queries that it is the answer to."""
    kinds = list(dict.fromkeys(answer.query.kind for answer in answers))
    told = {kind: [answer.verdict for answer in answers if answer.query.kind == kind] for kind in kinds}
    return {kind: {word: words.count(word) / len(words) for word in VERDICTS} for kind, words in told.items()}


def separations(ranker: str, answers: Sequence[Answer]) -> list[Separation]:
    """For each kind of answerable query and for all of them, against all unanswerable ones; empty where one side is."""
    none = np.array([answer.top_confidence for answer in answers if not answer.query.relevant])
    confidences: dict[str, list[float]] = {}
    for answer in answers:
        if answer.query.relevant:
            confidences.setdefault(answer.query.kind, []).append(answer.top_confidence)
    if not none.size or not confidences:
        return []
    groups = {**confidences, ALL_KINDS: [value for own in confidences.values() for value in own]}
    return [_separation(ranker, kind, np.array(own), none) for kind, own in groups.items()]


def _separation(ranker: str, kind: str, answerable: Values, none: Values) -> Separation:
    above = (answerable[:, None] > none[None, :]).mean()
    ties = (answerable[:, None] == none[None, :]).mean()
    lowest_kept = np.sort(answerable)[len(answerable) - math.ceil(KEPT * len(answerable) / 100)]
    return Separation(ranker, kind, len(answerable), float(above + ties / 2), float((none >= lowest_kept).mean()))
