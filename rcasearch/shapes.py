"""What goes over a wire, key by key: the shapes that ``rcasearch.render`` makes and the API's document is generated from.

The type checker holds ``render`` to them. A string beside a type is what the document tells of that key.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from rcasearch.model import AlertStatus, Kind, Level, Source, Verdict


class Filters(TypedDict):
    """The filters in force, set or not."""

    services: list[str]
    severities: list[str]
    tags: list[str]
    statuses: list[str]
    since: Annotated[str | None, "ISO date, inclusive."]
    until: Annotated[str | None, "ISO date, inclusive."]


class Query(TypedDict):
    """What was asked, after validation."""

    text: str
    limit: int
    filters: Filters


class Entities(TypedDict):
    """What an alert names."""

    services: list[str]
    workloads: Annotated[
        list[str], "Deployments, stateful sets, database instances …; pods without what is drawn in their names."
    ]
    namespaces: list[str]
    hosts: list[str]
    regions: list[str]
    signatures: Annotated[list[str], "Error codes, statuses and exceptions."]
    runbook_urls: list[str]
    severity: Annotated[str | None, "As the sender writes it."]


class Symptom(TypedDict):
    """One failure that a payload tells of."""

    text: Annotated[str, "What is searched."]
    key: Annotated[str, "The same whenever the sender tells of this failure again."]
    status: AlertStatus
    count: Annotated[int, "Alerts of the payload that tell the same."]
    entities: Entities


class Understood(TypedDict):
    """What a text or payload was understood as."""

    source: Annotated[Source, "Who sent the payload, or what kind of text it is."]
    status: AlertStatus
    symptoms: Annotated[list[Symptom], "Those that fire first."]
    suggested: Annotated[Filters, "Filters to offer; nothing applies them by itself."]


class ReadAs(TypedDict):
    """What the query was read as telling of."""

    concepts: Annotated[list[str], "Failures that the query tells of, in words for people."]
    services: Annotated[list[str], "Services that the query names."]
    source: Annotated[Source | None, "Who sent the payload, or what kind of text it is; null where nothing was pasted."]
    symptoms: Annotated[list[Symptom], "The distinct failures in the payload; all that fire are searched together."]
    suggested: Annotated[Filters, "Filters to offer, as far as the index knows their values; they are not in force."]


class Summary(TypedDict):
    """What a line of a listing tells about an incident."""

    id: str
    title: str
    date: Annotated[str | None, "ISO date."]
    severity: Annotated[str | None, "As the document writes it."]
    level: Annotated[Level | None, "The severity on one scale."]
    services: list[str]
    tags: list[str]
    status: str | None
    duration_minutes: int | None
    author: str | None
    url: Annotated[str, "The incident's page, relative to the server."]


class RootCause(TypedDict):
    """A root cause and the section that supplied it."""

    text: str
    source_section: Annotated[Kind, "The kind of section it comes from."]
    heading: str


class Resolution(RootCause):
    """What ended an incident, as text and, where the document lists them, as steps."""

    steps: list[str]


class ActionItem(TypedDict):
    """A follow-up."""

    text: str
    priority: str | None
    owner: str | None
    due: str | None
    status: str | None
    done: Annotated[bool | None, "Null where the document records no status."]
    line: Annotated[int, "Line of the document, from 1."]


class Link(TypedDict):
    """A link out of a document."""

    text: str
    target: str
    kind: Literal["wiki", "embed", "url"]
    incident_id: Annotated[str | None, "The incident that it leads to."]
    url: Annotated[str | None, "Null where there is nowhere safe to go."]
    dangling: bool


class Answers(TypedDict):
    """What an incident tells of its cause and its end."""

    root_cause: RootCause | None
    resolution: Resolution | None
    minutes_to_mitigate: int | None
    open_action_items: list[ActionItem]
    links: list[Link]


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


class Event(TypedDict):
    """A row of a timeline."""

    time: str
    text: str
    minute: Annotated[int | None, "From the start of the incident, negative before it."]
    line: int


class Milestones(TypedDict):
    """Minutes from the start of the incident; null where the timeline does not tell."""

    first_action: int | None
    cause_found: int | None
    mitigated: int | None
    resolved: int | None


class Section(TypedDict):
    """What stands under one heading, as plain text."""

    heading: str
    path: Annotated[list[str], "The headings from the outermost down to this one."]
    kind: Kind
    text: str
    line: int


class Incident(Summary, Answers):
    """A whole incident."""

    path: Annotated[str, "The file, relative to its folder."]
    aliases: list[str]
    action_items: list[ActionItem]
    timeline: list[Event]
    milestones: Milestones
    sections: list[Section]


class FacetCount(TypedDict):
    """A value and how many of the incidents that pass the filters have it."""

    value: str
    count: int


class Page(TypedDict):
    """One page of a listing."""

    total: Annotated[int, "Incidents that pass the filters."]
    offset: int
    limit: int
    incidents: list[Summary]
    facets: Annotated[dict[str, list[FacetCount]], "By field, most frequent first."]


class Recurrence(TypedDict):
    """Incidents of one failure: linked, and with the same cause."""

    count: int
    first: Annotated[str | None, "ISO date; null where no incident has one."]
    last: Annotated[str | None, "ISO date; null where no incident has one."]
    services: list[str]
    incidents: Annotated[list[Summary], "Oldest first."]


class Recurrences(TypedDict):
    """The failures that happened again, the one that did so last first."""

    total: Annotated[int, "Failures of which an incident passes the filters."]
    index_id: Annotated[str, "Changes whenever the index does."]
    recurrences: list[Recurrence]


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
    bytes: int
    sources: list[str]
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
