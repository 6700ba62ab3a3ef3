"""What late interaction costs: bytes of token vectors, and the time that scoring them takes of real queries."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Measure, Part
from rcasearch.model import Query
from rcasearch.retrieval import Floats, Rows
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.stores import earlier
from rcasearch.stores.generations import current
from rcasearch.stores.local import LocalStore

MEASURES = (
    Measure("token_bytes", "token vectors, a token", "bytes"),
    Measure("incident_bytes", "token vectors, an incident", "bytes"),
    Measure("id_bytes", "ids of tokens, an incident", "bytes"),
    Measure("candidates", "candidates scored, median", "incidents"),
    Measure("late_ms", "late interaction, median", "ms"),
    Measure("late_cpu", "late interaction, median", "CPU ms"),
    Measure("query_ms", "whole query, median", "ms"),
    Measure("query_cpu", "whole query, median", "CPU ms"),
)
_REMARK = "Within one process, one query after the other."
Spent = tuple[float, float]


@dataclass(frozen=True, slots=True)
class LateInteraction:
    """``code_bytes`` hold the vectors of ``tokens`` tokens of distinct passages, beside ``id_bytes`` for which tokens they are.

    ``late_ms`` is what scoring the candidates takes of a query and ``query_ms`` the whole query, as medians of (elapsed, CPU)
    milliseconds: on a busy machine the CPU time says more.
    """

    incidents: int
    tokens: int
    code_bytes: int
    id_bytes: int
    candidates: float
    late_ms: Spent
    query_ms: Spent

    def part(self, name: str) -> Part:
        """The same as a part of the report."""
        part = Part(f"late-{name}", f"Late interaction, {name}", MEASURES, remarks=(_REMARK,))
        part.figures.add(
            "rcasearch",
            0,
            token_bytes=self.code_bytes / max(self.tokens, 1),
            incident_bytes=self.code_bytes / max(self.incidents, 1),
            id_bytes=self.id_bytes / max(self.incidents, 1),
            candidates=self.candidates,
            late_ms=self.late_ms[0],
            late_cpu=self.late_ms[1],
            query_ms=self.query_ms[0],
            query_cpu=self.query_ms[1],
        )
        return part


class _Clocked(LocalStore):
    """A store that notes how long each call of the late scores took, and of how many incidents."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.calls: list[tuple[Spent, int]] = []

    def late_scores(self, rows: Rows, vectors: Floats, projected: Floats, weights: Floats, most: int) -> tuple[Floats, Floats]:
        started = _clocks()
        scores = super().late_scores(rows, vectors, projected, weights, most)
        self.calls.append((_since(started), len(rows)))
        return scores


def measure(settings: Settings, texts: Sequence[str]) -> LateInteraction:
    """Ask the index every text, once to warm up and once to measure. Raises ValueError where there is no text."""
    if not texts:
        raise ValueError("Late interaction is measured on queries, and there are none.")
    store = _Clocked(current(Path(settings.index)))
    searcher = Searcher(store, settings)
    _ask(searcher, texts)
    store.calls.clear()
    whole = _ask(searcher, texts)
    times, candidates = zip(*(store.calls or [((0.0, 0.0), 0)]), strict=True)
    codes, ids = (store.folder / name for name in (earlier.CODES, earlier.IDS))
    found = LateInteraction(
        incidents=store.info.incidents,
        tokens=ids.stat().st_size // 4,
        code_bytes=codes.stat().st_size,
        id_bytes=ids.stat().st_size,
        candidates=statistics.median(candidates),
        late_ms=_medians(times),
        query_ms=_medians(whole),
    )
    searcher.close()
    return found


def _ask(searcher: Searcher, texts: Sequence[str]) -> list[Spent]:
    """What each query took."""
    spent = []
    for text in texts:
        started = _clocks()
        searcher.search(Query(text))
        spent.append(_since(started))
    return spent


def _clocks() -> Spent:
    return time.perf_counter(), time.process_time()


def _since(started: Spent) -> Spent:
    elapsed, cpu = (now - then for now, then in zip(_clocks(), started, strict=True))
    return 1000 * elapsed, 1000 * cpu


def _medians(spent: Sequence[Spent]) -> Spent:
    elapsed, cpu = zip(*spent, strict=True)
    return statistics.median(elapsed), statistics.median(cpu)
