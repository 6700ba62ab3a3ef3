"""What every text goes through on its way in: characters that break others are replaced, repeats dropped."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

_ESCAPED = re.compile(r"\\u[dD][89a-fA-F]")


def clean_text(text: str) -> str:
    """The text without what no encoder or database takes: NUL from binary pastes, lone surrogates from broken escapes."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode()


def json_of(text: str) -> Any:
    """The value that a text is as JSON, its texts without halves of surrogate pairs. Raises ValueError and RecursionError."""
    value = json.loads(text)
    if not _ESCAPED.search(text):
        return value
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def unique(values: Iterable[str]) -> tuple[str, ...]:
    """The distinct values in the order of their first appearance."""
    return tuple(dict.fromkeys(values))
