"""Headings as teams write them -> the kinds of section they announce, by the heading's own words and by what it stands under."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from rcasearch.model import Kind
from rcasearch.readers.synonyms import SYNONYMS, WEAK_LABELS

Kinds = tuple[Kind, ...]

# A phrase anywhere in a short heading, tried in this order when the heading as a whole is not known.
_PHRASES: tuple[tuple[str, Kind], ...] = (
    ("5 why", "five_whys"),
    ("five why", "five_whys"),
    ("contributing factor", "contributing_factors"),
    ("contributing condition", "contributing_factors"),
    ("root cause", "root_cause"),
    ("action item", "action_items"),
    ("follow up", "action_items"),
    ("corrective action", "action_items"),
    ("preventive action", "action_items"),
    ("preventative action", "action_items"),
    ("next step", "action_items"),
    ("prevent", "action_items"),
    ("lesson", "lessons"),
    ("what went", "lessons"),
    ("go well", "lessons"),
    ("gone better", "lessons"),
    ("got lucky", "lessons"),
    ("timeline", "timeline"),
    ("chronology", "timeline"),
    ("what triggered", "trigger"),
    ("what caused", "root_cause"),
    ("caused by", "root_cause"),
    ("why it happened", "root_cause"),
    ("how it happened", "root_cause"),
    ("what happened", "summary"),
    ("executive summary", "summary"),
    ("resolved", "resolution"),
    ("how we fixed", "resolution"),
    ("fixed it", "resolution"),
    ("related incident", "related"),
)
# A word that begins or ends a heading of few words ("Initial mitigation", "Impact on customers").
_WHY = re.compile(r"why (?:it|this|that|they|everything) \w+(?: \w+){0,2}")
_EDGE_WORDS: tuple[tuple[str, Kind], ...] = (
    ("impact", "impact"),
    ("mitigation", "resolution"),
    ("resolution", "resolution"),
    ("remediation", "resolution"),
    ("workaround", "resolution"),
    ("recovery", "resolution"),
    ("fix", "resolution"),
    ("cause", "root_cause"),
    ("detection", "detection"),
    ("trigger", "trigger"),
    ("symptom", "symptoms"),
    ("summary", "summary"),
    ("overview", "summary"),
    ("verification", "verification"),
    ("participant", "people"),
    ("responder", "people"),
    ("appendix", "support"),
)

_ELSEWHERE: tuple[Kind, ...] = (
    "timeline",
    "root_cause",
    "action_items",
    "lessons",
    "related",
    "detection",
    "contributing_factors",
    "five_whys",
)
# Under these, every heading below speaks of the parent's matter, unless it is one of the kinds named.
_ABSORBING: dict[Kind, frozenset[Kind]] = {
    "action_items": frozenset({"related", "timeline"}),
    "lessons": frozenset({"action_items", "related", "timeline", "root_cause", "five_whys"}),
    "related": frozenset(),
    "people": frozenset({"timeline"}),
    "support": frozenset({"timeline", "action_items", "related", "root_cause", "resolution", "five_whys"}),
    "impact": frozenset({*_ELSEWHERE, "resolution", "trigger", "symptoms"}),
    "symptoms": frozenset({*_ELSEWHERE, "resolution", "trigger", "impact"}),
    "resolution": frozenset({*_ELSEWHERE, "verification", "impact"}),
}
_SHARED_UNDER_TIMELINE: frozenset[Kind] = frozenset({"detection", "resolution", "trigger", "verification", "root_cause"})

_NUMBERING = re.compile(r"^(?:(?:section|part|step)\s+)?(?:\d+(?:\.\d+)*[.):]*|[ivxIVX]{1,5}[.)]|[a-zA-Z][.)])\s+")
_PARENTHESES = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_FILLER = re.compile(r"\b(?:incident|post ?mortem|outage report)s?\b")
_LONGEST = 1_000
_FIRST = frozenset("the our a an of and for about report on".split())
_LAST = frozenset("of the for about on in and".split())
_JOINTS = re.compile(r"\s*(?:\band\b|/|,|\+|\bor\b|;|\bwith\b)\s*")
_TAIL = re.compile(r"\s*(?::|\s[-\u2013\u2014]+\s|\||\u2014|->|\u2192)\s*")


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 2 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def normal(heading: str) -> str:
    """A heading's words for comparison: lower case, no numbering, emoji, parentheses, punctuation, plural s or "incident".

    Of a heading longer than any, only the beginning.
    """
    return _normal(heading[:_LONGEST])


@lru_cache(maxsize=4096)
def _normal(heading: str) -> str:
    text = _PARENTHESES.sub(" ", unicodedata.normalize("NFKC", heading))
    return _words(_NUMBERING.sub("", text.strip(" \t*_#:.-")))


def _words(text: str) -> str:
    lowered = text.lower().replace("&", " and ").replace("'", "").replace("\u2019", "")
    letters = re.sub(r"[^\w\s]|_", " ", lowered)
    bare = _FILLER.sub(" ", " ".join(letters.split()))
    words = [_singular(word) for word in bare.split()]
    start, end = 0, len(words)
    while end - start > 1 and words[start] in _FIRST:
        start += 1
    while end - start > 1 and (words[end - 1] in _LAST or (end - start > 2 and words[end - 2 : end] == ["of", "this"])):
        end -= 1
    return " ".join(words[start:end])


def _table() -> dict[str, Kind]:
    known: dict[str, Kind] = {}
    for kind, phrases in SYNONYMS.items():
        for phrase in phrases.split(";"):
            known.setdefault(_words(phrase) or phrase.strip(), kind)
    return known


_KNOWN = _table()


@lru_cache(maxsize=4096)
def kinds_of(heading: str) -> Kinds:
    """The kinds a heading announces by its own words, more than one for a combined heading; empty when it tells none."""
    if len(heading) > 200:
        return ()
    text = normal(heading)
    # "5 whys" begins with a number that is no numbering.
    for candidate in (_words(_PARENTHESES.sub(" ", unicodedata.normalize("NFKC", heading))), text):
        if candidate in _KNOWN:
            return (_KNOWN[candidate],)
    return _combined(heading) or _by_phrase(text)


def _combined(heading: str) -> Kinds:
    """The kinds of "Root cause and mitigation", "Impact / Timeline", "Root cause: a leaked connection"."""
    plain = _NUMBERING.sub("", _PARENTHESES.sub(" ", unicodedata.normalize("NFKC", heading)).strip(" \t*_#.-"))
    head, *tail = _TAIL.split(plain, maxsplit=1)
    if tail:
        return kinds_of(head) or (kinds_of(tail[0]) if len(head.split()) <= 3 else ())
    parts = [normal(part) for part in _JOINTS.split(plain.lower().replace("&", " and ").replace(" + ", " and "))]
    if len(parts) < 2 or len(plain.split()) > 8:
        return ()
    found = [_KNOWN[part] for part in parts if part in _KNOWN]
    return _as_kinds(found) if found and len(parts) - len(found) <= 1 else ()


def _as_kinds(found: Sequence[Kind]) -> Kinds:
    return tuple(dict.fromkeys(found))


def _by_phrase(text: str) -> Kinds:
    words = text.split()
    if not words or len(words) > 9:
        return ()
    padded = f" {text} "
    for phrase, kind in _PHRASES:
        if f" {phrase} " in padded or (phrase == "prevent" and " prevent" in padded and "prevented" not in padded):
            return (kind,)
    if _WHY.fullmatch(text):
        return ("root_cause",)
    if len(words) <= 5:
        for word, kind in _EDGE_WORDS:
            if word in (words[0], words[-1]):
                return (kind,)
    return ()


@lru_cache(maxsize=4096)
def is_label(text: str, bold: bool = False) -> bool:
    """Whether ``text``, before a colon or alone in bold, opens a part of the document. Plain text must be a less common word."""
    words = normal(text)
    if len(text) > 60 or not words:
        return False
    if words in _KNOWN:
        return bold or words not in WEAK_LABELS
    kinds = _combined(text) if ":" not in text else ()
    return len(kinds) > 1 or (bold and bool(kinds_of(text)) and len(words.split()) <= 6)


def resolve(heading: str, parents: Sequence[Kinds]) -> Kinds:
    """The kinds of a heading that stands under headings of the kinds ``parents``, outermost first. Never empty."""
    own = kinds_of(heading)
    parent = next((kinds for kinds in reversed(parents) if kinds and kinds != ("other",)), ())
    if not own:
        return parent or ("other",)
    if not parent:
        return own
    if parent[0] == "timeline":
        return _as_kinds(("timeline", *own)) if set(own) & _SHARED_UNDER_TIMELINE else own
    allowed = _ABSORBING.get(parent[0])
    if allowed is None or set(own) & allowed:
        return own
    return parent
