"""Passages -> their embeddings: what the cache lacks is encoded, each passage once, a batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rcasearch import compression
from rcasearch.cache import Embedded, EmbeddingCache
from rcasearch.compression import Basis
from rcasearch.encoders import Encoder, Encoding
from rcasearch.progress import Progress

# Encoded, then put on disk: what an interruption can cost at most.
_BATCH = 256
# Texts of like length are sought among so many, so that little is padded and few texts are held.
_WINDOW = 16 * _BATCH
# The token basis is fitted on the first passages. While a corpus is small and grows this many times over, it is fitted anew.
_SAMPLE = 512
_GROWTH = 4
# The last place in a passage that two bytes can name. A passage is longer only where a single "word" is.
_FARTHEST = 65_535
Item = TypeVar("Item")
Spans = NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Passages:
    """Distinct passages: their content hashes, and ``texts`` that gives the texts of those with these numbers.

    The token basis is ``fitted`` on some of those with these numbers.
    """

    hashes: Sequence[str]
    texts: Callable[[Sequence[int]], Sequence[str]]
    fitted: Sequence[int]


def encode(passages: Passages, encoder: Encoder, cache: EmbeddingCache, tell: Progress) -> tuple[Basis, int]:
    """Encode what the cache lacks, each batch on disk before the next begins. Gives the token basis and how many were encoded."""
    basis, encoded = _stored_basis(len(passages.fitted), encoder.dimension, cache), 0
    if basis is None:
        basis, encoded = _start_over(passages, encoder, cache, tell)
    known = cache.known(passages.hashes)
    missing = [number for number, key in enumerate(passages.hashes) if key not in known]
    total = encoded + len(missing)
    for start in range(0, len(missing), _WINDOW):
        for batch in _batches(_by_length(missing[start : start + _WINDOW], passages)):
            texts = [text for _, text in batch]
            keys = [passages.hashes[number] for number, _ in batch]
            cache.put(_embedded(keys, encoder.encode_documents(texts), _spans(encoder, texts), basis))
            encoded += len(batch)
            tell(encoded, total, "encoding")
    return basis, total


def _by_length(numbers: Sequence[int], passages: Passages) -> list[tuple[int, str]]:
    return sorted(zip(numbers, passages.texts(numbers), strict=True), key=lambda pair: len(pair[1]))


def _stored_basis(passages: int, dimension: int, cache: EmbeddingCache) -> Basis | None:
    """The token basis that the cache's entries are in; None where there is none, or one that is not good enough."""
    stored = cache.basis()
    if stored is None or (stored[0] < _SAMPLE and passages >= _GROWTH * stored[0]):
        return None
    basis = Basis.frombytes(stored[1], dimension)
    return basis if basis.width == min(compression.DIMENSIONS, dimension) else None


def _start_over(passages: Passages, encoder: Encoder, cache: EmbeddingCache, tell: Progress) -> tuple[Basis, int]:
    """Fit the token basis on a sample of the passages and put that sample into the emptied cache."""
    count = len(passages.fitted)
    sample = passages.fitted[:: max(1, count // _SAMPLE)][:_SAMPLE]
    encodings: list[Encoding] = []
    spans: list[list[Spans]] = []
    for batch in _batches(sample):
        texts = passages.texts(batch)
        encodings.append(encoder.encode_documents(texts))
        spans.append(_spans(encoder, texts))
        tell(sum(len(done.vectors) for done in encodings), count, "encoding")
    vectors = [tokens.vectors for encoding in encodings for tokens in encoding.tokens]
    basis = compression.fit(np.concatenate([np.zeros((0, encoder.dimension), np.float32), *vectors]))
    cache.start_over(len(sample), basis.tobytes())
    for batch, encoding, own in zip(_batches(sample), encodings, spans, strict=True):
        cache.put(_embedded([passages.hashes[number] for number in batch], encoding, own, basis))
    return basis, len(sample)


def _embedded(keys: Sequence[str], encoding: Encoding, spans: Sequence[Spans], basis: Basis) -> list[tuple[str, Embedded]]:
    found: list[tuple[str, Embedded]] = []
    for key, vector, tokens, own in zip(keys, encoding.vectors, encoding.tokens, spans, strict=True):
        known = own if len(own) == len(tokens.ids) else np.zeros((len(tokens.ids), 2), np.uint16)
        found.append((key, Embedded(vector, tokens.ids, known, basis.encode(tokens.vectors))))
    return found


def _spans(encoder: Encoder, texts: Sequence[str]) -> list[Spans]:
    """Where in each text its tokens stand, for highlights: to look for that again at each query takes long."""
    return [np.minimum(np.array(encoder.offsets(text), np.int64).reshape(-1, 2), _FARTHEST).astype(np.uint16) for text in texts]


def _batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]
