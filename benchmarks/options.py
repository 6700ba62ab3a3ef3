"""What of the benchmark is run, and how much of it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from benchmarks.contestant import ROOT
from benchmarks.setup import contestants

PARTS = ("encoder", "seeds", "templated", "index", "serving", "loss", "growth")
_DEFAULT_PARTS = ("encoder", "seeds", "index", "serving", "loss", "growth")
# Small enough to see in a few minutes that everything runs; the figures mean little.
_QUICK = {
    "passages": 64,
    "rounds": 1,
    "index_documents": 60,
    "plain_share": 4,
    "serving_documents": 60,
    "queries": 20,
    "load_seconds": 1.0,
    "documents": [60],
    "sizes": [40, 80],
    "real_sizes": [10, 20],
}


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options of a run. Ends the process with a message where they make no sense."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure this project against its peers.")
    everybody = [one.name for one in contestants(Path())]
    add = parser.add_argument
    add("--parts", nargs="+", choices=PARTS, default=_DEFAULT_PARTS, help="what is measured (all but templated)")
    add("--only", nargs="+", choices=everybody, default=everybody, help="who takes part (everybody)")
    add("--rounds", type=int, default=3, help="how often everything but a first build is measured (3)")
    add("--quick", action="store_true", help="everything small, to see that it runs; the figures mean little")
    add("--passages", type=int, default=500, help="encoder: how many passages (500)")
    add("--documents", type=int, nargs="+", default=[200], help="templated: sizes at which all peers index themselves (200)")
    add("--index-documents", type=int, default=5_000, help="index: how many templated incidents (5000)")
    add("--plain-share", type=int, default=4, help="index: plain indexes every so many-th section, 1 for all of them (4)")
    add("--serving-documents", type=int, default=10_000, help="serving: how many templated incidents (10000)")
    add("--queries", type=int, default=200, help="serving: how many queries (200)")
    add("--load-seconds", type=float, default=8.0, help="serving: how long 16 clients ask (8)")
    add("--quality", type=Path, nargs="+", default=[], help="loss: more folders of documents with a queries.jsonl")
    add("--sizes", type=int, nargs="+", default=[1_000, 10_000], help="growth: templated incidents (1000 10000)")
    add("--real-sizes", type=int, nargs="+", default=[300, 1_000], help="growth: recombined incidents (300 1000)")
    add("--peers-python", type=Path, default=ROOT / ".venv-peers" / "bin" / "python", help="the interpreter that has the peers")
    add("--out", type=Path, default=ROOT / "benchmarks" / "results" / f"{date.today()}.json", help="the figures")
    options = parser.parse_args(arguments)
    if options.quick:
        vars(options).update(_QUICK)
    _check(parser, options)
    return options


def _check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    for name, value in vars(options).items():
        if isinstance(value, int | float | list) and any(isinstance(one, int | float) and one <= 0 for one in _each(value)):
            parser.error(f"--{name.replace('_', '-')} must be more than 0.") if name != "quick" else None
    for folder in options.quality:
        if not (folder / "queries.jsonl").is_file():
            parser.error(f"--quality: {folder} has no queries.jsonl.")


def _each(value: float | list[float]) -> list[float]:
    return value if isinstance(value, list) else [value]
