"""Follow-ups: tables with columns in any order, checkboxes and plain lists -> action items with owner, due date and state."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from rcasearch.model import ActionItem
from rcasearch.readers.outline import Part
from rcasearch.readers.pieces import Piece
from rcasearch.readers.tables import cell, columns, tables, wordiest, words

_COLUMNS = {
    "text": words(
        "action; action item; description; item; task; what; title; follow up; recommendation; remediation; summary; "
        "improvement; step; corrective action; preventive action; detail; work item; to do; measure; activity; deliverable"
    ),
    "owner": words(
        "owner; assignee; who; responsible; assigned to; assigned; dri; owning team; team; lead; owner team; responsible team; by"
    ),
    "due": words(
        "due; due date; deadline; eta; target; target date; when; due by; completion date; date; "
        "target completion; by when; timeline"
    ),
    "status": words("status; state; progress; done; complete; completed; resolution; completion; closed"),
    "priority": words("priority; prio; p; severity; importance; urgency"),
    "id": words("id; no; number; key; ticket; jira; bug; issue; link; reference; tracking; ref; jira ticket; ticket id"),
    "type": words("type; category; kind; area; theme; class"),
}
_DONE = re.compile(
    r"^\W*(?:done|complete|completed|closed|resolved|fixed|merged|shipped|implemented|deployed|finished|delivered|"
    r"released|yes|y|true|x|"
    r"100 ?%|won'?t (?:do|fix)|wontfix|cancell?ed|obsolete|declined|rejected|abandoned|verified|live)(?:\b|$)|"
    r"^[\u2705\u2714\u2611\u2713\U0001f7e2]",
    re.IGNORECASE,
)
# What takes a part of a "done" back: "Done for web only", "done; the replica is still open".
_BUT = re.compile(
    r"(?<!no )(?<!none )(?<!nothing )(?<![\w-])(?:open|only|part(?:ly|ial|ially)|except|excluding|pending|remaining|outstanding|"
    r"to-?do|in[- ]progress|reopened|not (?:yet|done|started|complete|deployed|rolled))(?![\w-])",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"^\W*(?:open|opened|to-?do|to do|in[- ]?progress|wip|not (?:started|done|complete|yet)|pending|planned|planning|"
    r"blocked|backlog|new|no|n|false|"
    r"assigned|in review|review|scheduled|ongoing|started|deferred|on hold|triaged?|incomplete|unstarted|unassigned|"
    r"accepted|proposed|draft|"
    r"under \w+|partial\w*|awaiting|waiting|tbd|active|ready|doing|overdue|delayed|reopened)\b|^\W*\d{1,2} ?%|"
    r"^[\u274c\u2b1c\u2610\U0001f534\U0001f7e1\u23f3\U0001f6a7]|^\[ \]",
    re.IGNORECASE,
)
_CHECKED = re.compile(r"^(?:[-*]\s*)?\[([ xX])\](?:\s+|$)")
_PRIORITY = re.compile(
    r"^[\[(]?\b(P[0-5]|(?:high|medium|low|critical)(?= priority\b|[\])]))(?:\s+priority)?[\])]?\s*[:\-\u2013\u2014|,.]*\s*",
    re.IGNORECASE,
)
_PRIORITY_INSIDE = re.compile(r"[\[(](?:priority:?\s*)?(P[0-5]|high|medium|low|critical)[\])]", re.IGNORECASE)
_KEYS = r"owner|assignee|assigned to|responsible|team|dri|due(?: date| by)?|deadline|eta|target(?: date)?|status|state|priority"
_ATTRIBUTE = re.compile(
    rf"(?<![\w.-])(?P<key>{_KEYS})\s*(?P<sign>:|=(?![=~]))\s*"
    r"(?P<value>[^;|()\[\],\u2014\u2013]{1,60}?)(?=\s*(?:[;|()\[\],\u2014\u2013]|$|\b(?:owner|assignee|due|deadline|eta|"
    r"target|status|priority)\s*[:=]))",
    re.IGNORECASE,
)
_BRACES = re.compile(r"\{[^{}]*\}")
_SIGNS = re.compile(r"[:=]")
_ROLE = {
    "owner": "owner", "assignee": "owner", "assigned": "owner", "responsible": "owner", "team": "owner", "dri": "owner",
    "due": "due", "deadline": "due", "eta": "due", "target": "due", "status": "status", "state": "status", "priority": "priority",
}  # fmt: skip
_TEAM_BEHIND = re.compile(
    r"(?:\(|\s[\u2014\u2013]\s)((?:[A-Z][\w.-]*|&)(?: (?:[A-Z][\w.-]*|&|and)){0,4})(?:,[^()]{0,60})?\)?[.*]?$"
)
_ABBREVIATION = re.compile(r"[A-Z0-9_.-]{2,}")
_TEAMS = frozenset({"SRE", "DBA", "DBAS", "QA", "IT", "NOC", "SOC", "OPS"})
_MENTION = re.compile(r"(?<![\w.])@([\w][\w.\-/]*\w)")
_EMOJI_DATE = re.compile(r"([\U0001f4c5\u23f3\U0001f6eb\u2705])\ufe0f?\s*(\d{4}-\d{2}-\d{2})")
_DUE = re.compile(r"\b(?:due|by|before|until)\s+(\d{4}-\d{2}-\d{2})\b", re.IGNORECASE)
# What an attribute leaves behind where it stood. Each alternative begins where a run of its characters does, and only there.
_LEFT = re.compile(
    r"(?<!\s)\s*[\[(][,;|:\s\u2014\u2013\-]*+[\])]|(?<!\s)\s+[,;|\u2014\u2013\-]+\s*$"
    r"|(?<![\s,;|\u2014\u2013])[\s,;|\u2014\u2013]+$"
)
_MOST_LEFT = 20
# An item takes no more of what is nested in it; its section has the whole.
_LONGEST_ITEM = 20_000
_NOTHING = re.compile(r"^\W*(?:none|no action items?|n/?a|nothing|no follow-?ups?|no actions?)(?: \w+){0,3}\W*$", re.IGNORECASE)


def action_items(parts: list[Part]) -> tuple[ActionItem, ...]:
    """The follow-ups of every action-item part in order; where there are none, the checkbox items of any part."""
    found = [item for part in parts if "action_items" in part.kinds for item in _items_of(part.pieces)]
    if not found:
        found = [item for part in parts if "timeline" not in part.kinds for item in _checkboxes(part.pieces)]
    items = (item for item in found if item.text and not _NOTHING.match(item.text))
    return tuple(sorted(items, key=lambda item: item.line))


def _items_of(pieces: list[Piece]) -> Iterator[ActionItem]:
    for rows in tables(pieces):
        yield from _from_table(rows)
    yield from _from_list([piece for piece in pieces if piece.depth and not piece.cells])


def _checkboxes(pieces: list[Piece]) -> Iterator[ActionItem]:
    """The items with boxes, and what is nested in them: follow-ups wherever they stand."""
    owners = {piece.owner for piece in pieces if piece.checked is not None}
    return _from_list([piece for piece in pieces if piece.owner in owners and piece.owner and not piece.cells])


def is_done(status: str | None) -> bool | None:
    """What a status says: True for finished or dropped, False for open in any way, None where it cannot be told."""
    if not status:
        return None
    if _OPEN.match(status):
        return False
    done = _DONE.match(status)
    return None if done is None else _BUT.search(status, done.end()) is None


def _from_table(rows: list[Piece]) -> Iterator[ActionItem]:
    at = columns(rows[0].header, _COLUMNS)
    if "text" not in at and (column := wordiest(rows, set(at.values()))) is not None:
        at["text"] = column
    for row in rows:
        text = cell(row, at.get("text")) or cell(row, at.get("id"))
        status = cell(row, at.get("status")) or None
        done = is_done(status)
        boxes = [found for c in row.cells if (found := _CHECKED.match(c.text))]
        if boxes:
            done = boxes[0][1] in "xX" if done is None else done
            text = _CHECKED.sub("", text)
        if _is_struck(row, at.get("text")):
            done = True
        yield ActionItem(
            text, row.line, cell(row, at.get("priority")) or None, cell(row, at.get("owner")) or None,
            cell(row, at.get("due")) or None, status, done,
        )  # fmt: skip


def _is_struck(row: Piece, column: int | None) -> bool:
    return column is not None and column < len(row.cells) and row.cells[column].wholly("strike")


def _from_list(pieces: list[Piece]) -> Iterator[ActionItem]:
    """Outermost items, each with what is nested in it; the items under a label ("Prevention:") or with boxes count themselves."""
    open_item: ActionItem | None = None
    depth = 0
    for number, piece in enumerate(pieces):
        following = pieces[number + 1] if number + 1 < len(pieces) else None
        nested = piece.depth > depth or not piece.opens_item
        if open_item is not None and nested and not (piece.opens_item and piece.checked is not None):
            open_item = _with_detail(open_item, piece)
            continue
        if open_item is not None:
            yield open_item
            open_item = None
        if not piece.opens_item or piece.kind != "list_item":
            continue
        if piece.checked is None and piece.flat.endswith(":") and following is not None and following.depth > piece.depth:
            continue
        open_item, depth = _from_item(piece), piece.depth
    if open_item is not None:
        yield open_item


class _Attribute(NamedTuple):
    """An attribute ("Owner: Payments") at characters ``start`` to ``end`` of an item: the role it fills and the value."""

    start: int
    end: int
    role: str
    value: str


def _attributes(piece: Piece) -> list[_Attribute]:
    """The attributes in the piece's flat text. What stands in code or braces is what a machine reads, and none of them."""
    text, guarded = piece.flat, _guarded(piece)
    found = []
    for match in _ATTRIBUTE.finditer(guarded):
        role, value = _ROLE[match["key"].lower().split()[0]], text[slice(*match.span("value"))].strip(" .*_")
        if match["sign"] == "=" and (value[:1] in ('"', "'") or (role == "status" and is_done(value) is None)):
            continue
        if role != "status" or is_done(value) is not None or len(value.split()) <= 2:
            found.append(_Attribute(match.start(), match.end(), role, value))
    return found


def _guarded(piece: Piece) -> str:
    """The flat text, character by character, without the signs of an attribute inside code and braces."""
    lines = []
    for line in piece.lines:
        text = line.text
        for mark in line.marks:
            if mark.kind == "code":
                text = text[: mark.start] + _SIGNS.sub("_", text[mark.start : mark.end]) + text[mark.end :]
        lines.append(text)
    flat = _BRACES.sub(lambda match: _SIGNS.sub("_", match[0]), " ".join("\n".join(lines).split()))
    # A date behind an emoji ends what stands before it.
    return _EMOJI_DATE.sub(lambda match: ";" * len(match[0]), flat)


def _with_detail(item: ActionItem, piece: Piece) -> ActionItem:
    """An item with a nested line: an attribute ("Owner: Payments") or more of its text."""
    attributes = _attributes(piece)[:1]
    if attributes and attributes[0].start == 0 and attributes[0].end >= len(piece.flat.rstrip(" .")):
        return _attributed(item, attributes)
    if len(item.text) > _LONGEST_ITEM:
        return item
    return replace(item, text=f"{item.text} {piece.flat}" if item.text.endswith(":") else f"{item.text}; {piece.flat}")


def _from_item(piece: Piece) -> ActionItem:
    text = piece.flat
    item = ActionItem("", piece.line, done=True if piece.wholly("strike") else piece.checked)
    attributes = _attributes(piece)
    item = _attributed(item, attributes)
    for attribute in reversed(attributes):
        text = text[: attribute.start] + text[attribute.end :]
    for match in _EMOJI_DATE.finditer(text):
        item = replace(item, done=True) if match[1] == "\u2705" else replace(item, due=match[2])
    text = _EMOJI_DATE.sub("", text)
    text, item = _priority_of(text, item)
    if item.owner is None and (mention := _MENTION.search(text)):
        item = replace(item, owner=mention[1])
    if item.owner is None and (team := _team_of(text)):
        item = replace(item, owner=team)
    if item.due is None and (due := _DUE.search(text)):
        item = replace(item, due=due[1])
    for _ in range(_MOST_LEFT):
        before, text = text, _LEFT.sub("", text)
        if text == before:
            break
    return replace(item, text=text.strip() or piece.flat)


def _team_of(text: str) -> str | None:
    """The name in "... (Storage Guild, end of May)" or "... \u2014 Payments"; an abbreviation there is seldom a team."""
    match = _TEAM_BEHIND.search(text[-160:])
    if match is None or (_ABBREVIATION.fullmatch(match[1]) and match[1] not in _TEAMS):
        return None
    return match[1]


def _priority_of(text: str, item: ActionItem) -> tuple[str, ActionItem]:
    match = _PRIORITY.match(text) or _PRIORITY_INSIDE.search(text)
    if match is None or item.priority is not None:
        return text, item
    return (text[: match.start()] + text[match.end() :]).strip(), replace(item, priority=match[1])


def _attributed(item: ActionItem, attributes: list[_Attribute]) -> ActionItem:
    for _, _, role, value in attributes:
        if role == "owner" and item.owner is None:
            item = replace(item, owner=value.lstrip("@"))
        elif role == "due" and item.due is None:
            item = replace(item, due=value)
        elif role == "priority" and item.priority is None:
            item = replace(item, priority=value)
        elif role == "status":
            state = is_done(value)
            item = replace(item, status=value, done=item.done if state is None else state)
    return item
