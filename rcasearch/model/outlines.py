"""What is known of an incident at a glance: light enough for all of an index at once."""

from __future__ import annotations

from dataclasses import dataclass

from rcasearch.model.incidents import Level


@dataclass(frozen=True, slots=True)
class Outline:
    """An incident without its text; None where the document does not tell. Times are minutes."""

    id: str
    title: str
    date: str | None = None
    severity: str | None = None
    level: Level | None = None
    status: str | None = None
    services: tuple[str, ...] = ()
    minutes_to_mitigate: int | None = None
    duration_minutes: int | None = None
