"""Which passages stand in which incident."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rcasearch import ranking
from rcasearch.model import KINDS, Kind
from rcasearch.stores.base import Floats, Rows, Selection
from rcasearch.stores.consistency import check_bounds, check_numbers
from rcasearch.stores.vectors import Vectors

# Passages that means are made of at once.
_BLOCK = 8_192


@dataclass(frozen=True, slots=True)
class Layout:
    """Which passages stand in which incident: incident i has passages[starts[i]:starts[i + 1]], of these kinds.

    And the inverse: passage p stands in the incidents holders[holder_starts[p]:holder_starts[p + 1]], ascending.
    """

    passages: NDArray[np.int32]
    starts: NDArray[np.int64]
    kinds: NDArray[np.uint8]
    holders: Rows
    holder_starts: NDArray[np.int64]

    @classmethod
    def load(cls, path: Path, passage_count: int) -> Layout:
        """Read what `writer` wrote. Raises OSError, or ValueError and others where the file is damaged."""
        with path.open("rb") as file, np.load(file) as stored:
            passages, starts, kinds = stored["passages"], stored["starts"], stored["kinds"]
        check_numbers(passages, len(kinds), passage_count, "passages")
        check_numbers(kinds, len(kinds), len(KINDS), "kinds")
        check_bounds(starts, len(starts) - 1, len(kinds), "chunks")
        holders = np.repeat(np.arange(len(starts) - 1, dtype=np.int64), np.diff(starts))
        order = np.argsort(passages, kind="stable")
        held, holders = passages[order], holders[order]
        # An incident may have a passage twice.
        new = np.ones(len(held), np.bool_)
        new[1:] = (np.diff(held) != 0) | (np.diff(holders) != 0)
        counts = np.bincount(held[new], minlength=passage_count)
        return cls(passages, starts, kinds, holders[new], np.concatenate([[0], np.cumsum(counts)]))

    def told(self, row: int) -> tuple[list[Kind], NDArray[np.int32]]:
        """The kinds of an incident's passages, and which they are."""
        own = slice(self.starts[row], self.starts[row + 1])
        return [KINDS[kind] for kind in self.kinds[own].tolist()], self.passages[own]

    def of_kinds(self, kinds: Collection[Kind]) -> tuple[NDArray[np.int64], Rows]:
        """The chunk positions of these kinds, and the row of the incident of each, both ascending."""
        wanted = np.flatnonzero(np.isin(self.kinds, [KINDS.index(kind) for kind in sorted(kinds)]))
        return wanted, np.searchsorted(self.starts, wanted, "right") - 1

    def positions(self, rows: Rows) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The chunk positions of ``rows`` one after the other, and for each which of the rows it belongs to."""
        counts = self.starts[rows + 1] - self.starts[rows]
        groups = np.repeat(np.arange(len(rows), dtype=np.int64), counts)
        return runs(self.starts[rows], counts), groups

    def of(self, rows: Rows) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The passages of ``rows`` (n,) one after the other, and where those of each begin (n + 1,)."""
        positions, _ = self.positions(rows)
        return self.passages[positions], np.cumsum(np.concatenate([[0], np.diff(self.starts)[rows]]))

    def passages_of(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(p,) True at the passages that stand in any of the chosen (n,) incidents."""
        return mask(self.passages[np.repeat(chosen, np.diff(self.starts))], len(self.holder_starts) - 1)

    def incidents_with(self, passages: NDArray[np.int64], most: int, selected: NDArray[np.bool_] | None = None) -> Rows:
        """The first ``most`` of the ``selected`` (n,) incidents, or of all, that have these passages, in the passages' order."""
        counts = self.holder_starts[passages + 1] - self.holder_starts[passages]
        if selected is None:
            # Of a template, a passage stands in thousands of incidents, of which no more than these can be wanted.
            counts = np.minimum(counts, most)
        enough = 1 + int(np.searchsorted(np.cumsum(counts), 4 * most))
        rows = np.zeros(0, np.int64)
        for end in (enough, len(passages)):
            rows = self.holders[runs(self.holder_starts[passages[:end]], counts[:end])]
            rows = distinct(rows if selected is None else rows[selected[rows]])[:most]
            if len(rows) == most:
                break
        return rows


def kind_means(layout: Layout, passages: Vectors, kinds: Collection[Kind]) -> Floats:
    """The mean (n, d) of the passages of these kinds in each incident, of length 1; zeros for one that has none."""
    positions, rows = layout.of_kinds(kinds)
    means = np.zeros((len(layout.starts) - 1, passages.dimension), np.float32)
    for start in range(0, len(positions), _BLOCK):
        own = slice(start, start + _BLOCK)
        vectors = passages.stored(layout.passages[positions[own]])
        first = np.flatnonzero(np.diff(rows[own], prepend=-1))
        means[rows[own][first]] += np.add.reduceat(vectors, first, axis=0)
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), np.float32(1e-12))
    return means


def best(scores: Floats, selection: Selection, k: int) -> Rows:
    """The k selected rows with the best scores above 0, best first."""
    rows = np.flatnonzero(scores > 0)
    if selection.rows is not None:
        rows = rows[mask(selection.rows, len(scores))[rows]]
    if len(rows) > k:
        # Those that are surely too low need not be put in order.
        rows = rows[scores[rows] >= np.partition(scores[rows], -k)[-k]]
    return rows[ranking.order(scores[rows], rows)][:k]


def runs(starts: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers from each start on, so many of each, one run after the other."""
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.asarray(np.repeat(starts, counts) + offsets, dtype=np.int64)


def mask(rows: NDArray[Any] | Sequence[int], count: int) -> NDArray[np.bool_]:
    """(count,) True at these rows."""
    result = np.zeros(count, np.bool_)
    result[rows] = True
    return result


def distinct(rows: Rows) -> Rows:
    """The rows without repeats, in the order of first appearance."""
    if not len(rows):
        return rows
    numbers = np.arange(len(rows))
    first = np.empty(int(rows.max()) + 1, np.int64)
    # Of several values for one place the last is kept: backwards, that is the first.
    first[rows[::-1]] = numbers[::-1]
    return np.asarray(rows[first[rows] == numbers], dtype=np.int64)
