"""The markdown parser: CommonMark with tables and strikethrough, plus what Obsidian adds (wiki links, comments, highlights).

Inline tokens that swallow line breaks (a code span, a link destination, a comment) carry their number in ``meta["newlines"]``,
so that text rendered from them stays on its lines.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore, text_join
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.autolink import autolink
from markdown_it.rules_inline.backticks import backtick
from markdown_it.rules_inline.html_inline import html_inline
from markdown_it.rules_inline.image import image
from markdown_it.rules_inline.link import link
from markdown_it.token import Token

from rcasearch.readers.block_rules import ChosenRules

InlineRule = Callable[[StateInline, bool], bool]
References = dict[str, Any]

MAX_NESTING = 40
_COMMENT_ENDS = "comment_ends"
# Inline parsing is not linear in the worst case ("[[[[..."); longer or denser text is kept as it stands.
MAX_INLINE_CHARS = 60_000
MAX_INLINE_BRACKETS = 600
MAX_INLINE_UNCLOSED = 60

# The characters that inline rules begin or end at. Without them, and without blanks around line breaks, text is only text.
_MARKS = r"\\`~*_\[\]!<&%="
_TEXT = rf"[^\n{_MARKS}]*"
_PLAIN = re.compile(rf"{_TEXT}(?:(?<![ \t])\n(?![ \t]){_TEXT})*")
_WIKI = re.compile(r"(!?)\[\[([^\[\]\n]{1,500})\]\]")
_COMMENT = re.compile(r"%%(?!%)(.*?)%%", re.DOTALL)
_HIGHLIGHT = re.compile(r"(?<!\w)==(?=[^\s=])(.{0,500}?[^\s=])==(?!\w)", re.DOTALL)


class Blocks(NamedTuple):
    """A document's block tokens, whose text is not parsed yet; its link definitions; and the (start, end) lines of these."""

    tokens: list[Token]
    references: References
    defined: list[tuple[int, int]]


def block_tokens(text: str) -> Blocks:
    """The block structure of a markdown document."""
    env: dict[str, Any] = {}
    tokens = _parser().parse(text, env)
    references = env.get("references", {})
    maps = (reference["map"] for reference in (*references.values(), *env.get("duplicate_refs", ())))
    return Blocks(tokens, references, [(start, end) for start, end in maps])


def inline_tokens(text: str, references: References) -> list[Token]:
    """The tokens inside a block of this text, in a document with these link definitions."""
    if not _is_parseable(text):
        return _literal(text)
    md = _parser()
    env = {"references": references} if references else {}
    state = StateCore(text, md, env, [Token("inline", "", 0, children=md.inline.parse(text, md, env, []))])
    text_join(state)
    return state.tokens[0].children or []


def is_plain(text: str) -> bool:
    """Whether the text of a block says just what stands there: no rule has anything to do in it."""
    return _PLAIN.fullmatch(text) is not None


@cache
def _parser() -> MarkdownIt:
    """The one parser; it holds no state between documents."""
    md = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING}).enable(["table", "strikethrough"])
    for name, rule in (
        ("backticks", backtick), ("link", link), ("image", image), ("html_inline", html_inline), ("autolink", autolink),
    ):  # fmt: skip
        md.inline.ruler.at(name, _counting_newlines(rule))
    md.inline.terminator_re = re.compile(rf"[\n{_MARKS}]")
    md.inline.ruler.before("link", "wiki_link", _wiki_link)
    md.inline.ruler.before("link", "obsidian_comment", _obsidian_comment)
    md.inline.ruler.before("link", "highlight", _highlight)
    md.block.ruler.before("fence", "comment_block", _comment_block, {"alt": ["paragraph", "blockquote", "list"]})
    md.block.ruler = ChosenRules(md.block.ruler, {_comment_block: "%"})
    md.core.ruler.enableOnly(["normalize", "block"])
    return md


def newlines_in(tokens: list[Token]) -> int:
    """Line breaks that rendering ``tokens`` gives."""
    breaks = sum(token.type in ("softbreak", "hardbreak") for token in tokens)
    swallowed = sum(int(token.meta.get("newlines", 0)) for token in tokens)
    return breaks + swallowed + sum(newlines_in(token.children or []) for token in tokens if token.type == "image")


def _counting_newlines(rule: InlineRule) -> InlineRule:
    def counted(state: StateInline, silent: bool) -> bool:
        start, before = state.pos, len(state.tokens)
        if not rule(state, silent):
            return False
        if not silent and len(state.tokens) > before:
            missing = state.src.count("\n", start, state.pos) - newlines_in(state.tokens[before:])
            if missing > 0:
                last = state.tokens[-1]
                last.meta["newlines"] = missing
                if last.type == "code_inline":
                    last.content = state.src[start : state.pos].strip("`")
        return True

    return counted


def _wiki_link(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] not in "[!":
        return False
    match = _WIKI.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        token = state.push("wiki_link", "", 0)
        target, _, text = match[2].replace("\\|", "|").partition("|")
        token.content = text.strip()
        token.meta = {"target": target.strip(), "embed": bool(match[1])}
    state.pos = match.end()
    return True


def _obsidian_comment(state: StateInline, silent: bool) -> bool:
    if not state.src.startswith("%%", state.pos):
        return False
    match = _COMMENT.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        state.push("comment", "", 0).meta = {"newlines": match[0].count("\n")}
    state.pos = match.end()
    return True


def _highlight(state: StateInline, silent: bool) -> bool:
    if not state.src.startswith("==", state.pos):
        return False
    match = _HIGHLIGHT.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        end, state.posMax, state.pos = state.posMax, match.end() - 2, match.start() + 2
        state.push("highlight_open", "mark", 1)
        state.md.inline.tokenize(state)
        state.push("highlight_close", "mark", -1)
        state.posMax = end
    state.pos = match.end()
    return True


def _comment_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """``%%`` on a line of its own down to the next line that ends in ``%%``; blank lines do not end it."""
    if state.is_code_block(start) or not _line(state, start).startswith("%%"):
        return False
    opening = _line(state, start)
    if opening.count("%%") > 1:
        return False
    ends = _comment_ends(state)
    at = bisect_right(ends, start)
    if at == len(ends) or ends[at] >= end:
        return False
    last = ends[at]
    if not silent:
        token = state.push("comment_block", "", 0)
        token.map = [start, last + 1]
        state.line = last + 1
    return True


def _comment_ends(state: StateBlock) -> list[int]:
    """The lines that end in ``%%``, looked for once: a document may open comments on every line and close none."""
    if _COMMENT_ENDS not in state.env:
        lines = (state.src[begin:end] for begin, end in zip(state.bMarks, state.eMarks, strict=True))
        state.env[_COMMENT_ENDS] = [number for number, line in enumerate(lines) if line.rstrip().endswith("%%")]
    ends: list[int] = state.env[_COMMENT_ENDS]
    return ends


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]


def _is_parseable(text: str) -> bool:
    opened = text.count("[")
    few = opened <= MAX_INLINE_BRACKETS and opened - text.count("]") <= MAX_INLINE_UNCLOSED
    return len(text) <= MAX_INLINE_CHARS and few and text.count("<") <= 5 * MAX_INLINE_BRACKETS


def _literal(text: str) -> list[Token]:
    children: list[Token] = []
    for number, line in enumerate(text.split("\n")):
        if number:
            children.append(Token("softbreak", "br", 0))
        children.append(Token("text", "", 0, content=line))
    return children
