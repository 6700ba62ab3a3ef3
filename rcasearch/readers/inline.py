"""Inline tokens -> lines of plain text with the marks (bold, struck, code...) that other rooms need to know of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from html.parser import HTMLParser
from typing import Literal, NamedTuple

from markdown_it.token import Token

from rcasearch.readers.syntax import References, inline_tokens, is_plain

MarkKind = Literal["strong", "em", "strike", "code", "highlight"]
_OPEN: dict[str, MarkKind] = {"strong_open": "strong", "em_open": "em", "s_open": "strike", "highlight_open": "highlight"}
_CLOSE = {"strong_close": "strong", "em_close": "em", "s_close": "strike", "highlight_close": "highlight"}

# Elements whose tags are markup. Any other <word> in prose is text ("restart <service>", "List<String>").
HTML_TAGS = frozenset(
    """
    a abbr address article aside audio b big blockquote body br button caption center cite code col colgroup dd del
    details dfn div dl dt em embed fieldset figcaption figure font footer form h1 h2 h3 h4 h5 h6 head header hr html i
    iframe img input ins kbd label legend li link main mark meta nav object ol option p picture pre q s samp script
    section select small source span strike strong style sub summary sup svg table tbody td textarea tfoot th thead
    title tr tt u ul var video wbr
    """.split()
)
_TAG_NAME = re.compile(r"</?([A-Za-z][\w-]*)")
_TAG = re.compile(r"(?<![\w/#&;.])#([^\W\d_][\w/-]*|\d+[^\W\d][\w/-]*)")
_NOT_A_TAG_AFTER = re.compile(r"(?:\b(?:in|into|to|from|via|on|the|channel|slack|joined|see)\s*:?\s*)$", re.IGNORECASE)
_UNCLOSED = re.compile(r"<[^<>]*+(?!>)")
_ANY_TAG = re.compile(r"<[^<>]*+>")
_MOST_UNCLOSED = 20
# Documents written from a template repeat their sentences and cells.
_RECENT, _SHORT = 16_384, 400
_MEDIA = re.compile(r"\.(?:png|jpe?g|gif|svg|webp|bmp|mp4|mov|webm|pdf|canvas|excalidraw)$", re.IGNORECASE)


class Mark(NamedTuple):
    """Characters ``start`` to ``end`` of a line are ``kind``."""

    kind: MarkKind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Line:
    """One line of plain text."""

    text: str
    marks: tuple[Mark, ...] = ()

    def wholly(self, kind: MarkKind) -> bool:
        """Whether all of the line's letters are ``kind``."""
        rest, end = [], 0
        for mark in sorted(mark for mark in self.marks if mark.kind == kind):
            rest.append(self.text[end : mark.start])
            end = max(end, mark.end)
        return bool(self.text.strip()) and not any(map(str.isalnum, "".join([*rest, self.text[end:]])))

    def cut(self, start: int, end: int | None = None) -> Line:
        """The line from ``start`` to ``end``, without blanks around it, its marks moved along."""
        stop = len(self.text) if end is None else end
        start += len(self.text[start:stop]) - len(self.text[start:stop].lstrip())
        text = self.text[start:stop].rstrip()
        if not self.marks:
            return self if text == self.text else Line(text)
        moved = (Mark(m.kind, max(m.start - start, 0), min(m.end - start, len(text))) for m in self.marks)
        return Line(text, tuple(m for m in moved if m.start < m.end))


@dataclass(frozen=True, slots=True)
class FoundLink:
    """A link before it is resolved; ``offset`` counts lines from the start of the text it stands in."""

    target: str
    text: str
    kind: Literal["wiki", "embed", "url"]
    offset: int


@dataclass(frozen=True, slots=True)
class Rich:
    """Plain text with its marks, links and tags."""

    lines: tuple[Line, ...]
    links: tuple[FoundLink, ...] = ()
    tags: tuple[str, ...] = ()


def rich(text: str, references: References) -> Rich:
    """The text of a block as plain text: as many lines as the source had. ``references`` are the document's link definitions."""
    return _recent(text) if not references and len(text) <= _SHORT else _rendered(text, references)


@lru_cache(maxsize=_RECENT)
def _recent(text: str) -> Rich:
    return _rendered(text, {})


def _rendered(text: str, references: References) -> Rich:
    if "#" not in text and is_plain(text):
        return Rich(tuple(Line(line.rstrip()) for line in text.split("\n")))
    writer = _Writer()
    for token in inline_tokens(text, references):
        writer.take(token)
    return writer.finish()


class _Writer:
    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.links: list[FoundLink] = []
        self.tags: list[str] = []
        self.text = ""
        self.marks: list[Mark] = []
        self.open: dict[MarkKind, int] = {}
        self.link: tuple[str, int, str] | None = None

    def take(self, token: Token) -> None:
        kind = token.type
        if kind in ("text", "text_special"):
            self._tags(token.content)
            self._add(token.content)
        elif kind == "code_inline":
            self._code(token.content)
            return
        elif kind in ("softbreak", "hardbreak"):
            self._end_line()
        elif kind in _OPEN:
            self.open[_OPEN[kind]] = len(self.text)
        elif kind in _CLOSE:
            self._close(_CLOSE[kind])
        elif kind == "html_inline" and not _is_markup(token.content):
            self._add_lines(token.content)
            return
        else:
            self._special(token)
        for _ in range(token.meta.get("newlines", 0)):
            self._end_line()

    def _special(self, token: Token) -> None:
        if token.type == "link_open":
            self.link = (str(token.attrGet("href") or ""), len(self.lines), "")
        elif token.type == "link_close" and self.link is not None:
            target, offset, text = self.link
            self.links.append(FoundLink(target, text.strip(), "url", offset))
            self.link = None
        elif token.type == "image":
            for child in token.children or ():
                self.take(child)
        elif token.type == "wiki_link":
            self._wiki(token)
        elif (
            token.type == "html_inline" and token.content.lower().startswith("<br") and self.text and not self.text.endswith(" ")
        ):
            self._add(" ")

    def _wiki(self, token: Token) -> None:
        target, embed = str(token.meta["target"]), bool(token.meta["embed"])
        page, _, part = target.partition("#")
        media = embed and _MEDIA.search(page) is not None
        shown = token.content if not embed or not re.fullmatch(r"\d+(x\d+)?", token.content) else ""
        text = shown or ("" if media else " > ".join(filter(None, (page, part.lstrip("^").replace("#", " > ")))))
        if page:
            self.links.append(FoundLink(target, shown or page, "embed" if embed else "wiki", len(self.lines)))
        self._add(text)

    def _tags(self, text: str) -> None:
        if "#" not in text:
            return
        for match in _TAG.finditer(text):
            before = self.text[-20:] + text[max(0, match.start() - 20) : match.start()]
            if not _NOT_A_TAG_AFTER.search(before) and not re.fullmatch(r"[0-9a-fA-F]{3,8}", match[1]):
                self.tags.append(match[1].rstrip("/-"))

    def _add(self, text: str) -> None:
        self.text += text
        if self.link is not None:
            self.link = (self.link[0], self.link[1], self.link[2] + text)

    def _add_lines(self, text: str) -> None:
        for number, line in enumerate(text.split("\n")):
            if number:
                self._end_line()
            self._add(line)

    def _code(self, text: str) -> None:
        for number, line in enumerate(text.split("\n")):
            if number:
                self._end_line()
            start = len(self.text)
            self._add(line)
            self.marks.append(Mark("code", start, len(self.text)))

    def _close(self, kind: str) -> None:
        for name in list(self.open):
            if name == kind:
                self.marks.append(Mark(name, self.open.pop(name), len(self.text)))

    def _end_line(self) -> None:
        marks = [*self.marks, *(Mark(kind, start, len(self.text)) for kind, start in self.open.items())]
        self.lines.append(Line(self.text.rstrip(), tuple(m for m in marks if m.start < m.end)))
        self.text, self.marks = "", []
        self.open = dict.fromkeys(self.open, 0)
        if self.link is not None:
            self.link = (self.link[0], self.link[1], self.link[2] + " ")

    def finish(self) -> Rich:
        self._end_line()
        return Rich(tuple(self.lines), tuple(self.links), tuple(self.tags))


def _is_markup(html: str) -> bool:
    """Whether an inline tag is HTML, or a comment; else it is a word in angle brackets that somebody wrote."""
    name = _TAG_NAME.match(html)
    return html.startswith(("<!--", "<?", "<![")) or (name is not None and name[1].lower() in HTML_TAGS)


class _TextOfHtml(HTMLParser):
    """Collects the text of a piece of HTML; what is dropped leaves its line breaks."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        written = self.get_starttag_text() or ""
        self.parts.append(("\n" * written.count("\n") or " ") if tag in HTML_TAGS else written)
        self.hidden += tag in ("script", "style")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        written = self.get_starttag_text() or ""
        self.parts.append(("\n" * written.count("\n") or " ") if tag in HTML_TAGS else written)

    def handle_endtag(self, tag: str) -> None:
        self.parts.append(" " if tag in HTML_TAGS else f"</{tag}>")
        if tag in ("script", "style"):
            self.hidden = max(0, self.hidden - 1)

    def handle_data(self, data: str) -> None:
        self.parts.append("\n" * data.count("\n") if self.hidden else data)

    def handle_comment(self, data: str) -> None:
        self.parts.append("\n" * data.count("\n"))

    def handle_decl(self, decl: str) -> None:
        self.parts.append("\n" * decl.count("\n"))

    def handle_pi(self, data: str) -> None:
        self.parts.append("\n" * data.count("\n"))

    def unknown_decl(self, data: str) -> None:
        self.parts.append("\n" * data.count("\n"))


def html_lines(html: str) -> list[Line]:
    """The text of an HTML block, each line where it stood."""
    if _is_hostile(html):
        return _split(_ANY_TAG.sub(lambda found: "\n" * found[0].count("\n") or " ", html))
    reader = _TextOfHtml()
    reader.feed(html)
    reader.close()
    return _split("".join(reader.parts))


def _is_hostile(html: str) -> bool:
    """Whether so many tags, comments and sections are never closed that the parser would look for the end of each in the rest."""
    if html.count("<") <= _MOST_UNCLOSED:
        return False
    comments = html.count("<!--", html.rfind("-->") + 1)
    return len(_UNCLOSED.findall(html)) + comments + html.count("<![") > _MOST_UNCLOSED


def _split(text: str) -> list[Line]:
    return [Line(" ".join(line.split())) for line in text.split("\n")]
