"""The course of an incident, laid out to be drawn: stretches between its milestones, its events as ticks, a scale of minutes.

Where something stands is given in percent of the width, so that a drawing fits any screen without its words shrinking.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rcasearch import wording
from rcasearch.model import Incident, Milestones, TimelineEvent

# (milestone, what leads up to it, what it is called once reached)
STEPS = (
    ("first_action", "Detect", "first action"),
    ("cause_found", "Diagnose", "cause found"),
    ("mitigated", "Mitigate", "mitigated"),
    ("resolved", "Resolve", "resolved"),
)
_REST = "To the end"
# Events further out than this, in parts of the whole course, would press the rest together: they are not drawn.
_BEFORE, _AFTER = 0.15, 0.3
_MARKS = (1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 720, 1440, 2880, 7200, 14400, 43200, 144000)
_MOST_MARKS = 4
_MOST_TICKS = 300
# In percent: what is narrower is drawn so wide, and what is wider has room for its number, or for its minutes too.
_NARROWEST, _NUMBERED, _WORDED = 0.8, 5, 24


@dataclass(frozen=True, slots=True)
class Stretch:
    """The way to one milestone: ``minutes`` long, ``reached`` so many minutes after the start, drawn from ``x`` on."""

    number: int
    name: str
    until: str
    minutes: int
    reached: int
    x: float
    width: float

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 2)

    @property
    def label(self) -> str:
        """What fits into it: its number and minutes, its number, or nothing."""
        if self.width < _NUMBERED:
            return ""
        return f"{self.number} · {wording.minutes(self.minutes)}" if self.width >= _WORDED else str(self.number)


@dataclass(frozen=True, slots=True)
class Tick:
    """An event that is drawn: where, and its place in the timeline, from 0."""

    x: float
    event: int
    told: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark of the scale."""

    x: float
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Course:
    """All that is drawn. ``left_out`` events have no time or lie too far out."""

    stretches: tuple[Stretch, ...]
    ticks: tuple[Tick, ...]
    marks: tuple[Mark, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class _Scale:
    low: int
    high: int

    def x(self, minute: int) -> float:
        return round((minute - self.low) * 100 / max(self.high - self.low, 1), 2)


def course(incident: Incident) -> Course | None:
    """What is known of the course: by milestones, else by how long it lasted, else by its events alone.

    None where there are neither milestones nor a duration nor two events with a time.
    """
    ends = list(_ends(incident.milestones, incident.duration_minutes))
    minutes = [event.minute for event in incident.timeline if event.minute is not None]
    if not ends and len(set(minutes)) < 2:
        return None
    whole = max([reached for reached, _, _ in ends] or minutes)
    scale = _scale(minutes, max(whole, 1), bounded=bool(ends))
    ticks = tuple(_ticks(incident.timeline, scale))
    return Course(_stretches(ends, scale), ticks, tuple(_marks(scale)), len(incident.timeline) - len(ticks))


def _ends(milestones: Milestones, duration: int | None) -> Iterator[tuple[int, str, str]]:
    """(minute, name of the stretch, what ends it), in the order in which it happened."""
    times: dict[int, int | None] = {step: getattr(milestones, name) for step, (name, _, _) in enumerate(STEPS)}
    first, later = times[0], [minute for step, minute in times.items() if step and minute is not None]
    if first is not None and first >= min(later, default=first + 1):
        # Whoever found the cause had noticed before: such a first action tells nothing of when.
        times[0] = None
    known = sorted((max(minute, 0), step) for step, minute in times.items() if minute is not None)
    done: set[int] = set()
    for minute, step in known:
        # A milestone that nobody wrote down lies somewhere in the stretch to the next one that somebody did.
        covered = [own for own in range(step + 1) if own not in done and (own == step or times[own] is None)]
        done.update(covered)
        yield minute, _name(covered), STEPS[step][2]
    if duration and duration > max((minute for minute, _ in known), default=0) and times[len(STEPS) - 1] is None:
        yield duration, _REST if known else "Lasted", "over"


def _name(covered: Sequence[int]) -> str:
    first, last = STEPS[covered[0]][1], STEPS[covered[-1]][1]
    return first if len(covered) == 1 else f"{first} to {last.lower()}"


def _stretches(ends: Sequence[tuple[int, str, str]], scale: _Scale) -> tuple[Stretch, ...]:
    starts = [0, *(reached for reached, _, _ in ends)]
    return tuple(
        Stretch(number, name, until, reached - start, reached, *_bar(scale, start, reached))
        for number, (start, (reached, name, until)) in enumerate(zip(starts, ends, strict=False), 1)
    )


def _bar(scale: _Scale, start: int, end: int) -> tuple[float, float]:
    width = max(round(scale.x(end) - scale.x(start), 2), _NARROWEST)
    return min(scale.x(start), 100 - _NARROWEST), width


def _scale(minutes: Sequence[int], whole: int, *, bounded: bool) -> _Scale:
    """From the start to the end, and a little further where events lie there; to all events where nothing else is known."""
    low = min((m for m in minutes if not bounded or -m <= whole * _BEFORE), default=0)
    high = max((m for m in minutes if m <= whole * (1 + _AFTER)), default=whole)
    return _Scale(min(low, 0), max(high, whole))


def _ticks(events: Sequence[TimelineEvent], scale: _Scale) -> Iterator[Tick]:
    drawn = 0
    for number, event in enumerate(events):
        if event.minute is not None and scale.low <= event.minute <= scale.high and drawn < _MOST_TICKS:
            drawn += 1
            yield Tick(scale.x(event.minute), number, " ".join(filter(None, (event.time, wording.cut(event.text, 200)))))


def _marks(scale: _Scale) -> Iterator[Mark]:
    length = scale.high - scale.low
    step = next((step for step in _MARKS if length / step <= _MOST_MARKS), max(length // _MOST_MARKS, 1))
    for minute in range(0, scale.high + 1, step):
        x = scale.x(minute)
        yield Mark(x, wording.minutes(minute), "start" if x < 6 else "end" if x > 88 else "middle")
