"""What this project wants to reach, and whether the figures of a run reach it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.figures import BASELINE, Part

OURS = "rcasearch"


@dataclass(frozen=True, slots=True)
class Row:
    """``what`` was measured, what was ``wanted`` of it, as text, and whether that is ``met``."""

    what: str
    wanted: str
    measured: str
    met: bool


@dataclass(frozen=True, slots=True)
class _Goal:
    """Of ``part`` the median of a contestant's measure, or ratio to another's, at most or at least a value."""

    what: str
    part: str
    key: str
    value: float
    unit: str = ""
    least: bool = False
    against: str = ""
    contestant: str = OURS
    beside: str = ""

    def row(self, part: Part) -> Row | None:
        """None where it was not measured."""
        found = self._found(part)
        if found is None:
            return None
        sign, met = ("≥", found >= self.value) if self.least else ("≤", found <= self.value)
        unit = f" × {self.against}" if self.against else f" {self.unit}".rstrip()
        return Row(self.what, f"{sign} {self.value:g}{unit}", f"{_digits(found)}{unit}", met)

    def _found(self, part: Part) -> float | None:
        figures = part.figures
        if self.beside:
            mine, other = figures.median(self.contestant, self.key), figures.median(self.contestant, self.beside)
            return mine / other if mine is not None and other else None
        if self.against:
            return figures.ratio(self.contestant, self.key, self.against)
        return figures.median(self.contestant, self.key)


_FULL = "rcasearch, f32"
_GOALS = (
    _Goal("passages a second", "encoder", "rate", 4.5, least=True, against=BASELINE),
    _Goal("passages a second", "encoder", "rate", 5, least=True, against="txtai"),
    _Goal("passages a second, in float32", "encoder", "rate", 1.5, least=True, against=BASELINE, contestant=_FULL),
    _Goal("sections indexed a second, templated", "index", "rate", 20, least=True, against=BASELINE),
    _Goal("first build, to indexing with nothing changed", "serving", "index", 100, "times", least=True, beside="again"),
    _Goal("a changed document found in the running server", "serving", "changed", 2, "s"),
    _Goal("a search from the shell", "serving", "cold", 0.8, "s"),
    _Goal("a search from the shell", "serving", "cold", 1 / 8, against=BASELINE),
    _Goal("HTTP search, p50", "serving", "p50", 15, "ms"),
    _Goal("HTTP search, p99", "serving", "p99", 50, "ms"),
    _Goal("HTTP search, p50", "serving", "p50", 1, against="txtai"),
    _Goal("HTTP search, p50", "serving", "p50", 1, against="Chroma"),
    _Goal("HTTP searches a second, 16 clients", "serving", "throughput", 120, least=True),
    _Goal("errors among them", "serving", "errors", 0),
    _Goal("memory while serving", "serving", "memory", 400e6 / 2**20, "MiB"),
)
_LARGE = "100,000"
_LARGE_GOALS = tuple(
    _Goal(f"{what}, 100,000 incidents, {kind}", f"growth-{kind}", key, value, unit, least=key == "recall", contestant=_LARGE)
    for kind in ("templated", "recombined")
    for what, key, value, unit in (
        ("HTTP search, p50", "p50", 40, "ms"),
        ("recall@10 against exact", "recall", 0.99, ""),
        ("memory while serving", "memory", 2e9 / 2**20, "MiB"),
    )
)
_LOSS = 0.005


def reached(parts: Sequence[Part]) -> list[Row]:
    """Each goal whose figures are there."""
    return [*_goals(parts), *_losses(parts)]


def _goals(parts: Sequence[Part]) -> Iterator[Row]:
    by_key = {part.key: part for part in parts}
    for goal in (*_GOALS, *_LARGE_GOALS):
        row = goal.row(by_key[goal.part]) if goal.part in by_key else None
        if row:
            titled = by_key[goal.part].title
            yield Row(f"{row.what} ({titled})" if goal.contestant == OURS else row.what, row.wanted, row.measured, row.met)


def _losses(parts: Sequence[Part]) -> Iterator[Row]:
    for part in (part for part in parts if part.key.startswith("loss-")):
        exact, mine = (part.figures.median(name, "ndcg") for name in ("torch, f32", OURS))
        if exact is not None and mine is not None:
            yield Row(part.title, f"≤ {_LOSS:g} nDCG@10", f"{exact - mine:+.4f}", exact - mine <= _LOSS)


def _digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
