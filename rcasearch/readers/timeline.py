"""A timeline, table or list or lines of text -> events with minutes from the start of the incident."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from rcasearch.model import TimelineEvent
from rcasearch.readers.clock import Day, Stamp, leading_day, stamp
from rcasearch.readers.outline import Part
from rcasearch.readers.pieces import Piece
from rcasearch.readers.start import start
from rcasearch.readers.tables import cell, columns, likeliest, tables, words

_COLUMNS = {
    "time": words("time; timestamp; time utc; when; clock; hour; utc; date time; datetime; at; start; start time; date and time"),
    "day": words("date; day"),
    "text": words(
        "event; description; what happened; what; action; detail; entry; activity; message; note; update; happening; summary"
    ),
}
_STEP_BACK = 3600
_DAY = 24 * 3600
_SEPARATOR = re.compile(r"(?<!\s)\s+[\u00b7\u2022|\u2192]\s+|;\s+")
_FEWEST_ROWS = 3
_LONGEST_GAP = 400


@dataclass(slots=True)
class _Row:
    stamp: Stamp | None
    text: str
    line: int
    day: Day | None = None


def timeline(parts: list[Part], incident_date: str | None = None, duration: int | None = None) -> tuple[TimelineEvent, ...]:
    """The events of every timeline part in order; rows without a time are kept where others have one.

    Where no part is called a timeline, a table of times anywhere is one. ``incident_date`` completes dates without a year;
    it and the stated ``duration`` in minutes help to tell the row that starts the incident.
    """
    today = date.fromisoformat(incident_date) if incident_date else None
    year = today.year if today else None
    rows = [row for part in parts if "timeline" in part.kinds for row in _rows(part, year)]
    if not any(row.stamp for row in rows):
        rows = _any_table(parts, year)
    return tuple(_events(rows, today.toordinal() if today else None, duration)) if rows else ()


def _any_table(parts: list[Part], year: int | None) -> list[_Row]:
    for part in parts:
        for table in [] if "action_items" in part.kinds else tables(part.pieces):
            rows = list(_table_rows(table, year))
            if sum(row.stamp is not None for row in rows) >= _FEWEST_ROWS:
                return rows
    return []


def _rows(part: Part, year: int | None) -> Iterator[_Row]:
    """A part's rows in the order of the document. Its heading may be the day, or the time, of what stands below it."""
    day = leading_day(part.heading, year)
    found: list[_Row] = []
    headed = stamp(part.heading, year)
    if headed is not None:
        body = " ".join(piece.flat for piece in part.pieces)
        text = ": ".join(filter(None, (part.heading[headed.end :].strip(), body)))
        yield _Row(headed, text, part.line, day)
        return
    for rows in tables(part.pieces):
        found.extend(_table_rows(rows, year))
    texts: list[_Row] = []
    for piece in part.pieces:
        if not piece.cells and (piece.kind != "code" or _is_log_of_times(piece, year)):
            day = _take_text(piece, texts, year, day)
    for row in sorted([*found, *texts], key=lambda row: row.line):
        row.day = row.day or day
        yield row


def _is_log_of_times(piece: Piece, year: int | None) -> bool:
    """A timeline set in code for its columns: most of its lines begin with a time."""
    return sum(stamp(line.text, year) is not None for line in piece.lines) * 2 > len(piece.lines)


def _table_rows(rows: list[Piece], year: int | None) -> Iterator[_Row]:
    at = columns(rows[0].header, _COLUMNS)
    time = at.get("time")
    if time is None or sum(stamp(cell(row, time), year) is not None for row in rows) * 2 < len(rows):
        time = likeliest(rows, lambda text: stamp(text, year) is not None)
    if time is None:
        return
    for row in rows:
        day_column = at.get("day") if at.get("day") != time else None
        day = leading_day(cell(row, day_column), year) if day_column is not None else None
        rest = [c.text for n, c in enumerate(row.cells) if n not in (time, day_column) and c.text]
        main = cell(row, at.get("text"))
        text = " | ".join([main, *(t for t in rest if t != main)] if main else rest)
        yield _Row(stamp(cell(row, time), year), text, row.line, day)


def _take_text(piece: Piece, rows: list[_Row], year: int | None, day: Day | None) -> Day | None:
    """A list item or the lines of a paragraph; what has no time of its own continues the event before it.

    A line that is only a day ("Thursday 16 May") is the day of what follows; the day in force at the end is returned.
    """
    for number, line in enumerate(piece.lines):
        events = [event for event in _events_on(line.text) if stamp(event, year)]
        named = leading_day(line.text, year) if not events and len(line.text) <= 40 else None
        if events:
            rows.extend(_stamped(event, piece.line + number, year, day) for event in events)
        elif named is not None and not piece.depth:
            day = named
        elif rows and not _stands_alone(piece, number):
            rows[-1].text = f"{rows[-1].text} {line.text}".strip()
        elif piece.opens_item and line.text:
            rows.append(_Row(None, line.text, piece.line + number, day))
    return day


def _stamped(text: str, line: int, year: int | None, day: Day | None) -> _Row:
    found = stamp(text, year)
    assert found is not None
    return _Row(found, text[found.end :].strip(), line, day)


def _events_on(text: str) -> list[str]:
    """The events of a line: one, or several as in "08:12 slow - 08:16 page" with dots or semicolons between them."""
    if len(text) > 5_000:
        return [text]
    events: list[str] = []
    start = 0
    for gap in _SEPARATOR.finditer(text):
        if stamp(text[gap.end() :]) is not None:
            events.append(text[start : gap.start()])
            start = gap.end()
    return [*events, text[start:]]


def _stands_alone(piece: Piece, number: int) -> bool:
    outermost = piece.opens_item if piece.depth else piece.kind == "paragraph"
    return number == 0 and piece.depth <= 1 and outermost


def _events(rows: list[_Row], today: int | None, duration: int | None) -> Iterator[TimelineEvent]:
    """Minutes count from the row that starts the incident: negative above it, None for a row below that steps back behind it."""
    calendar = _Calendar(today)
    seconds = [calendar.second(row) for row in rows]
    started = _start(rows, seconds, calendar.own_day(), duration)
    zero = seconds[started] or 0
    for number, (row, second) in enumerate(zip(rows, seconds, strict=True)):
        minute = None if second is None or (second < zero and number > started) else (second - zero) // 60
        yield TimelineEvent(row.stamp.written if row.stamp else "", row.text, row.line, minute)


def _start(rows: list[_Row], seconds: list[int | None], own_day: int | None, duration: int | None) -> int:
    for number, (row, second) in enumerate(zip(rows, seconds, strict=True)):
        if row.stamp is not None and row.stamp.relative and second == 0:
            return number
    minutes = [None if second is None else second // 60 for second in seconds]
    return start([(minute, row.text) for minute, row in zip(minutes, rows, strict=True)], duration, own_day) or 0


class _Calendar:
    """Keeps the day while rows go by. Where none is written, a step back of more than an hour is the next day, and a smaller
    one an untidy row.
    """

    def __init__(self, today: int | None) -> None:
        self.today = today
        self.origin: int | None = None
        self.day = 0
        self.before: int | None = None

    def second(self, row: _Row) -> int | None:
        """Where a row stands on one scale of seconds, which begins with the first row's day."""
        if row.stamp is None or row.stamp.relative:
            return row.stamp.second if row.stamp else None
        return self.place(row.stamp.second, row.stamp.day or row.day, explicit=row.stamp.day is not None)

    def own_day(self) -> int | None:
        """The minute on that scale at which the incident's own date begins, where dates were seen."""
        return None if self.today is None or self.origin is None else (self.today - self.origin) * 24 * 60

    def place(self, second: int, named: Day | None, explicit: bool) -> int:
        number = named.after(self._number()) if named is not None else None
        if number is not None and (explicit or self.origin is None or number > self.origin + self.day):
            self._move_to(number, second)
        elif self._steps_back(second):
            ahead = self.today - self.origin if self.today is not None and self.origin is not None else 0
            self.day = ahead if self.day < ahead <= _LONGEST_GAP else self.day + 1
        placed = second + self.day * _DAY
        self.before = placed if self.before is None else max(self.before, placed)
        return placed

    def _number(self) -> int | None:
        """The current day as an absolute number; before any date was seen, the week that ends with the incident's date."""
        if self.origin is not None:
            return self.origin + self.day
        return self.today - 6 if self.today is not None else None

    def _steps_back(self, second: int) -> bool:
        return self.before is not None and second + self.day * _DAY < self.before - _STEP_BACK

    def _move_to(self, number: int, second: int) -> None:
        if self.origin is None:
            # Rows before the first date were on that day, or on the day before it if the clock has gone round since.
            self.origin = number - self.day - self._steps_back(second)
        elif abs(number - self.origin) > _LONGEST_GAP:
            self.origin = number - self.day - 1
        if number - self.origin != self.day:
            self.day = number - self.origin
            self.before = None
