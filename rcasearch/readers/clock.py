"""Times of day as timelines write them -> minutes, with dates where they are written too."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from rcasearch.readers.values import MONTH, MONTHS, find_date

_ZONE = (
    r"(?:\s*\(?(?:UTC|GMT|Z|[ECMP][SD]?T|BST|CES?T|IST|JST|AE[SD]T|KST|SGT|WES?T|EES?T|MSK|local(?: time)?)"
    r"(?:[+-]\d{1,2}(?::?\d{2})?)?\)?)"
)
_CLOCK = (
    r"(?:T-?\s*)?(?P<hour>[01]?\d|"
    r"2[0-4])(?:[:h.](?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d)(?:[.,]\d+)?)?(?:\s*(?P<half>[ap]\.?m\b\.?))?"
    r"|\s*(?P<half2>[ap]\.?m\b\.?))"
)
_MILITARY = r"(?P<hour4>[01]\d|2[0-3])(?P<minute4>[0-5]\d)(?=\s*(?:UTC|GMT|Z|hrs?|h|local)\b)"
_WEEKDAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\b\.?"
_DAY = (
    rf"(?:(?P<week>{_WEEKDAY}),?\s+)?"
    rf"(?P<day>\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}(?:st|nd|rd|th)?[ \-](?:{MONTH})\b\.?,?(?:[ \-]\d{{4}})?"
    rf"|(?:{MONTH})\b\.?\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}}\b)?|"
    rf"\d{{1,2}}[/.]\d{{1,2}}(?:[/.]\d{{2,4}})?(?![:\d])|day\s+\d{{1,2}})"
)
_LEAD = r"^\s*[\[(~\u2248*:]*\s*(?:(?:at|around|about|approx\.?|circa|from|by|c\.)\s+)?[~\u2248]?"
_STAMP = re.compile(
    rf"{_LEAD}(?P<whole>(?:(?:{_DAY}|(?P<weekday>{_WEEKDAY}),?)(?:\s*[,T@|]\s*|\s+(?:at\s+)?|"
    rf"\s*[-\u2013\u2014]\s*))?(?:{_MILITARY}|{_CLOCK}){_ZONE}?)",
    re.IGNORECASE,
)
_RELATIVE = re.compile(
    r"^\s*[\[(]?(?P<whole>(?:T\s*)?(?P<sign>[+\-\u2212])\s*(?:(?P<h>\d+)\s*(?:h|hrs?|hours?)\s*)?(?:(?P<m>\d+)\s*(?:m|"
    r"mins?|minutes?)?(?::(?P<s>\d\d))?)?"
    r"|T0|T\s*=\s*0)(?=[\s\])\-\u2013\u2014:|,]|$)",
    re.IGNORECASE,
)
_UNTIL = re.compile(rf"^\s*(?:-|\u2013|\u2014|to|until|through)\s*(?:(?:{_MILITARY})|{_CLOCK}){_ZONE}?", re.IGNORECASE)
_AFTER = re.compile(rf"^{_ZONE}?(?:\s*\(\s*[^()]{{1,40}}\))?[\])*\s]*(?:[-\u2013\u2014:|,.\u2192>]+\s*)?", re.IGNORECASE)
_DAYS = re.compile(rf"^\s*(?:{_DAY}|(?P<weekday>{_WEEKDAY}))", re.IGNORECASE)
_DAY_AFTER = re.compile(rf"^{_ZONE}?\s*\(\s*{_DAY}\s*\)", re.IGNORECASE)
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SHORT_DAY = re.compile(rf"(?:(\d{{1,2}})\D*?\b({MONTH})\b|\b({MONTH})\b\D*?(\d{{1,2}}))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Day:
    """A day as a timeline names it: ``number`` counts days; ``weekday`` (Monday is 0) is known where only that is written."""

    number: int | None = None
    weekday: int | None = None

    def after(self, day: int | None) -> int | None:
        """The day's number, a bare weekday being the first one on or after ``day``."""
        if self.number is not None or self.weekday is None:
            return self.number
        return self.weekday + 1 if day is None else day + (self.weekday - (day - 1)) % 7


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time found at the start of a text: as written, its second of the day (or since the start), its day, and where it ends."""

    written: str
    second: int
    day: Day | None
    end: int
    relative: bool = False


def stamp(text: str, year: int | None = None) -> Stamp | None:
    """The time that ``text`` begins with, or None. ``year`` completes dates written without one."""
    return _stamp(text[:120], year)


# Each cell and line is asked several times: whether it has a time, whether its column has, and which.
@lru_cache(maxsize=8192)
def _stamp(head: str, year: int | None) -> Stamp | None:
    match = _STAMP.match(head)
    if match is None:
        return _relative(head)
    second = _second(match)
    end = match.end()
    if second is None or (end < len(head) and head[end].isalnum()) or not _is_time(match, head[end:]):
        return None
    written = " ".join(match["whole"].split())
    day = _day(match, year)
    if day is None and (behind := _DAY_AFTER.match(head[end:])):
        day = _day(behind, year)
        end += behind.end()
        written = " ".join(head[match.start("whole") : end].split())
    until = _UNTIL.match(head[end:])
    if until is not None:
        end += until.end()
        written = " ".join(head[match.start("whole") : end].split())
    after = _AFTER.match(head[end:])
    return Stamp(written, second, day, end + (after.end() if after else 0))


def _day(match: re.Match[str], year: int | None) -> Day | None:
    named = match.groupdict()
    if named.get("day") and (number := _day_number(named["day"], year)) is not None:
        return Day(number)
    return Day(weekday=_WEEK.index(named["weekday"][:3].lower())) if named.get("weekday") else None


def _is_time(match: re.Match[str], rest: str) -> bool:
    """Whether digits with a dot are a time: "5.30 pm" is one, "5.30 errors" is not."""
    return (
        "." not in match["whole"] or ":" in match["whole"] or bool(match["half"] or match["half2"] or rest.strip()[:3] == "UTC")
    )


def _second(match: re.Match[str]) -> int | None:
    if match["hour4"]:
        return int(match["hour4"]) * 3600 + int(match["minute4"]) * 60
    hour = int(match["hour"])
    half = (match["half"] or match["half2"] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    return hour * 3600 + int(match["minute"] or 0) * 60 + int(match["second"] or 0)


def _relative(head: str) -> Stamp | None:
    match = _RELATIVE.match(head)
    if match is None:
        return None
    if match["sign"] is None:
        second = 0
    elif match["h"] is None and match["m"] is None:
        return None
    else:
        second = int(match["h"] or 0) * 3600 + int(match["m"] or 0) * 60 + int(match["s"] or 0)
        second = second if match["sign"] == "+" else -second
        if not match["whole"].upper().startswith("T") and not re.search(r"[hm:]", match["whole"], re.IGNORECASE):
            return None
    after = _AFTER.match(head[match.end() :])
    return Stamp(match["whole"].strip(), second, None, match.end() + (after.end() if after else 0), relative=True)


def leading_day(text: str, year: int | None = None) -> Day | None:
    """The day that a heading, a cell or a line such as "2025-01-02", "Jan 2", "Tuesday" or "Day 2" begins with."""
    match = _DAYS.match(text[:120])
    return _day(match, year) if match else None


def _day_number(text: str, year: int | None) -> int | None:
    """A number that grows by one a day, for a date with or without its year; None where there is no date."""
    if text.lower().startswith("day"):
        return int(re.sub(r"\D", "", text))
    if found := find_date(text):
        return date.fromisoformat(found).toordinal()
    if match := _SHORT_DAY.search(text):
        month, day = MONTHS[(match[2] or match[3]).lower()], int(match[1] or match[4])
        try:
            return date(year or 2000, month, day).toordinal()
        except ValueError:
            return None
    return None
