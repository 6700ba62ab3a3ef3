"""A long paste -> the lines that tell: repeats once, and of many lines those that speak most of trouble.

Two hundred lines of log hold one that matters. Encoded whole, it would be one part in twenty, and what every other line says
would count as much. What is left here mostly fits the encoder in one part.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from rcasearch.loglines import ERROR, ROUTINE, UNKNOWN, WARNING, Line, plain_lines, read_lines

# Times, addresses, ids and counters: what differs between two prints of the same line.
_UUID = r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
_VARIABLE = re.compile(
    rf"{_UUID}|\b(?=[a-z]{{0,40}}\d)[0-9a-z]{{5,}}\b|\b[0-9a-f]{{7,}}\b|0x[0-9a-f]+|\d+(?:[.:]\d+)*(?:[nmuµ]?s\b)?", re.IGNORECASE
)
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[^\W\d_]{2,}")

_TROUBLE = re.compile(
    r"err(?:or|no)?s?\b|[a-z]error|exception|fatal|panic|crit(?:ical)?\b|emerg|alert|firing|caused by|refus|denied|deny|reject"
    r"|(?<!#)fail|timed?[ _-]?out|timing out|unavailable|unreachable|exceed|exhaust|expire|invalid|corrupt|missing|no such"
    r"|not found|cannot|can't|could not|unable|kill|oom|crash|abort|dropp|\blost\b|stuck|deadlock|full\b|no space|too many"
    r"|overflow|back-?off|evict|unhealthy|not ?ready|degraded|\b5\d\d\b|\b429\b|blocked|forbidden|unauthori[sz]ed"
    r"|not (?:allowed|permitted|authori[sz]ed|accepting|healthy)|read[- ]?only|suspend|throttl|slow\b|slowdown|too long"
    r"|limit\b|limiting|mismatch|conflict|malicious|deferred|giving up|waiting for|watermark|unassigned|draining|lag\b|stale"
    r"|rebalanc|terminat|leak|nothing|\bnan\b|no healthy|rolled back|wraparound",
    re.IGNORECASE,
)
# Names that programs give to failures.
_SIGNATURE = re.compile(
    r"\b[A-Z]\w{0,60}(?:Error|Exception|Failure|Failed|Killed|BackOff|Exceeded|Refused|Denied|Timeout|Exhausted|NotFound)\b"
    r"|\bE[A-Z_]{4,20}\b|\b[A-Z]{2,5}-\d{4,6}\b|SQLSTATE|\bSIG[A-Z]{3,5}\b"
)
_ACCESS = re.compile(r"\b(?:get|put|post|head) \S{1,300} .{0,80}?\b[23]\d\d\b", re.IGNORECASE)

_SHORT = 4
_FEW = 12
_FEW_CHARS = 2_000
_FEW_DISTINCT = 6
_MOST_LINES = 24
_MOST_CHARS = 20_000
_MOST_CHARS_OF_A_LINE = 400

# Round on purpose: what was tried beside them differed little on the pastes of the tests.
_MOST_WORDS = 3
_LOUDNESS = {ROUTINE: 0.0, UNKNOWN: 0.0, WARNING: 0.5, ERROR: 1.0}
_INNER_CAUSE = 2.0
_MOST_FOR_REPEATS = 3.0
# A line stays that is worth this share of the best one.
_SHARE = 0.5
_NEIGHBOURS = 3
_OFTEN = 3


def condense(text: str) -> str:
    """The lines of ``text`` that tell, in their order, each without what stands before its message; 20,000 characters at most.

    A text of a few lines stays as it is: there, a repeat is somebody's emphasis. Of up to a dozen lines, those that differ only
    in numbers and ids are kept once. Of more, frames of stack traces go, and of the rest those stay that are worth at least half
    of the best line, by their words for trouble, names of errors, level and repeats, with a few rare lines beside them. To
    condense again may leave less: repeats and levels are not seen any more. Never empty for a text that is not blank.
    """
    lines = plain_lines(text)
    if len(text) <= _FEW_CHARS and len(lines) <= _FEW:
        return text if len(lines) <= _SHORT else "\n".join(_first_of_each(lines))
    told = "\n".join(line[:_MOST_CHARS_OF_A_LINE] for line in _telling(list(read_lines(text))))
    return told[:_MOST_CHARS] or text.strip()[:_MOST_CHARS]


def loudest(text: str) -> str:
    """The line of ``text`` that speaks most of trouble, the first of several, without what stands before its message."""
    distinct, counts = _distinct(line for line in read_lines(text) if not line.frame and line.text.strip())
    worth = [_worth(line, count) for line, count in zip(distinct, counts, strict=True)]
    return distinct[worth.index(max(worth))].text if distinct else text.strip()


def _first_of_each(lines: Iterable[str]) -> list[str]:
    first: dict[str, str] = {}
    for line in lines:
        first.setdefault(_masked(line), line)
    return list(first.values())


def _telling(lines: Sequence[Line]) -> list[str]:
    said = [line for line in lines if not line.frame] or [Line(line.text) for line in lines]
    distinct, counts = _distinct(said)
    if len(distinct) <= _FEW_DISTINCT:
        return [line.text for line in distinct]
    worth = [_worth(line, count) for line, count in zip(distinct, counts, strict=True)]
    trouble = _best(worth)
    rare = [i for i, value in enumerate(worth) if value == 0 and (not trouble or counts[i] < _OFTEN)]
    beside = sorted(rare, key=lambda i: (min(abs(i - j) for j in trouble), i))[:_NEIGHBOURS] if trouble else rare
    return [distinct[i].text for i in sorted([*trouble, *beside]) or range(len(distinct))]


def _distinct(lines: Iterable[Line]) -> tuple[list[Line], list[int]]:
    """The first of the lines that differ only in numbers and ids, as loud as the loudest of them; and how many there are."""
    counts: Counter[str] = Counter()
    first: dict[str, Line] = {}
    for line in lines:
        mask = _masked(line.text)
        counts[mask] += 1
        known = first.setdefault(mask, line)
        if known.level < line.level:
            first[mask] = Line(known.text, line.level)
    return list(first.values()), [counts[mask] for mask in first]


def _best(worth: Sequence[float]) -> list[int]:
    ranked = sorted((i for i, value in enumerate(worth) if value > 0), key=lambda i: (-worth[i], i))[:_MOST_LINES]
    return [i for i in ranked if worth[i] >= _SHARE * worth[ranked[0]]]


def _worth(line: Line, count: int) -> float:
    """How much a line tells of trouble: 0 for nothing, less than that for routine and for what has no words."""
    words = len({match.lower() for match in _TROUBLE.findall(line.text)})
    if line.level == ROUTINE or (line.level == UNKNOWN and _ACCESS.search(line.text)):
        return words - 2 if words > 2 else -1
    told = min(words, _MOST_WORDS) + bool(_SIGNATURE.search(line.text)) + _INNER_CAUSE * line.text.startswith("Caused by")
    if told or line.level > UNKNOWN:
        return told + _LOUDNESS[line.level] + (min(math.log2(count), _MOST_FOR_REPEATS) if told else 0)
    return 0 if len(_WORD.findall(line.text)) > 1 else -1


def _masked(line: str) -> str:
    return _SPACE.sub(" ", _VARIABLE.sub("0", line)).strip().lower()
