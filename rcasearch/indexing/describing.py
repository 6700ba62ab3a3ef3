"""What a generation tells of itself: what it holds, what it was made with, and among which documents."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

from rcasearch.compression import Basis
from rcasearch.concepts import ConceptSpace
from rcasearch.encoders import Encoder
from rcasearch.model import IndexInfo, VectorSearch
from rcasearch.stores import generations
from rcasearch.stores.manifests import Made
from rcasearch.stores.shards import Share
from rcasearch.stores.writer import Content


def made(version: str, space: ConceptSpace, basis: Basis, content: Content, share: Share | None) -> Made:
    """What incidents were made with, read under this ``version`` of the code and its settings."""
    among = content.counted.among
    directions = hashlib.sha256(basis.tobytes()).hexdigest()
    return Made(version, _digest(space), directions, among.incidents, among.terms, str(share) if share else "")


def made_with(version: str, space: ConceptSpace, encoder: Encoder) -> str:
    """What relevances depend on beside the documents."""
    return hashlib.sha256(f"{version}{encoder.arithmetic}{_digest(space)}".encode()).hexdigest()


def _digest(space: ConceptSpace) -> str:
    return hashlib.sha256(f"{space.labels}{space.signatures}".encode() + space.vectors.tobytes()).hexdigest()


def info(
    index: Path,
    encoder: Encoder,
    content: Content,
    searches: tuple[VectorSearch, VectorSearch],
    *,
    size: int,
    problems: int,
    sources: Sequence[str],
) -> IndexInfo:
    """What a new generation of the index holds; ``size`` is that of its files in bytes."""
    return IndexInfo(
        id=generations.new_id(index),
        path=str(index),
        created=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        model=encoder.name,
        dimension=encoder.dimension,
        max_tokens=encoder.max_tokens,
        incidents=len(content.starts) - 1,
        chunks=len(content.passages),
        passages=len(content.keys),
        problems=problems,
        bytes=size,
        sources=tuple(sources),
        passage_search=searches[0],
        incident_search=searches[1],
    )
