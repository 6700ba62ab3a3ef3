"""Documents as they were read and compared -> the catalogue of a generation, and what its other files are written from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rcasearch.indexing import work
from rcasearch.indexing.documents import DocumentCache, Marks
from rcasearch.indexing.encoding import SAMPLE
from rcasearch.indexing.marking import Corpus
from rcasearch.indexing.reading import batches
from rcasearch.indexing.work import Finished
from rcasearch.indexing.workers import Workers
from rcasearch.model import Problem
from rcasearch.progress import Progress
from rcasearch.stores.cataloguing import Cataloguing, chunk_of
from rcasearch.stores.postings import MOST, Counted, Whole
from rcasearch.stores.shards import Share
from rcasearch.stores.writer import Content

_KEPT = 64
# Terms that no document has any more are kept while they are no more than this share of all, or few.
_DEAD, _FEW = 0.5, 1_000


@dataclass(slots=True)
class Catalogued:
    """What went into a catalogue: ``own`` (m,) are the numbers of the documents in the corpus, ``docs`` those they have there.

    ``marks`` are those of all documents, also where these are a share; ``changed`` tells how many came, went or changed.
    """

    own: NDArray[np.int64]
    docs: list[int]
    marks: list[Marks]
    changed: int
    is_share: bool


@dataclass(slots=True)
class Vocabulary:
    """The terms of the documents by number, and those that are new."""

    numbers: dict[str, int]
    new: list[tuple[int, str]] = field(default_factory=list)

    def of(self, terms: Sequence[str]) -> bytes:
        """The numbers (int32) of these terms."""
        for term in terms:
            if term not in self.numbers:
                self.new.append((len(self.numbers), term))
                self.numbers[term] = len(self.numbers)
        return np.array([self.numbers[term] for term in terms], np.int32).tobytes()


class Finishing:
    """Finishes documents by other processes; what they come to is kept, and put into a catalogue."""

    def __init__(self, documents: DocumentCache, target: Cataloguing, workers: Workers, tell: Progress) -> None:
        self.documents, self._target, self._workers, self._tell = documents, target, workers, tell

    def catalogue(self, found: Corpus, problems: Sequence[Problem], share: Share | None = None) -> Catalogued:
        """Bring the catalogue, which may be a copy of an earlier one, to what was found; finish the documents that it lacks.

        Of a corpus of which it is to have a ``share``, the others are finished as well, since all are counted over.
        """
        there = self._target.stamps()
        own = [share is None or share.holds(key) for key in found.ids]
        docs = [
            there.get(found.stamp(number, one.marks)) if one and own[number] else None for number, one in enumerate(found.marks)
        ]
        gone = set(there.values()).difference(docs)
        self._target.remove(gone)
        missing = [number for number, doc in enumerate(docs) if (doc is None if own[number] else found.marks[number] is None)]
        for number, doc, marks in self._finished(found, missing, own):
            docs[number], found.marks[number] = doc, marks
        placed = np.flatnonzero(own)
        kept = [doc for doc in docs if doc is not None]
        self._target.arrange(kept, _placed(problems, found, dict(zip(placed.tolist(), kept, strict=True))))
        changed = max(sum(own[number] for number in missing), len(gone))
        return Catalogued(placed, kept, [one for one in found.marks if one is not None], changed, share is not None)

    def texts(self, found: Corpus, catalogued: Catalogued, places: Sequence[tuple[int, int]]) -> list[str]:
        """What counts in a match of the chunks at these places in documents of the corpus, in the catalogue or not."""
        docs = dict(zip(catalogued.own.tolist(), catalogued.docs, strict=True))
        here = [(docs[number], place) for number, place in places if number in docs]
        matched = iter([chunk.matched for chunk in self._target.chunks(here)])
        strangers = sorted({number for number, _ in places} - docs.keys())
        others = {number: one.entry for number, one in zip(strangers, self._results(found, strangers), strict=True)}
        return [next(matched) if number in docs else chunk_of(others[number], place).matched for number, place in places]

    def _finished(self, found: Corpus, missing: Sequence[int], own: Sequence[bool]) -> Iterator[tuple[int, int | None, Marks]]:
        """Finish the documents with these numbers, and put those into the catalogue that are its own."""
        if not missing:
            return
        vocabulary = Vocabulary({term: number for number, term in enumerate(self.documents.vocabulary())})
        done = 0
        for batch in batches(zip(missing, self._results(found, missing), strict=True), _KEPT):
            marks = [_marks(found.rows[number].doc, one, vocabulary) for number, one in batch]
            self.documents.put_marks(marks, vocabulary.new)
            vocabulary.new.clear()
            docs = iter(self._target.add([(found.stamp(number, one.marks), one.entry) for number, one in batch if own[number]]))
            done += len(batch)
            self._tell(done, len(missing), "cataloguing")
            for (number, _), one in zip(batch, marks, strict=True):
                yield number, next(docs) if own[number] else None, one

    def _results(self, found: Corpus, numbers: Sequence[int]) -> Iterable[Finished]:
        records = self.documents.records([found.rows[number].doc for number in numbers])
        unfinished = (found.unfinished(number, record) for number, record in zip(numbers, records, strict=True))
        return self._workers.map(work.finished, found.template, unfinished, len(numbers))


def _placed(problems: Sequence[Problem], found: Corpus, docs: Mapping[int, int]) -> Iterator[tuple[int | None, Problem]]:
    """Each problem with the document that it is of; with none where there is none, or two of that path."""
    paths = Counter(row.path for row in found.rows)
    of = {found.rows[number].path: doc for number, doc in docs.items() if paths[found.rows[number].path] == 1}
    return ((None if problem.skipped else of.get(problem.path), problem) for problem in problems)


def _marks(doc: int, one: Finished, vocabulary: Vocabulary) -> Marks:
    return Marks(doc, one.marks, one.passages, one.kinds, vocabulary.of(one.terms), one.counts)


@dataclass(frozen=True, slots=True)
class Told:
    """What the files are written from, and in which document of the corpus each distinct passage stands first, and where there.

    The token basis is fitted on the passages ``sampled`` from so many (``drawn_from``) that stand in documents which everybody
    sees; from all, where there are no such documents: their keys and their places.
    """

    content: Content
    places: list[tuple[int, int]]
    sampled: list[tuple[bytes, tuple[int, int]]]
    drawn_from: int


def told(found: Corpus, catalogued: Catalogued, documents: DocumentCache) -> Told:
    """What the documents' chunks and terms come to."""
    own = [catalogued.marks[number] for number in catalogued.own.tolist()]
    held = _Held.of(catalogued.own, own)
    first, passages = _numbered(held.hashes)
    kinds = np.frombuffer(b"".join(one.kinds for one in own), np.uint8)
    content = Content(held.keys(first), passages, kinds, held.starts, _counted(catalogued, documents), found.services)
    seen = np.flatnonzero(found.seen) if found.seen.any() else np.arange(len(found.rows))
    if np.array_equal(seen, catalogued.own):
        open_to_all, drawn = held, first
    else:
        open_to_all = _Held.of(seen, [catalogued.marks[number] for number in seen.tolist()])
        drawn, _ = _numbered(open_to_all.hashes)
    sample = drawn[:: max(1, len(drawn) // SAMPLE)][:SAMPLE]
    sampled = list(zip(open_to_all.keys(sample), open_to_all.places(sample), strict=True))
    return Told(content, held.places(first), sampled, len(drawn))


@dataclass(frozen=True, slots=True)
class _Held:
    """The chunks of some documents of the corpus, one after the other: document ``numbers[i]`` has those from starts[i] on."""

    numbers: NDArray[np.int64]
    starts: NDArray[np.int64]
    hashes: bytes

    @classmethod
    def of(cls, numbers: NDArray[np.int64], marks: Sequence[Marks]) -> _Held:
        sizes = np.array([len(one.kinds) for one in marks], np.int64)
        return cls(numbers, np.concatenate([[0], np.cumsum(sizes)]), b"".join(one.passages for one in marks))

    def keys(self, chunks: NDArray[np.int64]) -> list[bytes]:
        """The hashes of these."""
        return [self.hashes[16 * chunk : 16 * chunk + 16] for chunk in chunks.tolist()]

    def places(self, chunks: NDArray[np.int64]) -> list[tuple[int, int]]:
        """The document of each of these, and which of its chunks it is."""
        owners = np.searchsorted(self.starts, chunks, "right") - 1
        numbers = self.numbers[owners] if len(chunks) else chunks
        return list(zip(numbers.tolist(), (chunks - self.starts[owners]).tolist(), strict=True))


def _numbered(hashes: bytes) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Where each distinct hash (16 bytes) stands first, in this order, and for each hash the number of its kind."""
    # The first 64 bits: of ten million passages, two are taken for one once in 300,000 corpora.
    halves = np.frombuffer(hashes, np.int64)[::2]
    _, first, kind = np.unique(halves, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return first[order], place[kind]


def _counted(catalogued: Catalogued, documents: DocumentCache) -> Counted:
    """The terms of the documents in the catalogue, numbered in their order; where these are a share, with those of all."""
    names = documents.vocabulary()
    terms, counts, sizes = _terms(catalogued.marks)
    frequency = np.bincount(terms, minlength=len(names)).astype(np.int32)
    if np.count_nonzero(frequency == 0) > max(_FEW, _DEAD * len(names)):
        documents.forget_terms()
    incidents, total = len(sizes), int(counts.sum(dtype=np.int64))
    if catalogued.is_share:
        terms, counts, sizes = _terms([catalogued.marks[number] for number in catalogued.own.tolist()])
    lengths = np.bincount(np.repeat(np.arange(len(sizes)), sizes), weights=counts, minlength=len(sizes)).astype(np.int64)
    used = np.flatnonzero(np.bincount(terms, minlength=len(names)))
    spelt = sorted((names[number].encode("utf-8", "surrogatepass"), number) for number in used.tolist())
    order = np.array([number for _, number in spelt], np.int64)
    place = np.zeros(len(names), np.int32)
    place[order] = np.arange(len(spelt), dtype=np.int32)
    whole = Whole(incidents, total, frequency[order]) if catalogued.is_share else None
    return Counted([name for name, _ in spelt], place[terms], np.minimum(counts, MOST).astype(np.uint16), sizes, lengths, whole)


def _terms(marks: Sequence[Marks]) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    """The terms of documents by number, how often each stands in its document, and how many of them each has."""
    terms = np.frombuffer(b"".join(one.terms for one in marks), np.int32)
    counts = np.frombuffer(b"".join(one.counts for one in marks), np.int32)
    return terms, counts, np.array([len(one.terms) // 4 for one in marks], np.int64)
