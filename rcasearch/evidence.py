"""Why an incident matched: its passages nearest to the query, and in them the words that answer it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rcasearch import highlights
from rcasearch.encoders import Floats
from rcasearch.highlights import Span, highlight
from rcasearch.model import Chunk, Evidence
from rcasearch.retrieval import Asking, Signals, asked
from rcasearch.stores.base import Passages, Store

_PASSAGES = 2
# A link or a follow-up says less about a failure than its symptoms and its cause.
_INCIDENTAL = ("related", "action_items", "people", "stats", "support", "lessons")
_INCIDENTAL_COST = 0.1
# A second passage is shown when it is nearly as near as the first.
_NEARLY = 0.8


class Explainer:
    """The evidence that one store holds for one query."""

    def __init__(self, store: Store, signals: Signals, asking: Asking | None = None) -> None:
        """``asking`` are the query's tokens, where these were compared with the store before."""
        self._store = store
        self._vectors = signals.vectors
        asking = asking or asked(store, signals)
        self._tokens, self._weights = asking.projected, asking.weights
        self._shown_tokens = highlights.telling(self._weights)

    def evidence(self, rows: Sequence[int], told: Sequence[Passages]) -> list[tuple[Evidence, ...]]:
        """The passages to show of each of these incidents, which have told so much, best first and with highlights."""
        if not len(self._vectors):
            return [() for _ in rows]
        near = self._similarities(rows, [own.vectors for own in told])
        best = [_best(*one) for one in zip(told, near, strict=True)]
        places = [(row, i) for row, shown in zip(rows, best, strict=True) for i in shown]
        chunks = dict(zip(places, self._store.chunks_at(places), strict=True))
        return [
            tuple(Evidence(chunks[row, i], float(own[i]), self._highlights(row, i, chunks[row, i])) for i in shown)
            for row, shown, own in zip(rows, best, near, strict=True)
        ]

    def _similarities(self, rows: Sequence[int], stored: Sequence[Floats]) -> list[Floats]:
        """Each passage's cosine, and its late interaction in equal part: that one knows an error's own words."""
        cosines = [np.asarray((own @ self._vectors.T).max(axis=1), dtype=np.float32) for own in stored]
        if not len(self._tokens):
            return cosines
        late = self._store.chunk_late_scores(rows, self._tokens, self._weights)
        return [(one + other) / np.float32(2) for one, other in zip(cosines, late, strict=True)]

    def _highlights(self, row: int, position: int, chunk: Chunk) -> tuple[Span, ...]:
        if not len(self._tokens):
            return ()
        similarities = self._store.chunk_token_scores(row, position, self._tokens[self._shown_tokens])
        spans = self._store.chunk_spans(row, position)
        text, weights = chunk.matched, self._weights[self._shown_tokens]
        return tuple(chunk.shown(*span) for span in highlight(text, spans, similarities, weights))


def _best(told: Passages, similarities: Floats) -> list[int]:
    """The positions of the passages to show. A title only where there is nothing else."""
    values = similarities - np.array([_INCIDENTAL_COST if kind in _INCIDENTAL else 0.0 for kind in told.kinds], np.float32)
    order = np.argsort(-values, kind="stable").tolist()
    order = [i for i in order if told.kinds[i] != "title"] or order
    ids = told.ids.tolist()
    first = {ids[i]: i for i in reversed(order)}
    order = [i for i in order if first[ids[i]] == i]
    shown = [i for i in order[:_PASSAGES] if similarities[i] >= _NEARLY * similarities[order[0]]] or order[:1]
    return sorted(shown, key=lambda i: -similarities[i])
