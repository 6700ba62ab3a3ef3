"""A few words of each of a sample of incidents, asked of all the others: what calibration is learned from."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from rcasearch import retrieval
from rcasearch.encoders import Encoder
from rcasearch.lexical import terms
from rcasearch.model import NO_FILTERS
from rcasearch.retrieval import HYBRID, Signals
from rcasearch.stores.base import Selected, Selection, Store

SAMPLES = 128
WORDS = 18
_CANDIDATES = 50
_SEED = 7
# Too little to compare: an incident of a title alone, a corpus of one.
_FEWEST = 2


def best_of_others(store: Store, encoder: Encoder, tell: Callable[[int, int, str], None]) -> list[float]:
    """For each sampled incident, the relevance of the best *other* incident to a few words of it. Deterministic."""
    asked = list(_asked(store))
    encoding = encoder.encode_queries([text for text, _ in asked])
    found: list[float] = []
    for done, ((text, others), vector, tokens) in enumerate(zip(asked, encoding.vectors, encoding.tokens, strict=True), 1):
        tell(done, len(asked), "calibrating")
        signals = Signals(vector[None, :], tokens, text, tuple(terms(text)))
        ranked = retrieval.rank(store, signals, others, HYBRID, _CANDIDATES)
        if len(ranked.rows):
            found.append(float(ranked.relevance[0]))
    return found


def _asked(store: Store) -> Iterator[tuple[str, Selection]]:
    """As many neighbouring words as a query has, from a passage drawn from each incident, and who may answer.

    Incidents with the very same passage may not: nobody describes a failure in the words of its document.
    """
    count = store.select(NO_FILTERS).count
    generator = np.random.default_rng(_SEED)
    for row in np.unique(np.linspace(0, max(count - 1, 0), min(count, SAMPLES)).astype(np.int64)).tolist():
        [told] = store.passages_at([row])
        if len(told.kinds) < _FEWEST or count < _FEWEST:
            continue
        drawn = int(generator.integers(1, len(told.kinds)))
        [chunk] = store.chunks_at([(row, drawn)])
        words = chunk.matched.split()
        start = int(generator.integers(max(1, len(words) - WORDS + 1)))
        others = np.setdiff1d(np.arange(count, dtype=np.int64), store.sharing(row, drawn))
        yield " ".join(words[start : start + WORDS]), Selected(others, len(others))
