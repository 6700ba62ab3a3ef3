"""Pieces -> parts: what stands under each heading, where a heading may also be a bold line, a ``Label:`` or a row of a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from rcasearch.model import Block, Kind, Section
from rcasearch.readers.fields import Field, field_of, fields_in, is_field, label_key, split_label
from rcasearch.readers.headings import Kinds, is_label, kinds_of, normal, resolve
from rcasearch.readers.inline import Line
from rcasearch.readers.pieces import Piece
from rcasearch.readers.titles import title_piece_of

_LABEL_LEVEL = 7
# Sections whose running text names other kinds without opening them ("Detection: add an alert" among the actions).
_NO_PLAIN_LABELS: frozenset[Kind] = frozenset({"timeline", "action_items", "lessons", "related", "support", "people"})
_LIST_LABELS: frozenset[Kind] = frozenset({"other", "summary", "root_cause", "five_whys", "stats", "contributing_factors"})
_FIELD_LISTS: frozenset[Kind] = frozenset({"other", "summary", "stats", "impact", "people", "symptoms"})
_VALUE_HEADERS = frozenset("value detail description answer content information data entry note".split())


@dataclass(slots=True)
class Part:
    """A section in the making. ``level`` is 0 for text before the first heading and 7 for a label; ``pieces`` are its content."""

    heading: str
    level: int
    path: tuple[str, ...]
    kinds: Kinds
    line: int
    pieces: list[Piece] = field(default_factory=list)

    def section(self) -> Section:
        blocks = tuple(Block(p.kind, p.text, p.line) for p in self.pieces if p.kind != "heading" and p.kind != "rule")
        return Section(self.heading, self.path, self.kinds, blocks, self.line)


@dataclass(slots=True)
class Outline:
    """A document's title as its heading says it, its parts in order and the fields that its text states."""

    title: str | None = None
    title_line: int = 1
    parts: list[Part] = field(default_factory=list)
    fields: list[Field] = field(default_factory=list)


def outline(pieces: list[Piece], title: str | None) -> Outline:
    """The parts of a document. ``title`` is the front matter's, which tells the title heading from other headings."""
    result = Outline()
    title_piece = title_piece_of(pieces, title)
    if title_piece is not None:
        result.title, result.title_line = title_piece.flat, title_piece.line
    builder = _Builder(result)
    for piece in pieces:
        if piece is not title_piece:
            builder.take(piece)
    result.parts = [part for part in result.parts if part.pieces or part.heading]
    _name_preamble(result.parts)
    return result


def _name_preamble(parts: list[Part]) -> None:
    """Text under the title and above every heading is the summary of a document that has no other."""
    if parts and not parts[0].path and not any("summary" in part.kinds for part in parts):
        parts[0].kinds = ("summary",)


class _Builder:
    def __init__(self, result: Outline) -> None:
        self.result = result
        self.stack: list[Part] = []
        self.label: Part | None = None
        self.label_owner = 0
        self.current = Part("", 0, (), ("other",), 1)
        result.parts.append(self.current)

    @property
    def real(self) -> Part | None:
        """The heading proper that the text stands under."""
        return self.stack[-1] if self.stack else None

    @property
    def kind(self) -> Kind:
        return self.stack[-1].kinds[0] if self.stack else "other"

    def take(self, piece: Piece) -> None:
        if piece.kind == "rule":
            return
        if piece.kind == "heading":
            self._open(piece.flat, piece.level, piece.line)
            return
        if self.label_owner and piece.owner != self.label_owner:
            self._close_label()
        if piece.kind == "paragraph" and not piece.depth:
            self._paragraph(piece)
        elif piece.kind == "list_item" and piece.opens_item and piece.checked is None and self._list_label(piece):
            return
        elif piece.cells and self._row(piece):
            return
        else:
            self.current.pieces.append(piece)
        self._value_of_heading(piece)

    def _open(self, heading: str, level: int, line: int) -> None:
        while self.stack and self.stack[-1].level >= level:
            self.stack.pop()
        part = self._part(heading, level, line)
        self.stack.append(part)
        self.label, self.label_owner, self.current = None, 0, part

    def _part(self, heading: str, level: int, line: int) -> Part:
        above = [part for part in self.stack if part.level < level]
        kinds = resolve(heading, [part.kinds for part in above])
        part = Part(heading, level, (*(p.heading for p in above), heading), kinds, line)
        self.result.parts.append(part)
        return part

    def _open_label(self, heading: str, line: int, owner: int = 0) -> None:
        self.current = self.label = self._part(heading, _LABEL_LEVEL, line)
        self.label_owner = owner

    def _close_label(self) -> None:
        """Back to the section that the label stood in, as a continuation of it."""
        self.label, self.label_owner = None, 0
        above = self.real
        if above is None:
            self.current = Part("", 0, (), ("other",), self.current.line)
        else:
            self.current = Part(above.heading, above.level, above.path, above.kinds, above.line)
        self.result.parts.append(self.current)

    # Paragraphs

    def _paragraph(self, piece: Piece) -> None:
        if self._is_field_list(piece):
            self.current.pieces.append(replace(piece, kind="field"))
            self._note_fields(piece)
            return
        start, plain, lines = 0, False, list(piece.lines)
        for number, line in enumerate(piece.lines):
            found = self._label_in(line)
            if found is None:
                continue
            label, rest, bold = found
            self._add_lines(piece, lines[start:number], start)
            self._open_label(label, piece.line + number)
            lines[number] = rest
            start, plain = number, not bold
        self._add_lines(piece, lines[start:], start)
        if plain:
            self._close_label()

    def _label_in(self, line: Line) -> tuple[str, Line, bool] | None:
        """The label that opens a part on this line, if there is one."""
        found = split_label(line)
        if found is None:
            return None
        label, _, bold = found
        if not bold and self.kind in _NO_PLAIN_LABELS:
            return None
        if bold and found[1].text and self.kind in ("action_items", "timeline"):
            return None
        if is_label(label, bold):
            return found if not (is_field(label) and found[1].text) else None
        return found if bold and self._is_sibling(label, found[1]) else None

    def _is_sibling(self, label: str, rest: Line) -> bool:
        """A bold line of unknown words, where bold lines do the work of headings: it ends the part before it."""
        if len(label) > 80 or (is_field(label) and rest.text):
            return False
        among_labels = self.label is not None and not self.label_owner
        return among_labels or (not self.stack and not rest.text)

    def _add_lines(self, piece: Piece, lines: list[Line], start: int) -> None:
        """``lines``, which are those of the piece from ``start`` on, as a piece of their own."""
        cut = replace(piece, lines=tuple(lines), line=piece.line + start)
        if trimmed := cut.trimmed():
            self._add_with_fields(trimmed)

    def _add_with_fields(self, piece: Piece) -> None:
        """A paragraph that may begin with field lines; those become a block of their own kind."""
        if self.kind in _NO_PLAIN_LABELS:
            self.current.pieces.append(piece)
            return
        self._note_fields(piece)
        known = [(found := split_label(line)) is not None and is_field(found[0]) and bool(found[1].text) for line in piece.lines]
        self.current.pieces.append(replace(piece, kind="field") if all(known) else piece)

    def _is_field_list(self, piece: Piece) -> bool:
        """Several ``Key: value`` lines, at least one of them a field we know, as documents without front matter begin."""
        if len(piece.lines) < 2 and self.stack:
            return False
        labels = [split_label(line) for line in piece.lines]
        if not all(found is not None and len(found[0].split()) <= 5 for found in labels):
            return False
        if any(
            found and kinds_of(found[0]) and not is_field(found[0], anywhere=False) and is_label(found[0], True)
            for found in labels
        ):
            return False
        return any(found and is_field(found[0], anywhere=False) for found in labels)

    def _note_fields(self, piece: Piece) -> None:
        for number, line in enumerate(piece.lines):
            self.result.fields.extend(fields_in(line, piece.line + number))

    # Lists and tables

    def _list_label(self, piece: Piece) -> bool:
        """Whether the item is ``- Severity: SEV1`` (noted, still text) or ``- Five whys: ...`` (opens a part, then True)."""
        found = split_label(piece.lines[0]) if piece.lines else None
        if found is None:
            return False
        label, rest, bold = found
        if is_field(label, anywhere=bool(self.stack)) and rest.text:
            if self.kind in _FIELD_LISTS:
                self._note_fields(piece)
            return False
        if self.kind not in _LIST_LABELS or piece.depth > 1 or not is_label(label, bold):
            return False
        self._open_label(label, piece.line, piece.owner)
        if trimmed := replace(piece, lines=(rest, *piece.lines[1:])).trimmed():
            self.current.pieces.append(trimmed)
        return True

    def _row(self, piece: Piece) -> bool:
        """Rows of a key and value table: fields are noted; ``| Root cause | ... |`` opens a part (then True)."""
        filled = [cell for cell in piece.cells if cell.text]
        if len(piece.cells) != 2 or len(filled) != 2 or self.kind in _NO_PLAIN_LABELS:
            return False
        label = filled[0].text.rstrip(": ")
        self._header_as_field(piece)
        if is_field(label, anywhere=bool(self.stack)):
            self.result.fields.append(Field(label_key(label), filled[1].text, piece.line))
            return False
        if not is_label(label, True) or self.kind not in _LIST_LABELS:
            return False
        self._open_label(label, piece.line, owner=-piece.line)
        self.current.pieces.append(replace(piece, lines=(filled[1],)))
        return True

    def _header_as_field(self, piece: Piece) -> None:
        """``| Severity | SEV1 |`` may stand where the header row belongs."""
        label, value = piece.header if len(piece.header) == 2 else ("", "")
        if field_of(label) and value and normal(value) not in _VALUE_HEADERS and is_field(label):
            self.result.fields.append(Field(label_key(label), value, piece.line))

    def _value_of_heading(self, piece: Piece) -> None:
        """``## Severity`` with ``SEV1`` below it states a field; so do the items under ``### Affected services``."""
        part = self.current
        if not part.heading or not part.pieces:
            return
        name = field_of(part.heading)
        if name is None or not is_field(part.heading) or name in ("title", "related", "aliases"):
            return
        if piece.kind == "list_item" and name in ("services", "tags", "author") and piece.depth == 1:
            self.result.fields.append(Field(label_key(part.heading), piece.flat, piece.line))
        elif part.pieces and part.pieces[0] is piece and piece.kind == "paragraph" and len(piece.flat) <= 80:
            self.result.fields.append(Field(label_key(part.heading), piece.flat, piece.line))


def sections(parts: Iterable[Part]) -> tuple[Section, ...]:
    """The parts as sections; an empty continuation of a section is left out."""
    seen: set[tuple[str, int]] = set()
    kept = []
    for part in parts:
        if part.pieces or (part.heading, part.line) not in seen:
            kept.append(part.section())
        seen.add((part.heading, part.line))
    return tuple(kept)
