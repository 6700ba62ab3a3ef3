"""What every text goes through on its way in: characters that break others are replaced, repeats dropped."""

from __future__ import annotations

from collections.abc import Iterable


def clean_text(text: str) -> str:
    """The text without what no encoder or database takes: NUL from binary pastes, lone surrogates from broken escapes."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode()


def unique(values: Iterable[str]) -> tuple[str, ...]:
    """The distinct values in the order of their first appearance."""
    return tuple(dict.fromkeys(values))
