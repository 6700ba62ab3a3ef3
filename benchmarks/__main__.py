"""Measure this project against what people would use instead, in one run: ``python -m benchmarks``.

Against (a) the plain recipe, a script with sentence-transformers and FAISS, (b) txtai's hybrid search, (c) Chroma and
(d) LangChain with FAISS: same weights, same documents, same machine, by turns. Peers whose packages are not installed are left
out, and the report says so; ``make bench-peers`` installs them. Figures go to ``benchmarks/results/`` as JSON, as markdown and as
a picture. A run with the same ``--out`` replaces the parts that it measures and keeps the others.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import comparison, encoder, growth, indexing, loss, plot, report, serving
from benchmarks.contestant import ROOT
from benchmarks.figures import Part
from benchmarks.machine import describe
from benchmarks.options import parse
from benchmarks.setup import Setup, contestants
from rcasearch.models import DEFAULT_MODEL, locate


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the parts that are asked for, keep the figures after each, and print the tables."""
    options = parse(arguments)
    machine = {**describe(), "rounds": options.rounds}
    for part in _parts(options):
        # Kept at once: a run that is cut off has what it measured.
        _keep(options.out, machine, part)
    print(options.out.with_suffix(".md").read_text(encoding="utf-8"))


def _parts(options: argparse.Namespace) -> Iterator[Part]:
    """The parts, one after the other, each in a folder of its own that is gone when it is done."""
    for name in options.parts:
        with TemporaryDirectory() as folder:
            peers = tuple(one for one in contestants(options.peers_python) if one.name in options.only)
            setup = Setup(Path(folder), locate(DEFAULT_MODEL), peers, _tell, options.rounds)
            yield from _measured(name, setup, options)


def _measured(name: str, setup: Setup, options: argparse.Namespace) -> Iterator[Part]:
    if name == "encoder":
        yield encoder.measure(setup, options.passages)
    elif name == "seeds":
        yield from comparison.measure(setup, 0)
    elif name == "templated":
        for size in options.documents:
            yield from comparison.measure(setup, size)
    elif name == "index":
        yield indexing.measure(setup, options.index_documents, options.plain_share)
    elif name == "serving":
        yield serving.measure(setup, options.serving_documents, serving.Load(options.queries, 16, options.load_seconds))
    elif name == "loss":
        for place, folder in enumerate([ROOT / "seeds", *options.quality]):
            yield loss.measure(setup, folder, place)
    elif name == "growth":
        yield growth.measure(setup, "templated", options.sizes)
        yield growth.measure(setup, "recombined", options.real_sizes)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _keep(path: Path, machine: dict[str, Any], part: Part) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    before = report.parts_of(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else []
    parts = {one.key: one for one in [*before, part]}.values()
    path.write_text(json.dumps(report.as_json(machine, list(parts)), indent=2) + "\n", encoding="utf-8")
    grown = [one for one in parts if one.key.startswith("growth-")]
    if grown:
        plot.draw(grown, path.with_suffix(".svg"))
    pictures = [path.with_suffix(".svg").name] if grown else []
    path.with_suffix(".md").write_text(report.as_markdown(machine, list(parts), pictures), encoding="utf-8")


if __name__ == "__main__":
    main()
