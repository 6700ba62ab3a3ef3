"""Dates, durations and lists as people spell them, turned into one form each."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from rcasearch.texts import unique

MAX_VALUES = 200
MAX_VALUE_CHARS = 300
NULLS = {"", "~", "null", "none", "n/a", "na", "-", "--", "tbd", "tbc", "todo", "unknown"}

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
            "september sep sept", "october oct", "november nov", "december dec",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_ISO = re.compile(r"(?<!\d)(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)")
_COMPACT = re.compile(r"(?<!\d)(\d{4})(\d{2})(\d{2})(?!\d)")
_DAY_MONTH = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th)?[\s\-]+(?:of\s+)?({MONTH})\b\.?,?[\s\-]+(\d{{4}})(?!\d)", re.IGNORECASE
)
_MONTH_DAY = re.compile(rf"\b({MONTH})\b\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})(?!\d)", re.IGNORECASE)
_NUMERIC = re.compile(r"(?<![\d/.])(\d{1,2})([/.\-])(\d{1,2})\2(\d{4})(?!\d)")

_UNIT_MINUTES = {"w": 7 * 24 * 60.0, "d": 24 * 60.0, "h": 60.0, "m": 1.0, "s": 1 / 60}
_PART = re.compile(
    r"(?<!\d)(\d+(?:[.,]\d+)?|\ban?\b)\s*+[-\u2011]?\s*+(weeks?|wks?|w|days?|d|hours?|hrs?|hr|h|minutes?|mins?|min|m|seconds?|secs?|sec|s)\b\.?",
    re.IGNORECASE,
)
_PART_COMPACT = re.compile(r"(?<!\d)(\d+)\s*h\s*(\d{1,2})(?:\s*m(?:in)?)?\b", re.IGNORECASE)
_JOINT = re.compile(r"[\s,&+]*(?:and\s+)?", re.IGNORECASE)
_ISO_DURATION = re.compile(
    r"^P(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"^(\d{1,4}):([0-5]\d)(?::([0-5]\d))?(?:\s*(?:h|hours?|hrs?))?$", re.IGNORECASE)
_LONGEST = 60 * 24 * 366 * 10
_MARKS = re.compile(r"^\[\[(?:[^\]|]*\|)?([^\]]+)\]\]$")


def find_date(text: str) -> str | None:
    """The first calendar date written in ``text`` as YYYY-MM-DD; None where there is none, or where day and month could swap."""
    found = [
        *((m.start(), m[1], m[3], m[4]) for m in _ISO.finditer(text)),
        *((m.start(), m[1], m[2], m[3]) for m in _COMPACT.finditer(text)),
        *((m.start(), m[3], str(MONTHS[m[2].lower()]), m[1]) for m in _DAY_MONTH.finditer(text)),
        *((m.start(), m[3], str(MONTHS[m[1].lower()]), m[2]) for m in _MONTH_DAY.finditer(text)),
        *((m.start(), m[4], *_day_and_month(m[1], m[3])) for m in _NUMERIC.finditer(text)),
    ]
    for _, year, month, day in sorted(found):
        if (value := _calendar_date(year, month, day)) is not None:
            return value
    return None


def _day_and_month(first: str, second: str) -> tuple[str, str]:
    """(month, day) of 16/11 or 11/16; an ambiguous pair gives month 0, which is no date."""
    if first == second or int(first) > 12:
        return second, first
    return (first, second) if int(second) > 12 else ("0", "0")


def _calendar_date(year: str, month: str, day: str) -> str | None:
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


def minutes(text: str, unit: str = "m") -> int | None:
    """The length of time that ``text`` states, in whole minutes, at least 1 unless it is nought; None where it states none.

    A bare number counts in ``unit`` ("d", "h", "m" or "s"). Of two lengths ("45 min partial, 10 min full") the first counts.
    """
    value = _raw_minutes(text.strip().lstrip("~≈<>+ ").strip(), unit)
    if value is None or not 0 <= value <= _LONGEST:
        return None
    return 0 if value == 0 else max(1, int(value + 0.5))


def _raw_minutes(text: str, unit: str) -> float | None:
    if re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", text):
        return float(text) * _UNIT_MINUTES[unit]
    if (match := _ISO_DURATION.match(text)) and any(match.groups()):
        return sum(float(n or 0) * _UNIT_MINUTES[u] for n, u in zip(match.groups(), "wdhms", strict=True))
    if match := _CLOCK.match(text):
        return int(match[1]) * 60 + int(match[2]) + int(match[3] or 0) / 60
    if match := _PART_COMPACT.search(text):
        before = _run_of_parts(text[: match.start()])
        return int(match[1]) * 60 + int(match[2]) + (before or 0)
    return _run_of_parts(text)


def _run_of_parts(text: str) -> float | None:
    total: float | None = None
    end = 0
    for match in _PART.finditer(text[:500]):
        if total is not None and not _JOINT.fullmatch(text[end : match.start()]):
            break
        number = 1.0 if match[1].lower() in ("a", "an") else float(match[1].replace(",", "."))
        total = (total or 0.0) + number * _UNIT_MINUTES[match[2][0].lower()]
        end = match.end()
    return total


def one(value: Any) -> str | None:
    """A raw front-matter value as one line of text: lists are joined, mappings give their name; None where there is nothing."""
    found = many(value, split=False)
    return ", ".join(found)[:2000] if found else None


def many(value: Any, split: bool = True) -> tuple[str, ...]:
    """A raw front-matter value as a list of texts: "a, b", [a, b], [{name: a}], {a: ..., b: ...} all give a and b."""
    if isinstance(value, dict):
        items: list[Any] = [value.get("name") or value.get("id") or value.get("title")] if _is_named(value) else list(value)
    elif isinstance(value, list):
        items = [many(item, split=False)[:1] if isinstance(item, dict) else item for item in value[:MAX_VALUES]]
        items = [item[0] if isinstance(item, tuple) and item else item for item in items]
    else:
        items = _pieces(value) if split and isinstance(value, str) else [value]
    texts = (_clean(item) for item in items[:MAX_VALUES] if isinstance(item, str))
    return unique(text for text in texts if shows(text) and text.lower() not in NULLS)


def shows(text: str | None) -> bool:
    """Whether there is anything to be seen in a text: zero-width characters alone name nothing."""
    return any(char.isprintable() and not char.isspace() for char in text or "")


def _is_named(value: dict[Any, Any]) -> bool:
    return any(isinstance(value.get(key), str) for key in ("name", "id", "title"))


def _pieces(text: str) -> list[Any]:
    inner = text.strip()
    if inner.startswith("[") and inner.endswith("]") and not inner.startswith("[["):
        inner = inner[1:-1]
    parts = re.split(r"[,;\n]", inner)
    if len(parts) == 1 and inner.lstrip().startswith("#"):
        parts = inner.split()
    return list(parts)


def _clean(text: str) -> str:
    short = " ".join(text.split())[:MAX_VALUE_CHARS].strip("\"'` ")
    return (_MARKS.sub(r"\1", short)).strip()
