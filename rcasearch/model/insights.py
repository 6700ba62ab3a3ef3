"""What many incidents come to: how many, how long, where, and how soon they were ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from rcasearch.model.incidents import Level
from rcasearch.model.outlines import Outline

# A level of severity, or that none is recorded which means one.
Rank = Level | Literal["unrated"]


@dataclass(frozen=True, slots=True)
class Tally:
    """So many incidents, and the minutes that they are recorded to have lasted, together."""

    incidents: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Group:
    """The incidents of a month, a quarter, a service or a severity, or all: ``name`` tells which.

    ``by_level`` parts them by severity, worst first. ``median_to_mitigate`` is in minutes, over those ``mitigated`` incidents of
    which the time is recorded; None without any.
    """

    name: str
    incidents: int
    minutes: int
    by_level: Mapping[Rank, Tally]
    mitigated: int
    median_to_mitigate: float | None


@dataclass(frozen=True, slots=True)
class Insights:
    """What the incidents come to. An incident of several services counts for each of them.

    Of ``total`` incidents the date is recorded of ``dated``, the duration of ``lasting``. ``months`` are in order and without
    gaps, unless the years are very far apart; so are ``quarters``, without those in which no time to mitigation is recorded.
    ``services`` are the most frequent, ``others`` the incidents that list any of the ``other_services``. ``mitigated`` are
    incidents whose date and time to mitigation are recorded, newest first, at even steps where ``all_mitigated`` are too many.
    """

    total: Group
    dated: int
    lasting: int
    months: tuple[Group, ...]
    quarters: tuple[Group, ...]
    severities: tuple[Group, ...]
    services: tuple[Group, ...]
    other_services: int
    others: Group
    mitigated: tuple[Outline, ...]
    all_mitigated: int
