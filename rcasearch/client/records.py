"""What the API answers, as records of the shapes in ``rcasearch.shapes``; keys that a newer server adds are passed over."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Verdict = Literal["strong", "possible", "none"]


class Filters(Struct, frozen=True):
    """The filters in force, or on offer."""

    services: tuple[str, ...]
    severities: tuple[str, ...]
    tags: tuple[str, ...]
    statuses: tuple[str, ...]
    since: str | None
    until: str | None


class Query(Struct, frozen=True):
    """What was asked, after validation."""

    text: str
    limit: int
    filters: Filters
    ignore: tuple[str, ...]


class Entities(Struct, frozen=True):
    """What an alert names."""

    services: tuple[str, ...]
    workloads: tuple[str, ...]
    namespaces: tuple[str, ...]
    hosts: tuple[str, ...]
    regions: tuple[str, ...]
    signatures: tuple[str, ...]
    runbook_urls: tuple[str, ...]
    severity: str | None


class Symptom(Struct, frozen=True):
    """One failure that a payload tells of."""

    text: str
    key: str
    status: str
    count: int
    entities: Entities


class ReadAs(Struct, frozen=True):
    """What the query was read as telling of."""

    concepts: tuple[str, ...]
    services: tuple[str, ...]
    source: str | None
    symptoms: tuple[Symptom, ...]
    suggested: Filters


class Summary(Struct, frozen=True):
    """What a line of a listing tells about an incident. ``url`` is relative to the server, ``date`` an ISO date."""

    id: str
    title: str
    date: str | None
    severity: str | None
    level: str | None
    services: tuple[str, ...]
    tags: tuple[str, ...]
    status: str | None
    duration_minutes: int | None
    author: str | None
    url: str


class RootCause(Struct, frozen=True):
    """A root cause and the section that supplied it."""

    text: str
    source_section: str
    heading: str


class Resolution(RootCause, frozen=True):
    """What ended an incident, as text and, where the document lists them, as steps."""

    steps: tuple[str, ...]


class ActionItem(Struct, frozen=True):
    """A follow-up; ``done`` is None where the document records no status."""

    text: str
    priority: str | None
    owner: str | None
    due: str | None
    status: str | None
    done: bool | None
    line: int


class Link(Struct, frozen=True):
    """A link out of a document; ``incident_id`` is the incident that it leads to."""

    text: str
    target: str
    kind: str
    incident_id: str | None
    url: str | None
    dangling: bool


class Told(Summary, frozen=True):
    """An incident and what it tells of its cause and its end."""

    root_cause: RootCause | None
    resolution: Resolution | None
    minutes_to_mitigate: int | None
    open_action_items: tuple[ActionItem, ...]
    links: tuple[Link, ...]


class Evidence(Struct, frozen=True):
    """A passage that matched. ``highlights`` are offsets into ``text``, ``lines`` the first and last line of the document."""

    section: str
    kind: str
    text: str
    highlights: tuple[tuple[int, int], ...]
    lines: tuple[int, int]
    score: float


class Shared(Struct, frozen=True):
    """What a precedent and the query have in common."""

    services: tuple[str, ...]
    signatures: tuple[str, ...]
    concepts: tuple[str, ...]


class Difference(Struct, frozen=True):
    """In what a precedent differs, in words."""

    what: str
    text: str
    incident_id: str | None
    url: str | None


class Match(Struct, frozen=True):
    """What a precedent and the query share, and what differs; ``on`` and ``cause`` are None where that is not clear."""

    on: str | None
    cause: str | None
    shared: Shared
    differs: tuple[Difference, ...]


class Hit(Told, frozen=True):
    """A precedent. ``confidence``, from 0 to 1, compares between queries; ``score`` only orders the hits of one."""

    rank: int
    score: float
    confidence: float
    verdict: Verdict
    evidence: tuple[Evidence, ...]
    match: Match
    contributions: dict[str, float]


class Results(Struct, frozen=True):
    """The answer to a query, hits best first."""

    query: Query
    verdict: Verdict
    concepts: tuple[str, ...]
    read_as: ReadAs
    searched: int
    took_ms: float
    index_id: str
    hits: tuple[Hit, ...]


class Event(Struct, frozen=True):
    """A row of a timeline."""

    time: str
    text: str
    minute: int | None
    line: int


class Milestones(Struct, frozen=True):
    """Minutes from the start of the incident."""

    first_action: int | None
    cause_found: int | None
    mitigated: int | None
    resolved: int | None


class Section(Struct, frozen=True):
    """What stands under one heading, as plain text."""

    heading: str
    path: tuple[str, ...]
    kind: str
    text: str
    line: int


class Incident(Told, frozen=True):
    """A whole incident."""

    path: str
    aliases: tuple[str, ...]
    action_items: tuple[ActionItem, ...]
    timeline: tuple[Event, ...]
    milestones: Milestones
    sections: tuple[Section, ...]


class FacetCount(Struct, frozen=True):
    """A value, and how many of the incidents have it."""

    value: str
    count: int


class Page(Struct, frozen=True):
    """One page of a listing."""

    total: int
    offset: int
    limit: int
    incidents: tuple[Summary, ...]
    facets: dict[str, tuple[FacetCount, ...]]
