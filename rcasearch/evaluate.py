"""Judged queries over an index -> measures by kind of query, with bootstrap intervals, beside the plain recipe.

Measures are those of `ir_measures`, at incident level; a query that gets no answer counts as 0. Queries of the kind *none* have
no answer to find: for them, what counts is that the confidence of the best hit is lower than for the answerable ones (AUROC).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rcasearch.errors import InvalidQueryError, NotFoundError, RcaSearchError
from rcasearch.model import Query, Verdict
from rcasearch.retrieval import RANKERS
from rcasearch.search import Searcher

MEASURES = ("nDCG@10", "RR@10", "R@5", "Success@1")
VERDICTS: tuple[Verdict, ...] = ("strong", "possible", "none")
DEPTH = 100
_RESAMPLES = 2_000
_SEED = 20_231_201


@dataclass(frozen=True, slots=True)
class JudgedQuery:
    """A query and its relevant incidents: file stem or incident id -> grade, 2 the same failure, 1 a useful precedent."""

    id: str
    text: str
    kind: str
    relevant: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one ranker answered to one query: file stems, best first, their scores, and how sure it is of the best."""

    query: JudgedQuery
    ranked: tuple[str, ...]
    scores: tuple[float, ...]
    top_confidence: float
    verdict: Verdict = "none"


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over queries with its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one ranker on one kind of query."""

    ranker: str
    kind: str
    queries: int
    figures: Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class Report:
    """All rows; for each ranker the AUROC of its confidence, answerable against unanswerable queries; what the user is told.

    ``verdicts`` maps each kind of query to the share of each verdict word in the answers of the ranker under test.
    """

    rows: tuple[Row, ...]
    auroc: Mapping[str, float | None]
    unknown: tuple[str, ...]
    verdicts: Mapping[str, Mapping[Verdict, float]]

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values."""
        rows = [
            {"ranker": r.ranker, "kind": r.kind, "queries": r.queries}
            | {name: {"mean": f.mean, "low": f.low, "high": f.high} for name, f in r.figures.items()}
            for r in self.rows
        ]
        verdicts = {kind: dict(shares) for kind, shares in self.verdicts.items()}
        return {"rows": rows, "auroc": dict(self.auroc), "verdicts": verdicts, "unknown_incidents": list(self.unknown)}


def evaluate(
    searcher: Searcher, queries_path: Path, *, ranker: str = "hybrid", run_path: Path | None = None, depth: int = DEPTH
) -> Report:
    """Ask every judged query of the index by ``ranker``, and by the plain recipe for comparison.

    ``run_path`` gets one JSON line a query. Raises InvalidQueryError for a file of queries that cannot be used, with its line.
    """
    if ranker not in RANKERS:
        raise InvalidQueryError(f"There is no ranker {ranker!r}.", f"Choose one of: {', '.join(RANKERS)}.", field="ranker")
    queries = read_queries(queries_path)
    if run_path is not None:
        _write_run(run_path, [])
    stems, unknown = _resolve(searcher, queries)
    names = dict.fromkeys(("plain", ranker))
    answers = {name: [_ask(searcher, query, name, depth) for query in queries] for name in names}
    if run_path is not None:
        _write_run(run_path, answers[ranker])
    rows = tuple(row for name in names for row in _rows(name, answers[name], stems))
    return Report(rows, {name: _auroc(answers[name]) for name in names}, unknown, _verdicts(answers[ranker]))


def read_queries(path: Path) -> list[JudgedQuery]:
    """The judged queries of a file of JSON lines. Raises InvalidQueryError naming the file and line of what is wrong."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidQueryError(
            f"The queries {path} cannot be read: {error}.", "Name a file of JSON lines by --queries."
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
        relevant = {str(key): int(grade) for key, grade in row["relevant"].items()}
        query = JudgedQuery(str(row["id"]), str(row["text"]), str(row["kind"]), relevant)
    except (ValueError, OverflowError, TypeError, KeyError, AttributeError) as error:
        raise InvalidQueryError(f"{path}:{number}: not a judged query ({type(error).__name__}: {error}).", shape) from None
    if not query.text.strip() or any(grade < 1 for grade in relevant.values()):
        raise InvalidQueryError(f"{path}:{number}: the text is empty or a grade is below 1.", shape)
    return query


def _resolve(searcher: Searcher, queries: Iterable[JudgedQuery]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Every judged name -> file stem, and the names that this index does not hold (they count as not found)."""
    stems: dict[str, str] = {}
    unknown: list[str] = []
    for name in sorted({name for query in queries for name in query.relevant}):
        try:
            stems[name] = searcher.incident(name).stem
        except NotFoundError:
            stems[name] = name
            unknown.append(name)
    return stems, tuple(unknown)


def _ask(searcher: Searcher, query: JudgedQuery, ranker: str, depth: int) -> Answer:
    results = searcher.search(Query(query.text, depth), RANKERS[ranker], explain=False)
    ranked = tuple(hit.incident.stem for hit in results.hits)
    return Answer(query, ranked, tuple(hit.score for hit in results.hits), results.confidence, results.verdict)


def _write_run(path: Path, answers: Iterable[Answer]) -> None:
    rows = (
        {"qid": answer.query.id, "ranked": answer.ranked, "scores": answer.scores, "top_confidence": answer.top_confidence}
        for answer in answers
    )
    try:
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    except OSError as error:
        raise RcaSearchError(f"The run cannot be written to {path}: {error.strerror}.", "Name another file by --run.") from None


def _rows(ranker: str, answers: Sequence[Answer], stems: Mapping[str, str]) -> list[Row]:
    answerable = [answer for answer in answers if answer.query.relevant]
    values = _measure(answerable, stems)
    kinds = list(dict.fromkeys(answer.query.kind for answer in answerable))
    groups = {kind: [i for i, answer in enumerate(answerable) if answer.query.kind == kind] for kind in kinds}
    rows = [_row(ranker, kind, [values[:, members]]) for kind, members in groups.items()]
    # The mean over kinds, so that the kind with most queries does not speak for all.
    return [*rows, _row(ranker, "mean over kinds", [values[:, members] for members in groups.values()])] if rows else []


def _measure(answers: Sequence[Answer], stems: Mapping[str, str]) -> NDArray[np.float64]:
    """The value (measures, queries) of each measure for each query."""
    import ir_measures
    from ir_measures import RR, R, Success, nDCG

    measures = [nDCG @ 10, RR @ 10, R @ 5, Success @ 1]
    qrels = {a.query.id: {stems[name]: grade for name, grade in a.query.relevant.items()} for a in answers}
    # Scores can tie; the order given is the order meant.
    run = {a.query.id: {stem: float(len(a.ranked) - i) for i, stem in reversed(list(enumerate(a.ranked)))} for a in answers}
    position = {a.query.id: i for i, a in enumerate(answers)}
    values = np.zeros((len(measures), len(answers)))
    if answers:
        for found in ir_measures.iter_calc(measures, qrels, run):
            values[measures.index(found.measure), position[found.query_id]] = found.value
    return values


def _row(ranker: str, kind: str, groups: Sequence[NDArray[np.float64]]) -> Row:
    generator = np.random.default_rng(_SEED)
    means = np.mean([group.mean(axis=1) for group in groups], axis=0)
    draws = [group[:, generator.integers(group.shape[1], size=(_RESAMPLES, group.shape[1]))].mean(axis=2) for group in groups]
    low, high = np.percentile(np.mean(draws, axis=0), [2.5, 97.5], axis=1)
    figures = {name: Figure(float(means[i]), float(low[i]), float(high[i])) for i, name in enumerate(MEASURES)}
    return Row(ranker, kind, sum(group.shape[1] for group in groups), figures)


def _verdicts(answers: Sequence[Answer]) -> dict[str, dict[Verdict, float]]:
    """Kind -> verdict -> the share of the kind's queries that it is the answer to."""
    kinds = list(dict.fromkeys(answer.query.kind for answer in answers))
    told = {kind: [answer.verdict for answer in answers if answer.query.kind == kind] for kind in kinds}
    return {kind: {word: words.count(word) / len(words) for word in VERDICTS} for kind, words in told.items()}


def _auroc(answers: Sequence[Answer]) -> float | None:
    """How often an answerable query gets a higher confidence than an unanswerable one; ties count half."""
    answerable = np.array([answer.top_confidence for answer in answers if answer.query.relevant])
    none = np.array([answer.top_confidence for answer in answers if not answer.query.relevant])
    if not answerable.size or not none.size:
        return None
    above = (answerable[:, None] > none[None, :]).mean()
    ties = (answerable[:, None] == none[None, :]).mean()
    return float(above + ties / 2)
