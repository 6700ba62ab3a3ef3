"""What is answered: results with their hits, and a page of a listing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from rcasearch.model.incidents import Chunk, Incident
from rcasearch.model.queries import NO_FILTERS, Filters, Query

Verdict = Literal["strong", "possible", "none"]
StageName = Literal["wait", "encode", "rank", "explain"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage that made an incident match.

    ``score`` is its similarity to the query, the mean of cosine and late interaction; ``highlights`` are (start, end) offsets
    into ``chunk.text``.
    """

    chunk: Chunk
    score: float
    highlights: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """In what a precedent differs from the query or from the other hits; ``incident_id`` is the incident that the text names."""

    what: Literal["service", "signature", "concept", "age", "superseded", "cause"]
    text: str
    incident_id: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """What a precedent and the query share, and what differs.

    ``on`` says that the query is clearly nearer to what was seen in the incident, or to its cause; ``cause`` how its cause
    compares with that of the best hit. Both are None where that is not clear.
    """

    on: Literal["symptom", "cause"] | None = None
    services: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    concepts: tuple[str, ...] = ()
    cause: Literal["same", "other"] | None = None
    differs: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A precedent. ``score`` orders the hits of one query and means nothing between queries; ``confidence`` (0 to 1) does.

    ``contributions`` names what each leg added to ``score``.
    """

    incident: Incident
    rank: int
    score: float
    confidence: float
    verdict: Verdict
    evidence: tuple[Evidence, ...]
    contributions: dict[str, float] = field(default_factory=dict)
    match: Match = Match()


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the work on an answer: from ``began`` to ``ended``, in seconds of ``time.perf_counter``."""

    name: StageName
    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class Results:
    """The answer to a query. ``searched`` counts the incidents that passed the filters.

    ``concepts`` are the failures that the query was read as telling of, in words for people, ``services`` those it names.
    ``stages`` tell where the time went; "wait" is for a free core.
    """

    query: Query
    verdict: Verdict
    hits: tuple[Hit, ...]
    searched: int
    index_id: str
    took_ms: float = 0.0
    concepts: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = field(default=(), compare=False)
    suggested: Filters = NO_FILTERS

    @property
    def confidence(self) -> float:
        """The confidence in the best precedent, 0 without any."""
        return self.hits[0].confidence if self.hits else 0.0


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing. ``facets`` maps a field to (value, count) pairs, most frequent first."""

    incidents: tuple[Incident, ...]
    total: int
    offset: int
    limit: int
    facets: dict[str, tuple[tuple[str, int], ...]]
