"""What was asked, and what it was understood as."""

from __future__ import annotations

from typing import Annotated, TypedDict

from rcasearch.model import AlertStatus, Source


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
    ignore: Annotated[list[str], "What was not to count of all that the text was read as."]


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
