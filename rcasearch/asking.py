"""A searcher for asking one query of several rankers in a row: each query is encoded once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from rcasearch.encoders import Encoder, Encoding, load_encoder
from rcasearch.model import Clearance
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.stores.opening import open_store

# A query may be encoded in more than one form.
_REMEMBERED = 8


class RememberingEncoder:
    """An Encoder that remembers the queries it encoded last."""

    def __init__(self, encoder: Encoder) -> None:
        self.name = encoder.name
        self.fingerprint = encoder.fingerprint
        self.arithmetic = encoder.arithmetic
        self.dimension = encoder.dimension
        self.max_tokens = encoder.max_tokens
        self._encoder = encoder
        self._queries = lru_cache(maxsize=_REMEMBERED)(encoder.encode_queries)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._encoder.count_tokens(texts)

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return self._encoder.offsets(text)

    def encode_documents(self, texts: Sequence[str]) -> Encoding:
        return self._encoder.encode_documents(texts)

    def encode_queries(self, texts: Sequence[str]) -> Encoding:
        return self._queries(tuple(texts))


def open_searcher(settings: Settings) -> Searcher:
    """The index that the settings name. Raises ModelError, and as `open_store` does."""
    store = open_store(settings)
    encoder = RememberingEncoder(load_encoder(settings.model))
    return Searcher(store, settings, encoder, Clearance.named(settings.access))
