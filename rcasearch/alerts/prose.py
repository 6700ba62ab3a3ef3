"""The texts of an alert -> what they say: without addresses, marks, mentions, times and ids; identifiers as words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby, islice

from rcasearch.alerts.names import without_arns, without_pod_hashes
from rcasearch.loglines import read_lines
from rcasearch.pastes import condense
from rcasearch.texts import clean_text

_MOST_CHARS = 1_500
_LONGEST_READ = 50_000

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"<(?:https?|mailto):[^|<>\s]{1,2000}\|([^<>]{1,300})>"), r"\1"),  # Slack's links
    (re.compile(r"</?[a-zA-Z][a-zA-Z0-9]{0,15}(?:\s[^<>]{0,300})?/?>"), " "),
    (re.compile(r"!\[[^\]\n]{0,200}\]\([^)\n]{0,2000}\)"), " "),
    (re.compile(r"\[([^\[\]\n]{0,300})\]\((?:https?:|/)[^)\n]{0,2000}\)"), r"\1"),
    (re.compile(r"\{\{[^{}]{0,200}\}\}|%%%|```|\*\*|^[-=* ]{3,200}$", re.MULTILINE), " "),
    (re.compile(r"\b(?:https?|wss?|ftp)://[^\s\"'<>)\]]+"), " "),
    (re.compile(r"(?<!\S)@[A-Za-z][\w.@-]{1,100}"), " "),
    (
        re.compile(
            r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)?\s?(?:Z\b|UTC\b|[+-]\d\d:?\d\d(?!\d))?"
            r"|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? [A-Z][a-z]{2} \d{1,2}(?: \d{4})? \d\d:\d\d:\d\d(?: [A-Z]{3,4}\b)?(?: \d{4})?"
        ),
        " ",
    ),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b(?:i|vol|snap|eni|sg|subnet|vpc)-[0-9a-f]{8,17}\b"), " "),
    (re.compile(r"\b(?=[a-f]{0,40}\d)(?=\d{0,40}[a-f])[0-9a-f]{12,128}\b"), " "),
    (re.compile(r"(?<![\w(])\(\s*\)|\[\s*\]|(?<=\s)[-–—·|:]+(?=\s|$)"), " "),
)
# What stands before a title: states and priorities.
_HEADING = re.compile(
    r"\s*(?:\[\s*(?:p\d|sev-?\d|(?:firing|resolved|alerting|ok|down|up)(?::\s?\d{1,5})?|critical|warn(?:ing)?|error|info|major|minor"
    r"|(?:re-?)?triggered|recovered|renotify|no data)\b[^\[\]]{0,200}\]"
    r"|(?:critical|warning|resolved|alarm|firing|triggered|recovered)\s?:)\s*",
    re.IGNORECASE,
)
_HUMP = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_CAMEL = re.compile(r"(?=[A-Za-z]*[a-z][A-Z]|[A-Z]{2,}[a-z])[A-Za-z0-9]+")
_WORD = re.compile(r"[^\W\d_]{2,}")
_PROSE_WORDS = 3
_MOST_PARTS = 20


def said(text: str) -> str:
    """What a text of an alert says, on one line; empty where that is nothing. Of a long one, the lines that speak of trouble."""
    cleaned = without_pod_hashes(without_arns(clean_text(text[:_LONGEST_READ])))
    for pattern, instead in _RULES:
        cleaned = pattern.sub(instead, cleaned)
    lines = [line.text for line in read_lines(cleaned) if not line.frame]
    told = "\n".join(lines)
    told = condense(told) if len(told) > _MOST_CHARS else told
    return _cut(" ".join(_ended(line) for line in told.splitlines()))


def title(text: str) -> str:
    """A title without states and priorities before it; an identifier as itself and in words."""
    at = 0
    while match := _HEADING.match(text, at):
        at = match.end()
    rest = text[at:].strip()
    words = in_words(rest) if len(rest.split()) == 1 else ""
    return said(f"{rest} ({words})" if words and words != rest else rest)


def in_words(identifier: str) -> str:
    """An identifier such as KubePodCrashLooping in words; of one with hyphens, names such as checkout-api stay whole."""
    if "-" not in identifier:
        return " ".join(_HUMP.findall(identifier))
    runs = groupby(identifier.split("-"), key=lambda piece: bool(_CAMEL.fullmatch(piece)))
    return " ".join(" ".join(_HUMP.findall(" ".join(run))) if camel else "-".join(run) for camel, run in runs)


def is_prose(text: str) -> bool:
    """Whether a text is words put together, not a name, an address or a number."""
    return len(text.split()) >= _PROSE_WORDS and len(_WORD.findall(text)) >= _PROSE_WORDS


def together(parts: Iterable[str]) -> str:
    """The texts as one, each as a sentence, without those that another one holds."""
    every = [part for part in islice(parts, _MOST_PARTS) if _WORD.search(part)]
    folded = [_folded(part) for part in every]
    kept = [part for i, part in enumerate(every) if not _is_held(i, folded)]
    return _cut(" ".join(map(_ended, kept)))


def _is_held(place: int, folded: list[str]) -> bool:
    own = folded[place]
    return any(own in other and (len(own) < len(other) or i < place) for i, other in enumerate(folded) if i != place)


def _folded(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _ended(text: str) -> str:
    text = " ".join(text.split())
    return text if not text or text[-1] in ".!?:;," else f"{text}."


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARS else text[:_MOST_CHARS].rsplit(" ", 1)[0]
