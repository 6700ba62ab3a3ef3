"""Failures that happened again, as records of the shapes in ``rcasearch.shapes``."""

from __future__ import annotations

from msgspec import Struct

from rcasearch.client.records import ActionItem, Summary


class Fix(Struct, frozen=True):
    """What fixed an incident, in one line; ``held`` is False where the failure came back, None where no date tells.

    ``days`` are until it came back; where it held, until the newest incident on record.
    """

    incident_id: str
    date: str | None
    url: str
    text: str
    held: bool | None
    days: int | None


class OpenAction(ActionItem, frozen=True):
    """A follow-up of an incident that nobody recorded as done."""

    incident_id: str
    url: str
    overdue: bool


class Recurrence(Struct, frozen=True):
    """A failure that happened again: its incidents, oldest first, and how their fixes fared.

    ``timed`` is how many of them have a duration; ``linked`` are pairs of their ids whose documents name each other.
    """

    id: str
    url: str
    name: str
    terms: tuple[str, ...]
    count: int
    first: str | None
    last: str | None
    services: tuple[str, ...]
    total_minutes: int | None
    median_minutes: float | None
    timed: int
    fixes: tuple[Fix, ...]
    open_action_items: tuple[OpenAction, ...]
    linked: tuple[tuple[str, str], ...]
    incidents: tuple[Summary, ...]


class Recurrences(Struct, frozen=True):
    """One page of the failures that happened again."""

    total: int
    offset: int
    limit: int
    order: str
    index_id: str
    recurrences: tuple[Recurrence, ...]
