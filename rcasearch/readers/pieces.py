"""The unit that the rooms after the parser work on: a block before it belongs to a section."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from rcasearch.readers.inline import FoundLink, Line

PieceKind = Literal["paragraph", "list_item", "table_row", "code", "quote", "field", "heading", "rule"]


@dataclass(frozen=True)
class Piece:
    """A block before it belongs to a section. ``item`` numbers the innermost list item, ``owner`` the outermost; 0 is none."""

    kind: PieceKind
    lines: tuple[Line, ...]
    line: int
    level: int = 0
    depth: int = 0
    item: int = 0
    owner: int = 0
    opens_item: bool = False
    checked: bool | None = None
    table: int = 0
    header: tuple[str, ...] = ()
    cells: tuple[Line, ...] = ()
    links: tuple[FoundLink, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return self.lines[0].text if len(self.lines) == 1 else "\n".join([line.text for line in self.lines])

    @cached_property
    def flat(self) -> str:
        """The text on one line."""
        return " ".join(self.text.split())

    def wholly(self, kind: Literal["em", "strike", "strong"]) -> bool:
        written = [line for line in self.lines if line.text.strip()]
        return bool(written) and all(line.wholly(kind) for line in written)

    def trimmed(self) -> Piece | None:
        """Without blank lines at its ends, ``line`` moved along; None when nothing is left."""
        if self.lines and self.lines[0].text.strip() and self.lines[-1].text.strip():
            return self
        filled = [number for number, line in enumerate(self.lines) if line.text.strip()]
        if not filled:
            return None
        first, last = filled[0], filled[-1] + 1
        links = tuple(replace(link, offset=max(link.offset - first, 0)) for link in self.links)
        return replace(self, lines=self.lines[first:last], line=self.line + first, links=links)
