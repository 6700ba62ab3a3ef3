"""Judged queries and what was answered to them: the records of an evaluation, and the reader of a file of queries."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rcasearch.errors import InvalidQueryError
from rcasearch.model import NO_FILTERS, Filters, Verdict
from rcasearch.texts import clean_text


@dataclass(frozen=True, slots=True)
class JudgedQuery:
    """A query and its relevant incidents: file stem or incident id -> grade, 2 the same failure, 1 a useful precedent.

    Only incidents that pass ``filters`` may answer, and never the one with the id ``without``.
    """

    id: str
    text: str
    kind: str
    relevant: Mapping[str, int]
    filters: Filters = NO_FILTERS
    without: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What one ranker answered to one query: names of incidents, best first, their scores, and how sure it is of the best."""

    query: JudgedQuery
    ranked: tuple[str, ...]
    scores: tuple[float, ...]
    top_confidence: float
    verdict: Verdict = "none"


def read_queries(path: Path) -> list[JudgedQuery]:
    """The judged queries of a file of JSON lines. Raises InvalidQueryError naming the file and line of what is wrong."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidQueryError(
            f"The queries {path} cannot be read: {error}.",
            "Name a file of JSON lines by --queries, or take the links of your documents for labels with --from-links.",
        ) from None
    queries = [_read_query(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    seen: set[str] = set()
    for query in queries:
        if query.id in seen:
            raise InvalidQueryError(f"{path}: two queries have the id {query.id!r}.", "Give each an id of its own.")
        seen.add(query.id)
    if not queries:
        raise InvalidQueryError(f"{path} has no queries.", 'Write one JSON object a line: {"id", "text", "kind", "relevant"}.')
    return queries


def _read_query(path: Path, number: int, line: str) -> JudgedQuery:
    shape = 'A line is {"id": "q1", "text": "…", "kind": "symptom", "relevant": {"file-stem": 2}}.'
    try:
        row = json.loads(line)
        relevant = {clean_text(str(key)): int(grade) for key, grade in row["relevant"].items()}
        name, text, kind = (clean_text(str(row[key])) for key in ("id", "text", "kind"))
        query = JudgedQuery(name, text, kind, relevant)
    except (ValueError, OverflowError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InvalidQueryError(f"{path}:{number}: not a judged query ({type(error).__name__}: {error}).", shape) from None
    if not query.text.strip() or any(grade < 1 for grade in relevant.values()):
        raise InvalidQueryError(f"{path}:{number}: the text is empty or a grade is below 1.", shape)
    return query
