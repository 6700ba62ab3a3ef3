"""What the first lines of a document without front matter say in passing: "SEV-2. Written by Messaging. (105 min)"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rcasearch.readers import values
from rcasearch.readers.outline import Part
from rcasearch.severities import severity_in

_MOST_CHARS = 1_200
_AUTHOR = re.compile(
    r"\b(?:[Ww]ritten|[Pp]repared|[Aa]uthored) by (?:the )?([A-Z][^.,;:()\n]{1,60}?)(?=\s+with\b|\s+on\b|\s*[.,;:()]|$)"
)
_WHO = re.compile(r"^who (?:wrote|prepared) (?:this|it)$", re.IGNORECASE)
_IN_PARENTHESES = re.compile(r"\(([^()]{1,40})\)")


@dataclass(frozen=True, slots=True)
class Opening:
    """Fields that nothing but prose states."""

    date: str | None = None
    severity: str | None = None
    duration_minutes: int | None = None
    author: str | None = None


def read_opening(parts: Sequence[Part]) -> Opening:
    """The fields named in the text before the first section of another kind than a summary, from its first few hundred words."""
    text = ""
    for part in parts:
        if part.kinds[0] not in ("summary", "other") or len(text) > _MOST_CHARS:
            break
        if _WHO.match(part.heading.strip(" :")) and part.pieces:
            text += f"Written by {part.pieces[0].flat}\n"
        text += "\n".join(piece.flat for piece in part.pieces if piece.kind in ("paragraph", "field"))[:_MOST_CHARS] + "\n"
    author = _AUTHOR.search(text)
    return Opening(values.find_date(text), severity_in(text), _duration(text), " ".join(author[1].split()) if author else None)


def _duration(text: str) -> int | None:
    """A length of time in parentheses, as after "15:20 to 17:48 UTC"."""
    for match in _IN_PARENTHESES.finditer(text):
        if re.search(r"\d{1,2}:\d\d\b.{0,30}$", text[: match.start()].rpartition("\n")[2]) and not match[1].strip().isdigit():
            found = values.minutes(match[1])
            if found:
                return found
    return None
