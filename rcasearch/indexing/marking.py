"""What the documents are to each other: which services they name, which lines recur, where their links lead."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rcasearch import template
from rcasearch.indexing import work
from rcasearch.indexing.documents import DocumentCache, Marks, Row
from rcasearch.indexing.linking import resolve
from rcasearch.indexing.reading import batches
from rcasearch.indexing.work import Unfinished
from rcasearch.indexing.workers import Workers
from rcasearch.model import Clearance, Problem
from rcasearch.progress import Progress
from rcasearch.services import ServiceNames, names_of
from rcasearch.template import Template

_KEPT = 256


@dataclass(slots=True)
class Corpus:
    """All documents, what recurs in them, and what is known of each among the others.

    ``marks`` are those of the documents that were finished with this very template; ``ids`` and ``targets`` what
    `linking.resolve` gives. ``template`` is learned from the documents that everybody sees, so that no other shows in them:
    ``seen`` (n,) says which these are, and ``everybody`` holds the labels that they carry all the same, since all documents do.
    ``services`` are those of all documents.
    """

    rows: Sequence[Row]
    services: ServiceNames
    everybody: Clearance
    seen: NDArray[np.bool_]
    template: Template
    marks: list[Marks | None]
    ids: Sequence[str]
    targets: dict[int, dict[int, str]]
    problems: Sequence[Problem]

    def unfinished(self, number: int, record: bytes) -> Unfinished:
        """A document to be finished."""
        return Unfinished(record, self.ids[number], self.targets.get(number, {}))

    def stamp(self, number: int, marks: bytes) -> bytes:
        """What identifies a finished document: all that it was made of, and nothing that it was not."""
        told = (self.rows[number].key, self.ids[number], sorted(self.targets.get(number, {}).items()), marks)
        return hashlib.blake2b(repr(told).encode(), digest_size=16).digest()


def corpus(keys: Sequence[bytes], documents: DocumentCache, workers: Workers, tell: Progress, *, linked: bool) -> Corpus:
    """The documents kept under ``keys``, compared with one another, links resolved unless they are ``linked`` already."""
    held = documents.rows(keys)
    found = [problem for row in held for problem in row.problems]
    rows = [row for row in held if row.id]
    everybody = Clearance(frozenset.intersection(*(frozenset(row.access) for row in rows)) if rows else frozenset())
    seen = np.array([everybody.covers(row.access) for row in rows], np.bool_)
    services = names_of(row.services for row, own in zip(rows, seen, strict=True) if own)
    stale = set(documents.name_services(services))
    lines = [None if row.doc in stale else row.lines for row in rows]
    missing = [number for number, own in enumerate(lines) if own is None]
    records = documents.records([rows[number].doc for number in missing])
    results = zip(missing, workers.map(work.masked, services, records, len(missing)), strict=True)
    for batch in batches(_told(results, len(missing), tell), _KEPT):
        documents.put_lines([(own, rows[number].doc) for number, own in batch])
        for number, own in batch:
            lines[number] = own
    boilerplate, changed = _recurring([own or b"" for own in lines], seen, documents.lines())
    documents.set_lines(boilerplate, [rows[number].doc for number in changed])
    stale.update(rows[number].doc for number in changed)
    marks = [None if row.doc in stale or row.marks is None else _marks(row) for row in rows]
    ids, targets, taken = ([row.id for row in rows], {}, []) if linked else resolve(rows)
    told = ServiceNames(names_of(row.services for row in rows).names, services.masked)
    learned = Template(services, frozenset(boilerplate.tolist()))
    return Corpus(rows, told, everybody, seen, learned, marks, ids, targets, [*found, *taken])


def _told(results: Iterable[tuple[int, bytes]], total: int, tell: Progress) -> Iterable[tuple[int, bytes]]:
    for done, result in enumerate(results, 1):
        tell(done, total, "comparing")
        yield result


def _marks(row: Row) -> Marks:
    return Marks(row.doc, row.marks or b"", row.passages or b"", row.kinds or b"", row.terms or b"", row.counts or b"")


def _recurring(
    lines: Sequence[bytes], seen: NDArray[np.bool_], before: NDArray[np.int64] | None
) -> tuple[NDArray[np.int64], list[int]]:
    """The boilerplate of those ``seen`` (n,), and the documents with a line that was boilerplate and is not, or the reverse."""
    sizes = np.array([len(own) // 8 for own in lines], np.int64)
    held = np.frombuffer(b"".join(lines), np.int64)
    is_title = np.zeros(len(held), np.bool_)
    is_title[np.cumsum(sizes) - sizes] = True
    own = held[~is_title]
    learned = np.repeat(seen, sizes - 1)
    boilerplate = template.recurring(own[learned], sizes[seen] - 1, held[is_title][seen])
    if before is None:
        return boilerplate, list(range(len(lines)))
    differs = np.isin(own, np.setxor1d(before, boilerplate))
    return boilerplate, np.unique(np.repeat(np.arange(len(lines)), sizes - 1)[differs]).tolist()
