"""A store without what its reader may not see: a view of another one, with the rows that are left numbered from 0.

Whatever is asked above (filters, facets, families, the landscape, links, figures) is answered from these rows and no others. What
stands in the catalogue is asked of one that has no others; what is computed goes through the rows; what is counted over the
corpus is counted again over what is left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rcasearch import ranking
from rcasearch.concepts import ConceptSpace
from rcasearch.encoders import Tokens
from rcasearch.model import Chunk, Clearance, Filters, Incident, IndexInfo, Kind, Outline, Page, Problem
from rcasearch.services import ServiceNames, names_of
from rcasearch.stores.base import Floats, Passages, Rows, Selected, Selection, Store, TermValues
from rcasearch.stores.catalogue import Catalogue
from rcasearch.stores.files import StoredTokens
from rcasearch.stores.layout import Layout, best
from rcasearch.stores.reweighing import SomePostings


@dataclass(frozen=True, slots=True)
class Parts:
    """What a view is made of beside the whole: its own catalogue and terms, and the layout and the tokens of all passages."""

    catalogue: Catalogue
    terms: SomePostings
    layout: Layout
    tokens: StoredTokens


class RestrictedStore:
    """The `Store` of a reader who may see the ``rows`` (n,) of a whole, ascending, and nothing else."""

    def __init__(self, whole: Store, clearance: Clearance, rows: Rows, parts: Parts) -> None:
        self._whole, self._clearance, self._rows = whole, clearance, rows
        self._catalogue, self._parts = parts.catalogue, parts
        self._place = np.full(whole.info.incidents, -1, np.int64)
        self._place[rows] = np.arange(len(rows))
        self._bm25 = lru_cache(maxsize=4)(parts.terms.scores)

    def seen_by(self, clearance: Clearance) -> Store:
        """What both this store's reader and another may see."""
        return self._whole.seen_by(self._clearance.common(clearance))

    @cached_property
    def info(self) -> IndexInfo:
        """Of what is left. Neither the size of the files nor the names of folders are told: they are of more than that."""
        passages, _ = self._parts.layout.of(self._rows)
        return replace(
            self._whole.info,
            incidents=len(self._rows),
            chunks=len(passages),
            passages=len(np.unique(passages)),
            problems=len(self.problems()),
            bytes=0,
            sources=(),
        )

    @property
    def overview_file(self) -> Path:
        own = hashlib.sha256("\0".join(sorted(self._clearance.labels)).encode()).hexdigest()[:16]
        path = self._whole.overview_file
        return path.with_name(f"{path.name}-{own}")

    @property
    def labels(self) -> frozenset[str]:
        return self._catalogue.labels()

    @property
    def fingerprint(self) -> str:
        return self._whole.fingerprint

    @property
    def calibration(self) -> Mapping[str, float]:
        return self._whole.calibration

    @property
    def concepts(self) -> ConceptSpace:
        return self._whole.concepts

    @cached_property
    def concept_reach(self) -> Floats:
        return np.asarray(self._whole.concept_profiles(self._rows).max(axis=0, initial=0), np.float32)

    @cached_property
    def services(self) -> ServiceNames:
        names = names_of(outline.services for outline in self.outlines()).names
        # What is kept out of the match of documents must be kept out of that of queries.
        return ServiceNames(names, self._whole.services.masked.intersection(names))

    @cached_property
    def _everything(self) -> Selection:
        return Selected(None, len(self._rows))

    def select(self, filters: Filters) -> Selection:
        if not filters:
            return self._everything
        rows = np.array(self._catalogue.rows(filters), np.int64)
        return Selected(rows, len(rows))

    def _below(self, selection: Selection) -> Selection:
        """A selection here as one of the whole: never all of that."""
        rows = self._rows if selection.rows is None else self._rows[selection.rows]
        return Selected(rows, len(rows))

    def nearest(self, vectors: Floats, k: int, selection: Selection) -> Rows:
        return self._here(self._whole.nearest(vectors, k, self._below(selection)))

    def matching(self, terms: Sequence[str], k: int, selection: Selection) -> Rows:
        return best(self._bm25(tuple(terms)), selection, k)

    def telling_of(self, query_profile: Floats, k: int, selection: Selection) -> Rows:
        return self._here(self._whole.telling_of(query_profile, k, self._below(selection)))

    def sharing(self, row: int, chunk: int) -> Rows:
        return self._here(self._whole.sharing(self._row(row), chunk))

    def passage_scores(self, rows: Rows, vectors: Floats) -> Floats:
        return self._whole.passage_scores(self._rows[rows], vectors)

    def incident_scores(self, rows: Rows, vectors: Floats) -> Floats:
        return self._whole.incident_scores(self._rows[rows], vectors)

    def concept_scores(self, rows: Rows, query_profile: Floats) -> Floats:
        return self._whole.concept_scores(self._rows[rows], query_profile)

    def concept_profiles(self, rows: Rows) -> Floats:
        return self._whole.concept_profiles(self._rows[rows])

    def kind_means(self, kinds: Collection[Kind]) -> Floats:
        return self._whole.kind_means(kinds)[self._rows]

    def lexical_scores(self, rows: Rows, terms: Sequence[str]) -> Floats:
        return self._bm25(tuple(terms))[rows]

    def term_values(self) -> TermValues:
        return self._parts.terms.everything()

    def serves(self, rows: Rows, services: Sequence[str]) -> NDArray[np.bool_]:
        return self._whole.serves(self._rows[rows], services)

    def token_counts(self, rows: Rows) -> NDArray[np.int64]:
        return self._whole.token_counts(self._rows[rows])

    def project(self, tokens: Tokens) -> Floats:
        return self._whole.project(tokens)

    def late_scores(self, rows: Rows, vectors: Floats, projected: Floats, weights: Floats, most: int) -> tuple[Floats, Floats]:
        return self._whole.late_scores(self._rows[rows], vectors, projected, weights, most)

    def chunk_late_scores(self, rows: Sequence[int], projected: Floats, weights: Floats) -> list[Floats]:
        return self._whole.chunk_late_scores([self._row(row) for row in rows], projected, weights)

    def chunk_token_scores(self, row: int, chunk: int, projected: Floats) -> Floats:
        return self._whole.chunk_token_scores(self._row(row), chunk, projected)

    def chunk_spans(self, row: int, chunk: int) -> list[tuple[int, int]]:
        return self._whole.chunk_spans(self._row(row), chunk)

    def token_weights(self, tokens: Tokens) -> Floats:
        return ranking.idf_of(tokens.ids, self._frequency, len(self._rows))

    @cached_property
    def _frequency(self) -> NDArray[np.int32]:
        return self._parts.tokens.frequency_in(self._parts.layout, self._rows)

    def row(self, key: str) -> int:
        return self._catalogue.row(key)

    def incidents_at(self, rows: Sequence[int]) -> list[Incident]:
        return self._catalogue.incidents(rows)

    def outlines(self) -> list[Outline]:
        return self._catalogue.outlines()

    def passages_at(self, rows: Sequence[int]) -> list[Passages]:
        return self._whole.passages_at([self._row(row) for row in rows])

    def chunks_at(self, places: Sequence[tuple[int, int]]) -> list[Chunk]:
        return self._catalogue.chunks(places)

    def tokens_at(self, row: int, chunks: Sequence[int]) -> Tokens:
        return self._whole.tokens_at(self._row(row), chunks)

    def source(self, row: int) -> str:
        return self._catalogue.source(row)

    def linking_to(self, incident_id: str) -> list[Incident]:
        return self._catalogue.linking_to(incident_id)

    def links(self) -> list[tuple[int, int]]:
        return self._catalogue.links()

    def listing(self, filters: Filters, offset: int, limit: int) -> Page:
        return self._catalogue.listing(filters, offset, limit)

    def problems(self) -> tuple[Problem, ...]:
        return self._catalogue.problems()

    def close(self) -> None:
        self._catalogue.close()

    def _here(self, rows: Rows) -> Rows:
        """Rows of the whole as those of this store; what is not in it is left out."""
        found = self._place[rows]
        return np.asarray(found[found >= 0], np.int64)

    def _row(self, row: int) -> int:
        return int(self._rows[row])
