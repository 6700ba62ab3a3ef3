"""Incident -> chunks: by section, inside the encoder's token budget, with nothing lost.

A section that fits is one chunk. A longer one is split between blocks (paragraphs, list items, table rows), a longer block
between lines, a longer line between sentences, then words, then characters: the coarsest cut that fits is taken.
Every line that is not blank goes into exactly one chunk, in order; only a line longer than the budget is spread over several.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from rcasearch.model import Chunk, Incident, Kind, Section

CountTokens = Callable[[Sequence[str]], Sequence[int]]

_SENTENCE_END = re.compile(r"(?<=[.!?;:])\s+")
_WORD_END = re.compile(r"\s+")
# More than in any text that is read: a word of English has six, a line of code with its indent few more.
_CHARS_OF_A_TOKEN = 100

# Lines of text, each with its number.
_Block = list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of one line: its text, line number, and token count."""

    text: str
    line: int
    tokens: int


def chunk(incident: Incident, count_tokens: CountTokens, budget: int) -> list[Chunk]:
    """The chunks of an incident: its title, then each section in order.

    ``budget`` is the most tokens a chunk may have, special tokens not counted; ``count_tokens`` gives the encoder's own
    count for each text. Raises ValueError for a budget below 1.
    """
    if budget < 1:
        raise ValueError(f"A chunk needs a budget of at least one token, not {budget}.")
    fitted = _fit([_title(incident), *map(_blocks, incident.sections)], _bounded(count_tokens), budget)
    parts = [_Part("title", incident.title, pieces) for pieces in next(fitted)]
    for section, found in zip(incident.sections, fitted, strict=True):
        parts += [_Part(section.kind, section.heading, pieces) for pieces in found]
    return [_chunk(incident.id, number, part) for number, part in enumerate(parts)]


def split_text(text: str, count_tokens: CountTokens, budget: int) -> list[str]:
    """Any text in pieces within the budget, cut between lines where possible: how a long paste is made encodable."""
    lines = [(line, number) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    [fitted] = _fit([[lines]], _bounded(count_tokens), budget)
    return [_join(pieces) for pieces in fitted]


def _bounded(count_tokens: CountTokens) -> CountTokens:
    """The counts, and one at least for so many characters: an encoder counts a megabyte of blanks as nothing."""
    return lambda texts: [max(n, len(text) // _CHARS_OF_A_TOKEN) for n, text in zip(count_tokens(texts), texts, strict=True)]


def content_hash(text: str) -> str:
    """128 bits that identify a passage by its text alone."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class _Part:
    kind: Kind
    heading: str
    pieces: tuple[_Piece, ...]


def _chunk(incident_id: str, number: int, part: _Part) -> Chunk:
    text = _join(part.pieces)
    first, last = part.pieces[0].line, part.pieces[-1].line
    whole = ((0, len(text)),)
    return Chunk(f"{incident_id}#{number}", incident_id, part.kind, part.heading, text, first, last, content_hash(text), whole)


def _title(incident: Incident) -> list[_Block]:
    return [[(incident.title, 1)]] if incident.title.strip() else []


def _blocks(section: Section) -> list[_Block]:
    blocks = (
        [(line, block.line + offset) for offset, line in enumerate(block.text.split("\n")) if line.strip()]
        for block in section.blocks
    )
    return [block for block in blocks if block]


def _fit(sections: list[list[_Block]], count_tokens: CountTokens, budget: int) -> Iterator[list[tuple[_Piece, ...]]]:
    """Of each section its chunks. All lines are counted at once: an encoder counts many texts faster than few."""
    counts = iter(count_tokens([text for blocks in sections for block in blocks for text, _ in block]))
    for blocks in sections:
        measured = [[_Piece(text, line, next(counts)) for text, line in block] for block in blocks]
        packed = _pack(list(_units(measured, count_tokens, budget)), budget)
        yield list(_within(packed, count_tokens, budget))


def _units(blocks: list[list[_Piece]], count_tokens: CountTokens, budget: int) -> Iterator[list[_Piece]]:
    """What must not be parted: a block that fits, else each of its lines, else each part of a line."""
    for block in blocks:
        if sum(piece.tokens for piece in block) <= budget:
            yield block
            continue
        for piece in block:
            parts = [piece] if piece.tokens <= budget else _split_line(piece, count_tokens, budget)
            yield from ([part] for part in parts)


def _pack(units: list[list[_Piece]], budget: int) -> list[list[_Piece]]:
    """Neighbouring units together, greedily, as long as the sum of their counts fits."""
    packed: list[list[_Piece]] = []
    room = 0
    for unit in units:
        tokens = sum(piece.tokens for piece in unit)
        if packed and tokens <= room:
            packed[-1].extend(unit)
            room -= tokens
        else:
            packed.append(list(unit))
            room = budget - tokens
    return packed


def _within(packed: list[list[_Piece]], count_tokens: CountTokens, budget: int) -> Iterator[tuple[_Piece, ...]]:
    """Counts are not always additive (byte-pair encoders): halve what is over the budget when joined."""
    for pieces, tokens in zip(packed, count_tokens([_join(pieces) for pieces in packed]), strict=True):
        if tokens <= budget:
            yield tuple(pieces)
        elif len(pieces) > 1:
            half = len(pieces) // 2
            yield from _within([pieces[:half], pieces[half:]], count_tokens, budget)
        else:
            yield from ((part,) for part in _split_line(pieces[0], count_tokens, budget))


def _split_line(piece: _Piece, count_tokens: CountTokens, budget: int) -> list[_Piece]:
    for pattern in (_SENTENCE_END, _WORD_END):
        texts = [text for text in _cut(piece.text, pattern) if text.strip()]
        counts = count_tokens(texts)
        if len(texts) > 1:
            parts = [_Piece(text, piece.line, tokens) for text, tokens in zip(texts, counts, strict=True)]
            groups = _pack([[small] for part in parts for small in _small(part, count_tokens, budget)], budget)
            return [merged for group in groups for merged in _merged(group, count_tokens, budget)]
    if len(piece.text) < 2:
        return [piece]
    half = len(piece.text) // 2
    halves = [piece.text[:half], piece.text[half:]]
    parts = [_Piece(text, piece.line, n) for text, n in zip(halves, count_tokens(halves), strict=True)]
    return [p for part in parts for p in _small(part, count_tokens, budget)]


def _small(piece: _Piece, count_tokens: CountTokens, budget: int) -> list[_Piece]:
    return [piece] if piece.tokens <= budget else _split_line(piece, count_tokens, budget)


def _cut(text: str, pattern: re.Pattern[str]) -> Iterator[str]:
    start = 0
    for match in pattern.finditer(text):
        yield text[start : match.end()]
        start = match.end()
    yield text[start:]


def _merged(group: list[_Piece], count_tokens: CountTokens, budget: int) -> list[_Piece]:
    """Parts of a line as one again, or as halves where together they take more than the sum of their counts."""
    text = "".join(piece.text for piece in group)
    tokens = count_tokens([text])[0]
    if tokens <= budget or len(group) == 1:
        return [_Piece(text, group[0].line, tokens)]
    half = len(group) // 2
    return [part for parts in (group[:half], group[half:]) for part in _merged(parts, count_tokens, budget)]


def _join(pieces: Iterable[_Piece]) -> str:
    return "\n".join(piece.text.rstrip() for piece in pieces)
