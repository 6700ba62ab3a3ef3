"""The store on this machine's disk: the vectors, BM25 and SQLite files of one generation."""

from __future__ import annotations

import copy
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache, partial
from pathlib import Path

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from rcasearch import ranking
from rcasearch.concepts import ConceptSpace
from rcasearch.encoders import Tokens
from rcasearch.errors import RcaSearchError
from rcasearch.model import Chunk, Clearance, Filters, Incident, IndexInfo, Kind, Outline, Page, Problem
from rcasearch.services import ServiceNames
from rcasearch.stores import consistency, files, writer
from rcasearch.stores.base import Floats, Passages, Rows, Selected, Selection, Store, TermValues
from rcasearch.stores.catalogue import CATALOGUE, Catalogue
from rcasearch.stores.contents import Contents
from rcasearch.stores.generations import overview_of
from rcasearch.stores.layout import Layout, best, distinct, kind_means, mask
from rcasearch.stores.manifests import Manifest
from rcasearch.stores.refusing import refusal
from rcasearch.stores.restricted import Parts, RestrictedStore
from rcasearch.stores.reweighing import SomePostings
from rcasearch.stores.vectors import Vectors
from rcasearch.stores.verifying import verified

# Of the profiles, the shares that count when candidates are proposed.
_CLEAR = 0.05
_REMEMBERED = 4
# An outage is asked about again and again, and a service may have thousands of incidents.
_SERVICES = 64


class LocalStore:
    """A `Store` over the files of one generation."""

    # All that the catalogue has, unless a reader is not to be told of them.
    _problems: tuple[Problem, ...] | None = None

    def __init__(self, folder: Path, manifest: Manifest | None = None) -> None:
        """Open the generation in ``folder``; ``manifest`` where it is not on disk yet. Raises IndexMismatchError."""
        self.folder, self.overview_file = folder, overview_of(folder)
        self.manifest = manifest or verified(folder)
        self.fingerprint = self.manifest.fingerprint
        try:
            self._load()
            self._check()
        except Exception as error:  # each library that reads a damaged file raises what it likes
            if isinstance(error, RcaSearchError):
                raise
            raise refusal(folder, self.manifest, error) from error

    def _load(self) -> None:
        # The products of one query are small: more threads would spend their time on waiting for each other.
        if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
            from threadpoolctl import threadpool_limits

            threadpool_limits(limits=1, user_api="blas")
        folder = self.folder
        self._catalogue = Catalogue(folder / CATALOGUE)
        self._passages = Vectors(folder / writer.PASSAGES)
        self._incidents = Vectors(folder / writer.INCIDENTS)
        self._layout = Layout.load(folder / writer.CHUNKS, self._passages.count)
        self._lexical = files.read_terms(folder, self.manifest)
        # The candidates of a query are found, and then scored, by the same terms.
        self._bm25 = lru_cache(maxsize=_REMEMBERED)(self._lexical.scores)
        catalogue, count = self._catalogue, self._catalogue.count()
        # Of each row whether its incident lists a service.
        self._served = lru_cache(maxsize=_SERVICES)(lambda service: mask(catalogue.serving(service), count))
        tokens = self._tokens = files.read_tokens(folder)
        self._token_starts, self._basis, self._codes = tokens.starts, tokens.basis, tokens.codes
        self._space, self._reach = files.read_concepts(folder)
        self._services = files.read_services(folder)
        self._profiles: NDArray[np.float16] = np.load(folder / writer.PROFILES, mmap_mode="r")
        self._best_tokens = partial(ranking.best_tokens, self._codes, self._token_starts)
        self.contents = Contents(self._layout, self._incidents, tokens, self._lexical, self._profiles)

    def _check(self) -> None:
        """Raise ValueError where the parts do not fit together."""
        info, passages, layout = self.info, self._passages, self._layout
        incidents = {self._catalogue.count(), self._incidents.count, self._lexical.incidents, len(layout.starts) - 1}
        found = (incidents, {len(layout.passages)}, {passages.count, len(self._token_starts) - 1})
        consistency.check_counts(info, *found, {passages.dimension, self._incidents.dimension, len(self._basis.directions)})
        consistency.check_concepts(self._space, self._reach, info.dimension)
        consistency.check_shape(self._profiles, (info.incidents, len(self._reach)), "profiles")

    def seen_by(self, clearance: Clearance) -> Store:
        if clearance.unrestricted:
            return self
        catalogue = self._catalogue.seen_by(clearance)
        if catalogue is None:
            return self._for_others()
        rows = np.array(self._catalogue.rows_of(catalogue), np.int64)
        parts = Parts(catalogue, SomePostings(self._lexical, rows), self._layout, self._tokens)
        return RestrictedStore(self, clearance, rows, parts)

    def _for_others(self) -> LocalStore:
        """The same for who sees all incidents, and yet is not told of files that could not be indexed, of folders and sizes."""
        found, problems = copy.copy(self), self._catalogue.problems(indexed=True)
        info = replace(self.info, problems=len(problems), bytes=0, sources=())
        found.manifest, found._problems = structs.replace(self.manifest, info=info), problems
        return found

    @property
    def labels(self) -> frozenset[str]:
        return self._catalogue.labels()

    @property
    def info(self) -> IndexInfo:
        return self.manifest.info

    @property
    def calibration(self) -> Mapping[str, float]:
        return self.manifest.calibration

    @property
    def concepts(self) -> ConceptSpace:
        return self._space

    @property
    def concept_reach(self) -> Floats:
        return self._reach

    @property
    def services(self) -> ServiceNames:
        return self._services

    @cached_property
    def _everything(self) -> Selection:
        return Selected(None, self._catalogue.count())

    def select(self, filters: Filters) -> Selection:
        if not filters:
            return self._everything
        rows = np.array(self._catalogue.rows(filters), np.int64)
        return Selected(rows, len(rows))

    def nearest(self, vectors: Floats, k: int, selection: Selection) -> Rows:
        if not selection.count or not len(vectors):
            return np.zeros(0, np.int64)
        chosen = None if selection.rows is None else mask(selection.rows, self._everything.count)
        found = self._nearest_by_passages(vectors, k, chosen)
        whole = self._incidents.search(vectors, k, chosen)
        # Taking turns, so that no part of a long query and neither granularity is crowded out.
        return distinct(ranking.interleaved([*found, *whole]))[: k * (len(vectors) + 1)]

    def _nearest_by_passages(self, vectors: Floats, k: int, chosen: NDArray[np.bool_] | None) -> list[Rows]:
        """The k chosen incidents whose best passages are nearest: more passages are asked for until there are enough."""
        passages = None if chosen is None else self._layout.passages_of(chosen)
        available = self._passages.count if passages is None else int(np.count_nonzero(passages))
        wanted = min(4 * k, available)
        while True:
            found = self._passages.search(vectors, wanted, passages)
            rows = [self._layout.incidents_with(ids, k, chosen) for ids in found]
            if wanted == available or all(len(own) == k for own in rows):
                return rows
            wanted = min(4 * wanted, available)

    def matching(self, terms: Sequence[str], k: int, selection: Selection) -> Rows:
        return best(self._bm25(tuple(terms)), selection, k)

    def telling_of(self, query_profile: Floats, k: int, selection: Selection) -> Rows:
        rows, concepts, shares = self._told
        scores = np.zeros(self._everything.count, np.float32)
        for concept in np.flatnonzero(query_profile >= _CLEAR):
            own = slice(*np.searchsorted(concepts, [concept, concept + 1]))
            scores[rows[own]] += query_profile[concept] * shares[own]
        return best(scores, selection, k)

    @cached_property
    def _told(self) -> tuple[Rows, NDArray[np.int64], Floats]:
        """Which incidents clearly tell of which concepts: (row, concept, share) by concept, then row."""
        concepts, rows = np.nonzero(self._profiles.T >= _CLEAR)
        return rows, concepts, self._profiles[rows, concepts].astype(np.float32)

    def sharing(self, row: int, chunk: int) -> Rows:
        passage = self._layout.passages[self._layout.starts[row] + chunk]
        return np.sort(self._layout.incidents_with(np.array([passage]), self._everything.count))

    def passage_scores(self, rows: Rows, vectors: Floats) -> Floats:
        positions, groups = self._layout.positions(rows)
        return ranking.best_of_groups(self._cosines(positions, vectors), groups, len(rows))

    def _cosines(self, positions: NDArray[np.int64], vectors: Floats) -> Floats:
        """The cosine (p, q) of the passage at each of these chunk positions to each vector."""
        passages, inverse = np.unique(self._layout.passages[positions], return_inverse=True)
        return np.asarray((self._passages.stored(passages) @ vectors.T)[inverse], dtype=np.float32)

    def incident_scores(self, rows: Rows, vectors: Floats) -> Floats:
        return np.asarray(self._incidents.stored(rows) @ vectors.T, dtype=np.float32)

    def concept_scores(self, rows: Rows, query_profile: Floats) -> Floats:
        return np.asarray(self._profiles[rows].astype(np.float32) @ query_profile, dtype=np.float32)

    def concept_profiles(self, rows: Rows) -> Floats:
        return np.asarray(self._profiles[rows], dtype=np.float32)

    def kind_means(self, kinds: Collection[Kind]) -> Floats:
        return kind_means(self._layout, self._passages, kinds)

    def lexical_scores(self, rows: Rows, terms: Sequence[str]) -> Floats:
        return self._bm25(tuple(terms))[rows]

    def term_values(self) -> TermValues:
        return self._lexical.everything()

    def serves(self, rows: Rows, services: Sequence[str]) -> NDArray[np.bool_]:
        listed = np.zeros(len(rows), np.bool_)
        for service in services:
            listed |= self._served(service)[rows]
        return listed

    def token_counts(self, rows: Rows) -> NDArray[np.int64]:
        positions, groups = self._layout.positions(rows)
        passages = self._layout.passages[positions]
        lengths = self._token_starts[passages + 1] - self._token_starts[passages]
        return np.bincount(groups, weights=lengths, minlength=len(rows)).astype(np.int64)

    def project(self, tokens: Tokens) -> Floats:
        return self._basis.query(tokens.vectors if len(self._codes) else tokens.vectors[:0])

    def late_scores(self, rows: Rows, vectors: Floats, projected: Floats, weights: Floats, most: int) -> tuple[Floats, Floats]:
        positions, groups = self._layout.positions(rows)
        nearest = self._cosines(positions, vectors).max(axis=1, initial=-1)
        kept = ranking.best_in_groups(nearest, groups, most)
        positions, groups = positions[kept], groups[kept]
        passages, inverse = np.unique(self._layout.passages[positions], return_inverse=True)
        per_passage = self._best_tokens(passages, projected)
        whole = ranking.weighted_mean(ranking.best_of_groups(per_passage[inverse], groups, len(rows)), weights)
        return whole, ranking.best_per_group(ranking.weighted_mean(per_passage, weights)[inverse], groups, len(rows))

    def chunk_late_scores(self, rows: Sequence[int], projected: Floats, weights: Floats) -> list[Floats]:
        positions, groups = self._layout.positions(np.array(rows, np.int64))
        passages, inverse = np.unique(self._layout.passages[positions], return_inverse=True)
        scores = ranking.weighted_mean(self._best_tokens(passages, projected), weights)[inverse]
        return ranking.split_by_group(scores, groups, len(rows))

    def chunk_token_scores(self, row: int, chunk: int, projected: Floats) -> Floats:
        start, end = self._span(row, chunk)
        return np.asarray(projected @ self._codes[start:end].astype(np.float32).T, dtype=np.float32)

    def chunk_spans(self, row: int, chunk: int) -> list[tuple[int, int]]:
        start, end = self._span(row, chunk)
        return [(first, last) for first, last in self._tokens.spans[start:end].tolist()]

    def token_weights(self, tokens: Tokens) -> Floats:
        return ranking.idf_of(tokens.ids, self._tokens.frequency, self._everything.count)

    def row(self, key: str) -> int:
        return self._catalogue.row(key)

    def incidents_at(self, rows: Sequence[int]) -> list[Incident]:
        return self._catalogue.incidents(rows)

    def outlines(self) -> list[Outline]:
        return self._catalogue.outlines()

    def passages_at(self, rows: Sequence[int]) -> list[Passages]:
        positions, groups = self._layout.positions(np.array(rows, np.int64))
        vectors = ranking.split_by_group(self._passages.stored(self._layout.passages[positions]), groups, len(rows))
        return [Passages(*self._layout.told(row), own) for row, own in zip(rows, vectors, strict=True)]

    def chunks_at(self, places: Sequence[tuple[int, int]]) -> list[Chunk]:
        return self._catalogue.chunks(places)

    def tokens_at(self, row: int, chunks: Sequence[int]) -> Tokens:
        spans = [self._span(row, chunk) for chunk in chunks]
        ids = np.concatenate([np.zeros(0, np.int32), *(self._tokens.ids[start:end] for start, end in spans)])
        codes = np.concatenate([self._codes[:0], *(self._codes[start:end] for start, end in spans)])
        return Tokens(ids, self._basis.decode(codes))

    def _span(self, row: int, chunk: int) -> tuple[int, int]:
        passage = self._layout.passages[self._layout.starts[row] + chunk]
        return int(self._token_starts[passage]), int(self._token_starts[passage + 1])

    def source(self, row: int) -> str:
        return self._catalogue.source(row)

    def linking_to(self, incident_id: str) -> list[Incident]:
        return self._catalogue.linking_to(incident_id)

    def links(self) -> list[tuple[int, int]]:
        return self._catalogue.links()

    def listing(self, filters: Filters, offset: int, limit: int) -> Page:
        return self._catalogue.listing(filters, offset, limit)

    def problems(self) -> tuple[Problem, ...]:
        return self._catalogue.problems() if self._problems is None else self._problems

    def close(self) -> None:
        self._catalogue.close()
