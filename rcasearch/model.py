"""The records every other file speaks in: frozen, standard library only, no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal, get_args

Kind = Literal[
    "title",
    "summary",
    "symptoms",
    "impact",
    "timeline",
    "trigger",
    "detection",
    "root_cause",
    "contributing_factors",
    "five_whys",
    "resolution",
    "verification",
    "lessons",
    "action_items",
    "related",
    "people",
    "stats",
    "support",
    "other",
]
# An index names a kind by its place here: a new one goes to the end.
KINDS: tuple[Kind, ...] = get_args(Kind)
BlockKind = Literal["paragraph", "list_item", "table_row", "code", "quote", "field"]
Verdict = Literal["strong", "possible", "none"]
StageName = Literal["wait", "encode", "rank", "explain"]
Level = Literal["SEV0", "SEV1", "SEV2", "SEV3", "SEV4", "SEV5"]
AlertStatus = Literal["firing", "resolved"]
MOST_SYMPTOMS_AT_ONCE = 8
# What a text turned out to be: the sender of a payload, or what a person pastes.
Source = Literal[
    "text",
    "log",
    "kubernetes",
    "alertmanager",
    "grafana",
    "pagerduty",
    "pagerduty_event",
    "opsgenie",
    "datadog",
    "cloudwatch",
    "sentry",
    "cloudevent",
    "json",
]


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list item, table row or code fence as plain text.

    ``text`` keeps the line breaks of the source: its i-th line (from 0) stands on line ``line + i`` of the file.
    What is not content (comments, template residue) is blanked, so the count of lines never changes.
    """

    kind: BlockKind
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading, down to the next heading of any level.

    ``path`` holds the headings from the outermost down to this one, without the document's title; it is empty
    for text before the first heading. ``kinds`` has more than one entry for a combined heading
    ("Root cause and mitigation").
    """

    heading: str
    path: tuple[str, ...]
    kinds: tuple[Kind, ...]
    blocks: tuple[Block, ...]
    line: int

    @property
    def kind(self) -> Kind:
        return self.kinds[0]

    @property
    def text(self) -> str:
        return "\n".join(block.text for block in self.blocks)


@dataclass(frozen=True, slots=True)
class Answer:
    """A root cause or a resolution and the kind of section that supplied it."""

    text: str
    source: Kind
    heading: str
    line: int
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A link out of a document. ``incident_id`` is None while the target is not an incident of the corpus."""

    target: str
    text: str
    kind: Literal["wiki", "embed", "url"]
    line: int
    incident_id: str | None = None

    @property
    def dangling(self) -> bool:
        return self.kind == "wiki" and self.incident_id is None


@dataclass(frozen=True, slots=True)
class ActionItem:
    """A follow-up. ``done`` is None where the document records no status."""

    text: str
    line: int
    priority: str | None = None
    owner: str | None = None
    due: str | None = None
    status: str | None = None
    done: bool | None = None


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One row of a timeline; ``minute`` counts from the row that starts the incident, across midnight, and is negative before."""

    time: str
    text: str
    line: int
    minute: int | None = None


@dataclass(frozen=True, slots=True)
class Milestones:
    """Minutes from the start of the incident; None where the timeline does not tell, or contradicts the stated duration."""

    first_action: int | None = None
    cause_found: int | None = None
    mitigated: int | None = None
    resolved: int | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """One post-incident document, read."""

    id: str
    title: str
    path: str
    date: str | None = None
    severity: str | None = None
    level: Level | None = None
    services: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    status: str | None = None
    duration_minutes: int | None = None
    author: str | None = None
    aliases: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    links: tuple[Link, ...] = ()
    action_items: tuple[ActionItem, ...] = ()
    timeline: tuple[TimelineEvent, ...] = ()
    milestones: Milestones = Milestones()
    root_cause: Answer | None = None
    resolution: Answer | None = None

    @property
    def stem(self) -> str:
        """The file name without its ending: what a wiki link and a judged query name."""
        name = PurePosixPath(self.path)
        return name.stem if name.suffix.lower() in MARKDOWN_SUFFIXES else name.name

    @property
    def open_action_items(self) -> tuple[ActionItem, ...]:
        """Action items that nobody recorded as done."""
        return tuple(item for item in self.action_items if not item.done)


MARKDOWN_SUFFIXES = (".md", ".markdown", ".mdown")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a document: where, what, and what to do about it.

    ``skipped`` says that the document could not be indexed at all.
    """

    path: str
    line: int | None
    message: str
    hint: str
    skipped: bool = False

    @property
    def location(self) -> str:
        return self.path if self.line is None else f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Document:
    """An incident together with the markdown it was read from."""

    incident: Incident
    source: str
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of one section, within the encoder's token budget.

    ``text`` is plain text; ``start_line`` and ``end_line`` are the first and last line of the file it stands on.
    ``telling`` are the (start, end) parts of the text that count in a match: all of it, but for boilerplate and names of
    services. ``content_hash`` identifies these parts and nothing else: passages that tell the same share one vector.
    """

    id: str
    incident_id: str
    kind: Kind
    heading: str
    text: str
    start_line: int
    end_line: int
    content_hash: str
    telling: tuple[tuple[int, int], ...]

    @property
    def matched(self) -> str:
        """The parts of the text that count in a match, as one."""
        return "".join(self.text[start:end] for start, end in self.telling)

    def shown(self, start: int, end: int) -> tuple[int, int]:
        """Where a part (start, end) of ``matched``, not empty, stands in ``text``."""
        return self._position(start), self._position(end - 1) + 1

    def _position(self, offset: int) -> int:
        for start, end in self.telling:
            if offset < end - start:
                return start + offset
            offset -= end - start
        return len(self.text)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a hit must satisfy: any of the values named in a field, every field named. Dates are inclusive."""

    services: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None

    def __bool__(self) -> bool:
        return any((self.services, self.severities, self.tags, self.statuses, self.since, self.until))


NO_FILTERS = Filters()


@dataclass(frozen=True, slots=True)
class Entities:
    """What an alert names: pods as their workloads, ARNs as names, ``severity`` as it is written."""

    services: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    runbook_urls: tuple[str, ...] = ()
    severity: str | None = None


NO_ENTITIES = Entities()


@dataclass(frozen=True, slots=True)
class Symptom:
    """One failure that a payload tells of. ``text`` is what is searched; ``count`` alerts of the payload tell the same.

    ``key`` is the same each time that a sender tells of this failure again, and when it tells that it is over.
    """

    text: str
    key: str
    status: AlertStatus = "firing"
    count: int = 1
    entities: Entities = NO_ENTITIES


@dataclass(frozen=True, slots=True)
class Understood:
    """What a text or payload was understood as: at least one symptom, those that fire before those that are over.

    ``suggested`` are filters to offer. Nothing applies them by itself.
    """

    source: Source
    symptoms: tuple[Symptom, ...]
    suggested: Filters = NO_FILTERS

    @property
    def status(self) -> AlertStatus:
        """Firing as long as one symptom is."""
        return self.symptoms[0].status

    @property
    def current(self) -> tuple[Symptom, ...]:
        """The symptoms that fire, or all of them where none does."""
        return tuple(symptom for symptom in self.symptoms if symptom.status == self.status)

    @property
    def text(self) -> str:
        """What to search for all of it at once: the current symptoms, a line each, as many as one query can tell of."""
        return "\n".join(symptom.text for symptom in self.current[:MOST_SYMPTOMS_AT_ONCE])


@dataclass(frozen=True, slots=True)
class Query:
    """A symptom description and what its precedents must satisfy.

    ``text`` is as it was given; where it was ``understood``, what that tells is searched.
    """

    text: str
    limit: int = 10
    filters: Filters = NO_FILTERS
    understood: Understood | None = field(default=None, compare=False)

    @property
    def searched(self) -> str:
        """The text that is compared with the incidents."""
        return self.text if self.understood is None else self.understood.text


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


@dataclass(frozen=True, slots=True)
class Recurrence:
    """At least two incidents of one failure, oldest first, those without a date last."""

    incidents: tuple[Incident, ...]

    @property
    def services(self) -> tuple[str, ...]:
        """The services of all of them, in the order in which they were hit."""
        return tuple(dict.fromkeys(service for incident in self.incidents for service in incident.services))

    @property
    def dates(self) -> tuple[str, ...]:
        """The dates on record, oldest first."""
        return tuple(incident.date for incident in self.incidents if incident.date)


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
