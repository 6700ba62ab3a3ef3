"""Incidents, whole and as lines of a list."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from rcasearch.model import Kind, Level


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
