"""An incident's markdown as HTML that is safe to show: parsed by markdown-it, links resolved, every line an anchor, then nh3.

The parser writes what we mean; nh3 alone decides what may reach a browser. Nothing in a document is trusted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from typing import Any
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markupsafe import Markup

from rcasearch.model import Link
from rcasearch.render import SAFE_SCHEMES, incident_url
from rcasearch.web import bounds
from rcasearch.web.sanitising import sanitised
from rcasearch.wording import visible

WIKI = re.compile(r"!?\[\[([^\[\]|\n]+)(?:\|([^\[\]\n]*))?\]\]")
COMMENT = re.compile(r"%%.*?%%", re.DOTALL)
FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\n.*?\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
TASK = re.compile(r"^\[([ xX])\][ \t]+")
# Cleaning deeply nested HTML takes quadratic time: a document with more raw HTML than any author writes is shown as text.
RAW_HTML_MAX = 5_000
MARKED_BLOCKS = ("paragraph_open", "heading_open")
MARKED_BY_START = ("list_item_open", "tr_open")


@dataclass
class _Walk:
    """What one pass over the tokens carries along."""

    links: dict[str, str | None]
    lines: tuple[int, int] | None
    used: set[int] = field(default_factory=set)

    def anchor(self, line: int) -> str:
        """The id for a line, once; empty when the line has one already."""
        if line in self.used:
            return ""
        self.used.add(line)
        return f"L{line}"

    def hit(self, first: int, last: int) -> bool:
        return self.lines is not None and first <= self.lines[1] and last >= self.lines[0]


@lru_cache(maxsize=64)
def render(source: str, links: tuple[Link, ...], title: str, lines: tuple[int, int] | None = None, file: str = "") -> Markup:
    """The markdown of one document, front matter and comments left out, and no more of it than a page can hold.

    ``links`` say where its wiki links and relative links lead, ``lines`` is a passage to mark. Each line of content has
    the anchor ``L<line of the file>``. The first heading is left out where it repeats ``title``. ``file`` is named where
    something was cut.
    """
    walk = _Walk({link.target: link.incident_id for link in links}, lines)
    written = visible(source.replace("\r\n", "\n").replace("\r", "\n")).lstrip("\ufeff").removesuffix("\n").split("\n")
    start, end = bounds.window(written, lines)
    shown = "\n" * start + "\n".join(written[start:end])
    text = blank(COMMENT, blank(FRONT_MATTER, shown))
    parser = _parser(html=text.count("<") <= RAW_HTML_MAX)
    tokens = _without_title(parser.parse(text, {bounds.FILE: file}), title)
    _annotate(tokens, walk)
    above = [bounds.left_out(start, "above", file)] if start else []
    below = [bounds.left_out(len(written) - end, "below", file)] if end < len(written) else []
    html = parser.renderer.render([*above, *tokens, *below], parser.options, {})
    return sanitised(html)


def blank(pattern: re.Pattern[str], text: str) -> str:
    """The text with what matches emptied, its line breaks kept, so that line numbers stay true."""
    return pattern.sub(lambda found: "\n" * found[0].count("\n"), text)


@lru_cache(maxsize=2)
def _parser(html: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": html, "maxNesting": bounds.DEEPEST}).enable(["table", "strikethrough"])
    parser.core.ruler.after("block", "bounds", bounds.bound)
    parser.inline.ruler.before("link", "wiki", _wiki_rule)
    parser.add_render_rule("wiki", _as_is)
    parser.add_render_rule("anchor", _as_is)
    parser.add_render_rule("image", _as_is)
    parser.add_render_rule("fence", _code)
    parser.add_render_rule("code_block", _code)
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    return parser


def _wiki_rule(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] not in "![":
        return False
    found = WIKI.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        token = state.push("wiki", "", 0)
        token.meta = {"target": found[1].strip(), "text": (found[2] or found[1]).strip().replace("\\", "")}
    state.pos = found.end()
    return True


def _without_title(tokens: list[Token], title: str) -> list[Token]:
    start = next((at for at, token in enumerate(tokens) if token.type != "html_block"), 0)
    is_heading = len(tokens) >= start + 3 and tokens[start].type == "heading_open" and tokens[start].tag == "h1"
    repeats = is_heading and _plain(tokens[start + 1].content) == _plain(title)
    return tokens[:start] + tokens[start + 3 :] if repeats else tokens


def _plain(text: str) -> str:
    return re.sub(r"\W+", "", text).casefold()


def _annotate(tokens: list[Token], walk: _Walk) -> None:
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + (token.tag == 'h1'), 6)}"
        if token.map is None:
            continue
        first, last = token.map[0] + 1, token.map[1]
        if token.type == "inline":
            _inline(token, walk)
        elif token.type == "html_block":
            token.content = _anchors(range(first, last + 1), walk) + token.content
        elif token.type in ("fence", "code_block"):
            token.meta = {"walk": walk}
        elif token.nesting == 1 and not token.hidden and token.type not in ("table_open", "thead_open", "tbody_open"):
            _mark(token, first, last, walk)


def _mark(token: Token, first: int, last: int, walk: _Walk) -> None:
    if anchor := walk.anchor(first):
        token.attrSet("id", anchor)
    inside = token.type in MARKED_BLOCKS and walk.hit(first, last)
    if inside or (token.type in MARKED_BY_START and walk.hit(first, first)):
        token.attrJoin("class", "found")


def _anchors(lines: Sequence[int], walk: _Walk) -> str:
    ids = [anchor for line in lines if (anchor := walk.anchor(line))]
    return "".join(f'<span class="at" id="{anchor}"></span>' for anchor in ids)


def _inline(token: Token, walk: _Walk) -> None:
    """Anchor the lines inside a paragraph and settle its links, images and check boxes."""
    assert token.map is not None
    line, last = token.map[0] + 1, token.map[1]
    kept: list[Token] = []
    for child in _with_links(token.children or [], walk):
        kept.append(child)
        if child.type in ("softbreak", "hardbreak"):
            line += 1
            kept.append(_raw(_anchors([line], walk)))
    if kept and kept[0].type == "text" and (box := TASK.match(kept[0].content)):
        kept[0].content = kept[0].content[box.end() :]
        kept.insert(0, _raw('<span class="check">☐</span> ' if box[1] == " " else '<span class="check">☑</span> '))
    # A code span may run over a line break without leaving a token for it: those lines are anchored at the end.
    kept.append(_raw(_anchors(range(token.map[0] + 1, last + 1), walk)))
    token.children = kept


def _with_links(children: list[Token], walk: _Walk) -> list[Token]:
    kept: list[Token] = []
    open_spans: list[bool] = []
    for child in children:
        if child.type == "link_open":
            open_spans.append(_settle_link(child, walk))
        elif child.type == "link_close" and open_spans.pop():
            child.tag = "span"
        elif child.type == "wiki":
            child.content = _wiki_html(child.meta["target"], child.meta["text"], walk)
        elif child.type == "image":
            child.content = _image_html(child)
        kept.append(child)
    return kept


def _settle_link(token: Token, walk: _Walk) -> bool:
    """Point a link where it may lead; True where it leads nowhere and becomes a span."""
    href = str(token.attrGet("href") or "")
    incident = _incident_of(href, walk)
    if incident is not None:
        token.attrs = {"href": incident_url(incident), "class": "wiki"}
        return False
    if _scheme(href) in SAFE_SCHEMES:
        token.attrs = {"href": href, "class": "external"}
        return False
    token.tag = "span"
    token.attrs = {"class": "dangling", "title": f"Leads to {href[:200]}, which is not in this index"}
    return True


def _incident_of(target: str, walk: _Walk) -> str | None:
    names = (target, unquote(target), target.split("#")[0], unquote(target.split("#")[0]).strip())
    return next((found for name in names if (found := walk.links.get(name)) is not None), None)


def _scheme(href: str) -> str:
    try:
        return urlsplit(href).scheme.lower()
    except ValueError:
        return ""


def _wiki_html(target: str, text: str, walk: _Walk) -> str:
    incident = _incident_of(target, walk)
    if incident is None:
        return f'<span class="dangling" title="{escape(target)} is not in this index">{escape(text)}</span>'
    return f'<a class="wiki" href="{escape(incident_url(incident))}">{escape(text)}</a>'


def _image_html(token: Token) -> str:
    """A picture as its description: nothing is loaded from elsewhere, and an index holds no pictures."""
    source = str(token.attrGet("src") or "")
    text = escape(token.content or source.rsplit("/", 1)[-1][:120] or "picture")
    if _scheme(source) in ("http", "https"):
        return f'<a class="image" href="{escape(source)}">Picture, not loaded: {text}</a>'
    return f'<span class="image">Picture: {text}</span>'


def _raw(html: str) -> Token:
    return Token("anchor", "", 0, content=html)


def _as_is(_: Any, tokens: Sequence[Token], at: int, *__: Any) -> str:
    return tokens[at].content


def _code(_: Any, tokens: Sequence[Token], at: int, *__: Any) -> str:
    """Code line by line, so that each line can be linked to and marked."""
    token = tokens[at]
    assert token.map is not None
    walk: _Walk = token.meta["walk"]
    first = token.map[0] + (2 if token.type == "fence" else 1)
    opening = _anchors([token.map[0] + 1], walk) if token.type == "fence" else ""
    lines = (_code_line(text, first + i, walk) for i, text in enumerate(token.content.removesuffix("\n").split("\n")))
    return f"{opening}<pre><code>" + "\n".join(lines) + "</code></pre>\n"


def _code_line(text: str, line: int, walk: _Walk) -> str:
    name = "line found" if walk.hit(line, line) else "line"
    anchor = walk.anchor(line)
    return f'<span class="{name}"{f" id={anchor}" if anchor else ""}>{escape(text)}</span>'


def _table_open(*_: Any) -> str:
    return '<div class="scroll" role="region" tabindex="0" aria-label="Table"><table>\n'


def _table_close(*_: Any) -> str:
    return "</table></div>\n"
