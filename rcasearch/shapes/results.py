"""The answer to a query."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from rcasearch.model import Kind, Verdict
from rcasearch.shapes.asking import Query, ReadAs
from rcasearch.shapes.incidents import Answers, Summary


class Evidence(TypedDict):
    """A passage that matched."""

    section: Annotated[str, "The heading it stands under."]
    kind: Kind
    text: str
    highlights: Annotated[list[list[int]], "Pairs of offsets into text, in characters."]
    lines: Annotated[list[int], "First and last line of the document."]
    score: float


class Shared(TypedDict):
    """What a precedent and the query have in common."""

    services: list[str]
    signatures: list[str]
    concepts: list[str]


class Difference(TypedDict):
    """In what a precedent differs from the query or from the other hits, in words."""

    what: Literal["service", "signature", "concept", "age", "superseded", "cause"]
    text: str
    incident_id: Annotated[str | None, "The incident that the words name."]
    url: str | None


class Match(TypedDict):
    """What a precedent and the query share, and what differs."""

    on: Annotated[Literal["symptom", "cause"] | None, "What the query is nearer to; null where that is not clear."]
    cause: Annotated[Literal["same", "other"] | None, "Compared with the first hit's; null where that is not clear."]
    shared: Shared
    differs: list[Difference]


class Hit(Summary, Answers):
    """A precedent: what it is, why it matched, what caused it and what ended it."""

    rank: Annotated[int, "From 1."]
    score: Annotated[float, "Orders the hits of one answer; means nothing between answers."]
    confidence: Annotated[float, "From 0 to 1; compares between queries."]
    verdict: Verdict
    evidence: list[Evidence]
    match: Match
    contributions: Annotated[dict[str, float], "What each leg of the ranking added to the score."]


class Results(TypedDict):
    """The answer to a query, hits best first."""

    query: Query
    verdict: Annotated[Verdict, "Whether there is a precedent: the first hit's, or none."]
    concepts: Annotated[list[str], "The same as in read_as."]
    read_as: ReadAs
    searched: Annotated[int, "Incidents that passed the filters."]
    took_ms: float
    index_id: Annotated[str, "Changes whenever the index does."]
    hits: list[Hit]
