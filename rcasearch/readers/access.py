"""The labels of a document: `access: security` in its front matter. What cannot be read for certain keeps the document out.

A document that is shown to the wrong people cannot be taken back; one that is left out is reported, and can be mended.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rcasearch.readers.front_matter import FrontMatter
from rcasearch.texts import unique

KEY = "access"
HINT = "Write `access: security` or `access: [security, legal]` once in the front matter; until then the document is left out."
_LABEL = re.compile(r"[^\W_][\w.-]{0,63}")
_MOST = 20
_SEPARATOR = re.compile(r"[,;\s]+")
# Where the key stands, at whatever depth and in whatever notation of front matter.
_STATED = re.compile(r"(?:^[^\w\n]*|[{,][ \t]*)access[\"']?[ \t]*[:=]", re.IGNORECASE | re.MULTILINE)
# The same in what nobody could read as front matter: there, prose may follow.
_BEGUN = re.compile(r"^[ \t{]*[\"']?access[\"']?[ \t]*[:=]", re.IGNORECASE)
_HEADING = re.compile(r"^#{1,6}\s")
_SEARCHED = 200


class AccessError(ValueError):
    """Who may see a document is not certain: on which line, from 1, and what is wrong there."""

    def __init__(self, line: int | None, what: str) -> None:
        super().__init__(what)
        self.line = line


def access_of(text: str, front: FrontMatter) -> tuple[str, ...]:
    """The labels of a document, in lower case and sorted; none where it states none. Raises AccessError."""
    lines = text.split("\n")
    found = _STATED.findall("\n".join(lines[: front.end]))
    begun = [] if front.end and not front.fault else list(_begun(lines, front.end))
    stated = KEY in front.values
    if not (stated or found or begun):
        return ()
    line = front.lines.get(KEY) or (begun[0] if begun else None)
    if front.fault:
        raise AccessError(line, "The document states `access`, and its front matter cannot be read")
    if not stated:
        raise AccessError(line, "The document states `access` where it cannot be read: not as a key of its front matter")
    if len(found) > 1:
        raise AccessError(line, "The front matter states `access` more than once")
    labels = _labels(front.values[KEY])
    if labels is None:
        raise AccessError(line, "What `access` states cannot be read as labels")
    return labels


def _begun(lines: list[str], start: int) -> Iterator[int]:
    """The lines, from 1, that begin with the key, between front matter that was not understood and the first heading."""
    for number, line in enumerate(lines[start : start + _SEARCHED], start + 1):
        if _HEADING.match(line):
            return
        if _BEGUN.match(line):
            yield number


def _labels(value: Any) -> tuple[str, ...] | None:
    """The labels in a raw value; None where it is anything else, or names none."""
    if isinstance(value, str):
        value = [one for one in _SEPARATOR.split(value) if one]
    if not isinstance(value, list) or not 0 < len(value) <= _MOST:
        return None
    labels = [one.strip().casefold() if isinstance(one, str) else "" for one in value]
    return tuple(sorted(unique(labels))) if all(map(_LABEL.fullmatch, labels)) else None
