"""What happened again: incidents of one failure, and how their fixes fared."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Literal

from rcasearch.model.incidents import ActionItem, Incident

# The one that happened last first, the most frequent, or the one that took the most minutes.
Order = Literal["last", "count", "minutes"]


@dataclass(frozen=True, slots=True)
class Fix:
    """How the fix of an incident fared.

    ``held`` is False where the failure came back later in a service that both list, or where one of them lists none; None where
    no date tells. ``days`` is from this incident to that return, or, where the fix held, to the newest incident of the corpus.
    """

    incident_id: str
    held: bool | None
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Recurrence:
    """At least two incidents of one failure, oldest first, those without a date last.

    ``id`` is that of its oldest incident; ``name`` and ``terms`` tell what its incidents have in common and others have not.
    ``fixes`` has an entry for each incident that records what fixed it, in their order. ``linked`` are the pairs of ids whose
    documents name each other and that have the same cause.
    """

    id: str
    name: str
    terms: tuple[str, ...]
    incidents: tuple[Incident, ...]
    fixes: tuple[Fix, ...] = ()
    linked: tuple[tuple[str, str], ...] = ()

    @property
    def services(self) -> tuple[str, ...]:
        """The services of all of them, in the order in which they were hit."""
        return tuple(dict.fromkeys(service for incident in self.incidents for service in incident.services))

    @property
    def dates(self) -> tuple[str, ...]:
        """The dates on record, oldest first."""
        return tuple(incident.date for incident in self.incidents if incident.date)

    @property
    def minutes(self) -> tuple[int, ...]:
        """How long each lasted whose duration is on record."""
        return tuple(incident.duration_minutes for incident in self.incidents if incident.duration_minutes is not None)

    @property
    def median_minutes(self) -> float | None:
        """The median of these durations; None without any."""
        return median(self.minutes) if self.minutes else None

    @property
    def open_action_items(self) -> tuple[tuple[str, ActionItem], ...]:
        """(incident id, action item) of each that nobody recorded as done."""
        return tuple((incident.id, item) for incident in self.incidents for item in incident.open_action_items)
