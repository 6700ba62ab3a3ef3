"""Ids: short, stable, and safe in a URL, whatever the name they are made from."""

from __future__ import annotations

import hashlib
import re
import unicodedata

MAX_LENGTH = 120
_DROPPED_LETTERS = re.compile(r"[^\W_]", re.UNICODE)


def slug(name: str) -> str:
    """``name`` in ``[a-z0-9-_.]``, at most 120 characters, never empty; a hash stands in for what cannot be spelled or is cut."""
    text = unicodedata.normalize("NFKC", name).strip()
    folded = unicodedata.normalize("NFKD", text.lower())
    ascii_only = "".join(char for char in folded if not unicodedata.combining(char))
    lost = any(ord(char) > 127 and _DROPPED_LETTERS.match(char) for char in ascii_only)
    plain = re.sub(r"[^a-z0-9_.]+", "-", ascii_only).strip("-.")
    plain = re.sub(r"\.{2,}", ".", plain)
    if not lost and 0 < len(plain) <= MAX_LENGTH:
        return plain
    tail = digest(text, 8)
    return f"{plain[: MAX_LENGTH - 9].strip('-.')}-{tail}".lstrip("-") if plain else f"rca-{tail}"


def digest(text: str, length: int) -> str:
    """The first characters of the SHA-256 of ``text`` in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:length]


def distinct(identifier: str, path: str, taken: set[str]) -> str:
    """``identifier`` with six hexadecimal digits of the path, and more of them in the unlikely case that this is taken too."""
    for length in range(6, 64):
        candidate = f"{identifier[: MAX_LENGTH - length - 1]}-{digest(path, length)}"
        if candidate not in taken:
            return candidate
    return f"{identifier[:50]}-{digest(path, 64)}"
