"""Which line of a document is its title."""

from __future__ import annotations

from rcasearch.readers.fields import split_label
from rcasearch.readers.headings import is_label, kinds_of
from rcasearch.readers.pieces import Piece


def title_piece_of(pieces: list[Piece], title: str | None) -> Piece | None:
    """The piece that is the title, a heading or a first line all in bold. ``title`` is the front matter's, if any."""
    return _title_heading(pieces, title) or _bold_title(pieces)


def _title_heading(pieces: list[Piece], title: str | None) -> Piece | None:
    """The heading that is the title: the first one, unless it is a known part's or one of several of its level further down."""
    headings = [piece for piece in pieces if piece.kind == "heading"]
    if not headings:
        return None
    first = headings[0]
    if title and (same := next((h for h in headings[:3] if h.flat.casefold() == title.casefold()), None)):
        return same
    if kinds_of(first.flat) and not (first.level == 1 and _is_only_top(headings) and ":" in first.flat):
        return None
    if first.level == 1:
        return first
    alone = all(piece.kind in ("heading", "rule") for piece in pieces[: pieces.index(first) + 1])
    return first if alone and title is None and not any(h.level < first.level for h in headings) else None


def _bold_title(pieces: list[Piece]) -> Piece | None:
    """A first line all in bold stands for the title of a document without headings."""
    first = pieces[0] if pieces else None
    if first is None or first.kind != "paragraph" or len(first.lines) > 2 or not first.wholly("strong"):
        return None
    found = split_label(first.lines[0])
    return None if found is not None and is_label(found[0], True) else first


def _is_only_top(headings: list[Piece]) -> bool:
    return sum(heading.level == 1 for heading in headings) == 1 and len(headings) > 1
