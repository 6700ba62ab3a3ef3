"""Which column of a table holds what, by its header or, failing that, by what its cells look like."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby

from rcasearch.readers.headings import normal
from rcasearch.readers.pieces import Piece


def tables(pieces: Iterable[Piece]) -> list[list[Piece]]:
    """The rows of each table among the pieces, table by table."""
    rows = [piece for piece in pieces if piece.cells]
    return [list(group) for _, group in groupby(rows, key=lambda row: row.table)]


def columns(header: Sequence[str], names: Mapping[str, frozenset[str]]) -> dict[str, int]:
    """Role -> column, each column once; the first role named in ``names`` takes its column first."""
    words = [normal(cell) for cell in header]
    found: dict[str, int] = {}
    for exact in (True, False):
        for role, wanted in names.items():
            if role not in found and (at := _first(words, wanted, exact, set(found.values()))) is not None:
                found[role] = at
    return found


def _first(words: list[str], wanted: frozenset[str], exact: bool, taken: set[int]) -> int | None:
    for number, word in enumerate(words):
        if number not in taken and (word in wanted if exact else bool(wanted & set(word.split()))):
            return number
    return None


def likeliest(rows: Sequence[Piece], fits: Callable[[str], bool]) -> int | None:
    """The column most of whose cells fit, if more than half of them do."""
    width = max(len(row.cells) for row in rows)
    scores = [sum(fits(row.cells[n].text) for row in rows if n < len(row.cells)) for n in range(width)]
    best = max(range(width), key=lambda n: scores[n])
    return best if scores[best] * 2 > len(rows) else None


def wordiest(rows: Sequence[Piece], without: set[int]) -> int | None:
    """The column with the most text, leaving some out."""
    width = max(len(row.cells) for row in rows)
    free = [n for n in range(width) if n not in without]
    return max(free, key=lambda n: sum(len(row.cells[n].text) for row in rows if n < len(row.cells)), default=None)


def cell(row: Piece, column: int | None) -> str:
    """The text of a cell; empty where the row is short or the column unknown."""
    return row.cells[column].text if column is not None and column < len(row.cells) else ""


def words(text: str) -> frozenset[str]:
    """A set from a list of phrases set off by semicolons, in the form that headers are compared in."""
    return frozenset(normal(phrase) or phrase for phrase in map(str.strip, text.split(";")))
