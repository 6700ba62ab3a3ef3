"""Passages -> their embeddings: what the cache lacks is encoded, each passage once, a batch at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from rcasearch import compression
from rcasearch.cache import Embedded, EmbeddingCache
from rcasearch.compression import Basis
from rcasearch.encoders import Encoder, Encoding
from rcasearch.errors import RcaSearchError
from rcasearch.progress import Progress

# Encoded, then put on disk: what an interruption can cost at most.
_BATCH = 256
# Texts of like length are sought among so many, so that little is padded and few texts are held.
_WINDOW = 16 * _BATCH
# The token basis is fitted on so many passages. While a corpus is small and grows this many times over, it is fitted anew.
SAMPLE = 512
_GROWTH = 4
# The last place in a passage that two bytes can name. A passage is longer only where a single "word" is.
_FARTHEST = 65_535
Item = TypeVar("Item")
Spans = NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Passages:
    """Distinct passages: their content hashes, and ``texts`` that gives the texts of those with these numbers."""

    hashes: Sequence[str]
    texts: Callable[[Sequence[int]], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Basing:
    """What the token basis comes from: it is fitted on a ``sample`` of so many passages (``drawn_from``).

    A basis that was fitted earlier stays while it is good enough; where other machines fit theirs on the ``same`` sample, it
    must have been this one. One that is ``given`` as bytes wins.
    """

    sample: Passages
    drawn_from: int
    same: bool = False
    given: bytes | None = None

    @property
    def name(self) -> bytes:
        """What names the sample, by its content: 16 bytes."""
        return hashlib.blake2b("".join(self.sample.hashes).encode(), digest_size=16).digest()


class Encoded(NamedTuple):
    """The token ``basis`` of passages, how many were ``encoded`` now, with a sample of others, and how many of them before."""

    basis: Basis
    encoded: int
    reused: int


def encode(passages: Passages, basing: Basing, encoder: Encoder, cache: EmbeddingCache, tell: Progress) -> Encoded:
    """Encode what the cache lacks, each batch on disk before the next begins.

    Raises RcaSearchError for a basis that was given and is none of this encoder's.
    """
    stored = _stored_basis(basing, encoder.dimension, cache)
    basis, encoded = (stored, 0) if stored else _start_over(basing, encoder, cache, tell)
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
    return Encoded(basis, total, len(known) if stored else 0)


def _by_length(numbers: Sequence[int], passages: Passages) -> list[tuple[int, str]]:
    return sorted(zip(numbers, passages.texts(numbers), strict=True), key=lambda pair: len(pair[1]))


def _stored_basis(basing: Basing, dimension: int, cache: EmbeddingCache) -> Basis | None:
    """The token basis that the cache's entries are in; None where there is none, or one that is not good enough."""
    stored = cache.basis()
    if stored is None or not _is_good(basing, *stored, cache):
        return None
    basis = Basis.frombytes(stored[1], dimension)
    return basis if basis.width == min(compression.DIMENSIONS, dimension) else None


def _is_good(basing: Basing, passages: int, basis: bytes, cache: EmbeddingCache) -> bool:
    if basing.given is not None:
        return basis == basing.given
    if basing.same:
        return cache.sample() == basing.name
    return passages >= SAMPLE or basing.drawn_from < _GROWTH * passages


def _given(data: bytes, dimension: int) -> Basis:
    width = min(compression.DIMENSIONS, dimension)
    if len(data) != 4 * width * (dimension + 1):
        raise RcaSearchError(
            f"The token basis that was given has {len(data):,} bytes; that of this model has {4 * width * (dimension + 1):,}.",
            "Index with the model of the index that the basis comes from.",
        )
    return Basis.frombytes(data, dimension)


def _start_over(basing: Basing, encoder: Encoder, cache: EmbeddingCache, tell: Progress) -> tuple[Basis, int]:
    """Empty the cache for another token basis: the one that is given, or one fitted on the sample, which is put there."""
    if basing.given is not None:
        basis = _given(basing.given, encoder.dimension)
        cache.start_over(SAMPLE, basing.given)
        return basis, 0
    passages, sample = basing.sample, range(len(basing.sample.hashes))
    encodings: list[Encoding] = []
    spans: list[list[Spans]] = []
    for batch in _batches(sample):
        texts = passages.texts(batch)
        encodings.append(encoder.encode_documents(texts))
        spans.append(_spans(encoder, texts))
        tell(sum(len(done.vectors) for done in encodings), basing.drawn_from, "encoding")
    vectors = [tokens.vectors for encoding in encodings for tokens in encoding.tokens]
    basis = compression.fit(np.concatenate([np.zeros((0, encoder.dimension), np.float32), *vectors]))
    cache.start_over(len(sample), basis.tobytes(), basing.name)
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
