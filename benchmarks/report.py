"""The figures as JSON and as markdown tables; and read back, so that a later run can add a part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.figures import BASELINE, Figures, Measure, Part
from benchmarks.reach import OURS, reached

_HEAD = """# Measured {date}

{processor} ({instructions}), {cores} cores, {memory_gib} GiB, {system}, Python {python}.
Load average at the start: {load_average}.

Medians of {rounds} round{s}. In brackets the ratio to *{baseline}*, the median over rounds. Time, memory and bytes are better
small; rates, nDCG and cosines are better large. Everybody has the same weights and documents; the peers are given the sections as
chunks, rcasearch cuts its own passages. *Sections indexed* are counted the same for all.
"""


def as_json(machine: Mapping[str, Any], parts: Sequence[Part]) -> dict[str, Any]:
    """Everything that was measured: each round's value, medians and ratios."""
    return {**machine, "baseline": BASELINE, "parts": {part.key: _part(part) for part in parts}}


def _part(part: Part) -> dict[str, Any]:
    figures = part.figures
    contestants = {
        name: {
            "versions": figures.versions.get(name, {}),
            "measured": {measure.key: _values(figures, name, measure.key) for measure in part.measures if measure.key in own},
        }
        for name, own in figures.values.items()
    }
    return {
        "title": part.title,
        "remarks": list(part.remarks),
        "measures": [asdict(measure) for measure in part.measures],
        "contestants": contestants,
        "left_out": figures.notes,
    }


def _values(figures: Figures, name: str, key: str) -> dict[str, Any]:
    return {
        "rounds": {str(number): value for number, value in figures.values[name][key].items()},
        "median": figures.median(name, key),
        "ratio": figures.ratio(name, key),
    }


def parts_of(kept: Mapping[str, Any]) -> list[Part]:
    """The parts that `as_json` wrote; none of what is of another form."""
    return [_read(key, part) for key, part in kept.get("parts", {}).items()]


def _read(key: str, kept: Mapping[str, Any]) -> Part:
    figures = Figures(notes=dict(kept["left_out"]))
    for name, one in kept["contestants"].items():
        figures.versions[name] = one["versions"]
        for measure, values in one["measured"].items():
            for number, value in values["rounds"].items():
                figures.add(name, int(number), **{measure: value})
    measures = tuple(Measure(**measure) for measure in kept["measures"])
    return Part(key, kept["title"], measures, figures, tuple(kept["remarks"]))


def as_markdown(machine: Mapping[str, Any], parts: Sequence[Part], pictures: Sequence[str] = ()) -> str:
    """What was to be reached, then a table a part, with what is missing and why."""
    instructions = ", ".join(machine["instructions"]) or "no vector instructions known"
    words = {"instructions": instructions, "baseline": BASELINE, "s": "" if machine["rounds"] == 1 else "s"}
    texts = [_HEAD.format(**{**machine, **words}), *_reach_table(parts)]
    for part in parts:
        texts += [f"## {part.title}\n", *(f"{remark}\n" for remark in part.remarks), table(part), *_notes(part.figures)]
    texts += [f"![How it grows with size]({name})\n" for name in pictures]
    return "\n".join([*texts, _versions(parts)])


def _reach_table(parts: Sequence[Part]) -> list[str]:
    rows = [f"| {row.what} | {row.wanted} | {row.measured} | {'yes' if row.met else 'no'} |" for row in reached(parts)]
    return ["\n".join(["| | to reach | measured | reached |", "| --- | --- | --- | --- |", *rows]) + "\n"] if rows else []


def table(part: Part) -> str:
    """A row a measure, a column a contestant."""
    names = sorted(part.figures.values, key=lambda name: (name != BASELINE, name.startswith(OURS)))
    lines = [f"| | {' | '.join(names)} |", f"| --- |{' ---: |' * len(names)}"]
    for measure in part.measures:
        cells = [_cell(part.figures, name, measure) for name in names]
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
    # A cosine of .99997 is not 1.
    return f"{value:.5f}" if 0.999 < value < 1 else f"{value:#.3g}" if abs(value) >= 1 else _small(value)


def _small(value: float) -> str:
    return "<0.001" if 0 < value < 0.001 else f"{value:.3f}"


def times(ratio: float) -> str:
    """A ratio, with as many digits as matter."""
    return f"{ratio:.2f}×" if ratio >= 0.1 else f"{ratio:.3f}×" if ratio >= 0.001 else "<0.001×"


def _notes(figures: Figures) -> list[str]:
    return [f"Left out: {name}. {why}\n" for name, why in figures.notes.items()]


def _versions(parts: Sequence[Part]) -> str:
    told: dict[str, str] = {}
    for part in parts:
        for name, packages in part.figures.versions.items():
            if packages:
                told[name] = f"{name}: {', '.join(f'{package} {release}' for package, release in packages.items())}."
    return " ".join(["Versions.", *told.values()]) + "\n" if told else ""
