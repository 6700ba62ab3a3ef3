"""Documents as they were read and compared -> the catalogue of a generation, and what its other files are written from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rcasearch.indexing import work
from rcasearch.indexing.documents import DocumentCache, Marks
from rcasearch.indexing.marking import Corpus
from rcasearch.indexing.reading import batches
from rcasearch.indexing.work import Finished
from rcasearch.indexing.workers import Workers
from rcasearch.model import Problem
from rcasearch.progress import Progress
from rcasearch.stores.cataloguing import Cataloguing
from rcasearch.stores.postings import MOST, Counted
from rcasearch.stores.writer import Content

_KEPT = 64
# Terms that no document has any more are kept while they are no more than this share of all, or few.
_DEAD, _FEW = 0.5, 1_000


@dataclass(slots=True)
class Catalogued:
    """What went into a catalogue: ``docs`` are the numbers of the documents there, ``changed`` how many came, went or changed."""

    docs: list[int]
    marks: list[Marks]
    changed: int


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


def catalogue(
    found: Corpus, problems: Sequence[Problem], documents: DocumentCache, target: Cataloguing, workers: Workers, tell: Progress
) -> Catalogued:
    """Bring a catalogue, which may be a copy of an earlier one, to what was found; finish the documents that it lacks."""
    there = target.stamps()
    stamps = [None if own is None else found.stamp(number, own.marks) for number, own in enumerate(found.marks)]
    docs = [None if stamp is None else there.get(stamp) for stamp in stamps]
    gone = set(there.values()).difference(docs)
    target.remove(gone)
    missing = [number for number, doc in enumerate(docs) if doc is None]
    for number, doc, marks in _finished(found, missing, documents, target, workers, tell):
        docs[number], found.marks[number] = doc, marks
    placed = [doc for doc in docs if doc is not None]
    target.arrange(placed, _placed(problems, found, placed))
    return Catalogued(placed, [own for own in found.marks if own is not None], max(len(missing), len(gone)))


def _placed(problems: Sequence[Problem], found: Corpus, docs: Sequence[int]) -> Iterator[tuple[int | None, Problem]]:
    """Each problem with the document that it is of; with none where there is none, or two of that path."""
    paths = Counter(row.path for row in found.rows)
    of = {row.path: doc for row, doc in zip(found.rows, docs, strict=True) if paths[row.path] == 1}
    return ((None if problem.skipped else of.get(problem.path), problem) for problem in problems)


def _finished(
    found: Corpus, missing: Sequence[int], documents: DocumentCache, target: Cataloguing, workers: Workers, tell: Progress
) -> Iterator[tuple[int, int, Marks]]:
    """Finish the documents with these numbers, and put them into the catalogue."""
    if not missing:
        return
    vocabulary = Vocabulary({term: number for number, term in enumerate(documents.vocabulary())})
    records = documents.records([found.rows[number].doc for number in missing])
    unfinished = (found.unfinished(number, record) for number, record in zip(missing, records, strict=True))
    results = workers.map(work.finished, found.template, unfinished, len(missing))
    done = 0
    for batch in batches(zip(missing, results, strict=True), _KEPT):
        marks = [_marks(found.rows[number].doc, one, vocabulary) for number, one in batch]
        documents.put_marks(marks, vocabulary.new)
        vocabulary.new.clear()
        docs = target.add([(found.stamp(number, one.marks), one.entry) for number, one in batch])
        done += len(batch)
        tell(done, len(missing), "cataloguing")
        yield from zip((number for number, _ in batch), docs, marks, strict=True)


def _marks(doc: int, one: Finished, vocabulary: Vocabulary) -> Marks:
    return Marks(doc, one.marks, one.passages, one.kinds, vocabulary.of(one.terms), one.counts)


@dataclass(frozen=True, slots=True)
class Told:
    """The chunks of all documents: what the files are written from, and for each distinct passage where it stands first.

    ``fitted`` are the passages that stand in documents which everybody sees; all, where there are no such documents.
    """

    content: Content
    places: list[tuple[int, int]]
    fitted: NDArray[np.int32]


def told(found: Corpus, catalogued: Catalogued, documents: DocumentCache) -> Told:
    """What the documents' chunks and terms come to."""
    marks = catalogued.marks
    sizes = np.array([len(own.kinds) for own in marks], np.int64)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    hashes = b"".join(own.passages for own in marks)
    first, passages = _numbered(hashes)
    keys = [hashes[16 * chunk : 16 * chunk + 16] for chunk in first.tolist()]
    owners = np.searchsorted(starts, first, "right") - 1
    docs = np.array(catalogued.docs, np.int64)[owners] if len(first) else np.zeros(0, np.int64)
    places = list(zip(docs.tolist(), (first - starts[owners]).tolist(), strict=True))
    kinds = np.frombuffer(b"".join(own.kinds for own in marks), np.uint8)
    counted = _counted(marks, documents)
    fitted, place = np.unique(passages[np.repeat(found.seen, sizes)] if found.seen.any() else passages, return_index=True)
    return Told(Content(keys, passages, kinds, starts, counted, found.services), places, fitted[np.argsort(place)])


def _numbered(hashes: bytes) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Where each distinct hash (16 bytes) stands first, in this order, and for each hash the number of its kind."""
    # The first 64 bits: of ten million passages, two are taken for one once in 300,000 corpora.
    halves = np.frombuffer(hashes, np.int64)[::2]
    _, first, kind = np.unique(halves, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return first[order], place[kind]


def _counted(marks: Sequence[Marks], documents: DocumentCache) -> Counted:
    """The terms of all documents, numbered in their order."""
    names = documents.vocabulary()
    terms = np.frombuffer(b"".join(own.terms for own in marks), np.int32)
    counts = np.frombuffer(b"".join(own.counts for own in marks), np.int32)
    sizes = np.array([len(own.terms) // 4 for own in marks], np.int64)
    lengths = np.bincount(np.repeat(np.arange(len(marks)), sizes), weights=counts, minlength=len(marks)).astype(np.int64)
    used = np.flatnonzero(np.bincount(terms, minlength=len(names)))
    if len(names) - len(used) > max(_FEW, _DEAD * len(names)):
        documents.forget_terms()
    spelt = sorted((names[number].encode("utf-8", "surrogatepass"), number) for number in used.tolist())
    place = np.zeros(len(names), np.int32)
    place[[number for _, number in spelt]] = np.arange(len(spelt), dtype=np.int32)
    return Counted([name for name, _ in spelt], place[terms], np.minimum(counts, MOST).astype(np.uint16), sizes, lengths)
