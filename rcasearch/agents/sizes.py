"""An answer that fits into what an agent can read: long texts and lists are shortened, in all places alike, as far as needed."""

from __future__ import annotations

import json
from typing import Any, cast

MOST_CHARS = 80_000
# Characters of a text and entries of a list that are left, tried in turn.
_STEPS = ((4_000, 100), (1_000, 50), (300, 20), (100, 10), (40, 3))
# Half a name leads nowhere.
_WHOLE = frozenset({"id", "incident_id", "index_id"})


def fitted(answer: Any, most: int = MOST_CHARS) -> tuple[dict[str, Any], bool]:
    """The answer as JSON of at most ``most`` characters, and whether something is missing; it keeps its shape."""
    shorter = answer
    for chars, entries in _STEPS:
        if len(json.dumps(shorter, ensure_ascii=False)) <= most:
            break
        shorter = _shortened(answer, chars, entries)
    return cast("dict[str, Any]", shorter), shorter is not answer


def _shortened(value: Any, chars: int, entries: int, key: str = "") -> Any:
    if isinstance(value, str) and key not in _WHOLE:
        return value if len(value) <= chars else value[: chars - 1] + "…"
    if isinstance(value, list):
        return [_shortened(one, chars, entries) for one in value[:entries]]
    if isinstance(value, dict):
        shorter = {name: _shortened(one, chars, entries, name) for name, one in value.items()}
        if "highlights" in shorter:
            left = len(shorter["text"]) - (shorter["text"] != value["text"])
            shorter["highlights"] = [span for span in shorter["highlights"] if span[1] <= left]
        return shorter
    return value
