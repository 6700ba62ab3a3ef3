"""Why an incident matched: its passages nearest to the query, and in them the words that answer it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rcasearch import highlights
from rcasearch.encoders import Floats
from rcasearch.highlights import Span, highlight
from rcasearch.model import Chunk, Evidence
from rcasearch.retrieval import Signals, telling
from rcasearch.stores.base import Store

# The chunks of an incident, and their vectors (n, d).
Told = tuple[Sequence[Chunk], Floats]
_PASSAGES = 2
# A link or a follow-up says less about a failure than its symptoms and its cause.
_INCIDENTAL = ("related", "action_items", "people", "stats", "support", "lessons")
_INCIDENTAL_COST = 0.1
# A second passage is shown when it is nearly as near as the first.
_NEARLY = 0.8


class Explainer:
    """The evidence that one store holds for one query."""

    def __init__(self, store: Store, signals: Signals) -> None:
        self._store = store
        signals = telling(store, signals)
        self._vectors = signals.vectors
        self._tokens = store.project(signals.tokens)
        self._weights = store.token_weights(signals.tokens)
        self._shown_tokens = highlights.telling(self._weights)

    def evidence(self, rows: Sequence[int], told: Sequence[Told]) -> list[tuple[Evidence, ...]]:
        """The passages to show of each of these incidents, which have told so much, best first and with highlights."""
        if not len(self._vectors):
            return [() for _ in rows]
        near = self._similarities(rows, [vectors for _, vectors in told])
        return [self._shown(*one) for one in zip(rows, (chunks for chunks, _ in told), near, strict=True)]

    def _similarities(self, rows: Sequence[int], stored: Sequence[Floats]) -> list[Floats]:
        """Each passage's cosine, and its late interaction in equal part: that one knows an error's own words."""
        cosines = [np.asarray((own @ self._vectors.T).max(axis=1), dtype=np.float32) for own in stored]
        if not len(self._tokens):
            return cosines
        late = self._store.chunk_late_scores(rows, self._tokens, self._weights)
        return [(one + other) / np.float32(2) for one, other in zip(cosines, late, strict=True)]

    def _shown(self, row: int, chunks: Sequence[Chunk], near: Floats) -> tuple[Evidence, ...]:
        best = _best(chunks, near) if chunks else []
        return tuple(Evidence(chunks[i], float(near[i]), self._highlights(row, i, chunks[i])) for i in best)

    def _highlights(self, row: int, position: int, chunk: Chunk) -> tuple[Span, ...]:
        if not len(self._tokens):
            return ()
        similarities = self._store.chunk_token_scores(row, position, self._tokens[self._shown_tokens])
        spans = self._store.chunk_spans(row, position)
        text, weights = chunk.matched, self._weights[self._shown_tokens]
        return tuple(chunk.shown(*span) for span in highlight(text, spans, similarities, weights))


def _best(chunks: Sequence[Chunk], similarities: Floats) -> list[int]:
    """The positions of the passages to show. A title only where there is nothing else."""
    values = similarities - np.array([_INCIDENTAL_COST if chunk.kind in _INCIDENTAL else 0.0 for chunk in chunks], np.float32)
    order = [int(i) for i in np.argsort(-values, kind="stable")]
    order = [i for i in order if chunks[i].kind != "title"] or order
    first = {chunks[i].content_hash: i for i in reversed(order)}
    order = [i for i in order if first[chunks[i].content_hash] == i]
    shown = [i for i in order[:_PASSAGES] if similarities[i] >= _NEARLY * similarities[order[0]]] or order[:1]
    return sorted(shown, key=lambda i: -similarities[i])
