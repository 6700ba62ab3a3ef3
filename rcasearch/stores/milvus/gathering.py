"""A generation on this machine's disk -> what is stored of it in the engine, incident by incident, and over the corpus."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rcasearch.compression import Basis
from rcasearch.concepts import ConceptSpace
from rcasearch.model import Incident, IndexInfo, Outline, Problem
from rcasearch.stores import earlier
from rcasearch.stores.base import Floats, Rows
from rcasearch.stores.catalogue import CATALOGUE, Catalogue
from rcasearch.stores.local import LocalStore
from rcasearch.stores.milvus.bundles import Headline, PassageTokens, Record, Sketch, hashes_of
from rcasearch.stores.milvus.schema import LAYOUT
from rcasearch.stores.milvus.shelf import Owner
from rcasearch.stores.milvus.state import Cell, Counted
from rcasearch.stores.versions import versions
from rcasearch.stores.writer import document_frequency

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Gathered:
    """An incident for the engine: whose and which version, what is stored of it, and the ``mean`` (d,) of its passages."""

    owner: Owner
    access: tuple[str, ...]
    record: Record
    headline: Headline
    sketch: Sketch
    mean: Floats


class Source:
    """A generation on disk, and what of it goes to the engine for a tenant."""

    def __init__(self, store: LocalStore, tenant: str) -> None:
        self._store, self._tenant = store, tenant
        self._contents = store.contents
        held = np.fromfile(Path(store.folder) / earlier.KEYS, np.uint8).reshape(-1, earlier.KEY_BYTES)
        self.hashes: Ints = np.ascontiguousarray(held[:, :8]).view(np.int64).reshape(-1)

    @property
    def info(self) -> IndexInfo:
        return self._store.info

    @property
    def fingerprint(self) -> str:
        return self._store.fingerprint

    @property
    def calibration(self) -> dict[str, float]:
        return dict(self._store.calibration)

    @property
    def space(self) -> ConceptSpace:
        return self._store.concepts

    @property
    def masked(self) -> tuple[str, ...]:
        return tuple(sorted(self._store.services.masked))

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self._store.problems()

    @property
    def basis(self) -> Basis:
        return self._contents.tokens.basis

    @cached_property
    def basis_name(self) -> str:
        """What token codes in this basis are known by."""
        return hashlib.blake2b(self.basis.tobytes(), digest_size=6).hexdigest()

    @cached_property
    def _outlines(self) -> list[Outline]:
        return self._store.outlines()

    @property
    def count(self) -> int:
        """How many incidents there are."""
        return self.info.incidents

    @cached_property
    def owners(self) -> list[Owner]:
        """The key and the version of each incident, by row: its id decides the one, all that is stored of it the other."""
        told = versions(self._store.folder, self._store.manifest)
        return [Owner(self._key(row), _letters(_digest(str(LAYOUT).encode() + one))) for row, one in enumerate(told)]

    def _key(self, row: int) -> str:
        return _letters(_digest(f"{self._tenant}\0{self._outlines[row].id}".encode("utf-8", "surrogatepass")))

    @cached_property
    def access(self) -> list[tuple[str, ...]]:
        """The labels of each incident, by row."""
        with closing(Catalogue(self._store.folder / CATALOGUE)) as catalogue:
            return catalogue.labels_by_row()

    @cached_property
    def _by_incident(self) -> tuple[NDArray[np.uint64], NDArray[np.uint16], Ints]:
        """The hashes of the terms of all incidents, ascending within each, how often each stands there, and where each begins."""
        terms = self._contents.terms
        found = terms.everything()
        hashes = np.repeat(hashes_of(found.terms), np.diff(found.starts))
        order = np.lexsort((hashes, found.rows))
        starts = np.concatenate([[0], np.cumsum(np.bincount(found.rows, minlength=self.count))]).astype(np.int64)
        return hashes[order], terms.counts()[order], starts

    def incidents(self, rows: Sequence[int]) -> Iterator[Gathered]:
        """These incidents."""
        told = self._store.passages_at(rows)
        profiles = self._contents.profiles
        hashes, counts, starts = self._by_incident
        lengths, layout = self._contents.terms.lengths, self._contents.layout
        tokens = self._contents.tokens.starts
        for row, incident, passages in zip(rows, self._store.incidents_at(rows), told, strict=True):
            _, numbers = layout.told(row)
            own = slice(int(starts[row]), int(starts[row + 1]))
            sketch = Sketch(
                layout.kinds[layout.starts[row] : layout.starts[row + 1]],
                self.hashes[numbers],
                (tokens[numbers + 1] - tokens[numbers]).astype(np.int32),
                passages.vectors.astype(np.float16),
                np.asarray(profiles[row], np.float16),
                hashes[own],
                counts[own],
                int(lengths[row]),
                tuple(sorted({service.casefold() for service in incident.services})),
            )
            places = [(row, place) for place in range(len(numbers))]
            record = Record(incident, tuple(self._store.chunks_at(places)) if places else (), self._store.source(row))
            mean = self._contents.incidents.stored(np.array([row]))[0]
            yield self._gathered(row, incident, record, sketch, mean)

    def _gathered(self, row: int, incident: Incident, record: Record, sketch: Sketch, mean: Floats) -> Gathered:
        links = {link.incident_id for link in incident.links if link.incident_id and link.incident_id != incident.id}
        headline = Headline(self._outlines[row], incident.tags, tuple(sorted(links)))
        return Gathered(self.owners[row], self.access[row], record, headline, sketch, mean)

    def tokens(self, hashes: Sequence[int]) -> list[PassageTokens]:
        """The tokens of the passages with these hashes."""
        found, stored = [], self._contents.tokens
        for one in hashes:
            number = self._numbers[one]
            own = slice(int(stored.starts[number]), int(stored.starts[number + 1]))
            found.append(PassageTokens(stored.codes[own], stored.ids[own], stored.spans[own]))
        return found

    @cached_property
    def _numbers(self) -> dict[int, int]:
        return {one: number for number, one in enumerate(self.hashes.tolist())}

    def cells(self) -> list[tuple[Cell, Counted]]:
        """What is counted of the incidents, by their labels."""
        rows: dict[tuple[str, ...], list[int]] = {}
        for row, labels in enumerate(self.access):
            rows.setdefault(labels, []).append(row)
        return [self._cell(labels, np.array(own, np.int64)) for labels, own in sorted(rows.items())]

    def _cell(self, labels: tuple[str, ...], rows: Rows) -> tuple[Cell, Counted]:
        terms, layout, tokens = self._contents.terms, self._contents.layout, self._contents.tokens
        found = terms.everything()
        here = np.zeros(self.count, np.bool_)
        here[rows] = True
        numbers = np.repeat(np.arange(len(found.terms)), np.diff(found.starts))
        frequency = np.bincount(numbers[here[found.rows]], minlength=len(found.terms))
        used = np.flatnonzero(frequency)
        passages, starts = layout.of(rows)
        own = document_frequency(tokens.ids, tokens.starts, passages, starts)
        reach = np.asarray(self._contents.profiles[rows], np.float32).max(axis=0, initial=0)
        services = Counter(service for row in rows.tolist() for service in self._outlines[row].services)
        counted = Counted(tuple(found.terms[term] for term in used.tolist()), frequency[used].astype(np.int32), own, reach)
        length = int(terms.lengths[rows].sum(dtype=np.int64))
        return Cell(labels, len(rows), len(passages), len(np.unique(passages)), length, dict(services)), counted


def _digest(told: bytes) -> bytes:
    return hashlib.blake2b(told, digest_size=16).digest()


def _letters(digest: bytes) -> str:
    """A digest in letters, digits, - and _: 22 of them for 16 bytes."""
    return urlsafe_b64encode(digest).decode().rstrip("=")
