"""Both sides measured in turn on one corpus: seconds to index, to index again, and a query; nDCG@10 of what they answer."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from benchmarks import plain
from rcasearch.index import build
from rcasearch.model import Query
from rcasearch.search import Searcher
from rcasearch.settings import Settings

_QUERIES = 100
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Measure -> (unit, our figures, those of the plain recipe), a figure a round."""

    figures: dict[str, tuple[str, list[float], list[float]]] = field(default_factory=dict)

    def add(self, name: str, unit: str, ours: float, theirs: float) -> None:
        """One round's pair."""
        _, mine, others = self.figures.setdefault(name, (unit, [], []))
        mine.append(ours)
        others.append(theirs)

    def rows(self) -> list[tuple[str, str, float, float]]:
        """(measure, unit, our median, the plain recipe's median)."""
        medians = {name: (statistics.median(ours), statistics.median(theirs)) for name, (_, ours, theirs) in self.figures.items()}
        return [(name, self.figures[name][0], *pair) for name, pair in medians.items()]


def compare(corpus: Path, queries: Path, *, rounds: int, tell: Callable[[str], None]) -> Comparison:
    """Measure both sides ``rounds`` times in turn."""
    judged = [json.loads(line) for line in queries.read_text(encoding="utf-8").splitlines()]
    model, comparison = plain.load(), Comparison()
    for number in range(rounds):
        tell(f"{corpus}: round {number + 1} of {rounds}")
        with TemporaryDirectory() as folder:
            _round(comparison, corpus, judged, model, Settings(index=folder))
    return comparison


def _round(comparison: Comparison, corpus: Path, judged: list[dict[str, Any]], model: Any, settings: Settings) -> None:
    theirs, their_seconds = _timed(lambda: plain.build(model, corpus))
    _, our_seconds = _timed(lambda: build([corpus], settings))
    comparison.add("index", "s", our_seconds, their_seconds)
    _, again = _timed(lambda: build([corpus], settings))
    comparison.add("index again, nothing changed", "s", again, their_seconds)
    searcher = Searcher.open(settings)
    ask = _stems(searcher)
    texts = [row["text"] for row in judged[:_QUERIES]]
    ours_ms, theirs_ms = zip(*((_milliseconds(ask, text), _milliseconds(theirs.search, text)) for text in texts), strict=True)
    comparison.add("query, median", "ms", statistics.median(ours_ms), statistics.median(theirs_ms))
    comparison.add("nDCG@10", "all queries", _ndcg(judged, ask), _ndcg(judged, theirs.search))
    searcher.close()


def _stems(searcher: Searcher) -> Callable[[str], list[str]]:
    return lambda text: [hit.incident.stem for hit in searcher.search(Query(text)).hits]


def _timed(job: Callable[[], T]) -> tuple[T, float]:
    started = time.perf_counter()
    return job(), time.perf_counter() - started


def _milliseconds(ask: Callable[[str], list[str]], text: str) -> float:
    return 1000 * _timed(lambda: ask(text))[1]


def _ndcg(judged: list[dict[str, Any]], ask: Callable[[str], list[str]]) -> float:
    import ir_measures
    from ir_measures import nDCG

    answerable = [row for row in judged if row["relevant"]]
    run = {row["id"]: {stem: -float(rank) for rank, stem in enumerate(ask(row["text"]))} for row in answerable}
    qrels = {row["id"]: row["relevant"] for row in answerable}
    return float(ir_measures.calc_aggregate([nDCG @ 10], qrels, run)[nDCG @ 10])
