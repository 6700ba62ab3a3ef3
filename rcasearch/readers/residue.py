"""What a template left behind and nobody wrote: placeholders, instructions, the closing signature. Blanked, in place."""

from __future__ import annotations

import re
from dataclasses import replace

from rcasearch.readers.inline import Line, Mark
from rcasearch.readers.pieces import Piece

# {brief description}, {{ service }}, [TODO], [insert date], <describe the impact>; never JSON, paths or code.
_PLACEHOLDER = re.compile(
    r"(?<![\w/$\\.=:({])(?:"
    r"\{\{?\s*[A-Za-z][A-Za-z'_\-]*(?: [A-Za-z0-9'?/_.\-]+){1,12}\s*\}\}?|\{\{\s*[\w.\-]{1,60}\s*\}\}"
    r"|\[(?:TODO|TBD|TBC|FIXME|XXX|FILL[^\]]{0,60}|INSERT [^\]]{1,80}|ADD [^\]]{1,80}|DESCRIBE [^\]]{1,80}|"
    r"YOUR [^\]]{1,60}|PLACEHOLDER[^\]]{0,60}"
    r"|YYYY-MM-DD|HH:MM|NAME|OWNER|DATE|LINK|TIME|\.\.\.|\u2026)\](?!\()"
    r"|<(?:insert|describe|add|fill|enter|your|brief|todo|placeholder|name of|link to|date of)\b[^<>]{0,80}>"
    r")(?![\w/])",
    re.IGNORECASE,
)
_BRACKET = re.compile(r"[{\[<]")
_EMPTY = re.compile(
    r"^[\W_]*(?:todo|tbd|tbc|fixme|xxx|tba|n/?a|to be (?:determined|defined|filled(?: in)?|completed|written|added|"
    r"confirmed)"
    r"|\{[\w .\-]{1,60}\}|coming soon|work in progress|wip|placeholder|fill (?:me )?in|fill this in|lorem ipsum.*)?[\W_]*$",
    re.IGNORECASE,
)
_INSTRUCTION = re.compile(
    r"^[\W_]*(?:please\s+)?(?:briefly\s+|in (?:one|two|a few) (?:or two )?(?:sentences?|paragraphs?|words?),?\s+)?"
    r"(?:include|describe|provide|add|list|explain|fill|insert|write|summari[sz]e|enter|detail|outline|document|specify|"
    r"state|give|note|"
    r"mention|record|identify|use this|optional|example:|e\.g\.|a (?:short|brief) (?:description|summary|overview)|"
    r"short description|"
    r"brief description|one[- ]?(?:sentence|paragraph|line)|what (?:happened|was|were|did|is|are|went|caused|could)|"
    r"who (?:was|were)|"
    r"how (?:did|was|were|long|many|do)|when (?:did|was)|why (?:did|was)|which|where did|this section|delete this)\b",
    re.IGNORECASE,
)
_SECOND_PERSON = re.compile(
    r"^(?:please\s+)?(?:include|describe|provide|insert|briefly (?:describe|explain|summari[sz]e)|fill in)\b"
    r".{0,80}\b(?:here|below|short|brief|your|this (?:section|incident)|the (?:incident|impact|root cause|timeline|"
    r"problem|outage|steps))\b",
    re.IGNORECASE,
)
_SIGNED = re.compile(
    r"\b(?:prepared|written|authored|drafted|compiled|submitted|reviewed|approved|published|created|generated|completed|"
    r"updated|filed|"
    r"signed|edited|finali[sz]ed|maintained|owned|report|rca|post-?mortem|document|author|last updated)\b"
    r".{0,80}?(?:\bby\b|\bon\b|:|\u2014|\s-\s|\u2013)",
    re.IGNORECASE,
)
_SIGNER = re.compile(
    r"\b(?:prepared|written|authored|drafted|compiled|submitted|created|author(?:ed)?)\b(?: by|:)\s*(.+)", re.IGNORECASE
)
_SIGNED_ON = re.compile(r"[\s,]+(?:on|at|dated|\(|\u2014|\u2013|-)\s*\S*\d.*$")
_LONGEST_SIGNATURE = 200


def without_residue(piece: Piece) -> Piece | None:
    """The piece with placeholders blanked; None when that, or an instruction to the author, is all it was."""
    if piece.kind in ("code", "heading", "rule"):
        return piece
    if _is_instruction(piece):
        return None
    if piece.cells:
        return _row(piece)
    lines = tuple(_blanked(line) for line in piece.lines)
    cleaned = replace(piece, lines=lines) if lines != piece.lines else piece
    return None if _is_empty(cleaned.flat) and not _holds_code(cleaned) else cleaned.trimmed()


def _holds_code(piece: Piece) -> bool:
    return any(mark.kind == "code" for line in piece.lines for mark in line.marks)


def _is_empty(text: str) -> bool:
    return len(text) <= _LONGEST_SIGNATURE and _EMPTY.match(text) is not None


def _row(piece: Piece) -> Piece | None:
    cells = tuple(_blanked(cell) for cell in piece.cells)
    if cells == piece.cells:
        return None if all(_is_empty(cell.text) for cell in cells) else piece
    if all(_is_empty(cell.text) for cell in cells):
        return None
    return replace(piece, cells=cells, lines=(Line(" | ".join(cell.text for cell in cells if cell.text)),))


def _is_instruction(piece: Piece) -> bool:
    text = piece.flat
    if len(text) > 400:
        return False
    if piece.wholly("em"):
        return bool(_INSTRUCTION.match(text)) or text.endswith(("...", "\u2026", "?"))
    return piece.kind == "quote" and bool(_SECOND_PERSON.match(text))


def _blanked(line: Line) -> Line:
    if not _BRACKET.search(line.text):
        return line
    code = [mark for mark in line.marks if mark.kind == "code"]
    text = line.text
    for match in reversed(list(_PLACEHOLDER.finditer(line.text))):
        if not any(_overlaps(mark, match.start(), match.end()) for mark in code):
            text = text[: match.start()] + text[match.end() :]
    return line if text == line.text else Line(" ".join(text.split()))


def _overlaps(mark: Mark, start: int, end: int) -> bool:
    return mark.start < end and start < mark.end


def split_signature(pieces: list[Piece]) -> tuple[list[Piece], str | None]:
    """The pieces without the closing "RCA prepared by ... on ...", and whom it names."""
    end = len(pieces)
    while end and pieces[end - 1].kind == "rule":
        end -= 1
    start = end
    while start and pieces[start - 1].kind == "paragraph" and end - start < 3:
        start -= 1
    after_rule = start > 0 and pieces[start - 1].kind == "rule" and start < end
    tail = pieces[start:end] if after_rule else pieces[max(start, end - 1) : end]
    if not tail or not all(_is_signature(piece, after_rule) for piece in tail):
        return pieces, None
    signer = next((name for piece in tail if (name := _signer(piece.flat))), None)
    return pieces[: end - len(tail)], signer


def _is_signature(piece: Piece, after_rule: bool) -> bool:
    text = piece.flat
    if piece.depth or len(text) > _LONGEST_SIGNATURE or not _SIGNED.search(text):
        return False
    return piece.wholly("em") or (after_rule and len(text) <= 120)


def _signer(text: str) -> str | None:
    match = _SIGNER.search(text)
    if match is None:
        return None
    name = _SIGNED_ON.sub("", match[1]).strip(" .*_")
    return name if 0 < len(name) <= 80 else None
