"""What the API tells of itself: the index, whether it is ready, what is wrong; and batches."""

from __future__ import annotations

from msgspec import Struct

from rcasearch.client.records import Results


class VectorSearch(Struct, frozen=True):
    """How the nearest vectors are found, and the share of them that is."""

    method: str
    recall_at_10: float
    recall_at_200: float


class Searches(Struct, frozen=True):
    """The dense searches of an index."""

    passages: VectorSearch
    incidents: VectorSearch


class Index(Struct, frozen=True):
    """What an index holds and how it was made."""

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
    search: Searches


class Ready(Struct, frozen=True):
    """An index can be searched."""

    status: str
    index: Index | None


class Health(Struct, frozen=True):
    """The process answers."""

    status: str


class ProblemDetails(Struct, frozen=True):
    """An error as RFC 9457 problem details. All but ``detail`` may be missing where a proxy wrote it."""

    detail: str
    type: str = "about:blank"
    title: str = ""
    status: int = 0
    code: str = "http_error"
    field: str | None = None
    hint: str = ""


class BatchItem(Struct, frozen=True):
    """The answer to one query of a batch: a result, or what is wrong with the query."""

    result: Results | None
    problem: ProblemDetails | None


class Batch(Struct, frozen=True):
    """The answers to a batch, in the order of its queries."""

    results: tuple[BatchItem, ...]
    took_ms: float
