"""Measure this project against the plain recipe in one run: ``python -m benchmarks``.

The plain recipe is what a script of thirty lines does: each section a chunk, sentence-transformers, a flat FAISS index, the
best chunk an incident. Both sides read the same documents with the same model on the same machine, in turn; what is quoted is
the median and the ratio. Results go to ``benchmarks/results/`` as JSON with the machine and the date.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import late
from benchmarks.late import LateInteraction
from benchmarks.templated import write
from benchmarks.timing import Comparison, compare
from rcasearch.encoders import cores
from rcasearch.index import build
from rcasearch.settings import Settings

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Run the comparison on the seeds and on a templated corpus, print the table and keep the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=300, help="size of the templated corpus (default: 300)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each side is measured (default: 3)")
    parser.add_argument("--out", type=Path, default=RESULTS / f"{date.today():%Y-%m-%d}.json", help="where the figures go")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        templated = Path(folder) / "templated"
        write(templated, arguments.documents, 7)
        corpora = {
            "seeds": (ROOT / "seeds", ROOT / "seeds" / "queries.jsonl"),
            f"templated {arguments.documents}": (templated / "corpus", templated / "queries.jsonl"),
        }
        found = {name: compare(*paths, rounds=arguments.rounds, tell=_tell) for name, paths in corpora.items()}
        costs = {name: _late(*paths) for name, paths in corpora.items()}
    print(_table(found))
    print(_late_table(costs))
    _keep(arguments.out, found, costs)


def _late(corpus: Path, queries: Path) -> LateInteraction:
    texts = [json.loads(line)["text"] for line in queries.read_text(encoding="utf-8").splitlines()]
    with TemporaryDirectory() as folder:
        settings = Settings(index=folder)
        build([corpus], settings)
        return late.measure(settings, texts[:100])


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _table(found: dict[str, Comparison]) -> str:
    lines = [f"{'corpus':16}{'measure':34}{'plain':>12}{'rcasearch':>12}{'ratio':>8}"]
    for corpus, comparison in found.items():
        for name, unit, ours, theirs in comparison.rows():
            ratio = f"{ours / theirs:8.2f}" if theirs else f"{'–':>8}"
            lines.append(f"{corpus:16}{f'{name} ({unit})':34}{theirs:12.3f}{ours:12.3f}{ratio}")
    return "\n".join(lines)


def _late_table(costs: dict[str, LateInteraction]) -> str:
    rows = [(corpus, *row) for corpus, cost in costs.items() for row in cost.rows()]
    return "\n".join(f"{corpus:16}{f'{name} ({unit})':46}{value:12.2f}" for corpus, name, unit, value in rows)


def _keep(path: Path, found: dict[str, Comparison], costs: dict[str, LateInteraction]) -> None:
    machine = {
        "machine": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "cores": cores(),
    }
    figures = {
        corpus: {name: {"unit": unit, "plain": theirs, "rcasearch": ours} for name, unit, ours, theirs in comparison.rows()}
        for corpus, comparison in found.items()
    }
    late_figures = {corpus: {f"{name} ({unit})": value for name, unit, value in cost.rows()} for corpus, cost in costs.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps({"date": f"{date.today()}", **machine, "corpora": figures, "late interaction": late_figures}, indent=2) + "\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
