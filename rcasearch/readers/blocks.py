"""Markdown -> pieces: headings, paragraphs, list items, table rows, quotes and code, each with the line it stands on.

Everything that is not blank ends up in exactly one piece, save markup, comments, link definitions and the header row of a
table that has rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from markdown_it.token import Token

from rcasearch.readers.inline import FoundLink, Line, html_lines, render
from rcasearch.readers.pieces import Piece, PieceKind
from rcasearch.readers.syntax import parser

_CALLOUT = re.compile(r"^\[![\w-]+\][+-]?[ \t]*")
_BLOCK_ID = re.compile(r"(?:^|\s)\^[A-Za-z0-9-]+$")
_CHECKBOX = re.compile(r"^\[([ xX/\-><!])\](?:\s+|$)")
_BOX_CELL = re.compile(r"^(?:[-*]\s*)?\[[ xX]\]$")
_ANCHOR = re.compile(r"\s*\{#[\w-]+\}$")
_ONLY_MARKUP = re.compile(r"^[\s>#*+\-=_|:`~.\d)]*$")
_MARKERS = re.compile(r"^[\s>]+")
_LONG_HEADING = 120


@dataclass(slots=True)
class Parsed:
    """The pieces of a body in order, and (line, what) of each fence or comment that is opened and never closed."""

    pieces: list[Piece] = field(default_factory=list)
    unclosed: list[tuple[int, str]] = field(default_factory=list)


def parse_blocks(lines: list[str]) -> Parsed:
    """The pieces of a markdown text given by its lines (front matter blanked, so that lines count as in the file)."""
    env: dict[str, dict[str, dict[str, list[int]]]] = {}
    walker = _Walker(lines)
    walker.walk(parser().parse("\n".join(lines), env))
    for reference in (*env.get("references", {}).values(), *env.get("duplicate_refs", ())):
        if isinstance(reference, dict) and "map" in reference:
            walker.cover(reference["map"][0], reference["map"][1])
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


class _Walker:
    """Walks the flat token list once, keeping what it is inside of."""

    def __init__(self, lines: list[str]) -> None:
        self.source = lines
        self.covered = bytearray(len(lines) + 1)
        self.pieces: list[Piece] = []
        self.unclosed: list[tuple[int, str]] = []
        self.items: list[_Item] = []
        self.quotes = 0
        self.fresh_quote = False
        self.count = 0
        self.heading: Token | None = None
        self.table = 0
        self.rows: list[Piece] = []
        self.header: list[Line] = []
        self.header_line = 0
        self.row: list[Line] | None = None
        self.row_line = 0
        self.in_head = False
        self.row_links: list[FoundLink] = []
        self.row_tags: list[str] = []

    def cover(self, start: int, end: int) -> None:
        self.covered[start:end] = b"\x01" * (min(end, len(self.covered)) - start)

    def walk(self, tokens: Iterable[Token]) -> None:
        for token in tokens:
            handler = getattr(self, f"_{token.type}", None)
            if handler is not None:
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
        rich = render(token.children)
        text_lines = tuple(rich.lines)
        links, tags = tuple(rich.links), tuple(rich.tags)
        if self.heading is not None:
            self._heading_piece(text_lines, start, links, tags)
        else:
            self._text_piece(text_lines, start, links, tags)

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
        self._add(Piece(kind, lines, start + 1, checked=checked, links=links, tags=tags))

    def _add(self, piece: Piece) -> None:
        if self.items:
            innermost = self.items[-1]
            piece = replace(
                piece, depth=len(self.items), item=innermost.number, owner=self.items[0].number, opens_item=innermost.fresh
            )
            innermost.fresh = False
        self.pieces.append(piece)

    def _fence(self, token: Token) -> None:
        start, end = token.map or (0, 0)
        self.cover(start, end)
        closing = self.source[end - 1].strip(" \t>") if end - 1 > start else ""
        if not (len(closing) >= len(token.markup) and set(closing) == {token.markup[0]}):
            self.unclosed.append((start + 1, f"The code fence {token.markup} opened here is never closed"))
        self._code(token.content, start + 2)

    def _code_block(self, token: Token) -> None:
        start, end = token.map or (0, 0)
        self.cover(start, end)
        self._code(token.content, start + 1)

    def _code(self, content: str, line: int) -> None:
        lines = tuple(Line(text.rstrip()) for text in content.rstrip("\n").split("\n"))
        self._add(Piece("code", lines, line))

    def _html_block(self, token: Token) -> None:
        start, end = token.map or (0, 0)
        self.cover(start, end)
        if token.content.lstrip().startswith("<!--") and "-->" not in token.content:
            self.unclosed.append((start + 1, "The comment <!-- opened here is never closed"))
            return
        self._add(Piece("quote" if self.quotes else "paragraph", tuple(html_lines(token.content)), start + 1))

    def _comment_block(self, token: Token) -> None:
        self.cover(*(token.map or (0, 0)))

    def _hr(self, token: Token) -> None:
        start, end = token.map or (0, 0)
        self.cover(start, end)
        self.pieces.append(Piece("rule", (), start + 1))

    # Tables

    def _table_open(self, token: Token) -> None:
        self.table += 1
        self.rows, self.header = [], []
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
        rich = render(token.children)
        assert self.row is not None
        self.row.append(rich.lines[0] if len(rich.lines) == 1 else Line(" ".join(line.text for line in rich.lines)))
        self.row_links += [replace(link, offset=0) for link in rich.links]
        self.row_tags += rich.tags

    def _tr_close(self, token: Token) -> None:
        cells, self.row = [cell.cut(0) for cell in self.row or ()], None
        self.cover(self.row_line, self.row_line + 1)
        line = self.header_line if self.in_head else self.row_line + 1
        text = Line(" | ".join(cell.text for cell in cells if cell.text and not _BOX_CELL.match(cell.text)))
        piece = Piece(
            "table_row",
            (text,),
            line,
            table=self.table,
            cells=tuple(cells),
            links=tuple(self.row_links),
            tags=tuple(self.row_tags),
        )
        if self.in_head:
            self.header = cells
        self.rows.append(piece)

    def _table_close(self, token: Token) -> None:
        names = tuple(cell.text for cell in self.header)
        for row in [row for row in self.rows[1:] if row.text.strip()] or self.rows[:1]:
            self._add(replace(row, header=names))


def _without_prefix(lines: tuple[Line, ...], pattern: re.Pattern[str]) -> tuple[Line, ...]:
    match = pattern.match(lines[0].text) if lines else None
    return (lines[0].cut(match.end()), *lines[1:]) if match else lines


def _without_block_id(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    match = _BLOCK_ID.search(lines[-1].text) if lines else None
    return (*lines[:-1], lines[-1].cut(0, match.start())) if match else lines
