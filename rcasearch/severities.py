"""Severities as people spell them, and the level that each of them is."""

from __future__ import annotations

import re

from rcasearch.model import Level

_NUMBERED = re.compile(r"\b(?:sev(?:erity)?|pri(?:ority)?|p|s|tier)[\s\-_:#.]{0,3}([0-5])\b", re.IGNORECASE)
_IN_PROSE = re.compile(r"\b(?:SEV[ -]?[0-5]|[Ss]everity [0-5]|P[0-5])\b(?![.-]\w)")
_BARE = re.compile(r"^\s*([0-5])\b(?!\s*[.,:/]\s*\d)")
_SEVERITY_WORDS: tuple[tuple[str, Level], ...] = (
    ("catastrophic", "SEV0"),
    ("critical", "SEV1"),
    ("blocker", "SEV1"),
    ("urgent", "SEV1"),
    ("major", "SEV2"),
    ("high", "SEV2"),
    ("moderate", "SEV3"),
    ("medium", "SEV3"),
    ("normal", "SEV3"),
    ("minor", "SEV4"),
    ("low", "SEV4"),
    ("trivial", "SEV5"),
    ("cosmetic", "SEV5"),
    ("informational", "SEV5"),
    ("info", "SEV5"),
)
_LEVELS: tuple[Level, ...] = ("SEV0", "SEV1", "SEV2", "SEV3", "SEV4", "SEV5")


def level(text: str | None) -> Level | None:
    """The normal form of a severity ("P1", "sev 1", "critical", "1" are SEV1), or None where it tells none."""
    if not text:
        return None
    if match := _NUMBERED.search(text) or _BARE.match(text):
        return _LEVELS[int(match[1])]
    words = re.findall(r"[a-z]+(?:-[a-z]+)*", text.lower())
    return next((normal for word, normal in _SEVERITY_WORDS if word in words), None)


def severity_in(text: str) -> str | None:
    """The severity that a sentence names in capitals ("a SEV-2", "P1.", "Severity 1"), as written."""
    match = _IN_PROSE.search(text)
    return match[0] if match else None
