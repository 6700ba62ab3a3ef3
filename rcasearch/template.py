"""What of a document tells of its failure, and what stands there because the template or everybody's habit puts it there.

A corpus written from a template repeats itself: "Monitoring alert triggered" stands in hundreds of incidents and says nothing of
any of them. Such lines are learned from the corpus itself: a line recurs when its masked form (services, numbers, dates and ids
apart) stands in more than a small share of the incidents, and it is boilerplate when those incidents have little else in common.
A line that recurs because the same failure does stays: the titles of its incidents are alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from rcasearch.chunking import content_hash
from rcasearch.model import Chunk, Incident
from rcasearch.services import ServiceNames, Span, merged

SHARE = 0.05
FEWEST = 4
# Of the incidents with a line, at most this share may be of one title, services and dates apart.
ONE_FAILURE = 0.5

_UNIT_END = re.compile(r"\n+|(?<=[.!?;:])\s+|(?<![^\S\n])[^\S\n]+\|\s+")
_TIME = r"[T ][0-2]\d:[0-5]\d(?::[0-5]\d)?(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
_DATE = re.compile(rf"(?<![\w-])(?:19|20)\d\d-[01]\d-[0-3]\d(?:{_TIME})?(?![\w-])")
# Begins where a word does, or behind a number that came before it: not again at each letter of a word without digits.
_NUMBER = re.compile(r"(?:(?<![^\W_])|(?<=\d))[^\W_]*\d[^\W_]*(?:[.,:/-]\d+)*")
_DIGIT = re.compile(r"\d")
_OTHER = re.compile(r"[\W_]+")
_HIDDEN = "\x00"
_MASKS = 200_000

Hashes = NDArray[np.int64]


@dataclass(frozen=True)
class Template:
    """What recurs in a corpus: the masked ``lines`` that do not count in a match, and the services that are kept out of it.

    A line is known by 64 bits of its hash: of ten million different lines, two are taken for one once in 300,000 corpora.
    """

    services: ServiceNames
    lines: frozenset[int] = frozenset()

    def marked(self, chunks: Iterable[Chunk]) -> list[Chunk]:
        """The chunks of an incident that tell anything, with the parts that do. A title always does."""
        return [_telling(chunk, spans) for chunk in chunks if (spans := self._spans(chunk))]

    @cached_property
    def masked(self) -> Callable[[str], int]:
        """A line as it is compared with others."""
        return _masker(self.services)

    def lines_of(self, incident: Incident) -> set[int]:
        """The masked lines, sentences and cells of an incident."""
        texts = (block.text for section in incident.sections for block in section.blocks)
        return {self.masked(text[slice(*span)].rstrip()) for text in texts for span in _units(text)}

    def _spans(self, chunk: Chunk) -> tuple[Span, ...]:
        """The parts that count in a match: not boilerplate, nor dates, nor the names of services."""
        unsaid = _unsaid(chunk.text, self.services)
        if chunk.kind == "title":
            return _rest(chunk.text, unsaid) or chunk.telling
        hidden = (span for span in _units(chunk.text) if self.masked(chunk.text[slice(*span)].rstrip()) in self.lines)
        return _rest(chunk.text, [*hidden, *unsaid])


def learn(incidents: Sequence[Incident], services: ServiceNames) -> Template:
    """The template of a corpus; none where nothing recurs."""
    blank = Template(services)
    lines = [list(blank.lines_of(incident)) for incident in incidents]
    titles = np.array([blank.masked(incident.title) for incident in incidents], np.int64)
    together = np.array([line for own in lines for line in own], np.int64)
    return Template(services, frozenset(recurring(together, np.array(list(map(len, lines)), np.int64), titles).tolist()))


def recurring(lines: Hashes, sizes: NDArray[np.int64], titles: Hashes) -> Hashes:
    """The masked lines that are boilerplate, ascending.

    ``lines`` are those of n incidents one after the other, each once an incident; ``sizes`` (n,) tells how many are whose.
    ``titles`` (n,) are the masked titles.
    """
    known, counts = np.unique(lines, return_counts=True)
    many = counts >= max(FEWEST, SHARE * len(sizes))
    known, counts = known[many], counts[many]
    if not len(known):
        return known
    places = np.searchsorted(known, lines).clip(max=len(known) - 1)
    kept = known[places] == lines
    kinds = np.unique(titles, return_inverse=True)[1]
    # How often each line that recurs stands under each title.
    pairs, often = np.unique(places[kept] * len(sizes) + np.repeat(kinds, sizes)[kept], return_counts=True)
    most = np.zeros(len(known), np.int64)
    np.maximum.at(most, pairs // len(sizes), often)
    return known[most <= ONE_FAILURE * counts]


@lru_cache(maxsize=2)
def _masker(services: ServiceNames) -> Callable[[str], int]:
    """Where lines recur, looking for names in each again takes most of the time."""
    return lru_cache(maxsize=_MASKS)(lambda text: line_hash(_masked(text, services)))


def line_hash(masked: str) -> int:
    """64 bits, as a signed number, that stand for a masked line."""
    return int.from_bytes(blake2b(masked.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little", signed=True)


def without_names(text: str, services: ServiceNames) -> str:
    """A query's text as it is matched: without dates and the names of services, unless nothing else is in it."""
    return _said(text, _rest(text, _unsaid(text, services))) or text


def _telling(chunk: Chunk, spans: tuple[Span, ...]) -> Chunk:
    return replace(chunk, telling=spans, content_hash=content_hash(_said(chunk.text, spans)))


def _said(text: str, spans: Iterable[Span]) -> str:
    return "".join(text[start:end] for start, end in spans)


def _units(text: str) -> Iterator[Span]:
    """Lines, sentences and cells."""
    start = 0
    for match in _UNIT_END.finditer(text):
        if match.start() > start:
            yield start, match.end()
        start = match.end()
    if start < len(text):
        yield start, len(text)


def _unsaid(text: str, services: ServiceNames) -> list[Span]:
    return [*services.spans(text), *(match.span() for match in _DATE.finditer(text))]


def _masked(text: str, services: ServiceNames) -> str:
    kept, at = [], 0
    for start, end in merged(_unsaid(text, services)):
        kept.append(text[at:start])
        at = end
    text = f" {_HIDDEN} ".join([*kept, text[at:]])
    bare = _NUMBER.sub("0", text) if _DIGIT.search(text) else text
    return _OTHER.sub(" ", bare.replace(_HIDDEN, "0")).strip().lower()


def _rest(text: str, hidden: Iterable[Span]) -> tuple[Span, ...]:
    """What is left of a text without the ``hidden`` parts; nothing where no letter or digit is left."""
    kept: list[Span] = []
    start = 0
    for first, end in merged(hidden):
        kept.append((start, first))
        start = end
    kept.append((start, len(text)))
    spans = tuple((first, end) for first, end in kept if end > first)
    return spans if any(character.isalnum() for character in _said(text, spans)) else ()
