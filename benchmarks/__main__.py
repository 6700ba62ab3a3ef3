"""Measure this project against what people would use instead, in one run: ``python -m benchmarks``.

Against (a) the plain recipe, a script with sentence-transformers and FAISS, (b) txtai's hybrid search, (c) Chroma and
(d) LangChain with FAISS: same weights, same documents, same machine, by turns. Peers whose packages are not installed are left
out, and the report says so; ``make bench-peers`` installs them. Figures go to ``benchmarks/results/`` as JSON and as markdown.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import late, report
from benchmarks.contestant import ROOT, Contestant
from benchmarks.figures import Figures
from benchmarks.late import LateInteraction
from benchmarks.machine import describe
from benchmarks.measuring import Corpus, Plan, measure
from benchmarks.templated import write
from rcasearch.index import build
from rcasearch.models import DEFAULT_MODEL, locate
from rcasearch.settings import Settings

OURS = "rcasearch"
_LATE_QUERIES = 100


def contestants(peers_python: Path) -> list[Contestant]:
    """Everybody, the baseline first; the peers by the interpreter of their own environment."""
    return [
        Contestant("plain", "benchmarks.peers.plain", rebuilds=True),
        Contestant("txtai", "benchmarks.peers.txtai_hybrid", peers_python),
        Contestant("Chroma", "benchmarks.peers.chroma", peers_python),
        Contestant("LangChain", "benchmarks.peers.langchain_faiss", peers_python),
        Contestant(OURS, "benchmarks.peers.ours"),
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the comparison on the seeds and on templated corpora, print the tables and keep the figures."""
    options = _options(arguments)
    chosen = [one for one in contestants(options.peers_python) if one.name in options.only]
    plan = Plan(options.rounds, min(options.index_rounds, options.rounds))
    machine = {**describe(), "rounds": plan.rounds, "index_rounds": plan.index_rounds}
    found: dict[str, Figures] = {}
    costs: dict[str, LateInteraction] = {}
    for size in ([] if options.no_seeds else [0]) + options.documents:
        name = f"templated, {size:,} incidents" if size else "seeds"
        with _corpus(size) as corpus:
            if any(one.name == OURS for one in chosen):
                costs[name] = _late(corpus)
            found[name] = measure(chosen, corpus, plan, _tell)
        # Kept after each corpus: a long run that is cut off has its first corpora.
        _keep(options.out, machine, found, costs)
    print(options.out.with_suffix(".md").read_text(encoding="utf-8"))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure this project against its peers.")
    everybody = [one.name for one in contestants(Path())]
    parser.add_argument(
        "--documents", type=int, nargs="*", default=[1_000], help="sizes of the templated corpora (1000); 100000 takes hours"
    )
    parser.add_argument("--no-seeds", action="store_true", help="leave out the example documents")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything but indexing is measured (3)")
    parser.add_argument("--index-rounds", type=int, default=1, help="how often indexing is measured (1)")
    parser.add_argument("--only", nargs="+", choices=everybody, default=everybody, help="who takes part (everybody)")
    parser.add_argument(
        "--peers-python", type=Path, default=ROOT / ".venv-peers" / "bin" / "python", help="the interpreter that has the peers"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / f"{date.today()}.json", help="the figures")
    options = parser.parse_args(arguments)
    if min(options.rounds, options.index_rounds, *options.documents, 1) < 1:
        parser.error("--documents, --rounds and --index-rounds must be at least 1.")
    return options


@contextmanager
def _corpus(size: int) -> Iterator[Corpus]:
    """The seeds (size 0) or a templated corpus, with an empty folder for what is made of it."""
    with TemporaryDirectory() as folder:
        work = Path(folder)
        if size:
            write(work / "templated", size, 7)
        documents, queries = (work / "templated" / "corpus", work / "templated") if size else (ROOT / "seeds", ROOT / "seeds")
        yield Corpus(documents, queries / "queries.jsonl", work, locate(DEFAULT_MODEL))


def _late(corpus: Corpus) -> LateInteraction:
    settings = Settings(index=str(corpus.work / "late"))
    build([corpus.documents], settings)
    return late.measure(settings, [row["text"] for row in corpus.judged()][:_LATE_QUERIES])


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _keep(path: Path, machine: dict[str, object], found: dict[str, Figures], costs: dict[str, LateInteraction]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report.as_json(machine, found, costs), indent=2) + "\n", encoding="utf-8")
    path.with_suffix(".md").write_text(report.as_markdown(machine, found, costs), encoding="utf-8")


if __name__ == "__main__":
    main()
