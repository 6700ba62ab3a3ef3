"""The store on the engine: candidates are the engine's, and what they are worth is computed here, from what is stored of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from rcasearch import ranking
from rcasearch.concepts import ConceptSpace
from rcasearch.encoders import Tokens
from rcasearch.model import EVERYTHING, KINDS, Chunk, Clearance, Filters, Incident, IndexInfo, Kind, Outline, Page, Problem
from rcasearch.services import ServiceNames
from rcasearch.stores.base import Floats, Passages, Rows, Selection, Store, TermValues
from rcasearch.stores.layout import distinct
from rcasearch.stores.milvus import candidates, census, scoring, state
from rcasearch.stores.milvus.bundles import PassageTokens, Sketch, hashes_of
from rcasearch.stores.milvus.candidates import Passing
from rcasearch.stores.milvus.engine import Engine
from rcasearch.stores.milvus.parts import Parts
from rcasearch.stores.milvus.schema import PARTS, Generation
from rcasearch.stores.milvus.shelf import Shelf, Widths
from rcasearch.stores.milvus.state import Corpus, State
from rcasearch.stores.milvus.view import View

# Of the profiles, the shares that count when candidates are proposed.
CLEAR = 0.05
# Where the engine has no BM25, terms that stand in so many incidents together propose candidates, the rarest first.
_PROPOSED = 1_000


@dataclass(frozen=True)
class Place:
    """Where an index is in the engine: the ``generation`` of the ``tenant``, read as it was at least a moment ago.

    What is worked out of it may be kept in the ``folder``; ``name`` is what people call it.
    """

    engine: Engine
    generation: Generation
    tenant: str
    folder: Path
    name: str
    consistency: str = "Bounded"

    def parts(self) -> Parts:
        """The parts of the tenant."""
        return Parts(self.engine, self.generation.collection(PARTS), self.tenant, self.consistency)


class MilvusStore:
    """A `Store` over one edition of a tenant's index."""

    def __init__(self, place: Place, told: State, shelf: Shelf | None = None, clearance: Clearance = EVERYTHING) -> None:
        """What a reader of that clearance sees of a state. ``shelf`` has what was read before. Raises IndexMismatchError."""
        self.place, self._state, self._clearance = place, told, clearance
        parts = place.parts()
        widths = Widths(told.info.dimension, told.concepts, told.width, told.basis)
        self._shelf = shelf if shelf is not None and shelf.widths == widths else Shelf(parts, widths)
        self._corpus: Corpus = state.read_corpus(parts, told, clearance)
        access = None if clearance.unrestricted else [access_key(cell.access) for cell in self._corpus.cells]
        self._view = View(place.engine, place.generation, place.tenant, access, place.consistency)

    @property
    def shelf(self) -> Shelf:
        """What was read of incidents: a store of a later edition may go on with it."""
        return self._shelf

    def seen_by(self, clearance: Clearance) -> Store:
        both = self._clearance.common(clearance)
        return self if both == self._clearance else MilvusStore(self.place, self._state, self._shelf, both)

    @cached_property
    def info(self) -> IndexInfo:
        told = state.seen(self._state, self._clearance, self._corpus.cells)
        return replace(told, id=f"{self.place.generation.id}-{self._state.edition}", path=self.place.name)

    @property
    def labels(self) -> frozenset[str]:
        return frozenset(label for cell in self._corpus.cells for label in cell.access)

    @property
    def overview_file(self) -> Path:
        return self.place.folder / f"{self.place.tenant or '@'}-{self.info.id}-{census.mark(self._corpus.cells)}.overview"

    @property
    def fingerprint(self) -> str:
        return self._state.fingerprint

    @property
    def calibration(self) -> Mapping[str, float]:
        return self._state.calibration

    @property
    def concepts(self) -> ConceptSpace:
        return self._corpus.space

    @property
    def concept_reach(self) -> Floats:
        return self._corpus.counted.reach

    @property
    def services(self) -> ServiceNames:
        return self._corpus.services

    def _sketches(self, rows: Sequence[int] | Rows) -> list[Sketch]:
        return self._shelf.sketches(self._view.owners(rows))

    def select(self, filters: Filters) -> Selection:
        return Passing(self._view, filters)

    def nearest(self, vectors: Floats, k: int, selection: Selection) -> Rows:
        if not len(vectors) or not selection.count:
            return np.zeros(0, np.int64)
        where = candidates.chosen(self._view, selection)
        found = candidates.nearest_passages(self._view, vectors, k, where)
        whole = candidates.nearest_incidents(self._view, vectors, k, where)
        return distinct(ranking.interleaved([*found, *whole]))[: k * (len(vectors) + 1)]

    def matching(self, terms: Sequence[str], k: int, selection: Selection) -> Rows:
        hashes = np.unique(hashes_of(list(terms)))
        frequency = self._corpus.counted.frequency_of(hashes)
        order = np.argsort(frequency, kind="stable")
        order = order[frequency[order] > 0]
        proposing = hashes[order[np.cumsum(frequency[order]) <= max(_PROPOSED, 5 * k)]]
        if not len(proposing) or not selection.count:
            return np.zeros(0, np.int64)
        rows = candidates.with_terms(self._view, proposing.view(np.int64).tolist(), candidates.chosen(self._view, selection))
        scores = self.lexical_scores(rows, terms)
        return rows[ranking.order(scores, rows)][:k]

    def telling_of(self, query_profile: Floats, k: int, selection: Selection) -> Rows:
        clear = np.where(query_profile >= CLEAR, query_profile, np.float32(0))
        if not clear.any() or not selection.count:
            return np.zeros(0, np.int64)
        return candidates.telling(self._view, clear, k, candidates.chosen(self._view, selection))

    def sharing(self, row: int, chunk: int) -> Rows:
        [own] = self._sketches([row])
        return candidates.sharing(self._view, int(own.hashes[chunk]))

    def passage_scores(self, rows: Rows, vectors: Floats) -> Floats:
        return scoring.passages(self._sketches(rows), vectors)

    def incident_scores(self, rows: Rows, vectors: Floats) -> Floats:
        return np.asarray(scoring.means(self._sketches(rows), vectors.shape[1]) @ vectors.T, np.float32)

    def concept_scores(self, rows: Rows, query_profile: Floats) -> Floats:
        return np.asarray(self.concept_profiles(rows) @ query_profile, np.float32)

    def concept_profiles(self, rows: Rows) -> Floats:
        return scoring.profiles(self._sketches(rows), self._state.concepts)

    def kind_means(self, kinds: Collection[Kind]) -> Floats:
        return census.kind_means(self._all(), kinds, self._state.info.dimension)

    def lexical_scores(self, rows: Rows, terms: Sequence[str]) -> Floats:
        return scoring.lexical(self._sketches(rows), terms, self._corpus)

    def term_values(self) -> TermValues:
        return census.term_values(self._all(), self._corpus)

    def _all(self) -> list[Sketch]:
        return self._sketches(np.arange(len(self._view.headlines())))

    def serves(self, rows: Rows, services: Sequence[str]) -> NDArray[np.bool_]:
        return scoring.serves(self._sketches(rows), services)

    def token_counts(self, rows: Rows) -> NDArray[np.int64]:
        return np.array([int(one.sizes.sum()) for one in self._sketches(rows)], np.int64)

    def project(self, tokens: Tokens) -> Floats:
        return self._corpus.basis.query(tokens.vectors)

    def late_scores(self, rows: Rows, vectors: Floats, projected: Floats, weights: Floats, most: int) -> tuple[Floats, Floats]:
        return scoring.late(self._sketches(rows), self._shelf, vectors, projected, weights, most)

    def chunk_late_scores(self, rows: Sequence[int], projected: Floats, weights: Floats) -> list[Floats]:
        return scoring.late_by_passage(self._sketches(rows), self._shelf, projected, weights)

    def chunk_token_scores(self, row: int, chunk: int, projected: Floats) -> Floats:
        [own] = self._tokens(row, [chunk])
        return np.asarray(projected @ own.codes.astype(np.float32).T, np.float32)

    def chunk_spans(self, row: int, chunk: int) -> list[tuple[int, int]]:
        [own] = self._tokens(row, [chunk])
        return [(first, last) for first, last in own.spans.tolist()]

    def _tokens(self, row: int, chunks: Sequence[int]) -> list[PassageTokens]:
        [own] = self._sketches([row])
        return self._shelf.tokens([int(own.hashes[chunk]) for chunk in chunks])

    def token_weights(self, tokens: Tokens) -> Floats:
        return ranking.idf_of(tokens.ids, self._corpus.counted.tokens, self._corpus.incidents)

    def row(self, key: str) -> int:
        return self._view.row(key)

    def incidents_at(self, rows: Sequence[int]) -> list[Incident]:
        return [self._shown(record.incident) for record in self._shelf.records(self._view.owners(rows))]

    def _shown(self, incident: Incident) -> Incident:
        """An incident whose links lead nowhere that its reader may not see."""
        if self._clearance.unrestricted or not incident.links:
            return incident
        return census.unlinked(incident, self._view)

    def outlines(self) -> list[Outline]:
        return [headline.outline for headline in self._view.headlines()]

    def passages_at(self, rows: Sequence[int]) -> list[Passages]:
        return [
            Passages([KINDS[kind] for kind in one.kinds.tolist()], one.hashes, one.vectors.astype(np.float32))
            for one in self._sketches(rows)
        ]

    def chunks_at(self, places: Sequence[tuple[int, int]]) -> list[Chunk]:
        records = self._shelf.records(self._view.owners([row for row, _ in places]))
        return [record.chunks[place] for record, (_, place) in zip(records, places, strict=True)]

    def tokens_at(self, row: int, chunks: Sequence[int]) -> Tokens:
        found = self._tokens(row, chunks)
        ids = np.concatenate([np.zeros(0, np.int32), *(one.ids for one in found)])
        codes = np.concatenate([np.zeros((0, self._state.width), np.int8), *(one.codes for one in found)])
        return Tokens(ids, self._corpus.basis.decode(codes))

    def source(self, row: int) -> str:
        return self._shelf.records(self._view.owners([row]))[0].source

    def linking_to(self, incident_id: str) -> list[Incident]:
        rows = self._view.linking_to(incident_id)
        return sorted(self.incidents_at(rows.tolist()), key=census.newest)

    def links(self) -> list[tuple[int, int]]:
        return census.links(self._view.headlines())

    def listing(self, filters: Filters, offset: int, limit: int) -> Page:
        headlines = self._view.headlines()
        chosen = self.select(filters).rows
        rows = list(range(len(headlines))) if chosen is None else chosen.tolist()
        rows.sort(key=lambda row: census.newest(headlines[row].outline))
        shown = self.incidents_at(rows[offset : offset + limit])
        return Page(tuple(shown), len(rows), offset, limit, census.facets([headlines[row] for row in rows]))

    def problems(self) -> tuple[Problem, ...]:
        return self._corpus.problems if self._clearance.unrestricted else ()

    def close(self) -> None:
        """Nothing: the connection is the process's own."""


def access_key(labels: Sequence[str]) -> str:
    """How the labels of an incident are stored, so that equal sets are equal texts, and no others."""
    return msgspec.json.encode(sorted({label.casefold() for label in labels})).decode()
