"""What incidents come to, in figures."""

from __future__ import annotations

from typing import Annotated, TypedDict

from rcasearch.model import Level


class Tally(TypedDict):
    """So many incidents, and how long they lasted together, as far as that is recorded."""

    incidents: int
    minutes: int


class Tallied(Tally):
    """The incidents of a month, a quarter, a service or a severity, or all."""

    name: str
    levels: Annotated[dict[str, Tally], "By severity, SEV0 to SEV5 and unrated, worst first; those that occur."]
    mitigated: Annotated[int, "Incidents of which the time to mitigation is recorded."]
    median_minutes_to_mitigate: float | None


class Mitigated(TypedDict):
    """An incident of which the time to mitigation is recorded."""

    id: str
    title: str
    date: str
    level: Level | None
    minutes_to_mitigate: int
    url: str


class Insights(TypedDict):
    """What the incidents that pass the filters come to. An incident of several services counts for each of them."""

    index_id: Annotated[str, "Changes whenever the index does."]
    total: Tallied
    dated: Annotated[int, "Incidents of which the date is recorded."]
    lasting: Annotated[int, "Incidents of which the duration is recorded."]
    months: Annotated[list[Tallied], "In order, as in 2025-03, with those between them in which nothing happened."]
    quarters: Annotated[list[Tallied], "In order, as in 2025-Q1: only incidents whose time to mitigation is recorded."]
    severities: Annotated[list[Tallied], "Worst first; unrated where none is recorded which means a level."]
    services: Annotated[list[Tallied], "The most frequent, most frequent first."]
    other_services: Annotated[int, "How many services there are besides."]
    others: Annotated[Tallied, "The incidents that list any of these."]
    mitigated: Annotated[list[Mitigated], "Newest first; a thousand at even steps where they are more."]
    all_mitigated: Annotated[int, "How many incidents have a date and a time to mitigation."]
