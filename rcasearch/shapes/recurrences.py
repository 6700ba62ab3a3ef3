"""Failures that happened again."""

from __future__ import annotations

from typing import Annotated, TypedDict

from rcasearch.model import Order
from rcasearch.shapes.incidents import ActionItem, Summary


class Fix(TypedDict):
    """What fixed an incident, and how that fared."""

    incident_id: str
    date: Annotated[str | None, "ISO date of the incident."]
    url: Annotated[str, "The incident's page, relative to the server."]
    text: Annotated[str, "What fixed it, in one line."]
    held: Annotated[bool | None, "False where the failure came back; null where no date tells."]
    days: Annotated[int | None, "Until it came back; where it held, until the newest incident on record."]


class OpenAction(ActionItem):
    """A follow-up of one of the incidents that nobody recorded as done."""

    incident_id: str
    url: Annotated[str, "The incident's page, relative to the server."]
    overdue: Annotated[bool, "The day it was due is over; false where no date tells."]


class Recurrence(TypedDict):
    """Incidents of one failure."""

    id: Annotated[str, "That of its oldest incident."]
    url: Annotated[str, "Its page, relative to the server."]
    name: Annotated[str, "What its incidents have in common."]
    terms: Annotated[list[str], "Words that its incidents share and others hardly use."]
    count: int
    first: Annotated[str | None, "ISO date; null where no incident has one."]
    last: Annotated[str | None, "ISO date; null where no incident has one."]
    services: Annotated[list[str], "In the order in which they were hit."]
    total_minutes: Annotated[int | None, "All durations on record added; null without any."]
    median_minutes: Annotated[float | None, "The median of these durations."]
    timed: Annotated[int, "Incidents whose duration is on record."]
    fixes: Annotated[list[Fix], "Oldest first."]
    open_action_items: list[OpenAction]
    linked: Annotated[list[list[str]], "Pairs of ids whose documents name each other and that have the same cause."]
    incidents: Annotated[list[Summary], "Oldest first, those without a date last."]


class Recurrences(TypedDict):
    """Failures that happened again."""

    total: Annotated[int, "Failures of which an incident passes the filters."]
    offset: int
    limit: int
    order: Annotated[Order, "By what they are ordered: the last time, how often, or the minutes lost; most first."]
    index_id: Annotated[str, "Changes whenever the index does."]
    recurrences: list[Recurrence]
