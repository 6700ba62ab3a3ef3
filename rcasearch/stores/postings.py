"""The lexical leg: the BM25 value of every incident for every term in it, computed once and summed at a query.

The variant is Lucene's: idf = ln(1 + (n - df + 0.5) / (df + 0.5)), times tf / (tf + k1 * (1 - b + b * length / mean length)), as
compared with others by Kamphuis et al., "Which BM25 Do You Mean?", ECIR 2020. One file holds, in native byte order:

    4 int64          counts: incidents n, terms t, postings p, bytes of text
    t + 1 int64      where each term begins in the text; terms are sorted by their bytes
    t + 1 int64      where each term's postings begin
    p int32          the incident of each posting, ascending within a term
    p float32        its value
    n int32          how many terms each incident has, repeats counted
    bytes            the terms in UTF-8, one after the other

Where the incidents are a share of a corpus, the values are those that they have among all of it; in how many of all incidents
each term stands is then in a file of its own (t int32).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rcasearch.stores.base import Floats, TermValues
from rcasearch.stores.consistency import check_bounds, check_shape

K1, B = 1.2, 0.75
_HEADER = 4 * 8
# Postings brought into the order of terms at once, and the most that a term may count in one incident: more changes nothing.
_BLOCK = 2**20
MOST = 2**16 - 1

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Whole:
    """The corpus that incidents are a share of: so many ``incidents`` with so many ``terms``, repeats counted.

    ``frequency`` (t,) tells in how many of them each term of the share stands.
    """

    incidents: int
    terms: int
    frequency: NDArray[np.int32]

    @property
    def mean_length(self) -> float:
        """How many terms an incident has in the mean, repeats counted."""
        return self.terms / max(self.incidents, 1)


@dataclass(frozen=True, slots=True)
class _Parts:
    """Views of the parts of one file, in their order."""

    text_starts: Ints
    starts: Ints
    rows: NDArray[np.int32]
    values: Floats
    lengths: NDArray[np.int32]
    text: NDArray[np.uint8]

    @classmethod
    def of(cls, held: NDArray[np.uint8], incidents: int, terms: int, postings: int, text: int) -> _Parts:
        """Raises ValueError where the file has another size than its counts say."""
        sizes = [8 * (terms + 1), 8 * (terms + 1), 4 * postings, 4 * postings, 4 * incidents, text]
        if min(incidents, terms, postings, text) < 0 or len(held) != _HEADER + sum(sizes):
            raise ValueError("the file of terms has another size than its counts say")
        ends = (_HEADER + np.cumsum([0, *sizes])).tolist()
        kinds: tuple[Any, ...] = (np.int64, np.int64, np.int32, np.float32, np.int32, np.uint8)
        return cls(*(held[start:end].view(kind) for start, end, kind in zip(ends, ends[1:], kinds, strict=False)))


class Postings:
    """The terms of all incidents, memory-mapped: a query reads the postings of its own terms and no others.

    ``whole`` is the corpus among which they have their values: that of these incidents themselves, unless they are a share.
    """

    def __init__(self, path: Path, whole: Whole | None = None) -> None:
        """Open what `write` wrote. Raises OSError or ValueError where the file is missing or damaged."""
        held = np.asarray(np.memmap(path, np.uint8, mode="r", shape=(max(path.stat().st_size, _HEADER),)))
        self.incidents, terms, postings, text = held[:_HEADER].view(np.int64).tolist()
        self._parts = _Parts.of(held, self.incidents, terms, postings, text)
        for starts, total in ((self._parts.starts, postings), (self._parts.text_starts, text)):
            check_bounds(starts, terms, total, "terms")
        frequency = np.diff(self._parts.starts).astype(np.int32)
        self.whole = whole or Whole(self.incidents, int(self._parts.lengths.sum(dtype=np.int64)), frequency)
        _check_whole(self.whole, self.incidents, frequency)

    def scores(self, terms: Sequence[str]) -> Floats:
        """The BM25 score (n,) of each incident. A repeated term counts as often as it stands there, an unknown one not at all."""
        scores = np.zeros(self.incidents, np.float32)
        for term, count in Counter(terms).items():
            own = self._own(_bytes(term))
            # Three times as fast as +=, which reads and writes the scores one after the other.
            np.add.at(scores, self._parts.rows[own], np.float32(count) * self._parts.values[own])
        return scores

    def everything(self) -> TermValues:
        """All terms, where their postings begin, and the postings, as they lie in the file."""
        parts = self._parts
        names = [self._term(number).decode("utf-8", "surrogatepass") for number in range(len(parts.starts) - 1)]
        return TermValues(names, parts.starts, parts.rows, parts.values)

    def counts(self) -> NDArray[np.uint16]:
        """How often (p,) each term stands in each incident that has it, up to `MOST`, in the order of `everything`."""
        frequency = np.diff(self._parts.starts)
        return self.counted(self._parts.rows, self._parts.values, np.repeat(self.whole.frequency, frequency))

    def counted(self, rows: NDArray[Any], values: Floats, frequency: Any) -> NDArray[np.uint16]:
        """How often terms stand in the incidents (p,) in which they have these values (p,), found again from these.

        In how many incidents of the whole each term stands is its ``frequency``, of all or of each (p,).
        """
        share = values.astype(np.float64) / inverse_frequency(np.asarray(frequency), self.whole.incidents)
        often: NDArray[np.float64] = np.rint(share * self._norms[rows] / np.maximum(1 - share, 1e-9))
        return often.clip(1, MOST).astype(np.uint16)

    @cached_property
    def _norms(self) -> NDArray[np.float64]:
        return length_norms(self.lengths, self.whole.mean_length)

    @property
    def lengths(self) -> NDArray[np.int32]:
        """How many terms (n,) each incident has, repeats counted."""
        return self._parts.lengths

    def of(self, term: str) -> tuple[NDArray[np.int32], Floats]:
        """The incidents (m,) that have the term, ascending, and its value in each."""
        own = self._own(_bytes(term))
        return self._parts.rows[own], self._parts.values[own]

    def frequency(self, term: str) -> int:
        """In how many incidents of the whole the term stands; 0 where it stands in none that is here."""
        number = self._number(_bytes(term))
        return 0 if number is None else int(self.whole.frequency[number])

    def _own(self, term: bytes) -> slice:
        """Where the term's postings lie; an empty slice for a term that is not there."""
        number = self._number(term)
        return slice(0, 0) if number is None else slice(*self._parts.starts[number : number + 2].tolist())

    def _number(self, term: bytes) -> int | None:
        number = bisect_left(range(len(self._parts.starts) - 1), term, key=self._term)
        return number if number < len(self._parts.starts) - 1 and self._term(number) == term else None

    def _term(self, number: int) -> bytes:
        start, end = self._parts.text_starts[number : number + 2].tolist()
        return self._parts.text[start:end].tobytes()


def write(path: Path, incidents: Iterable[Mapping[str, int]]) -> None:
    """Write the terms of each incident, in the order of rows: how often each stands in it.

    The incidents are taken one at a time. Memory grows by 6 bytes for a term of an incident, and by the distinct terms.
    Raises OSError where the file cannot be written.
    """
    write_counted(path, _count(incidents))


def write_counted(path: Path, counted: Counted) -> None:
    """Write terms that are counted already. Raises OSError where the file cannot be written."""
    text_starts = np.cumsum([0, *map(len, counted.names)])
    sizes = (len(counted.lengths), len(counted.names), len(counted.terms), int(text_starts[-1]))
    held = _empty(path, _HEADER + 4 * sizes[0] + 16 * (sizes[1] + 1) + 8 * sizes[2] + sizes[3])
    held[:_HEADER].view(np.int64)[:] = sizes
    parts = _Parts.of(np.asarray(held), *sizes)
    parts.text_starts[:] = text_starts
    parts.text[:] = np.frombuffer(b"".join(counted.names), np.uint8)
    parts.lengths[:] = counted.lengths
    parts.starts[1:] = np.cumsum(np.bincount(counted.terms, minlength=len(counted.names)))
    _fill(parts, counted)
    held.flush()


def _empty(path: Path, size: int) -> np.memmap[Any, np.dtype[np.uint8]]:
    """A file of zeros, memory-mapped for writing."""
    with path.open("wb") as file:
        # A full disk is an error here, where in a mapped file it would end the process.
        for start in range(0, size, _BLOCK):
            file.write(bytes(min(_BLOCK, size - start)))
    return np.memmap(path, np.uint8, mode="r+")


@dataclass(frozen=True, slots=True)
class Counted:
    """Terms incident by incident: ``names`` (t,) in UTF-8, sorted; p ``terms`` by number, and how often each, ``counts`` (p,).

    ``sizes`` (n,) tells how many of the p are each incident's, ``lengths`` (n,) how many terms it has, repeats counted.
    ``whole`` is the corpus that they are a share of, where they are one.
    """

    names: list[bytes]
    terms: NDArray[np.int32]
    counts: NDArray[np.uint16]
    sizes: Ints
    lengths: Ints
    whole: Whole | None = None

    @property
    def among(self) -> Whole:
        """The corpus among which they have their values: without another, these incidents."""
        frequency = np.bincount(self.terms, minlength=len(self.names)).astype(np.int32)
        return self.whole or Whole(len(self.lengths), int(self.lengths.sum()), frequency)


def _count(incidents: Iterable[Mapping[str, int]]) -> Counted:
    numbers: dict[str, int] = {}
    terms, counts, sizes, lengths = array("i"), array("H"), array("q"), array("q")
    for incident in incidents:
        terms.extend(numbers.setdefault(term, len(numbers)) for term in incident)
        counts.extend(min(count, MOST) for count in incident.values())
        sizes.append(len(incident))
        lengths.append(sum(incident.values()))
    names = list(map(_bytes, numbers))
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.empty(len(names), np.int32)
    place[order] = np.arange(len(names), dtype=np.int32)
    names.sort()
    # An array of the array module is read as it lies, without a copy.
    return Counted(names, place[np.asarray(terms)], np.asarray(counts), np.asarray(sizes), np.asarray(lengths))


def _fill(parts: _Parts, counted: Counted) -> None:
    """Write the postings by term, from what was counted by incident."""
    whole = counted.among
    idf, norms = inverse_frequency(whole.frequency, whole.incidents), length_norms(counted.lengths, whole.mean_length)
    free = parts.starts[:-1].copy()
    for rows, own in _blocks(counted.sizes):
        order = np.argsort(counted.terms[own], kind="stable")
        terms, rows, counts = counted.terms[own][order], rows[order], counted.counts[own][order].astype(np.float64)
        present, first, many = np.unique(terms, return_index=True, return_counts=True)
        place = free[terms] + np.arange(len(terms)) - np.repeat(first, many)
        parts.rows[place] = rows
        parts.values[place] = idf[terms] * counts / (counts + norms[rows])
        free[present] += many


def inverse_frequency(frequency: NDArray[Any], incidents: int) -> NDArray[np.float64]:
    """What a term counts (t,) that stands in so many of the incidents."""
    return np.asarray(np.log1p((incidents - frequency + 0.5) / (frequency + 0.5)))


def length_norms(lengths: NDArray[Any], mean: float) -> NDArray[np.float64]:
    """What is added (n,) to how often a term stands in an incident: the more, the longer that is beside the ``mean``."""
    return np.asarray(K1 * (1 - B + B * lengths / max(mean, 1e-12)))


def _check_whole(whole: Whole, incidents: int, frequency: NDArray[np.int32]) -> None:
    """Raise ValueError where incidents cannot be a share of that corpus."""
    check_shape(whole.frequency, frequency.shape, "frequencies of terms")
    if whole.incidents < incidents or (whole.frequency < frequency).any() or (whole.frequency > whole.incidents).any():
        raise ValueError("terms stand in fewer incidents of the corpus than of its share, or in more than there are")


def _blocks(sizes: Ints) -> Iterator[tuple[Ints, slice]]:
    """Whole incidents of some ``_BLOCK`` postings: the row of each posting, and where the postings lie."""
    ends = np.cumsum(sizes)
    row = 0
    while row < len(sizes):
        begin = int(ends[row - 1]) if row else 0
        end = max(int(np.searchsorted(ends, begin + _BLOCK, side="right")), row + 1)
        yield np.repeat(np.arange(row, end), sizes[row:end]), slice(begin, int(ends[end - 1]))
        row = end


def _bytes(term: str) -> bytes:
    return term.encode("utf-8", "surrogatepass")
