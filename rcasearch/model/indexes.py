"""What an index is: how large, made when and by what, and how its vectors are searched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class VectorSearch:
    """How the nearest of an index's vectors are found: by comparing all of them, or by compressed codes first.

    The recalls are the shares of the nearest 10 and 200 that are found, measured against exact search when the index was made.
    """

    method: Literal["exact", "compressed"]
    recall_at_10: float = 1.0
    recall_at_200: float = 1.0


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """What an index holds and how it was made. ``created`` is ISO 8601 in UTC, ``bytes`` the size on disk."""

    id: str
    path: str
    created: str
    model: str
    dimension: int
    max_tokens: int
    incidents: int
    chunks: int
    passages: int
    problems: int
    bytes: int
    sources: tuple[str, ...]
    passage_search: VectorSearch = VectorSearch("exact")
    incident_search: VectorSearch = VectorSearch("exact")
