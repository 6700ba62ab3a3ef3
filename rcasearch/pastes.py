"""A long paste -> the lines that tell: repeats once, and of many lines those that speak of trouble.

Two hundred lines of log hold one that matters. Encoded whole, it would be one part in twenty, and what every other line says
would count as much.
"""

from __future__ import annotations

import re

# Times, addresses, ids and counters: what differs between two prints of the same line.
_UUID = r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
_VARIABLE = re.compile(rf"{_UUID}|0x[0-9a-f]+|\b[0-9a-f]{{7,}}\b|\d+", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_SHORT = 4

_TROUBLE = re.compile(
    r"err(?:or|no)?\b|[a-z]error|exception|fatal|panic|crit(?:ical)?\b|emerg|alert|firing|traceback|caused by|refused|denied"
    r"|reject|fail|timed?[ _-]?out|unavailable|unreachable|exceed|exhaust|expired|invalid|corrupt|missing|no such|not found"
    r"|cannot|can't|unable|kill|oom|crash|abort|dropp|lost|stuck|deadlock|full\b|no space|too many|overflow|back-?off|evict"
    r"|unhealthy|not ?ready|degraded|\b5\d\d\b",
    re.IGNORECASE,
)
_ROUTINE = re.compile(r"\b(?:info|debug|trace|notice|verbose)\b|\b(?:get|put|post|head) \S+.* 2\d\d\b", re.IGNORECASE)
_FRAME = re.compile(
    r"^\s*(?:at\s+[\w.$<>]+\(|File \"[^\"]*\", line \d+|#\d+\s+0x|\.\.\. \d+ more|goroutine \d+|from \S+:\d+:in )"
)
_MANY = 12
_TELLING = 24
_NEUTRAL = 6
_MOST_CHARS = 20_000


def condense(text: str) -> str:
    """The lines of ``text`` that tell, in their order.

    Of lines that differ only in numbers and ids, the first stays. Of more than a dozen lines, those that speak of trouble stay,
    and a few that are neither routine nor a stack frame; where none speaks of trouble, all but routine and frames. A text of a
    few lines stays as it is: there, a repeat is somebody's emphasis.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) <= _SHORT:
        return text[:_MOST_CHARS]
    first: dict[str, str] = {}
    for line in lines:
        first.setdefault(_masked(line), line)
    distinct = list(first.values())
    return "\n".join(distinct if len(distinct) <= _MANY else _telling(distinct))[:_MOST_CHARS]


def _telling(lines: list[str]) -> list[str]:
    worth = [_worth(line) for line in lines]
    trouble = sorted((i for i, value in enumerate(worth) if value > 0), key=lambda i: (-worth[i], i))[:_TELLING]
    neutral = [i for i, value in enumerate(worth) if value == 0]
    kept = sorted([*trouble, *(neutral[:_NEUTRAL] if trouble else neutral)]) or range(len(lines))
    return [lines[i] for i in kept]


def _worth(line: str) -> int:
    """How much a line speaks of trouble: its distinct words for it, or less than nothing for a frame or a routine line."""
    words = len({match.lower() for match in _TROUBLE.findall(line)})
    if _FRAME.match(line):
        return -1
    return min(words, 3) if not _ROUTINE.search(line) else words - 1 if words > 1 else -1


def _masked(line: str) -> str:
    return _SPACE.sub(" ", _VARIABLE.sub("0", line)).strip().lower()
