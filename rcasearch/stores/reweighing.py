"""The lexical leg over some of the incidents: BM25 as it would be if the others did not exist.

What is stored of a term in an incident is idf * tf / (tf + norm), in numbers of the whole corpus. Since these are known, how
often the term stands there is found again, and weighed with the idf and the mean length of the incidents that are left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rcasearch.stores.base import Floats, Rows, TermValues
from rcasearch.stores.postings import Postings, inverse_frequency, length_norms


class SomePostings:
    """The terms of the incidents in the ``rows`` (n,) of a whole, ascending; they are numbered from 0 here."""

    def __init__(self, whole: Postings, rows: Rows) -> None:
        self._whole, self._count = whole, len(rows)
        self._place = np.full(whole.incidents, -1, np.int64)
        self._place[rows] = np.arange(len(rows))
        lengths = whole.lengths[rows].astype(np.int64)
        self._norms = length_norms(lengths, float(lengths.mean()) if len(lengths) else 0.0)

    def scores(self, terms: Sequence[str]) -> Floats:
        """The BM25 score (n,) of each incident. A repeated term counts as often as it stands there, an unknown one not at all."""
        scores = np.zeros(self._count, np.float32)
        for term, often in Counter(terms).items():
            before, values = self._whole.of(term)
            kept = self._place[before] >= 0
            own = self._weighed(before[kept], values[kept], self._whole.frequency(term), int(np.count_nonzero(kept)))
            np.add.at(scores, self._place[before[kept]], np.float32(often) * own)
        return scores

    def everything(self) -> TermValues:
        """All terms that any of the incidents has, and what each counts in which."""
        found = self._whole.everything()
        frequency = np.diff(found.starts)
        kept = self._place[found.rows] >= 0
        terms = np.repeat(np.arange(len(frequency)), frequency)[kept]
        left = np.bincount(terms, minlength=len(frequency))
        before = found.rows[kept]
        values = self._weighed(before, found.values[kept], self._whole.whole.frequency[terms], left[terms])
        used = np.flatnonzero(left)
        starts = np.concatenate([[0], np.cumsum(left[used])]).astype(np.int64)
        return TermValues([found.terms[term] for term in used.tolist()], starts, self._place[before].astype(np.int32), values)

    def _weighed(self, before: NDArray[np.int32], values: Floats, frequency: Any, left: Any) -> Floats:
        """The values (p,) of terms that stand in so many of all incidents, of which so many are ``left``."""
        often = self._whole.counted(before, values, frequency).astype(np.float64)
        idf = inverse_frequency(np.asarray(left), self._count)
        return np.asarray(idf * often / (often + self._norms[self._place[before]]), np.float32)
