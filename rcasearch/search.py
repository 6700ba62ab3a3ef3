"""Searcher: the one object that every surface asks. Query -> Results."""

from __future__ import annotations

import copy
import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rcasearch import patience, retrieval
from rcasearch.alerts import understand
from rcasearch.calibration import confidence, verdict
from rcasearch.comparison import compare
from rcasearch.encoders import Encoder, load_encoder
from rcasearch.encoders.cores import cores
from rcasearch.errors import IndexMismatchError, RcaSearchError
from rcasearch.evidence import Explainer
from rcasearch.ignoring import leave_out
from rcasearch.landscape import Landscape, place
from rcasearch.lexical import terms
from rcasearch.model import (
    EVERYTHING,
    NO_FILTERS,
    Clearance,
    Filters,
    Hit,
    Incident,
    IndexInfo,
    Outline,
    Page,
    Problem,
    Query,
    Recurrence,
    Results,
)
from rcasearch.models import fingerprint, locate
from rcasearch.overviews import Overviews
from rcasearch.recurrences import recurrences
from rcasearch.retrieval import HYBRID, Ranked, Signals, Weights
from rcasearch.settings import Settings
from rcasearch.stores.base import Store
from rcasearch.stores.opening import newest, open_store
from rcasearch.watch import Watch

# What an incident is about, for finding others like it.
_TELLING_KINDS = ("title", "summary", "symptoms", "root_cause", "contributing_factors", "trigger")
# Views for readers of different labels that are kept.
_VIEWS = 32


class Searcher:
    """An index open for search, with its encoder. One object serves many threads, and follows the index when it is rebuilt.

    It answers from what its reader may see, and only from that.
    """

    def __init__(
        self, store: Store, settings: Settings, encoder: Encoder | None = None, clearance: Clearance = EVERYTHING
    ) -> None:
        """``encoder`` defaults to the one that the settings name, loaded when the first query needs it."""
        self._fingerprint = encoder.fingerprint if encoder else fingerprint(locate(settings.model))
        _check_fingerprint(store, self._fingerprint, settings.model)
        self._clearance = clearance
        self._store = store.seen_by(clearance)
        self._views: dict[Clearance, Searcher] = {}
        self._viewing = threading.Lock()
        self._given = encoder
        self._overviews = Overviews()
        # More searches at once than cores hinder each other: sixteen took five times as long as two after two.
        self._slots = threading.BoundedSemaphore(cores())
        self.settings = settings

    @classmethod
    def open(cls, settings: Settings) -> Searcher:
        """The index that the settings name. Raises ModelError, and as `open_store` does."""
        return cls(open_store(settings), settings, clearance=Clearance.named(settings.access))

    def warm(self) -> None:
        """Load the encoder now, so that no query waits for it. Raises ModelError."""
        retrieval.read_signals("warm", self._encoder)

    @property
    def _encoder(self) -> Encoder:
        return self._given or load_encoder(self.settings.model)

    @property
    def info(self) -> IndexInfo:
        return self._store.info

    def search(self, query: Query, weights: Weights = HYBRID, *, explain: bool = True, without: str | None = None) -> Results:
        """The incidents most like the query's text among those that pass its filters, best first; evidence unless not wanted.

        A text that was not understood yet is understood now: of a payload, what it tells is searched.
        ``without`` is the id of an incident that may not answer. Raises NotFoundError where there is none of that id,
        InvalidQueryError where the query ignores all that it tells, and within a request as `patience.check` does.
        """
        watch = Watch()
        query = query if query.understood else replace(query, understood=understand(query.text, query.ignored("source")))
        store = self._store
        query = leave_out(query, store.services) if query.ignore else query
        selection = store.select(query.filters)
        if without is not None:
            selection = selection.without(store.row(without))
        with patience.in_turn(self._slots):
            watch.lap("wait")
            signals = retrieval.read_signals(query.searched, self._encoder, store.services, query.ignored("concept"))
            watch.lap("encode")
            patience.check()
            ranked = retrieval.rank(store, signals, selection, weights)
            watch.lap("rank")
            patience.check()
            return watch.timed(self._answer(store, query, signals, ranked, selection.count, explain))

    def similar(self, incident_id: str, limit: int = 10, filters: Filters = NO_FILTERS) -> Results:
        """The incidents most like another one. Raises NotFoundError.

        Being among the nearest is not mutual: A can be among the ten nearest of B while ten others are nearer to A.
        """
        watch = Watch()
        store = self._store
        row = store.row(incident_id)
        [told] = store.passages_at([row])
        telling = [i for i, kind in enumerate(told.kinds) if kind in _TELLING_KINDS] or list(range(len(told.kinds)))
        telling = telling[: retrieval.MAX_PARTS]
        text = "\n".join(chunk.matched for chunk in store.chunks_at([(row, i) for i in telling]))
        signals = Signals(told.vectors[telling], store.tokens_at(row, telling), text, tuple(terms(text)))
        selection = store.select(filters).without(row)
        with patience.in_turn(self._slots):
            watch.lap("wait")
            ranked = retrieval.rank(store, signals, selection, HYBRID)
            watch.lap("rank")
            patience.check()
            return watch.timed(self._answer(store, Query(text, limit, filters), signals, ranked, selection.count, True))

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

    def outlines(self, filters: Filters = NO_FILTERS) -> list[Outline]:
        """What is known at a glance of every incident that passes, by row."""
        store = self._store
        everything = store.outlines()
        rows = store.select(filters).rows
        return everything if rows is None else [everything[row] for row in rows.tolist()]

    def recurrences(self, filters: Filters = NO_FILTERS) -> tuple[Recurrence, ...]:
        """The failures that happened again and of which an incident passes, the one that did so last first."""
        store = self._store
        return recurrences(store, self._overviews.of(store).families, filters)

    def landscape(self) -> Landscape:
        """All incidents as points of a plane, with their families; the rows are those of the store."""
        return self._overviews.of(self._store).landscape

    def place(self, results: Results) -> tuple[float, float] | None:
        """Where on the landscape a query stands, among the incidents that it found; None where it found none."""
        store = self._store
        return place([(hit, store.row(hit.incident.id)) for hit in results.hits], self._overviews.of(store).landscape)

    def problems(self) -> tuple[Problem, ...]:
        """What was wrong with the documents when the index was made."""
        return self._store.problems()

    @property
    def clearance(self) -> Clearance:
        """What its reader may see."""
        return self._clearance

    @property
    def labels(self) -> frozenset[str]:
        """The labels of all incidents that it answers from."""
        return self._store.labels

    def refresh(self) -> bool:
        """Turn to the newest generation; True when there was one. A damaged one is an error, and the old one serves on."""
        if newest(self.settings) == self._store.info.id:
            return False
        store = open_store(self.settings, self._store)
        _check_fingerprint(store, self._fingerprint, self.settings.model)
        store = store.seen_by(self._clearance)
        self._try(store)
        # Who asked before keeps the store that was asked; it goes when the last of them ends.
        self._store = store
        # Not emptied, since a snapshot of before may have the same.
        self._views = {}
        return True

    def snapshot(self) -> Searcher:
        """This searcher as it is now: it stays with its generation when this one turns to a newer."""
        return copy.copy(self)

    def seen_by(self, clearance: Clearance) -> Searcher:
        """A searcher over what both its reader and one of that clearance may see, as if no more had ever been indexed.

        It stays with its generation; this one, where that is all that it answers from for good. Raises IndexMismatchError.
        """
        both = self._clearance.common(clearance)
        if both == self._clearance:
            return self
        with self._viewing:
            found = self._views.pop(both) if both in self._views else self._view(both)
            self._views[both] = found
            for oldest in list(self._views)[:-_VIEWS]:
                del self._views[oldest]
            return found

    def _view(self, clearance: Clearance) -> Searcher:
        found, store = copy.copy(self), self._store.seen_by(clearance)
        found._clearance, found._store, found._views = clearance, store, {}
        found._overviews = self._overviews if store.overview_file == self._store.overview_file else Overviews()
        return found

    def _try(self, store: Store) -> None:
        """Search a store once: what opens and yet cannot answer is found out before anybody is sent to it."""
        try:
            signals = retrieval.read_signals("disk full", self._encoder, store.services)
            selection = store.select(NO_FILTERS)
            ranked = retrieval.rank(store, signals, selection, HYBRID)
            self._answer(store, Query("disk full", 1), signals, ranked, selection.count, True)
        except RcaSearchError:
            raise
        except Exception as error:
            raise IndexMismatchError(
                f"The generation {store.info.id} of the index opens but cannot be searched: {type(error).__name__}: {error}.",
                "Index the documents again.",
            ) from error

    def close(self) -> None:
        self._store.close()

    def _answer(self, store: Store, query: Query, signals: Signals, ranked: Ranked, searched: int, explain: bool) -> Results:
        rows = ranked.rows[: query.limit].tolist()
        unheard_of = store.concepts.unheard_of(ranked.profile, signals.text, store.concept_reach)
        sure = _confidences(store, ranked.relevance[: len(rows)], len(signals.tokens.ids), unheard_of)
        found = zip(store.incidents_at(rows), sure, strict=True)
        hits = tuple(_hit(ranked, position, *one) for position, one in enumerate(found))
        hits = self._explained(store, signals, ranked, hits) if explain else hits
        word = hits[0].verdict if hits else "none"
        told, offered = store.concepts.named(ranked.told, signals.text), _suggested(store, query)
        return Results(query, word, hits, searched, store.info.id, 0.0, told, signals.services, suggested=offered)

    def _explained(self, store: Store, signals: Signals, ranked: Ranked, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """The hits, which are the first of ``ranked``, with their evidence and with what each shares with the query."""
        rows = ranked.rows[: len(hits)].tolist()
        told = store.passages_at(rows)
        shown = Explainer(store, signals, ranked.asking).evidence(rows, told)
        hits = [replace(hit, evidence=evidence) for hit, evidence in zip(hits, shown, strict=True)]
        return compare(store, signals, ranked, hits, told)


def _suggested(store: Store, query: Query) -> Filters:
    """The filters that the query's payload suggests: services as the index knows them, and none of a kind that is in force."""
    offered = query.understood.suggested if query.understood else NO_FILTERS
    wanted = {name.casefold() for name in offered.services}
    services = tuple(name for name in store.services.names if name.casefold() in wanted)
    in_force = query.filters
    return Filters(services=() if in_force.services else services, severities=() if in_force.severities else offered.severities)


def _confidences(store: Store, relevance: NDArray[np.float32], tokens: int, unheard_of: bool) -> list[float]:
    # The order weighs more than the relevance does, so that no hit is surer than one above it.
    relevances = np.minimum.accumulate(relevance).tolist()
    return [confidence(relevance, store.calibration, tokens, unheard_of=unheard_of) for relevance in relevances]


def _hit(ranked: Ranked, position: int, incident: Incident, sure: float) -> Hit:
    addends = {name: float(values[position]) for name, values in ranked.contributions.items()}
    return Hit(incident, position + 1, float(ranked.scores[position]), sure, verdict(sure), (), addends)


def _check_fingerprint(store: Store, wanted: str, model: str) -> None:
    if store.fingerprint != wanted:
        raise IndexMismatchError(
            f"The index at {store.info.path} was made with the model {store.info.model!r}, not with {model!r}.",
            f"Set RCASEARCH_MODEL={store.info.model}, or index the documents again.",
        )
