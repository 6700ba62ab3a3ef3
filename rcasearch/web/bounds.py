"""How much of a document a page shows: what no screen can hold is cut, and a sentence tells what was cut and where it stands.

A rule of the parser, which runs when the blocks are known and before anything is made of the text within them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from rcasearch.wording import plural

MOST_COLUMNS, MOST_ROWS = 40, 300
# Characters of a paragraph, a line of code, a piece of raw HTML.
MOST_TEXT, MOST_CODE_LINE = 20_000, 4_000
# Brackets of a paragraph that open a link or picture and never close it; of more, none opens any.
MOST_UNCLOSED = 60
MOST_CODE_LINES = 2_000
# Lines of a document, and characters in them.
MOST_LINES, MOST_CHARACTERS = 6_000, 300_000
MOST_BLOCKS = 40_000
# Where the parser stops; what is nested deeper is left out by it.
DEEPEST = 40
_HOLDERS = ("blockquote_open", "bullet_list_open", "ordered_list_open", "list_item_open")
FILE = "file"
# Lines above a marked passage that is shown out of a document too long to be shown whole.
_LEAD = 200

Span = tuple[int, int]


def bound(state: StateCore) -> None:
    """Cut the blocks of a document down to what a page can hold."""
    file = str(state.env.get(FILE, ""))
    deep = any(token.level >= DEEPEST - 1 and token.type in _HOLDERS for token in state.tokens)
    tokens = list(_tables(_texts(state.tokens, file), file))
    kept = tokens[:MOST_BLOCKS]
    if len(tokens) > MOST_BLOCKS:
        kept += [*_closers(kept), note(f"The document has more parts than are shown here.{_rest(file)}")]
    if deep:
        kept.append(note(f"What is nested more than {DEEPEST} levels deep is not shown here.{_rest(file)}"))
    state.tokens = kept


def window(lines: list[str], marked: Span | None) -> Span:
    """The lines to show, as a slice from 0: the first of a document, or those around a marked passage further down."""
    end = _last(lines, 0)
    if marked is None or marked[0] <= end or marked[0] > len(lines):
        return 0, end
    start = max(marked[0] - 1 - _LEAD, 0)
    return start, _last(lines, start)


def _last(lines: list[str], start: int) -> int:
    room = MOST_CHARACTERS
    for number in range(start, min(len(lines), start + MOST_LINES)):
        room -= min(len(lines[number]), MOST_TEXT)
        if room < 0:
            return max(number, start + 1)
    return min(len(lines), start + MOST_LINES)


def note(text: str) -> Token:
    """A paragraph that tells what is not shown."""
    return Token("anchor", "", 0, content=f'<p class="cut">{escape(text)}</p>\n')


def left_out(count: int, where: str, file: str) -> Token:
    """A paragraph that tells of lines left out before or after those that are shown."""
    return note(f"{plural(count, 'line')} {where} {'is' if count == 1 else 'are'} not shown here.{_rest(file)}")


def _rest(file: str) -> str:
    return f" The file {file} has the whole." if file else ""


def _texts(tokens: Iterable[Token], file: str) -> Iterator[Token]:
    """Text, code and raw HTML, each no longer than can be read."""
    for token in tokens:
        whole = token.content
        if token.type in ("fence", "code_block"):
            token.content = _code(whole)
        elif token.type == "inline" and whole.count("[") - whole.count("]") > MOST_UNCLOSED:
            # The parser looks for the end of each in all that follows it.
            token.content = whole[:MOST_TEXT].replace("[", "&#91;")
        elif token.type in ("inline", "html_block") and len(whole) > MOST_TEXT:
            token.content = whole[:MOST_TEXT]
        yield token
        if len(token.content) < len(whole):
            told = f"Cut here: {len(token.content):,} of {len(whole):,} characters are shown.{_rest(file)}"
            yield Token("anchor", "", 0, content=f'<span class="cut">{escape(told)}</span>\n')


def _code(text: str) -> str:
    lines = text.split("\n")[:MOST_CODE_LINES]
    return "\n".join(line[:MOST_CODE_LINE] for line in lines)


def _tables(tokens: Iterable[Token], file: str) -> Iterator[Token]:
    """Tables, each with as many rows and columns as fit."""
    rows = column = columns = 0
    for token in tokens:
        if token.type == "table_open":
            rows = columns = 0
        elif token.type == "tr_open":
            rows, column = rows + 1, 0
        elif token.type in ("th_open", "td_open"):
            column += 1
            columns = max(columns, column)
        inside = token.type in ("tr_open", "tr_close")
        if (column <= MOST_COLUMNS or inside or token.type.startswith(("thead", "tbody", "table"))) and (
            rows <= MOST_ROWS or token.type.startswith(("tbody_close", "table_close"))
        ):
            yield token
        if token.type in ("tr_close", "table_close"):
            column = 0
        if token.type == "table_close":
            if rows > MOST_ROWS or columns > MOST_COLUMNS:
                yield note(_of_a_table(rows, columns) + _rest(file))
            rows = 0


def _of_a_table(rows: int, columns: int) -> str:
    parts = [("rows", rows, MOST_ROWS), ("columns", columns, MOST_COLUMNS)]
    told = " and ".join(f"{most} of {count:,} {name}" for name, count, most in parts if count > most)
    return f"Of this table, {told} are shown."


def _closers(tokens: Iterable[Token]) -> list[Token]:
    """What closes the blocks that are still open."""
    opened: list[Token] = []
    for token in tokens:
        if token.nesting == 1:
            opened.append(token)
        elif token.nesting == -1:
            opened.pop()
    return [Token(token.type.replace("_open", "_close"), token.tag, -1) for token in reversed(opened)]
