"""What a reader came for: the root cause and the resolution, with the section that supplied them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from textwrap import indent

from rcasearch.model import Answer, Kind
from rcasearch.readers.headings import normal
from rcasearch.readers.outline import Part
from rcasearch.readers.pieces import Piece
from rcasearch.wording import CODE_INDENT

_CAUSE_KINDS: tuple[Kind, ...] = ("root_cause", "contributing_factors", "five_whys", "trigger")
_CAUSE_BELOW: frozenset[Kind] = frozenset({*_CAUSE_KINDS, "other", "detection", "support"})
_FIX_BELOW: frozenset[Kind] = frozenset({"resolution", "verification", "other", "support"})
_FIX_RANKS = (
    ("resolution", "resolve", "resolved", "solution"),
    (
        "remediation",
        "fix",
        "fixed",
        "recovery",
        "restoration",
        "recovered",
        "corrective",
        "repair",
        "remedy",
        "hotfix",
        "done",
        "did",
        "rollback",
    ),
)
_LABEL_LEVEL = 7
_WHAT_BROKE = re.compile(r"what (?:broke|failed|wa wrong|it wa)\b")


def root_cause(parts: Sequence[Part]) -> Answer | None:
    """The root cause, else the contributing factors, the five whys or the trigger; None when the document has none of them."""
    for kind in _CAUSE_KINDS:
        groups = list(_groups(parts, kind, _CAUSE_BELOW))
        if groups:
            return _answer(min(groups, key=lambda group: (_cause_rank(group[0]), *_prominence(group))), kind)
    return None


def resolution(parts: Sequence[Part]) -> Answer | None:
    """What fixed it: the section that says so most plainly (resolution, then fix or recovery, then mitigation or response)."""
    groups = list(_groups(parts, "resolution", _FIX_BELOW))
    if not groups:
        return None
    return _answer(min(groups, key=lambda group: (_fix_rank(group[0]), *_prominence(group))), "resolution")


def _groups(parts: Sequence[Part], kind: Kind, below: frozenset[Kind]) -> Iterator[list[Part]]:
    """Each part of the kind with the parts under it that speak of the same matter; parts already gathered start no group."""
    taken: set[int] = set()
    for number, part in enumerate(parts):
        if kind not in part.kinds or number in taken:
            continue
        group = [part]
        for later in range(number + 1, len(parts)):
            if parts[later].path[: len(part.path)] != part.path or not part.path:
                break
            if parts[later].path == part.path or set(parts[later].kinds) & below:
                group.append(parts[later])
                taken.add(later)
        if any(member.pieces for member in group):
            yield group


def _prominence(group: list[Part]) -> tuple[bool, int, int]:
    """Headings before labels, outer before inner, earlier before later."""
    return (group[0].level == _LABEL_LEVEL, group[0].level, group[0].line)


def _cause_rank(part: Part) -> int:
    """A heading that says "cause" goes before one that asks why, and that before one that asks what broke: often a symptom."""
    heading = normal(part.heading)
    return 0 if "cause" in heading else 2 if _WHAT_BROKE.match(heading) else 1


def _fix_rank(part: Part) -> int:
    words = set(normal(part.heading).split())
    return next((rank for rank, known in enumerate(_FIX_RANKS) if words & set(known)), len(_FIX_RANKS))


def _answer(group: list[Part], kind: Kind) -> Answer:
    head = group[0]
    chunks: list[str] = []
    for part in group:
        body = readable(part.pieces)
        if not body:
            continue
        own = part.path == head.path
        chunks.append(body if own else _headed(part, body))
    first = next(piece for part in group for piece in part.pieces)
    return Answer("\n\n".join(chunks), kind, head.heading, first.line, tuple(_steps([p for part in group for p in part.pieces])))


def _headed(part: Part, body: str) -> str:
    if part.level != _LABEL_LEVEL:
        return f"{part.heading}\n{body}"
    gap = "\n" if body.startswith("- ") else " "
    return f"{part.heading.rstrip(':')}:{gap}{body}"


def readable(pieces: Sequence[Piece]) -> str:
    """Text for the eye: paragraphs unwrapped and set apart, list items marked, table rows a line each, code set in."""
    text: list[str] = []
    depths = [piece.depth for piece in pieces if piece.kind == "list_item" and piece.opens_item]
    outermost = min(depths, default=0)
    before: Piece | None = None
    for piece in pieces:
        body = piece.text if piece.kind in ("code", "field") else piece.flat
        if piece.kind == "code":
            body = indent(body, CODE_INDENT)
        elif len(depths) > 1 and piece.kind == "list_item" and piece.opens_item:
            body = f"{'  ' * (piece.depth > outermost)}- {body}"
        compact = before is not None and before.kind == piece.kind and piece.kind in ("list_item", "table_row", "field")
        text += ["" if before is None else "\n" if compact or piece.depth else "\n\n", body]
        before = piece
    return "".join(text)


def _steps(pieces: Sequence[Piece]) -> Iterator[str]:
    """The outermost list items, each with what is nested in it."""
    step = ""
    for piece in pieces:
        if piece.opens_item and piece.depth == 1 and piece.kind == "list_item":
            if step:
                yield step
            step = piece.flat
        elif step and piece.depth:
            body = piece.text if piece.kind == "code" else piece.flat
            step += ("\n" if piece.kind == "code" else " " if step.endswith(":") else "; ") + body
    if step:
        yield step
