"""The figures as JSON and as markdown tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.figures import BASELINE, MEASURES, Figures, Measure
from benchmarks.late import LateInteraction

_HEAD = """# Measured {date}

{processor} ({instructions}), {cores} cores, {memory_gib} GiB, {system}, Python {python}.
Load average at the start: {load_average}.

Medians of {rounds} rounds ({index_rounds} of indexing). In brackets the ratio to *{baseline}*, the median over rounds. Time,
memory and bytes are better small; sections and searches a second and nDCG are better large. Everybody has the same weights and
documents; the peers are given the sections as chunks, rcasearch cuts its own passages. *Sections indexed* are counted the same
for all.
"""


def as_json(machine: Mapping[str, Any], found: Mapping[str, Figures], late: Mapping[str, LateInteraction]) -> dict[str, Any]:
    """Everything that was measured: each round's value, medians and ratios."""
    corpora = {name: _corpus(figures, late.get(name)) for name, figures in found.items()}
    return {**machine, "baseline": BASELINE, "corpora": corpora}


def _corpus(figures: Figures, late: LateInteraction | None) -> dict[str, Any]:
    contestants = {
        name: {
            "versions": figures.versions.get(name, {}),
            "measured": {measure.key: _values(figures, name, measure) for measure in MEASURES if measure.key in own},
        }
        for name, own in figures.values.items()
    }
    costs = {f"{name} ({unit})": value for name, unit, value in late.rows()} if late else {}
    return {"contestants": contestants, "left_out": figures.notes, "late_interaction": costs}


def _values(figures: Figures, name: str, measure: Measure) -> dict[str, Any]:
    return {
        "unit": measure.unit,
        "rounds": list(figures.values[name][measure.key].values()),
        "median": figures.median(name, measure.key),
        "ratio": figures.ratio(name, measure.key),
    }


def as_markdown(machine: Mapping[str, Any], found: Mapping[str, Figures], late: Mapping[str, LateInteraction]) -> str:
    """The tables, a corpus after the other, with what is missing and why."""
    instructions = ", ".join(machine["instructions"]) or "no vector instructions known"
    parts = [_HEAD.format(**{**machine, "instructions": instructions, "baseline": BASELINE})]
    for name, figures in found.items():
        parts += [f"## {name}\n", table(figures), *_notes(figures)]
        if name in late:
            parts += ["### Late interaction\n", _late_table(late[name])]
    return "\n".join([*parts, _versions(found)])


def table(figures: Figures) -> str:
    """A row a measure, a column a contestant."""
    names = list(figures.values)
    lines = [f"| | {' | '.join(names)} |", f"| --- |{' ---: |' * len(names)}"]
    for measure in MEASURES:
        cells = [_cell(figures, name, measure) for name in names]
        if any(cell != "–" for cell in cells):
            title = f"{measure.title} ({measure.unit})" if measure.unit else measure.title
            lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(figures: Figures, name: str, measure: Measure) -> str:
    median, ratio = figures.median(name, measure.key), figures.ratio(name, measure.key)
    if median is None:
        return "–"
    return number(median) if ratio is None or name == BASELINE else f"{number(median)} ({times(ratio)})"


def number(value: float) -> str:
    """Three digits that tell; whole numbers as they are."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:#.3g}" if abs(value) >= 1 else "<0.001" if 0 < value < 0.001 else f"{value:.3f}"


def times(ratio: float) -> str:
    """A ratio, with as many digits as matter."""
    return f"{ratio:.2f}×" if ratio >= 0.1 else f"{ratio:.3f}×" if ratio >= 0.001 else "<0.001×"


def _notes(figures: Figures) -> list[str]:
    return [f"Left out: {name}. {why}\n" for name, why in figures.notes.items()]


def _late_table(late: LateInteraction) -> str:
    rows = [f"| {name} ({unit}) | {number(value)} |" for name, unit, value in late.rows()]
    return "\n".join(["| | |", "| --- | ---: |", *rows]) + "\n"


def _versions(found: Mapping[str, Figures]) -> str:
    told: dict[str, str] = {}
    for figures in found.values():
        for name, packages in figures.versions.items():
            told[name] = f"{name}: {', '.join(f'{package} {release}' for package, release in packages.items())}."
    return " ".join(["Versions.", *told.values()]) + "\n"
