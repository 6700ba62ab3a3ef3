"""The index, and what is wrong."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict


class DocumentProblem(TypedDict):
    """Something wrong with a document."""

    path: str
    line: int | None
    message: str
    hint: str
    skipped: Annotated[bool, "The document could not be indexed at all."]


class VectorSearch(TypedDict):
    """How the nearest vectors are found, and the share of them that is."""

    method: Literal["exact", "compressed"]
    recall_at_10: float
    recall_at_200: float


class Searches(TypedDict):
    """The dense searches of an index."""

    passages: VectorSearch
    incidents: VectorSearch


class Index(TypedDict):
    """What an index holds and how it was made."""

    id: str
    path: str
    created: Annotated[str, "ISO 8601, UTC."]
    model: str
    dimension: int
    max_tokens: int
    incidents: int
    chunks: int
    passages: int
    problems: int
    bytes: Annotated[int, "On the disk; 0 for who sees a part of it."]
    sources: Annotated[list[str], "The folders of documents; none for who sees a part of them."]
    search: Searches


class ProblemDetails(TypedDict):
    """An error as RFC 9457 problem details, with what to do about it."""

    type: Annotated[str, "Always about:blank: title tells the kind."]
    title: str
    status: int
    detail: Annotated[str, "What is wrong and where."]
    code: Annotated[str, "Stable, for programs."]
    field: Annotated[str | None, "The parameter at fault."]
    hint: Annotated[str, "What to do."]
