"""The growth with size as a picture: an SVG with a panel for each of four measures."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from benchmarks.figures import Part

_PANELS = (
    ("index", "index, s"),
    ("generation", "index on disk, MiB"),
    ("p50", "search over HTTP, p50, ms"),
    ("memory", "memory while serving, MiB"),
)


def draw(parts: Sequence[Part], path: Path) -> None:
    """Write the picture: a line a part, whose contestants are sizes. The same figures give the same bytes."""
    figure = Figure(figsize=(9, 6.5), layout="constrained")
    for axes, (key, title) in zip(figure.subplots(2, 2).flat, _PANELS, strict=True):
        for part in parts:
            _line(axes, part, key)
        axes.set(xscale="log", yscale="log", xlabel="incidents", title=title)
        axes.set(xlim=_decades(axes.get_xlim()), ylim=_decades(axes.get_ylim()))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(StrMethodFormatter("{x:,g}"))
            axis.set_minor_formatter(NullFormatter())
        axes.grid(visible=True, which="major", alpha=0.3)
        axes.legend(frameon=False)
    with rc_context({"svg.hashsalt": "rcasearch", "svg.fonttype": "none"}):
        figure.savefig(path, metadata={"Date": None})


def _decades(limits: tuple[float, float]) -> tuple[float, float]:
    """The powers of ten around, so that an axis has a number at either end."""
    low, high = limits
    return 10.0 ** floor(log10(low)), 10.0 ** ceil(log10(high))


def _line(axes: Axes, part: Part, key: str) -> None:
    sizes = [(int(name.replace(",", "")), part.figures.median(name, key)) for name in part.figures.values]
    points = sorted((size, value) for size, value in sizes if value is not None)
    axes.plot([size for size, _ in points], [value for _, value in points], marker="o", label=part.key.removeprefix("growth-"))
