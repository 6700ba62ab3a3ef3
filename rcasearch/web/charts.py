"""When a failure happened, as a chart: dots on an axis of years, larger the longer it lasted, shaped by severity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import sqrt

from rcasearch.shapes import Recurrence, Summary
from rcasearch.web.present import day, tone
from rcasearch.wording import grouped, minutes, plural

# A dot at either end of the axis is drawn whole, in hundredths of the width.
EDGE = 2.0
MOST_YEARS = 8
# Dots nearer than this hide one another where there are hundreds.
STEP = 2.0
CROWD = 40
TOLD = 12
# A gap is told where its words fit on a phone.
GAP = 18.0


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on the axis. ``x`` is in hundredths of the width, as everywhere here."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Dot:
    """An incident, or several of one time. ``size`` is from 0 to 1; ``timed`` tells that a duration is on record."""

    x: float
    size: float
    tone: str
    timed: bool
    told: str


@dataclass(frozen=True, slots=True)
class Axis:
    """Days on a line, the same for all charts that are to be compared; ``longest`` minutes are the largest dot."""

    first: date
    last: date
    longest: int

    def x(self, when: date) -> float:
        """Where a day stands."""
        days = max((self.last - self.first).days, 1)
        return round(EDGE + (100 - 2 * EDGE) * (when - self.first).days / days, 2)

    @property
    def ticks(self) -> list[Tick]:
        """The beginnings of years, or of quarters where there are hardly two."""
        years = range(self.first.year, self.last.year + 1)
        if len(years) < 3:
            return [Tick(self.x(when), f"{when:%b %Y}") for when in self._quarters()]
        step = -(-len(years) // MOST_YEARS)
        return [Tick(self.x(date(year, 1, 1)), str(year)) for year in years if (year - years[0]) % step == 0]

    def _quarters(self) -> Iterator[date]:
        months = ((year, month) for year in (self.first.year, self.last.year) for month in (1, 4, 7, 10))
        quarters = sorted({date(year, month, 1) for year, month in months})
        within = [when for when in quarters if self.first <= when <= self.last]
        return iter(within[:: -(-len(within) // 4)])


@dataclass(frozen=True, slots=True)
class Chart:
    """The dots of one failure, what lies between them, and all of it in words."""

    dots: list[Dot]
    gaps: list[Tick]
    told: str


def axis_of(found: Iterable[Recurrence], today: date) -> Axis:
    """From the beginning of the first year in which any of these failures happened until today."""
    incidents = [incident for one in found for incident in one["incidents"]]
    days = [when for incident in incidents if (when := _day(incident))]
    longest = max((incident["duration_minutes"] or 0 for incident in incidents), default=0)
    return Axis(date(min(days, default=today).year, 1, 1), max([*days, today]), longest)


def chart_of(recurrence: Recurrence, axis: Axis) -> Chart:
    """The chart of one failure on an axis."""
    dated = [(when, incident) for incident in recurrence["incidents"] if (when := _day(incident))]
    dots = [_dot(incident, when, axis) for when, incident in dated]
    gaps = [] if len(dots) > CROWD else list(_gaps([when for when, _ in dated], axis))
    return Chart(_thinned(dots) if len(dots) > CROWD else dots, gaps, _told(recurrence, [incident for _, incident in dated]))


def _day(incident: Summary) -> date | None:
    try:
        return date.fromisoformat((incident["date"] or "")[:10])
    except ValueError:
        return None


def _dot(incident: Summary, when: date, axis: Axis) -> Dot:
    lasted = incident["duration_minutes"]
    size = sqrt(max(lasted or 0, 0) / axis.longest) if axis.longest else 0.0
    return Dot(axis.x(when), round(size, 3), tone(incident["level"]), lasted is not None, _incident_told(incident))


def _incident_told(incident: Summary) -> str:
    lasted = incident["duration_minutes"]
    severity = incident["severity"] or "no severity recorded"
    return ", ".join([day(incident["date"]), severity, minutes(lasted) if lasted is not None else "no duration recorded"])


def _thinned(dots: Sequence[Dot]) -> list[Dot]:
    """One dot for those of one place: the largest of them."""
    places: dict[int, list[Dot]] = {}
    for dot in dots:
        places.setdefault(int(dot.x / STEP), []).append(dot)
    return [_largest(together) for together in places.values()]


def _largest(dots: Sequence[Dot]) -> Dot:
    largest = max(dots, key=lambda dot: dot.size)
    return Dot(largest.x, largest.size, largest.tone, largest.timed, f"{plural(len(dots), 'incident')}; {largest.told}")


def _gaps(days: Sequence[date], axis: Axis) -> Iterator[Tick]:
    for before, after in pairwise(days):
        if axis.x(after) - axis.x(before) >= GAP:
            yield Tick(round((axis.x(before) + axis.x(after)) / 2, 2), plural((after - before).days, "day"))


def _told(recurrence: Recurrence, dated: Sequence[Summary]) -> str:
    each = "; ".join(grouped([_incident_told(incident) for incident in dated], TOLD))
    undated = recurrence["count"] - len(dated)
    parts = [plural(recurrence["count"], "time"), each, f"{undated} without a date" if undated else ""]
    return ". ".join(part for part in parts if part)
