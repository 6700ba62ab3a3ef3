"""A long paste -> what tells in it: lines that repeat are kept once, and what makes them differ is not what they say."""

from __future__ import annotations

import re

# Times, addresses, ids and counters: what differs between two prints of the same line.
_VARIABLE = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]{7,}\b|\d+", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_SHORT = 4


def condense(text: str) -> str:
    """The lines of ``text`` without repeats: of lines that differ only in numbers and ids, the first stays.

    A text of a few lines stays as it is: there, a repeat is somebody's emphasis.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) <= _SHORT:
        return text
    first = {_masked(line): line for line in reversed(lines)}
    return "\n".join(line for line in lines if first[_masked(line)] is line)


def _masked(line: str) -> str:
    return _SPACE.sub(" ", _VARIABLE.sub("0", line)).strip().lower()
