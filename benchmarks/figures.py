"""What was measured, a value a round; medians, and ratios against the baseline of the same round."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

BASELINE = "plain"


@dataclass(frozen=True, slots=True)
class Measure:
    """What is measured, in which unit, and whether more of it is better."""

    key: str
    title: str
    unit: str
    more_is_better: bool = False


MEASURES = (
    Measure("start", "start to the first answer", "s"),
    Measure("start_cpu", "start to the first answer", "CPU s"),
    Measure("index", "index", "s"),
    Measure("index_cpu", "index", "CPU s"),
    Measure("rate", "sections indexed", "a second", more_is_better=True),
    Measure("again", "index again, nothing changed", "s"),
    Measure("p50", "query, p50", "ms"),
    Measure("p95", "query, p95", "ms"),
    Measure("p99", "query, p99", "ms"),
    Measure("query_cpu", "query, mean", "CPU ms"),
    Measure("throughput", "searches, 16 threads", "a second", more_is_better=True),
    Measure("errors", "errors among them", "searches"),
    Measure("memory", "resident memory while serving", "MiB"),
    Measure("disk", "index on disk", "MiB"),
    Measure("ndcg", "nDCG@10, mean over queries", "", more_is_better=True),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """``values``: contestant -> measure's key -> round -> value. ``notes``: contestant -> why something of it is missing."""

    values: dict[str, dict[str, dict[int, float]]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    versions: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(self, contestant: str, number: int, **measured: float) -> None:
        """What was measured of a contestant in round ``number``, by the measures' keys."""
        own = self.values.setdefault(contestant, {})
        for key, value in measured.items():
            own.setdefault(key, {})[number] = value

    def median(self, contestant: str, key: str) -> float | None:
        """The median over the rounds, None where nothing was measured."""
        found = self.values.get(contestant, {}).get(key)
        return statistics.median(found.values()) if found else None

    def ratio(self, contestant: str, key: str, baseline: str = BASELINE) -> float | None:
        """The median over rounds of the contestant's value by the baseline's of the same round, where both have one."""
        mine, others = (self.values.get(name, {}).get(key, {}) for name in (contestant, baseline))
        ratios = [value / others[number] for number, value in mine.items() if others.get(number)]
        return statistics.median(ratios) if ratios else None
