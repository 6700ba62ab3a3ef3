"""One file -> a Document, or a Problem that says why not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from rcasearch import credentials, severities
from rcasearch.credentials import Credential
from rcasearch.model import MARKDOWN_SUFFIXES, Document, Incident, Link, Problem
from rcasearch.readers import values
from rcasearch.readers.access import HINT, AccessError, access_of
from rcasearch.readers.actions import action_items
from rcasearch.readers.answers import resolution, root_cause
from rcasearch.readers.blocks import Parsed, parse_blocks
from rcasearch.readers.bounds import bounded
from rcasearch.readers.collector import paused
from rcasearch.readers.decode import NotTextError, decode
from rcasearch.readers.fields import ALIASES, DURATION_UNITS, Field
from rcasearch.readers.front_matter import FrontMatter, read_front_matter
from rcasearch.readers.ids import slug
from rcasearch.readers.milestones import milestones
from rcasearch.readers.opening import Opening, read_opening
from rcasearch.readers.outline import Outline, outline, sections
from rcasearch.readers.pieces import Piece
from rcasearch.readers.residue import split_signature, without_residue
from rcasearch.readers.timeline import timeline
from rcasearch.sources import read_bytes, unreadable
from rcasearch.texts import unique

_INDEX_NAMES = frozenset({"readme", "index", "contributing", "changelog", "license", "_index", "home", "toc"})
_LOOKS_MARKDOWN = re.compile(r"\s*(?:---\s*$|#{1,6}\s+\S|[^\n]{1,200}\n(?:={3,}|-{3,})\s*$)", re.MULTILINE)
_NAME_END = re.compile(r"\s*(?:\(|:\s|\s[-\u2013\u2014]\s)")
_DATE_PREFIX = re.compile(r"^(?:\d{4}-?\d{2}-?\d{2})[\s_\-.]*")


def read_document(file: str, path: str, max_bytes: int, *, mask: bool = True) -> Document | Problem | None:
    """The document in ``file``, known as ``path``; a Problem when it cannot be indexed; None when it is no incident at all."""
    try:
        return document_of(read_bytes(file, max_bytes), path, max_bytes, mask=mask)
    except OSError as error:
        return unreadable(path, error)


def document_of(data: bytes, path: str, max_bytes: int, *, mask: bool = True) -> Document | Problem | None:
    """The document in the bytes of a file, as `read_document` gives it. ``mask`` leaves out what looks like a secret."""
    named = bool(PurePosixPath(path).suffix)
    if len(data) > max_bytes:
        return _too_long(path, max_bytes) if named else None
    try:
        text, guessed = decode(data)
    except NotTextError as error:
        return _no_text(path, error) if named else None
    if not named and not _LOOKS_MARKDOWN.match(text):
        return None
    read = parse_document(text, path, guessed)
    secrets = credentials.find(text)
    if secrets and mask and isinstance(read, Document):
        access, read = read.incident.access, parse_document(credentials.masked(text, secrets), path, guessed)
        if isinstance(read, Document):
            # Who may see a document is what stands in it, whatever looks like a secret around that.
            read = replace(read, incident=replace(read.incident, access=access))
    return _warned(read, secrets, mask=mask) if secrets else read


def _warned(read: Document | Problem | None, secrets: Sequence[Credential], *, mask: bool) -> Document | Problem | None:
    """What was read of a text with secrets, which the problems tell of and do not repeat."""
    if isinstance(read, Document):
        warnings = credentials.problems(read.incident.path, secrets, hidden=mask)
        return replace(read, problems=(*map(_discreet, read.problems), *warnings))
    return _discreet(read) if read else None


def _discreet(problem: Problem) -> Problem:
    return replace(problem, message=credentials.masked(problem.message, credentials.find(problem.message)))


def _too_long(path: str, max_bytes: int) -> Problem:
    hint = "Split it, move logs and attachments out of it, or raise max_document_bytes."
    return Problem(path, None, f"The document has more than {max_bytes} bytes.", hint, skipped=True)


def _no_text(path: str, error: NotTextError) -> Problem:
    hint = "Save it as UTF-8 markdown, or take it out of the folder."
    return Problem(path, None, f"The file is not text: {error}.", hint, skipped=True)


@paused()
def parse_document(text: str, path: str, guessed: str | None = None) -> Document | Problem | None:
    """The document in ``text``. ``guessed`` is the encoding it was read as, where that was a guess."""
    front = read_front_matter(text)
    lines = [""] * front.end + text.split("\n")[front.end :]
    parsed = parse_blocks(lines)
    if not front.values and not parsed.pieces:
        return Problem(path, None, "The document is empty.", "Write it, or take it out of the folder.", skipped=True)
    reader = _Reader(path, front, parsed)
    if reader.is_index_page():
        return None
    if not reader.has_content():
        what = "headings without text" if reader.is_untouched() else "a template that nobody filled in"
        return Problem(path, None, f"The document is {what}.", "Write it, or take it out of the folder.", skipped=True)
    try:
        access = access_of(text, front)
    except AccessError as error:
        return Problem(path, error.line, f"{error}.", HINT, skipped=True)
    incident, cut = bounded(reader.incident(access))
    return Document(incident, text, (*_problems(path, front, parsed, guessed, reader), *cut))


def _problems(path: str, front: FrontMatter, parsed: Parsed, guessed: str | None, reader: _Reader) -> Iterator[Problem]:
    if guessed:
        yield Problem(path, None, f"The file is not UTF-8; it was read as {guessed}.", "Save it as UTF-8.")
    if front.fault:
        line, what = front.fault
        yield Problem(
            path, line, f"{what}; what could be read of it was used.", "Mend it: `key: value` lines between two lines of `---`."
        )
    for line, what in parsed.unclosed:
        yield Problem(path, line, f"{what}; everything below it reads as part of it.", "Close it.")
    yield from reader.problems


class _Reader:
    """Gathers what front matter, fields in the text, the file name and the title say about one document."""

    def __init__(self, path: str, front: FrontMatter, parsed: Parsed) -> None:
        self.path = path
        self.front = front
        self.problems: list[Problem] = []
        self.all_pieces = parsed.pieces
        pieces, self.signer = split_signature(parsed.pieces)
        self.pieces = [kept for piece in pieces if (kept := without_residue(piece)) is not None]
        self.outline: Outline = outline(self.pieces, values.one(self._raw("title")))
        # Prose names other dates and levels too: it is asked only where nobody filled in front matter.
        self.opening = Opening() if front.values else read_opening(self.outline.parts)
        self.stem = _stem(path)

    def has_content(self) -> bool:
        return bool(self.front.values) or any(part.pieces for part in self.outline.parts) or not self.all_pieces

    def is_untouched(self) -> bool:
        """Whether nothing had to be left out as residue of a template."""
        return len(self.pieces) == len(self.all_pieces)

    def is_index_page(self) -> bool:
        """A README or index without anything that an incident has: date, severity, or a section that says what happened."""
        if self.stem.lower() not in _INDEX_NAMES:
            return False
        if any(self._raw(name) for name in ("date", "severity", "services")):
            return False
        kinds = {kind for part in self.outline.parts if part.pieces for kind in part.kinds}
        return (
            not kinds & {"root_cause", "contributing_factors", "five_whys", "timeline", "impact"}
            and len(kinds & {"resolution"}) == 0
        )

    def incident(self, access: tuple[str, ...]) -> Incident:
        parts = self.outline.parts
        title = self._title()
        date = self._date(title)
        duration = self._duration()
        events = timeline(parts, date, duration)
        severity = self._severity()
        return Incident(
            id=slug(self._one("id", body=False) or self.stem),
            title=title,
            path=self.path,
            date=date,
            severity=severity,
            level=severities.level(severity),
            services=self._many("services"),
            tags=self._tags(),
            status=(self._one("status") or "").lower() or None,
            duration_minutes=duration,
            author=self._one("author") or self.signer or self.opening.author,
            aliases=self._many("aliases"),
            sections=sections(parts),
            links=tuple(self._links()),
            action_items=action_items(parts),
            timeline=events,
            milestones=milestones(events, duration),
            root_cause=root_cause(parts),
            resolution=resolution(parts),
            access=access,
        )

    # Where values come from

    def _keys(self, name: str) -> Iterator[str]:
        return (key for key in ALIASES[name] if key in self.front.values)

    def _raw(self, name: str) -> Any:
        return next((self.front.values[key] for key in self._keys(name) if values.many(self.front.values[key])), None)

    def _stated(self, name: str) -> list[Field]:
        """The fields of the text that mean ``name``, best name first."""
        known = ALIASES[name]
        return sorted(
            (field for field in self.outline.fields if field.key in known), key=lambda field: (known.index(field.key), field.line)
        )

    def _one(self, name: str, body: bool = True) -> str | None:
        found = values.one(self._raw(name))
        if found is None and body:
            texts = (values.one(field.value) for field in self._stated(name))
            found = next((text for text in texts if text), None)
        return found

    def _many(self, name: str) -> tuple[str, ...]:
        found = values.many(self._raw(name))
        if found:
            return found
        stated = self._stated(name)
        key = stated[0].key if stated else ""
        return unique(
            _bare_name(value) for field in stated if field.key == key for value in values.many(field.value) if _bare_name(value)
        )

    # Fields

    def _title(self) -> str:
        title = values.one(self._raw("title")) or self.outline.title
        if title and values.shows(title):
            return title
        return values.one(next((f.value for f in self._stated("title")), None)) or _title_of(self.stem)

    def _date(self, title: str) -> str | None:
        for key in self._keys("date"):
            raw = values.one(self.front.values[key])
            if raw is None:
                continue
            if found := values.find_date(raw):
                return found
            self._complain(key, f"The {key} {raw!r} is not a date", "Write it as YYYY-MM-DD.")
        stated = (values.find_date(field.value) for field in self._stated("date"))
        candidates = (*stated, values.find_date(self.stem), values.find_date(title), self.opening.date)
        return next((found for found in candidates if found), None)

    def _duration(self) -> int | None:
        for key in self._keys("duration"):
            raw = values.one(self.front.values[key])
            if raw is None:
                continue
            found = values.minutes(raw, DURATION_UNITS.get(key, "m"))
            if found is not None:
                return found
            self._complain(key, f"The {key} {raw!r} is not a length of time", "Write minutes, or such as `2h 10m`.")
        stated = (values.minutes(field.value, DURATION_UNITS.get(field.key, "m")) for field in self._stated("duration"))
        return next((found for found in stated if found is not None), self.opening.duration_minutes)

    def _severity(self) -> str | None:
        """As written; out of a longer remark ("P2. Tickets came late") only the level."""
        found = self._one("severity") or self.opening.severity
        return (severities.severity_in(found) or found[:40]) if found and len(found) > 40 else found

    def _complain(self, key: str, message: str, hint: str) -> None:
        self.problems.append(Problem(self.path, self.front.lines.get(key), f"{message[:200]}; it was left out.", hint))

    def _tags(self) -> tuple[str, ...]:
        inline = (tag for piece in self.pieces for tag in piece.tags)
        return unique(tag for tag in (value.lstrip("#") for value in (*self._many("tags"), *inline)) if tag)

    def _links(self) -> Iterator[Link]:
        for key in self._keys("related"):
            line = self.front.lines.get(key, 1)
            for value in values.many(self.front.values[key]):
                url = value.lower().startswith(("http:", "https:"))
                yield Link(value, value, "url" if url else "wiki", line)
        yield from _links_in(self.all_pieces)


def _links_in(pieces: Iterable[Piece]) -> Iterator[Link]:
    for piece in pieces:
        for link in piece.links:
            if link.target:
                yield Link(link.target, link.text or link.target, link.kind, piece.line + link.offset)


def _stem(path: str) -> str:
    name = PurePosixPath(path)
    return name.stem if name.suffix.lower() in MARKDOWN_SUFFIXES else name.name


def _title_of(stem: str) -> str:
    words = re.sub(r"[-_]+", " ", _DATE_PREFIX.sub("", stem)).strip() or stem
    return words[:1].upper() + words[1:]


def _bare_name(text: str) -> str:
    """The service named in "checkout-api (degraded)" or "checkout-api: 40% errors"."""
    return _NAME_END.split(text, maxsplit=1)[0].strip(" .`*")[:80]
