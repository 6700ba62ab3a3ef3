"""Which passages stand in which incident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rcasearch.stores.base import Rows


@dataclass(frozen=True, slots=True)
class Layout:
    """Which passages stand in which incident: incident i has passages[starts[i]:starts[i + 1]], and the inverse of that."""

    passages: NDArray[np.int32]
    starts: NDArray[np.int64]
    owners: NDArray[np.int64]
    by_passage: NDArray[np.int64]
    passage_starts: NDArray[np.int64]

    @classmethod
    def load(cls, path: Path, passage_count: int) -> Layout:
        with path.open("rb") as file, np.load(file) as stored:
            passages, starts = stored["passages"], stored["starts"]
        owners = np.repeat(np.arange(len(starts) - 1, dtype=np.int64), np.diff(starts))
        by_passage = np.argsort(passages, kind="stable")
        counts = np.bincount(passages, minlength=passage_count)
        return cls(passages, starts, owners, by_passage, np.concatenate([[0], np.cumsum(counts)]))

    def positions(self, rows: Rows) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The chunk positions of ``rows`` one after the other, and for each which of the rows it belongs to."""
        counts = self.starts[rows + 1] - self.starts[rows]
        groups = np.repeat(np.arange(len(rows), dtype=np.int64), counts)
        offsets = np.arange(len(groups)) - np.repeat(np.cumsum(counts) - counts, counts)
        return np.repeat(self.starts[rows], counts) + offsets, groups

    def incidents_with(self, passages: NDArray[np.int64], most: int, selected: NDArray[np.bool_] | None = None) -> Rows:
        """The first ``most`` incidents that have these passages, those of the first passage first; where given, ``selected`` ones."""
        wanted = np.ones(len(self.starts) - 1, np.bool_) if selected is None else selected.copy()
        found = [np.zeros(0, np.int64)]
        for passage in passages.tolist():
            # Of a template, a passage stands in thousands of incidents: to put all of them in order would take long.
            own = self.owners[self.by_passage[self.passage_starts[passage] : self.passage_starts[passage + 1]]]
            own = np.unique(own[wanted[own]])[:most]
            wanted[own] = False
            found.append(own)
            most -= len(own)
            if not most:
                break
        return np.concatenate(found)


def mask(rows: Rows | Sequence[int], count: int) -> NDArray[np.bool_]:
    """(count,) True at these rows."""
    result = np.zeros(count, np.bool_)
    result[rows] = True
    return result


def distinct(rows: Rows) -> Rows:
    """The rows without repeats, in the order of first appearance."""
    _, first = np.unique(rows, return_index=True)
    return rows[np.sort(first)]
