"""What is stored of an incident under its key and version, and what a reader makes of it.

The sketch is what every candidate of a query is scored by; the tokens of a passage are read for the foremost candidates, the
record for what is shown.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from rcasearch.model import Chunk, Incident, Outline
from rcasearch.stores.milvus.packing import array, damaged

# Of what a document of the largest size may hold, no more is unpacked.
_LARGEST_RECORD = 2**28
Read = TypeVar("Read")
_encode = msgspec.msgpack.Encoder().encode


class _Sketch(msgspec.Struct, frozen=True, array_like=True):
    kinds: bytes
    hashes: bytes
    sizes: bytes
    vectors: bytes
    profile: bytes
    terms: bytes
    counts: bytes
    length: int
    services: tuple[str, ...]


class _Tokens(msgspec.Struct, frozen=True, array_like=True):
    codes: bytes
    ids: bytes
    spans: bytes


class Record(msgspec.Struct, frozen=True, array_like=True):
    """The incident as it is shown, its ``chunks``, and the markdown that it was read from."""

    incident: Incident
    chunks: tuple[Chunk, ...]
    source: str


class Headline(msgspec.Struct, frozen=True):
    """What is known of an incident at a glance, with its ``tags``, and the ``links`` to ids of others."""

    outline: Outline
    tags: tuple[str, ...]
    links: tuple[str, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Sketch:
    """What an incident is scored by.

    Its n passages are of the ``kinds`` (n,), tell what the ``hashes`` (n,) name, have so many tokens each, ``sizes`` (n,), and
    the ``vectors`` (n, d) float16. It has the concepts of its ``profile`` (c,) float16, and the ``terms`` (t,) by their hashes,
    ascending, ``counts`` (t,) times each, ``length`` in all. Its ``services`` are in lower case.
    """

    kinds: NDArray[np.uint8]
    hashes: NDArray[np.int64]
    sizes: NDArray[np.int32]
    vectors: NDArray[np.float16]
    profile: NDArray[np.float16]
    terms: NDArray[np.uint64]
    counts: NDArray[np.uint16]
    length: int
    services: tuple[str, ...]

    @property
    def weight(self) -> int:
        """Bytes that it takes in memory, nearly."""
        parts = (self.kinds, self.hashes, self.sizes, self.vectors, self.profile, self.terms, self.counts)
        return sum(part.nbytes for part in parts) + 1_000

    def packed(self) -> bytes:
        """As it is stored."""
        return _encode(
            _Sketch(
                self.kinds.tobytes(),
                self.hashes.tobytes(),
                self.sizes.tobytes(),
                self.vectors.tobytes(),
                self.profile.tobytes(),
                self.terms.tobytes(),
                self.counts.tobytes(),
                self.length,
                self.services,
            )
        )


@dataclass(frozen=True, eq=False, slots=True)
class PassageTokens:
    """The t tokens of a passage: ``codes`` (t, w) int8, ``ids`` (t,), and where each begins and ends, ``spans`` (t, 2)."""

    codes: NDArray[np.int8]
    ids: NDArray[np.int32]
    spans: NDArray[np.uint16]

    @property
    def weight(self) -> int:
        """Bytes that it takes in memory, nearly."""
        return self.codes.nbytes + self.ids.nbytes + self.spans.nbytes + 500

    def packed(self) -> bytes:
        """As it is stored."""
        return _encode(_Tokens(self.codes.tobytes(), self.ids.tobytes(), self.spans.tobytes()))


_sketch = msgspec.msgpack.Decoder(_Sketch).decode
_tokens = msgspec.msgpack.Decoder(_Tokens).decode
_record = msgspec.msgpack.Decoder(Record).decode
_headline = msgspec.json.Decoder(Headline).decode


def read_sketch(data: bytes, dimension: int, concepts: int) -> Sketch:
    """A sketch as it was `packed`. Raises IndexMismatchError."""
    stored = _read(_sketch, data)
    return Sketch(
        array(stored.kinds, np.uint8),
        array(stored.hashes, np.int64),
        array(stored.sizes, np.int32),
        array(stored.vectors, np.float16, len(stored.kinds), dimension),
        array(stored.profile, np.float16, concepts),
        array(stored.terms, np.uint64),
        array(stored.counts, np.uint16),
        stored.length,
        stored.services,
    )


def read_tokens(data: bytes, width: int) -> PassageTokens:
    """Tokens as they were `packed`. Raises IndexMismatchError."""
    stored = _read(_tokens, data)
    count = len(stored.ids) // 4
    spans = array(stored.spans, np.uint16, count, 2)
    return PassageTokens(array(stored.codes, np.int8, count, width), array(stored.ids, np.int32), spans)


def packed_record(record: Record) -> bytes:
    """A record as it is stored."""
    return zlib.compress(_encode(record), 6)


def read_record(data: bytes) -> Record:
    """A record as it was packed. Raises IndexMismatchError."""
    try:
        return _record(zlib.decompressobj().decompress(data, _LARGEST_RECORD))
    except (zlib.error, msgspec.DecodeError, UnicodeError) as error:
        raise damaged(f"a document in it: {error}") from None


def packed_headline(headline: Headline) -> str:
    """A headline as it is stored."""
    return msgspec.json.encode(headline).decode()


def read_headline(text: str) -> Headline:
    """A headline as it was packed. Raises IndexMismatchError."""
    return _read(_headline, text)


def hashes_of(terms: Sequence[str]) -> NDArray[np.uint64]:
    """A number of 64 bits for each term: among ten million terms, two have the same once in 300,000 corpora."""
    digests = (hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest() for term in terms)
    return np.frombuffer(b"".join(digests), np.dtype("<u8"))


def number_of(content_hash: str) -> int:
    """The 64 bits, with a sign, by which a passage of this content is known."""
    return int(np.frombuffer(bytes.fromhex(content_hash)[:8], np.int64)[0])


def _read(decode: Callable[[Any], Read], data: bytes | str) -> Read:
    try:
        return decode(data)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise damaged(str(error)) from None
