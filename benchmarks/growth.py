"""How this project grows with its corpus: templated incidents, and real-style text without repetition."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks import indexing, recombined, templated
from benchmarks.contestant import ROOT
from benchmarks.figures import Figures, Measure, Part
from benchmarks.indexing import Documents
from benchmarks.servers import of_ours, serving
from benchmarks.setup import OURS, Setup, judged, mebibytes, ours, run

MEASURES = (
    Measure("index", "index", "s"),
    Measure("index_cpu", "index", "CPU s"),
    Measure("passages", "distinct passages", ""),
    Measure("again", "index again, nothing changed", "s"),
    Measure("disk", "index on disk, with the embedding cache", "MiB"),
    Measure("generation", "of it what is searched", "MiB"),
    Measure("recall", "recall@10 of the dense search against exact", "", more_is_better=True),
    Measure("p50", "HTTP search, 1 client, p50", "ms"),
    Measure("p99", "HTTP search, 1 client, p99", "ms"),
    Measure("query_cpu", "HTTP search, 1 client, mean of the server", "CPU ms"),
    Measure("memory", "resident memory while serving, shared pages once", "MiB"),
)
KINDS = ("templated", "recombined")
_REMARKS = {
    "templated": "A column a size, in incidents.",
    "recombined": "Sentences of the seeds, dealt anew: hardly two passages are the same. A column a size, in incidents.",
}
_QUERIES = 100


def measure(setup: Setup, kind: str, sizes: Sequence[int]) -> Part:
    """Build, ask and weigh an index of each size."""
    part = Part(f"growth-{kind}", f"Growth, {kind}", MEASURES, remarks=(_REMARKS[kind],))
    for size in sizes:
        setup.tell(f"growth: {size:,} {kind}")
        work = setup.work / f"{kind}-{size}"
        with setup.guarded(part.figures, f"{size:,}"):
            _measure(setup, part.figures, _written(work, kind, size), size)
    return part


def _written(work: Path, kind: str, size: int) -> Documents:
    if kind == "templated":
        templated.write(work, size, 7)
        return Documents(work / "corpus", work, work / "none", queries=work / "queries.jsonl")
    recombined.write(work, size, 7)
    return Documents(work / "corpus", work, work / "none", queries=ROOT / "seeds" / "queries.jsonl")


def _measure(setup: Setup, figures: Figures, documents: Documents, size: int) -> None:
    built = Figures()
    index = indexing.build(setup, built, documents)
    figures.add(f"{size:,}", 0, **{key: value[0] for key, value in built.values[OURS].items() if key != "disk"})
    spent = run(ours("index", str(documents.corpus), "--index", str(index)))
    info = json.loads(run(ours("info", "--json", "--index", str(index))).output)
    generation = mebibytes(index / (index / "current").read_text(encoding="utf-8").strip())
    figures.add(f"{size:,}", 0, again=spent.seconds, disk=mebibytes(index), generation=generation, passages=info["passages"])
    figures.add(f"{size:,}", 0, recall=min(search["recall_at_10"] for search in info["search"].values()))
    asked = [str(row["text"]) for row in judged(documents.queries)][:_QUERIES]
    command, variables = of_ours(index)
    with serving(OURS, command, variables) as server:
        server.press(asked, 1)
        for number in range(setup.rounds):
            before = server.cpu()
            done = server.press(asked, 1)
            p50, p99 = np.percentile(done["ms"] or [0], [50, 99]).tolist()
            cpu = 1000 * (server.cpu() - before) / len(asked)
            figures.add(f"{size:,}", number, p50=p50, p99=p99, query_cpu=cpu, memory=server.memory().shared_once)
