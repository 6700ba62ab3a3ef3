"""Files and documents -> what is kept of them, read only where that is not there yet."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import msgspec

from rcasearch.indexing import work
from rcasearch.indexing.documents import DocumentCache, key_of
from rcasearch.indexing.work import Read, Reading
from rcasearch.indexing.workers import Workers
from rcasearch.model import Document, Problem
from rcasearch.progress import Progress
from rcasearch.sources import Seen

# Put on disk at once: what an interruption can cost at most.
_KEPT = 64
Item = TypeVar("Item")
_pack = msgspec.msgpack.Encoder().encode


class Library:
    """Documents that are read into a cache, by processes that are told how."""

    def __init__(self, reading: Reading, documents: DocumentCache, workers: Workers, tell: Progress) -> None:
        self._reading, self._documents, self._workers, self._tell = reading, documents, workers, tell

    def read_files(self, seen: Sequence[Seen | Problem]) -> tuple[list[Seen | Problem], list[bytes]]:
        """All files as they were when they were read, and what those that could be are kept under. Others are forgotten."""
        files = [one for one in seen if isinstance(one, Seen)]
        again = _again([one.path for one in files])
        keys = [key_of(one.path, one.digest, number) for one, number in zip(files, again, strict=True)]
        found: dict[int, Seen | Problem] = {}
        missing = self._missing(keys)
        results = self._workers.map(work.read, self._reading, (files[number] for number in missing), len(missing))
        for batch in batches(zip(missing, self._told(results, len(keys), len(missing)), strict=True), _KEPT):
            found.update((number, one.seen if isinstance(one, Read) else one) for number, one in batch)
            read = [(number, one) for number, one in batch if isinstance(one, Read)]
            self._documents.put([(key_of(one.seen.path, one.seen.digest, again[number]), one) for number, one in read])
        now = [found.get(number, one) for number, one in enumerate(files)]
        kept = [key_of(one.path, one.digest, number) for one, number in zip(now, again, strict=True) if isinstance(one, Seen)]
        rest = iter(now)
        return [next(rest) if isinstance(one, Seen) else one for one in seen], kept

    def read_documents(self, given: Sequence[Document]) -> list[bytes]:
        """What these documents are kept under. Others are forgotten."""
        files = [Seen(one.incident.path, "", hashlib.sha256(_pack(one)).digest()) for one in given]
        again = _again([one.path for one in files])
        keys = [key_of(one.path, one.digest, number) for one, number in zip(files, again, strict=True)]
        missing = self._missing(keys)
        pairs = ((files[number], given[number]) for number in missing)
        results = self._workers.map(work.given, self._reading, pairs, len(missing))
        for batch in batches(zip(missing, self._told(results, len(keys), len(missing)), strict=True), _KEPT):
            self._documents.put([(keys[number], one) for number, one in batch])
        return keys

    def _missing(self, keys: Sequence[bytes]) -> list[int]:
        known = self._documents.keep_only(keys)
        return [number for number, key in enumerate(keys) if key not in known]

    def _told(self, results: Iterable[Item], total: int, missing: int) -> Iterator[Item]:
        self._tell(total - missing, total, "reading")
        for done, result in enumerate(results, total - missing + 1):
            self._tell(done, total, "reading")
            yield result


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items, so many at a time."""
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _again(paths: Sequence[str]) -> list[int]:
    """How many of the same path came before each: two sources may have one of the same name."""
    earlier: Counter[str] = Counter()
    numbers = []
    for path in paths:
        numbers.append(earlier[path])
        earlier[path] += 1
    return numbers
