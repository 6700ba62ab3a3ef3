"""All that a store has of an incident's passages."""

from __future__ import annotations

from rcasearch.model import Chunk
from rcasearch.stores.base import Floats, Store


def told(store: Store, row: int) -> tuple[list[Chunk], Floats]:
    """The chunks of an incident in document order and their vectors (n, d)."""
    [own] = store.passages_at([row])
    chunks = store.chunks_at([(row, i) for i in range(len(own.kinds))])
    assert [chunk.kind for chunk in chunks] == own.kinds
    hashes = [chunk.content_hash for chunk in chunks]
    assert [hashes.index(one) for one in hashes] == [own.ids.tolist().index(one) for one in own.ids]
    return chunks, own.vectors
