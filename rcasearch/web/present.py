"""How values look on a page: the words of ``rcasearch.wording`` as template filters, and passages with their highlights."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Flask, request, url_for
from markupsafe import Markup, escape

from rcasearch import wording
from rcasearch.model import IndexInfo
from rcasearch.render import info_as_dict
from rcasearch.render_text import MET, VERDICTS, headline
from rcasearch.shapes import Recurrence
from rcasearch.tokens import READ
from rcasearch.web.addresses import local_path
from rcasearch.web.identity import caller, sent_by_cookie
from rcasearch.web.live import live

HIT_VERDICTS = {"strong": "Strong", "possible": "Possible", "none": "Below the line"}
TONES = {"SEV0": "worst", "SEV1": "worst", "SEV2": "bad"}
TITLE_DATE = re.compile(r"^\s*(\d{4}-\d{2}-\d{2})\s*[-–—:·]*\s+")
COMMAND = re.compile(r"`([^`\n]+)`")
TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
PASSAGE = 360
HEAD = 320
SENTENCE_END = re.compile(r"[.!?][\"')\]]?(?=\s)")


def register(app: Flask, assets: dict[str, str]) -> None:
    """Make the filters and names of this file known to the templates of ``app``; ``assets`` maps a file to its version."""
    for function in (
        ago,
        overdue,
        day,
        minutes,
        excerpt,
        head_and_rest,
        steps_head_and_rest,
        short_title,
        tone,
        percent,
        commands,
    ):
        app.template_filter(function.__name__)(function)
    app.jinja_env.finalize = _upright
    app.template_filter("count")(wording.plural)
    app.template_filter("size")(wording.size)

    def asset(name: str) -> str:
        return url_for("static", filename=name, v=assets[name])

    names = {
        "outcome": wording.outcome,
        "recurrence_of": _recurrence_of,
        "asset": asset,
        "index_info": _index_info,
        "headline": _headline,
        "verdict_words": VERDICTS,
        "hit_words": HIT_VERDICTS,
        "met_words": MET,
        "caller": caller,
        "next_path": _next_path,
        "sent_by_cookie": sent_by_cookie,
    }
    app.context_processor(lambda: names)


def _upright(value: object) -> object:
    """Any value that a template writes, without the characters that turn the reading direction round."""
    if not isinstance(value, str) or TURNING.search(value) is None:
        return value
    return type(value)(TURNING.sub("\ufffd", value))


def public_info(info: IndexInfo) -> dict[str, Any]:
    """What anybody may know of an index: folders by their names, without where they lie on this machine."""
    told = info_as_dict(info)
    return {**told, "path": _last(info.path), "sources": [_last(source) for source in info.sources]}


def _last(path: str) -> str:
    return Path(path).name or path


def ago(day_text: str | None) -> str:
    """How long ago an ISO date is today."""
    return wording.age(day_text, datetime.now(UTC).date())


def overdue(due: str | None) -> str:
    """By how much an ISO date has passed today; empty where it has not."""
    return wording.late(due, datetime.now(UTC).date())


def day(day_text: str | None) -> str:
    """A date as people write it; what is no date stays as it is."""
    try:
        when = date.fromisoformat((day_text or "")[:10])
    except ValueError:
        return day_text or ""
    return f"{when.day} {when:%b %Y}"


def minutes(total: int | None) -> str:
    """A duration in words; empty where it is not known."""
    return "" if total is None else wording.minutes(total)


def excerpt(text: str, highlights: Sequence[Sequence[int]]) -> Markup:
    """The part of a passage that holds most highlights, escaped, the highlights in ``<mark>``."""
    shown, spans = wording.passage(text, [(start, end) for start, end in highlights], PASSAGE)
    out, at = Markup(), 0
    for start, end in spans:
        if start >= at:
            out += escape(shown[at:start]) + Markup("<mark>{}</mark>").format(shown[start:end])
            at = end
    return out + escape(shown[at:])


def head_and_rest(text: str) -> tuple[list[str], list[str]]:
    """The paragraphs of a long text in two: what is read at a glance and what is unfolded."""
    first, *others = wording.paragraphs(text) or [""]
    return steps_head_and_rest([*_opening(first), *others])


def _opening(paragraph: str) -> list[str]:
    """A paragraph too long for a glance in two, after its last sentence that fits or else after its first."""
    ends = [found.end() for found in SENTENCE_END.finditer(paragraph)]
    at = max((end for end in ends if end <= HEAD), default=ends[0] if ends else len(paragraph))
    if len(paragraph) <= HEAD or len(paragraph) - at < HEAD // 4:
        return [paragraph]
    return [paragraph[:at], paragraph[at:].lstrip()]


def steps_head_and_rest(parts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Whole parts in two: about as many characters as are read at a glance, and the others."""
    head: list[str] = []
    rest, room = list(parts), HEAD
    while rest and (len(rest[0]) <= room or not head):
        room -= len(rest[0])
        head.append(rest.pop(0))
    if sum(map(len, rest)) < HEAD // 4:  # not worth a click
        return head + rest, []
    return head, rest


def short_title(title: str, day_text: str | None) -> str:
    """A title without the date it begins with, where the date stands beside it anyway."""
    found = TITLE_DATE.match(title)
    return title[found.end() :] if found and day_text and day_text.startswith(found[1]) and found.end() < len(title) else title


def tone(level: str | None) -> str:
    """How loud a severity is drawn."""
    return TONES.get(level or "", "plain")


def percent(fraction: float) -> int:
    """A fraction as a whole number of hundredths."""
    return max(0, min(100, round(fraction * 100)))


def commands(text: str) -> Markup:
    """A sentence with what stands in backticks as code."""
    parts = COMMAND.split(text)
    return Markup().join(Markup("<code>{}</code>").format(part) if i % 2 else escape(part) for i, part in enumerate(parts))


def _headline(results: dict[str, Any]) -> str:
    """The words over an answer in the shape of ``rcasearch.render``."""
    return headline(results["verdict"], results["searched"], filtered=any(results["query"]["filters"].values()))


def _recurrence_of(incident_id: str) -> Recurrence | None:
    """The failure that a hit is a time of, as far as that is known already: no search waits for it."""
    return live().recurring.known_of(incident_id)


def _next_path() -> str:
    """Where to go on after signing in: to the page that was asked for; a form that was sent is not sent again."""
    if request.path == "/sign-in":
        return local_path(request.values.get("next", ""))
    query = request.query_string.decode("ascii", "replace")
    return local_path(quote(request.path) + (f"?{query}" if query else "")) if request.method == "GET" else "/"


def _index_info() -> IndexInfo | None:
    if not caller().may(READ):
        return None
    try:
        return live().searcher().info
    except Exception:  # noqa: BLE001 - this serves the error page too: it must not fail
        return None
