"""Searcher: the one object that every surface asks. Query -> Results."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rcasearch import retrieval
from rcasearch.calibration import confidence, verdict
from rcasearch.encoders import Encoder, load_encoder
from rcasearch.errors import IndexMismatchError
from rcasearch.highlights import highlight
from rcasearch.model import NO_FILTERS, Chunk, Evidence, Filters, Hit, Incident, IndexInfo, Page, Problem, Query, Results
from rcasearch.retrieval import HYBRID, Ranked, Signals, Weights
from rcasearch.settings import Settings
from rcasearch.stores.base import Selection, Store
from rcasearch.stores.generations import current
from rcasearch.stores.local import LocalStore

_EVIDENCE = 2
_EVIDENCE_FLOOR = 0.8
# What an incident is about, for finding others like it.
_TELLING_KINDS = ("title", "summary", "symptoms", "root_cause", "contributing_factors", "trigger")


class Searcher:
    """An index open for search, with its encoder. One object serves many threads, and follows the index when it is rebuilt."""

    def __init__(self, store: Store, encoder: Encoder, settings: Settings) -> None:
        _check_fingerprint(store, encoder)
        self._store = store
        self._encoder = encoder
        self.settings = settings

    @classmethod
    def open(cls, settings: Settings) -> Searcher:
        """The index that the settings name. Raises IndexMissingError, IndexMismatchError or ModelError."""
        store = LocalStore(current(Path(settings.index)))
        return cls(store, load_encoder(settings.model), settings)

    @property
    def info(self) -> IndexInfo:
        return self._store.info

    def search(self, query: Query, weights: Weights = HYBRID) -> Results:
        """The incidents most like the query's text among those that pass its filters, best first."""
        started = time.perf_counter()
        store = self._store
        selection = store.select(query.filters)
        signals = retrieval.read_signals(query.text, self._encoder)
        return self._answer(store, query, signals, selection, weights, started)

    def similar(self, incident_id: str, limit: int = 10, filters: Filters = NO_FILTERS) -> Results:
        """The incidents most like another one. Raises NotFoundError.

        Being among the nearest is not mutual: A can be among the ten nearest of B while ten others are nearer to A.
        """
        started = time.perf_counter()
        store = self._store
        row = store.row(incident_id)
        chunks, _ = store.chunks_at(row)
        text = "\n".join(chunk.text for chunk in chunks if chunk.kind in _TELLING_KINDS)
        signals = retrieval.read_signals(text, self._encoder)
        selection = _without(store.select(filters), row)
        return self._answer(store, Query(text, limit, filters), signals, selection, HYBRID, started)

    def incident(self, incident_id: str) -> Incident:
        """The incident with that id or file stem. Raises NotFoundError."""
        store = self._store
        return store.incidents_at([store.row(incident_id)])[0]

    def source(self, incident_id: str) -> str:
        """The markdown of an incident as it was read. Raises NotFoundError."""
        store = self._store
        return store.source(store.row(incident_id))

    def backlinks(self, incident_id: str) -> tuple[Incident, ...]:
        """The incidents whose documents link to this one, newest first. Raises NotFoundError."""
        store = self._store
        return tuple(store.linking_to(store.incidents_at([store.row(incident_id)])[0].id))

    def incidents(self, filters: Filters = NO_FILTERS, offset: int = 0, limit: int = 50) -> Page:
        """One page of the incidents that pass, newest first, with facet counts over all that pass."""
        return self._store.listing(filters, offset, limit)

    def problems(self) -> tuple[Problem, ...]:
        """What was wrong with the documents when the index was made."""
        return self._store.problems()

    def refresh(self) -> bool:
        """Turn to the newest generation of the index; True when there was one. A damaged one is an error, and the old one serves on."""
        folder = current(Path(self.settings.index))
        if folder.name == self._store.info.id:
            return False
        store = LocalStore(folder)
        _check_fingerprint(store, self._encoder)
        # Requests under way keep the store they began with; it goes when the last of them ends.
        self._store = store
        return True

    def close(self) -> None:
        self._store.close()

    def _answer(
        self, store: Store, query: Query, signals: Signals, selection: Selection, weights: Weights, started: float
    ) -> Results:
        ranked = retrieval.rank(store, signals, selection, weights)
        hits = self._hits(store, signals, ranked, query.limit)
        word = verdict(max((hit.confidence for hit in hits), default=0.0)) if hits else "none"
        took = (time.perf_counter() - started) * 1000
        return Results(query, word, hits, selection.count, store.info.id, took)

    def _hits(self, store: Store, signals: Signals, ranked: Ranked, limit: int) -> tuple[Hit, ...]:
        rows = ranked.rows[:limit].tolist()
        hits = []
        for position, incident in enumerate(store.incidents_at(rows)):
            sure = confidence(float(ranked.relevance[position]), store.calibration)
            addends = {name: float(values[position]) for name, values in ranked.contributions.items()}
            evidence = self._evidence(store, rows[position], signals)
            hits.append(Hit(incident, position + 1, float(ranked.scores[position]), sure, verdict(sure), evidence, addends))
        return tuple(hits)

    def _evidence(self, store: Store, row: int, signals: Signals) -> tuple[Evidence, ...]:
        chunks, vectors = store.chunks_at(row)
        if not chunks or not len(signals.vectors):
            return ()
        scores = (vectors @ signals.vectors.T).max(axis=1)
        best = _best_passages(chunks, scores)
        weights = store.token_weights(signals.tokens)
        found = []
        for position in best:
            text = chunks[position].text
            similarities = store.chunk_token_scores(row, position, signals.tokens)
            spans = highlight(text, self._encoder.offsets(text), similarities, weights)
            found.append(Evidence(chunks[position], float(scores[position]), spans))
        return tuple(found)


def _best_passages(chunks: Sequence[Chunk], scores: NDArray[np.float32]) -> list[int]:
    """The positions of the passages to show: the best, and others nearly as good. A title only where there is nothing else."""
    order = [int(i) for i in np.argsort(-scores, kind="stable")]
    order = [i for i in order if chunks[i].kind != "title"] or order
    return [i for i in order[:_EVIDENCE] if scores[i] >= _EVIDENCE_FLOOR * scores[order[0]]] or order[:1]


def _without(selection: Selection, row: int) -> Selection:
    if selection.rows is None:
        rows = np.delete(np.arange(selection.count, dtype=np.int64), row)
    else:
        rows = selection.rows[selection.rows != row]
    return Selection(rows, len(rows))


def _check_fingerprint(store: Store, encoder: Encoder) -> None:
    if store.fingerprint != encoder.fingerprint:
        raise IndexMismatchError(
            f"The index at {store.info.path} was made with the model {store.info.model!r}, not with {encoder.name!r}.",
            f"Set RCASEARCH_MODEL={store.info.model}, or index the documents again.",
        )
