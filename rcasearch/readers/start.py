"""Which row of a timeline the incident starts with: timelines like to begin with the deploy, days before, that sowed it.

What fits the stated duration comes first, then what the wording says, then the incident's own date.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rcasearch.readers.milestones import tells_action, tells_end

Row = tuple[int | None, str]
"""The minute of a row on the timeline's own scale, None where it has no time; and its text."""

_FAILING = (
    r"(?:fail\w*|errors?|exceptions?|timeouts?|refus\w+|reject\w+|affected|crash\w*|alerts?|alarms?|pages?|complaints?|reports?|"
    r"evict\w+|symptoms?|impact\w*|5\d\ds?|5xx|oom\w*|terminat\w+|killed|restarts?|lost|missing|wrong|broken|slow|duplicates?|tickets?|calls?)"
)
_BEGINS = (
    r"(?:begins?|began|beginning|starts?|started|starting|appears?|appeared|sets? in|spikes?|spiked|climb\w*|rises?|rose|jump\w*)"
)
_TROUBLE = (
    r"(?:errors?(?: rates?)?|failures?|5\d\ds?|5xx|timeouts?|latency|impact|outage|incident|symptoms?|crashes|refusals|"
    r"complaints|degradation)"
)
_PEOPLE = r"(?:customers?|users?|support|partners?|promoters?|organisers?|buyers?|clients?|merchants?|people|fans|visitors)"
_TELLS = r"(?:reports?|reported|complains?|complained|calls?|called|phones?|phoned|notices?|noticed)"
_FIRES = r"(?:fire[sd]?|firing|triggers?|triggered|goes off|went off|goes out|went out|raised)"
_TO_FAIL = r"(?:to fail|failing|to crash|crashing|to time ?out|timing out|to refuse|refusing|to answer 5|returning 5|throwing)"
_STARTS = re.compile(
    "|".join(
        (
            rf"\b(?:alerts?|alarms?|pages?|monitors?)\b[^.;|]{{0,30}}\b{_FIRES}\b",
            r"\bpaged\b|^\W*(?:pages?|alerts?|alarms?)\b|\bpages (?:for|on|the|us)\b|\b(?:alert|page)\W*$",
            rf"\bfirst (?:[\w-]+ ){{0,3}}?{_FAILING}\b",
            rf"\b{_TROUBLE}\b (?:[\w-]+ ){{0,3}}?{_BEGINS}\b",
            rf"\b{_BEGINS} {_TO_FAIL}",
            rf"\b{_PEOPLE} (?:[\w-]+ ){{0,2}}?{_TELLS}\b",
            r"\b(?:start|beginning|onset) of (?:the )?(?:impact|incident|outage|errors|failures)\b",
        )
    ),
    re.IGNORECASE,
)
_NOT = re.compile(r"\b(?:no|not|never|without|would|\w+n't)\b[^.;,|]{0,30}$", re.IGNORECASE)
# A duration is rounded, and begins or ends a little beside a row.
_FIT = 0.1
_EXACT = 1
# How many times the stated duration may pass between a start and what ends it.
_LOOSE = 1.5
_TIGHT = 1.1
# Nobody writes a timeline of more rows; a paste of a log is not searched for its start beyond them.
_MOST = 1000
# Rows at the foot of a timeline that may be the end of it in whatever words.
_LAST = 3


@dataclass(frozen=True, slots=True)
class _Timed:
    number: int
    minute: int
    starts: bool
    ends: bool
    acts: bool


def start(rows: Sequence[Row], duration: int | None = None, own_day: int | None = None) -> int | None:
    """The number of the row that starts the incident; None where no row has a time.

    ``duration`` is the stated one in minutes; ``own_day`` the minute at which the incident's own date begins.
    """
    timed = [_timed(number, minute, text[:600]) for number, (minute, text) in enumerate(rows[:_MOST]) if minute is not None]
    if not timed:
        return None
    worded = [row for row in timed if row.starts]
    found = _by_duration(timed, worded, duration) if duration else next(iter(worded), None)
    on_the_day = (row for row in timed if own_day is not None and row.minute >= own_day)
    return (found or next(on_the_day, timed[0])).number


def _timed(number: int, minute: int, text: str) -> _Timed:
    return _Timed(number, minute, _tells_start(text), number > 0 and tells_end(text), tells_action(text))


@lru_cache(maxsize=8192)
def _tells_start(text: str) -> bool:
    return any(not _NOT.search(text[: match.start()]) for match in _STARTS.finditer(text))


def _by_duration(timed: Sequence[_Timed], worded: Sequence[_Timed], duration: int) -> _Timed | None:
    """The row that fits the stated duration, else the first worded one that does not contradict it, else the first such row.

    Once somebody is paged or acts, only a row worded as a start may still be it: an early alert may have been overlooked.
    """
    ends = [row.minute for row in timed if row.ends]
    said = _within(worded, ends, duration * _LOOSE)
    acted = _within([row for row in timed if row.acts], ends, duration * _LOOSE)
    latest = min((row.number for row in (said, acted) if row), default=timed[-1].number)
    opening = [row for row in timed if (row.number <= latest or row.starts) and not row.ends]
    feet = [row.minute for row in timed[-_LAST:]]
    if not ends:
        return _fitting(opening, feet, duration, 0) or next(iter(worded), None)
    return (
        _fitting(opening, ends, duration, max(_EXACT, duration * _FIT))
        or _fitting(opening, feet, duration, 0)
        or said
        or _within(opening, ends, duration * _TIGHT)
    )


def _fitting(rows: Sequence[_Timed], ends: Sequence[int], duration: int, tolerance: float) -> _Timed | None:
    """The row from which the duration leads to an end: to the minute if there is one, and worded as a start rather."""
    beside = {row: min(abs(end - row.minute - duration) for end in ends) for row in rows}
    fitting = [row for row in rows if beside[row] <= tolerance]
    return min(fitting, key=lambda row: (beside[row] > _EXACT, not row.starts, beside[row], row.number), default=None)


def _within(rows: Sequence[_Timed], ends: Sequence[int], limit: float) -> _Timed | None:
    """The first row that has an end within ``limit`` minutes."""
    return next((row for row in rows if any(0 < end - row.minute <= limit for end in ends)), None)
