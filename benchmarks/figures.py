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


@dataclass(frozen=True, slots=True)
class Part:
    """One table of the report: what was measured of whom, and what a reader must know of it."""

    key: str
    title: str
    measures: tuple[Measure, ...]
    figures: Figures = field(default_factory=Figures)
    remarks: tuple[str, ...] = ()
