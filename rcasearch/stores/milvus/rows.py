"""An incident -> the rows of the collections that hold it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from rcasearch.model import Outline
from rcasearch.stores.base import Floats
from rcasearch.stores.milvus.bundles import packed_headline, packed_record
from rcasearch.stores.milvus.candidates import padded
from rcasearch.stores.milvus.gathering import Gathered
from rcasearch.stores.milvus.parts import PartKey
from rcasearch.stores.milvus.shelf import RECORD, SKETCH, Owner
from rcasearch.stores.milvus.store import CLEAR, access_key

# As many as the schema has room for: filters and terms beyond find nothing.
_LIST, _TERMS = 1_024, 4_096


def head(one: Gathered, tenant: str) -> dict[str, Any]:
    """The row that makes everything else of the incident count."""
    outline = one.headline.outline
    return {
        "id": one.owner.key,
        **_filtered(one, tenant),
        "incident": outline.id,
        "stem": one.record.incident.stem,
        "outline": packed_headline(one.headline),
        "links": list(one.headline.links[:_LIST]),
        "terms": one.sketch.terms.view(np.int64)[:_TERMS].tolist(),
        "vector": padded(one.mean),
    }


def passages(one: Gathered, tenant: str) -> Iterator[dict[str, Any]]:
    """A row for each passage."""
    common = {**_filtered(one, tenant), "owner": one.owner.key}
    for place, (tells, vector) in enumerate(zip(one.sketch.hashes.tolist(), one.sketch.vectors, strict=True)):
        yield {"id": passage_key(one.owner, place), **common, "tells": tells, "vector": padded(vector.astype(np.float32))}


def passage_key(owner: Owner, place: int) -> str:
    """The key of the n-th passage of an incident; it begins with that of the incident."""
    return f"{owner.key}.{owner.version}.{place}"


def profile(one: Gathered, tenant: str) -> dict[str, Any]:
    """The concepts that the incident clearly tells of."""
    values = one.sketch.profile.astype(np.float32)
    clear: Floats = np.where(values >= CLEAR, values, np.float32(0)).astype(np.float32)
    return {"id": one.owner.key, **_filtered(one, tenant), "vector": padded(clear)}


def parts(one: Gathered) -> list[tuple[PartKey, bytes]]:
    """What is read of the incident by its key."""
    return [(PartKey(*one.owner, SKETCH), one.sketch.packed()), (PartKey(*one.owner, RECORD), packed_record(one.record))]


def _filtered(one: Gathered, tenant: str) -> dict[str, Any]:
    """What the incident can be filtered by, as `filters.passing` compares it."""
    outline = one.headline.outline
    return {
        "tenant": tenant,
        "version": one.owner.version,
        "access": access_key(one.access),
        "date": outline.date or "",
        "severity": _severity(outline),
        "status": (outline.status or "").casefold(),
        "services": _folded(outline.services),
        "tags": _folded(one.headline.tags),
    }


def _severity(outline: Outline) -> str:
    return (outline.level or outline.severity or "").casefold()


def _folded(values: Sequence[str]) -> list[str]:
    return sorted({value.casefold() for value in values})[:_LIST]
