"""Markdown -> pieces: headings, paragraphs, list items, table rows, quotes and code, each with the line it stands on.

Everything that is not blank ends up in exactly one piece, save markup, comments, link definitions and the header row of a
table that has rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from markdown_it.token import Token

from rcasearch.readers.inline import FoundLink, Line, html_lines, rich
from rcasearch.readers.pieces import Piece, PieceKind
from rcasearch.readers.syntax import References, block_tokens

_CALLOUT = re.compile(r"^\[![\w-]+\][+-]?[ \t]*")
_BLOCK_ID = re.compile(r"(?:^|\s)\^[A-Za-z0-9-]+$")
_CHECKBOX = re.compile(r"^\[([ xX/\-><!])\](?:\s+|$)")
_BOX_CELL = re.compile(r"^(?:[-*]\s*)?\[[ xX]\]$")
_ANCHOR = re.compile(r"(?<!\s)\s*\{#[\w-]+\}$")
_ONLY_MARKUP = re.compile(r"^[\s>#*+\-=_|:`~.\d)]*$")
_MARKERS = re.compile(r"^[\s>]+")
_LONG_HEADING = 120
_SHOWN = 20


@dataclass(slots=True)
class Parsed:
    """The pieces of a body in order, and (line, what) of each fence or comment that is opened and never closed."""

    pieces: list[Piece] = field(default_factory=list)
    unclosed: list[tuple[int, str]] = field(default_factory=list)


def parse_blocks(lines: list[str]) -> Parsed:
    """The pieces of a markdown text given by its lines (front matter blanked, so that lines count as in the file)."""
    tokens, references, defined = block_tokens("\n".join(lines))
    walker = _Walker(lines, references)
    walker.walk(tokens)
    for start, end in defined:
        walker.cover(start, end)
    pieces = [trimmed for piece in walker.pieces if (trimmed := piece if piece.kind == "rule" else piece.trimmed())]
    rescued = list(_left_over(lines, walker.covered))
    if rescued:
        pieces = sorted([*pieces, *rescued], key=lambda piece: piece.line)
    return Parsed(pieces, walker.unclosed)


def _left_over(lines: list[str], covered: bytearray) -> Iterator[Piece]:
    """What the parser gave up on (nesting beyond its limit), as paragraphs of the bare text."""
    for number, text in enumerate(lines):
        if not covered[number] and text.strip() and not _ONLY_MARKUP.match(text):
            yield Piece("paragraph", (Line(_MARKERS.sub("", text).strip()),), number + 1)


@dataclass(slots=True)
class _Item:
    number: int
    fresh: bool = True


class _Row(NamedTuple):
    line: int
    text: str
    cells: tuple[Line, ...]
    links: tuple[FoundLink, ...]
    tags: tuple[str, ...]


class _Walker:
    """Walks the flat token list once, keeping what it is inside of."""

    def __init__(self, lines: list[str], references: References) -> None:
        self.source = lines
        self.references = references
        self.covered = bytearray(len(lines) + 1)
        self.pieces: list[Piece] = []
        self.unclosed: list[tuple[int, str]] = []
        self.items: list[_Item] = []
        self.quotes = 0
        self.fresh_quote = False
        self.count = 0
        self.heading: Token | None = None
        self.table = 0
        self.rows: list[_Row] = []
        self.header: tuple[str, ...] = ()
        self.header_line = 0
        self.row: list[Line] | None = None
        self.row_line = 0
        self.in_head = False
        self.row_links: list[FoundLink] = []
        self.row_tags: list[str] = []

    def cover(self, start: int, end: int) -> None:
        self.covered[start:end] = b"\x01" * (min(end, len(self.covered)) - start)

    def walk(self, tokens: list[Token]) -> None:
        handlers = {kind: getattr(self, f"_{kind}", None) for kind in {token.type for token in tokens}}
        for token in tokens:
            if (handler := handlers[token.type]) is not None:
                handler(token)

    # Containers

    def _list_item_open(self, token: Token) -> None:
        self.count += 1
        self.items.append(_Item(self.count))

    def _list_item_close(self, token: Token) -> None:
        self.items.pop()

    def _blockquote_open(self, token: Token) -> None:
        self.quotes += 1
        self.fresh_quote = True

    def _blockquote_close(self, token: Token) -> None:
        self.quotes -= 1

    # Leaves

    def _heading_open(self, token: Token) -> None:
        self.heading = token

    def _heading_close(self, token: Token) -> None:
        self.heading = None

    def _inline(self, token: Token) -> None:
        if self.row is not None:
            self._cell(token)
            return
        start, end = token.map or (0, 0)
        self.cover(start, end)
        found = rich(token.content, self.references)
        if self.heading is not None:
            self._heading_piece(found.lines, start, found.links, found.tags)
        else:
            self._text_piece(found.lines, start, found.links, found.tags)

    def _heading_piece(self, lines: tuple[Line, ...], start: int, links: tuple[FoundLink, ...], tags: tuple[str, ...]) -> None:
        assert self.heading is not None
        text = " ".join(line.text for line in lines)
        self.cover(start, (self.heading.map or (0, start + 1))[1])
        setext = self.heading.markup in ("=", "-")
        if self.quotes or (setext and (len(text) > _LONG_HEADING or text.rstrip().endswith((".", ";", ",")))):
            # A quoted heading is a quotation; a sentence underlined by accident (no blank line before a rule) is a sentence.
            self._text_piece(lines, start, links, tags)
            if not self.quotes:
                self.pieces.append(Piece("rule", (), start + len(lines) + 1))
            return
        title = Line(_ANCHOR.sub("", text).strip())
        self.pieces.append(Piece("heading", (title,), start + 1, level=int(self.heading.tag[1]), links=links, tags=()))

    def _text_piece(self, lines: tuple[Line, ...], start: int, links: tuple[FoundLink, ...], tags: tuple[str, ...]) -> None:
        lines = _without_block_id(lines)
        checked: bool | None = None
        opens = bool(self.items) and self.items[-1].fresh
        if self.quotes and self.fresh_quote:
            lines = _without_prefix(lines, _CALLOUT)
        if opens and lines and (match := _CHECKBOX.match(lines[0].text)):
            checked = match[1] in "xX" if match[1] != "-" else True
            lines = _without_prefix(lines, _CHECKBOX)
        self.fresh_quote = False
        kind: PieceKind = "list_item" if opens else "quote" if self.quotes else "paragraph"
        self.pieces.append(Piece(kind, lines, start + 1, 0, *self._place(), checked=checked, links=links, tags=tags))

    def _place(self) -> tuple[int, int, int, bool]:
        """Of a piece that stands here: depth, item, owner, and whether it opens the item."""
        if not self.items:
            return 0, 0, 0, False
        innermost = self.items[-1]
        opens, innermost.fresh = innermost.fresh, False
        return len(self.items), innermost.number, self.items[0].number, opens

    def _fence(self, token: Token) -> None:
        start, end = token.map or (0, 0)
        self.cover(start, end)
        closing = self.source[end - 1].strip(" \t>") if end - 1 > start else ""
        if not (len(closing) >= len(token.markup) and set(closing) == {token.markup[0]}):
            self.unclosed.append((start + 1, f"The code fence {token.markup[:_SHOWN]} opened here is never closed"))
        self._code(token.content, start + 2)

    def _code_block(self, token: Token) -> None:
        start, end = token.map or (0, 0)
        self.cover(start, end)
        self._code(token.content, start + 1)

    def _code(self, content: str, line: int) -> None:
        lines = tuple(Line(text.rstrip()) for text in content.rstrip("\n").split("\n"))
        self.pieces.append(Piece("code", lines, line, 0, *self._place()))

    def _html_block(self, token: Token) -> None:
        start, end = token.map or (0, 0)
        self.cover(start, end)
        if token.content.lstrip().startswith("<!--") and "-->" not in token.content:
            self.unclosed.append((start + 1, "The comment <!-- opened here is never closed"))
            return
        kind: PieceKind = "quote" if self.quotes else "paragraph"
        self.pieces.append(Piece(kind, tuple(html_lines(token.content)), start + 1, 0, *self._place()))

    def _comment_block(self, token: Token) -> None:
        self.cover(*(token.map or (0, 0)))

    def _hr(self, token: Token) -> None:
        start, end = token.map or (0, 0)
        self.cover(start, end)
        self.pieces.append(Piece("rule", (), start + 1))

    # Tables

    def _table_open(self, token: Token) -> None:
        self.table += 1
        self.rows, self.header = [], ()
        start, _ = token.map or (0, 0)
        self.header_line = start + 1
        self.cover(start, start + 2)

    def _thead_open(self, token: Token) -> None:
        self.in_head = True

    def _thead_close(self, token: Token) -> None:
        self.in_head = False

    def _tr_open(self, token: Token) -> None:
        self.row, self.row_links, self.row_tags = [], [], []
        self.row_line = (token.map or (0, 0))[0]

    def _cell(self, token: Token) -> None:
        found = rich(token.content, self.references)
        assert self.row is not None
        self.row.append(found.lines[0] if len(found.lines) == 1 else Line(" ".join(line.text for line in found.lines)))
        self.row_links += [replace(link, offset=0) for link in found.links]
        self.row_tags += found.tags

    def _tr_close(self, token: Token) -> None:
        cells, self.row = tuple(cell.cut(0) for cell in self.row or ()), None
        self.cover(self.row_line, self.row_line + 1)
        line = self.header_line if self.in_head else self.row_line + 1
        text = " | ".join(cell.text for cell in cells if cell.text and not _BOX_CELL.match(cell.text))
        if self.in_head:
            self.header = tuple(cell.text for cell in cells)
        self.rows.append(_Row(line, text, cells, tuple(self.row_links), tuple(self.row_tags)))

    def _table_close(self, token: Token) -> None:
        for line, text, cells, links, tags in [row for row in self.rows[1:] if row.text.strip()] or self.rows[:1]:
            place = self._place()
            self.pieces.append(
                Piece("table_row", (Line(text),), line, 0, *place, None, self.table, self.header, cells, links, tags)
            )


def _without_prefix(lines: tuple[Line, ...], pattern: re.Pattern[str]) -> tuple[Line, ...]:
    match = pattern.match(lines[0].text) if lines else None
    return (lines[0].cut(match.end()), *lines[1:]) if match else lines


def _without_block_id(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    match = _BLOCK_ID.search(lines[-1].text) if lines and "^" in lines[-1].text else None
    return (*lines[:-1], lines[-1].cut(0, match.start())) if match else lines
