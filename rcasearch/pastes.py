"""A long paste -> what tells in it: lines that repeat are kept once, and what makes them differ is not what they say."""

from __future__ import annotations

import re

# Times, addresses, ids and counters: what differs between two prints of the same line.
_UUID = r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
_VARIABLE = re.compile(rf"{_UUID}|0x[0-9a-f]+|\b[0-9a-f]{{7,}}\b|\d+", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_SHORT = 4


def condense(text: str) -> str:
    """The lines of ``text`` without repeats: of lines that differ only in numbers and ids, the first stays.

    A text of a few lines stays as it is: there, a repeat is somebody's emphasis.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) <= _SHORT:
        return text
    first: dict[str, str] = {}
    for line in lines:
        first.setdefault(_masked(line), line)
    return "\n".join(first.values())


def _masked(line: str) -> str:
    return _SPACE.sub(" ", _VARIABLE.sub("0", line)).strip().lower()
