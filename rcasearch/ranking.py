"""Scores of several legs -> one order. Pure functions on arrays.

Fusion is by value: each leg is standardised over the candidates of one query and the legs are added with round weights.
On real postmortems this gains 3 to 4 points of nDCG@10 over fusing ranks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
# Passages scored at once: of 4 to 64 this was the fastest, and 1.7 times as fast as all in one.
_BLOCK = 16
NO_GATES: Mapping[str, Floats] = {}


@dataclass(frozen=True, slots=True)
class Fused:
    """``scores`` (n,) float32 and, leg by leg, the addends (n,) that make them up."""

    scores: Floats
    contributions: dict[str, Floats]

    def favour(self, name: str, favoured: NDArray[np.bool_], share: float) -> Fused:
        """The same with the scores above 0 of the ``favoured`` (n,) raised by a share of themselves, under a ``name``."""
        extra = np.where(favoured & (self.scores > 0), np.float32(share) * self.scores, np.float32(0))
        return Fused(self.scores + extra, {**self.contributions, name: extra})


def standardise(values: Floats) -> Floats:
    """(n,) values with mean 0 and standard deviation 1; all zeros where they do not differ."""
    if values.size == 0:
        return values.astype(np.float32)
    exact = values.astype(np.float64)
    mean, spread = exact.mean(), exact.std()
    if spread <= 1e-6 * max(1.0, abs(mean)):
        return np.zeros(len(values), np.float32)
    return np.asarray((exact - mean) / spread, dtype=np.float32)


def addends(
    legs: Mapping[str, Floats], weights: Mapping[str, float], gates: Mapping[str, Floats] = NO_GATES
) -> dict[str, Floats]:
    """What each standardised leg adds (n,), by its weight; a leg without one adds nothing.

    Every leg is (n,) over the same n candidates; ``gates`` multiply a leg's addends candidate by candidate.
    """
    found = {name: np.float32(weights[name]) * standardise(values) for name, values in legs.items() if weights.get(name)}
    return found | {name: found[name] * gate for name, gate in gates.items() if name in found}


def summed(contributions: dict[str, Floats]) -> Fused:
    """The sum of addends. Raises ValueError when there are none."""
    if not contributions:
        raise ValueError("No leg has a weight.")
    return Fused(np.sum(list(contributions.values()), axis=0, dtype=np.float32), contributions)


def best_per_group(values: Floats, groups: NDArray[np.int64], count: int, empty: float = 0.0) -> Floats:
    """The largest value (count,) of each group 0 … count-1; ``empty`` for a group without values."""
    best = np.full(count, -np.inf, np.float32)
    np.maximum.at(best, groups, values)
    return np.where(np.isneginf(best), np.float32(empty), best).astype(np.float32)


def best_of_groups(values: Floats, groups: NDArray[np.int64], count: int) -> Floats:
    """The largest of each column of (n, t) ``values`` in each group 0 … count-1: (count, t); zeros for a group without rows.

    ``groups`` (n,) is ascending.
    """
    result = np.zeros((count, values.shape[1]), np.float32)
    if len(groups):
        starts = np.flatnonzero(np.r_[True, np.diff(groups) > 0])
        result[groups[starts]] = np.maximum.reduceat(values, starts, axis=0)
    return result


def split_by_group(values: Floats, groups: NDArray[np.int64], count: int) -> list[Floats]:
    """The values (n, …) of each of the groups 0 … count-1; ``groups`` (n,) is ascending."""
    return np.split(values, np.searchsorted(groups, np.arange(1, count))) if count else []


def best_in_groups(values: Floats, groups: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """The positions, ascending, of the ``most`` largest values of each group; of equal values the first.

    ``groups`` (n,) is ascending.
    """
    ranked = np.lexsort((-values, groups))
    places = np.arange(len(groups)) - np.searchsorted(groups, groups)
    return np.sort(ranked[places < most])


def placed(values: Floats, positions: NDArray[np.int64], count: int) -> Floats:
    """(count,) with ``values`` at these positions, and elsewhere the least of them."""
    result = np.full(count, values.min(initial=np.inf), np.float32)
    result[positions] = values
    return result


def max_similarity(query: Floats, tokens: Floats, starts: NDArray[np.int64]) -> Floats:
    """For each group of token rows and each query token, the best dot product: (groups, q) float32.

    ``query`` is (q, d), ``tokens`` (t, d); group i is the rows from starts[i] up to starts[i + 1], the last one up to the end.
    An empty group scores 0. This is ColBERT's MaxSim before the sum (Khattab & Zaharia, 2020).
    """
    ends = np.append(starts[1:], len(tokens))
    result = np.zeros((len(starts), len(query)), np.float32)
    filled = np.flatnonzero(ends > starts)
    if filled.size and len(query):
        result[filled] = np.maximum.reduceat(tokens @ query.T, starts[filled], axis=0)
    return result


def best_tokens(codes: NDArray[np.int8], starts: NDArray[np.int64], passages: NDArray[np.int32], projected: Floats) -> Floats:
    """The best similarity (p, t) of each projected query token within each passage p, whose codes lie from starts[p] on.

    A few passages at a time, so that what their codes become for the product stays in the processor's cache.
    """
    blocks = [passages[start : start + _BLOCK] for start in range(0, len(passages), _BLOCK)]
    best = [_best_tokens(codes, starts, block, projected) for block in blocks]
    return np.concatenate([np.zeros((0, len(projected)), np.float32), *best])


def _best_tokens(codes: NDArray[np.int8], starts: NDArray[np.int64], passages: NDArray[np.int32], projected: Floats) -> Floats:
    spans = [codes[starts[p] : starts[p + 1]] for p in passages]
    lengths = np.array([len(span) for span in spans], np.int64)
    return max_similarity(projected, np.concatenate(spans).astype(np.float32), np.cumsum(lengths) - lengths)


def weighted_mean(similarities: Floats, weights: Floats) -> Floats:
    """The mean over query tokens, (groups, q) -> (groups,), weighted by (q,) ``weights``; zeros where they sum to 0."""
    total = float(weights.sum())
    if not similarities.size or total <= 0:
        return np.zeros(len(similarities), np.float32)
    return np.asarray(similarities @ (weights / total).astype(np.float32), dtype=np.float32)


def idf(document_frequency: NDArray[np.int64], documents: int) -> Floats:
    """Inverse document frequency as BM25 has it, never negative: ln(1 + (N - df + .5) / (df + .5))."""
    frequency = document_frequency.astype(np.float64)
    return np.log1p((documents - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)


def idf_of(ids: NDArray[np.int32], frequency: NDArray[np.int32], documents: int) -> Floats:
    """The inverse document frequency of each of the ids; ``frequency`` (v,) knows those below v, others stand nowhere."""
    known = ids < len(frequency)
    found = np.zeros(len(ids), np.int64)
    found[known] = frequency[ids[known]]
    return idf(found, documents)


def order(scores: Floats, tie_break: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Positions from the best score down; equal scores by ascending ``tie_break``, so that an order never wavers."""
    return np.lexsort((np.asarray(tie_break), -scores))


def interleaved(lists: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """The first of each list, then the second of each, and so on."""
    longest = max((len(rows) for rows in lists), default=0)
    table = np.full((longest, len(lists)), -1, np.int64)
    for column, rows in enumerate(lists):
        table[: len(rows), column] = rows
    flat = table.ravel()
    return flat[flat >= 0]
