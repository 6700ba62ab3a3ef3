"""A timeline, table or list or lines of text -> events with minutes from the first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rcasearch.model import TimelineEvent
from rcasearch.readers.blocks import Piece
from rcasearch.readers.clock import Stamp, leading_day, stamp
from rcasearch.readers.outline import Part
from rcasearch.readers.tables import cell, columns, likeliest, tables, words

_COLUMNS = {
    "time": words("time; timestamp; time utc; when; clock; hour; utc; date time; datetime; at; start; start time; date and time"),
    "day": words("date; day"),
    "text": words("event; description; what happened; what; action; detail; entry; activity; message; note; update; happening; summary"),
}
_STEP_BACK = 3 * 3600
_DAY = 24 * 3600


@dataclass(slots=True)
class _Row:
    stamp: Stamp | None
    text: str
    line: int
    day: int | None = None


def timeline(parts: list[Part], year: int | None = None) -> tuple[TimelineEvent, ...]:
    """The events of every timeline part in order; rows without a time are kept where others have one."""
    rows: list[_Row] = []
    for part in parts:
        if "timeline" in part.kinds:
            rows.extend(_rows(part, year))
    if not any(row.stamp for row in rows):
        return ()
    return tuple(_events(rows))


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
    for piece in part.pieces:
        if not piece.cells and piece.kind != "code":
            _take_text(piece, found, year)
    for row in sorted(found, key=lambda row: row.line):
        row.day = row.day or day
        yield row


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


def _take_text(piece: Piece, rows: list[_Row], year: int | None) -> None:
    """A list item or the lines of a paragraph; what has no time of its own continues the event before it."""
    for number, line in enumerate(piece.lines):
        found = stamp(line.text, year)
        if found is not None:
            rows.append(_Row(found, line.text[found.end :].strip(), piece.line + number))
        elif rows and not _stands_alone(piece, number):
            rows[-1].text = f"{rows[-1].text} {line.text}".strip()
        elif piece.opens_item and line.text:
            rows.append(_Row(None, line.text, piece.line + number))


def _stands_alone(piece: Piece, number: int) -> bool:
    return number == 0 and (piece.depth <= 1 and piece.opens_item or piece.kind == "paragraph" and not piece.depth)


def _events(rows: list[_Row]) -> Iterator[TimelineEvent]:
    seconds = list(_running(rows))
    first = next(second for second in seconds if second is not None)
    for row, second in zip(rows, seconds, strict=True):
        minute = None if second is None or second < first else (second - first) // 60
        yield TimelineEvent(row.stamp.written if row.stamp else "", row.text, row.line, minute)


def _running(rows: list[_Row]) -> Iterator[int | None]:
    """Seconds on one scale. Without dates, a step back by hours is the next day; a small one is an untidy row."""
    day: int | None = None
    shift, before = 0, None
    for row in rows:
        if row.stamp is None:
            yield None
            continue
        written = row.stamp.day if row.stamp.day is not None else row.day
        if written is not None and written != day:
            shift = (written - day) * _DAY + shift if day is not None else shift
            day, before = written, None
        second = row.stamp.second + (0 if row.stamp.relative else shift)
        if before is not None and not row.stamp.relative and second < before - _STEP_BACK:
            shift += _DAY
            second += _DAY
            day = day + 1 if day is not None and written is None else day
        before = max(second, before) if before is not None else second
        yield second
