"""Values to words for a reader: ages, durations, sizes, texts cut at a sentence, control characters made visible."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date

Span = tuple[int, int]

# A document must not be able to move the cursor, recolour the terminal or turn the reading direction round. Every
# replacement is one character for one, so that offsets into a cleaned text stay true.
_VISIBLE = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t\r"},
    0x09: 0x20,
    0x0D: 0x20,
    0x7F: 0x2421,
    **dict.fromkeys(range(0x80, 0xA0), 0xFFFD),
    **dict.fromkeys(range(0x202A, 0x202F), 0xFFFD),
    **dict.fromkeys(range(0x2066, 0x206A), 0xFFFD),
    0x2028: 0x0A,
    0x2029: 0x0A,
}
_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# How a line of code stands in the text of an answer.
CODE_INDENT = "    "
_LIST_ITEM = re.compile(r"\s*(?:[-*•+]|\d{1,3}[.)])\s")
# A line break within a paragraph: what follows is neither an item of a list nor a row of a table.
_SOFT_BREAK = re.compile(r"\n(?!\s{0,20}(?:[-*•+]|\d{1,3}[.)])\s|[^\n]* \| )")
_SENTENCE_END = re.compile(r"[.!?][\"')\]]?(?=\s)|\n")


def clean(text: str) -> str:
    """The text with control characters made visible, of the same length; line breaks stay."""
    return text.translate(_VISIBLE)


def visible(text: str) -> str:
    """The text for a page: what would hide, or turn the reading direction round, made visible; tabs and line breaks stay."""
    return _HIDDEN.sub(lambda found: found[0].translate(_VISIBLE), text)


def one_line(text: str) -> str:
    """The cleaned text on one line, with single spaces."""
    return " ".join(clean(text).split())


def paragraphs(text: str) -> list[str]:
    """The text as lines to be wrapped anew: a line break is kept before a list item and at a blank line only, and around code."""
    lines: list[str] = []
    fresh = True
    for line in clean(text).splitlines():
        stripped = " ".join(line.split())
        if not stripped:
            fresh = True
        elif line.startswith(CODE_INDENT):
            lines.append(stripped)
            fresh = True
        elif fresh or _LIST_ITEM.match(line):
            lines.append(stripped)
            fresh = False
        else:
            lines[-1] += " " + stripped
    return lines


def cut(text: str, budget: int) -> str:
    """The text, at most ``budget`` characters and an ellipsis, cut after a sentence or else between words."""
    if len(text) <= budget:
        return text
    ends = [match.end() for match in _SENTENCE_END.finditer(text, 0, budget + 1) if match.end() <= budget]
    if ends and ends[-1] >= budget * 0.4:
        return text[: ends[-1]].rstrip() + " …"
    return text[: _word_end(text, budget)].rstrip(" ,;:") + " …"


def cut_lines(lines: Iterable[str], budget: int) -> list[str]:
    """Whole lines as long as the budget of characters lasts; the last of them may be cut."""
    kept: list[str] = []
    for line in lines:
        if budget < 30:
            kept[-1] = kept[-1].removesuffix(" …") + " …"
            break
        kept.append(cut(line, budget))
        budget -= len(line)
    return kept


def passage(text: str, spans: Iterable[Span], budget: int) -> tuple[str, list[Span]]:
    """About ``budget`` characters of the text around its most highlighted part, and where the highlights are in them.

    Rows of a table and items of a list keep their line breaks.
    """
    flat = _SOFT_BREAK.sub(" ", clean(text))
    inside = sorted((start, end) for start, end in spans if 0 <= start < end <= len(flat))
    start, end = _window(flat, inside, budget)
    before, after = ("… " if start else ""), (" …" if end < len(flat) else "")
    shift = len(before) - start
    kept = [(a + shift, b + shift) for a, b in inside if a >= start and b <= end]
    return before + flat[start:end] + after, kept


def _window(text: str, spans: list[Span], budget: int) -> Span:
    if len(text) <= budget:
        return 0, len(text)
    starts = [begin for begin, _ in spans] or [0]
    best = max(starts, key=lambda begin: (_covered(spans, begin, begin + budget), -begin))
    sentence = max((m.end() for m in _SENTENCE_END.finditer(text, 0, best)), default=0)
    start = sentence if best - sentence < budget // 3 else text.rfind(" ", 0, max(best - budget // 6, 0)) + 1
    start += len(text[start:]) - len(text[start:].lstrip())
    return start, _word_end(text, min(start + budget, len(text)))


def _covered(spans: list[Span], start: int, end: int) -> int:
    return sum(b - a for a, b in spans if a >= start and b <= end)


def _word_end(text: str, limit: int) -> int:
    if limit >= len(text):
        return len(text)
    space = max(text.rfind(" ", 0, limit + 1), text.rfind("\n", 0, limit + 1))
    return space if space > limit // 2 else limit


def age(day: str | None, today: date) -> str:
    """How long ago an ISO date was ("8 months ago"); empty for None and for what is no date."""
    try:
        days = (today - date.fromisoformat((day or "")[:10])).days
    except ValueError:
        return ""
    if days < 0:
        return "in the future"
    return ("today", "yesterday")[days] if days < 2 else f"{_length(days)} ago"


def _length(days: int) -> str:
    """So many days in the largest unit of which they are at least two: "17 months"."""
    for size, unit in ((365.25, "year"), (30.44, "month"), (7, "week")):
        if days >= size * 2:
            return plural(int(days / size), unit)
    return plural(days, "day")


def late(due: str | None, today: date) -> str:
    """By how much an ISO date has passed ("overdue by 3 months"); empty for one to come, None, and what is no date."""
    try:
        days = (today - date.fromisoformat((due or "")[:10])).days
    except ValueError:
        return ""
    return f"overdue by {_length(days)}" if days > 0 else ""


def outcome(held: bool | None, days: int | None) -> str:
    """How a fix fared, in words: whether it held, and for how long."""
    if held is None:
        return "not known whether it held"
    if not held:
        return f"came back after {plural(days, 'day')}" if days else "came back the same day" if days == 0 else "came back"
    return f"held, {plural(days, 'day')} so far" if days else "held so far"


def minutes(count: int) -> str:
    """A duration in words: "47 min", "1 h 44 min", "2 d 3 h"; "-3 d" before the start."""
    if count < 0:
        return f"-{minutes(-count)}"
    days, rest = divmod(count, 1440)
    hours, left = divmod(rest, 60)
    parts = [f"{days} d"] * bool(days) + [f"{hours} h"] * bool(hours) + [f"{left} min"] * bool(left and not days)
    return " ".join(parts) or "0 min"


def plural(count: int, noun: str) -> str:
    """A count with its noun: "1 incident", "1,204 incidents"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def size(count: int) -> str:
    """A number of bytes: "812 B", "3.4 MB"."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.0f} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError("unreachable")


def grouped(values: Iterable[str], limit: int) -> Iterator[str]:
    """The first ``limit`` values, then how many more there are."""
    every = list(values)
    yield from every[:limit]
    if len(every) > limit:
        yield f"and {len(every) - limit:,} more"
