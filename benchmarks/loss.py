"""What the shipped runtime costs of the quality: nDCG@10 beside the same by sentence-transformers in float32."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.contestant import Contestant, Session
from benchmarks.figures import Figures, Measure, Part
from benchmarks.measuring import ndcg
from benchmarks.setup import OURS, Setup, judged

EXACT = "torch, f32"
MEASURES = (Measure("ndcg", "nDCG@10, mean over queries", "", more_is_better=True),)


def measure(setup: Setup, folder: Path, place: int) -> Part:
    """Index a folder of documents with a ``queries.jsonl`` by both, and ask its queries. A part for the ``place``-th folder."""
    part = Part(f"loss-{place}", f"Loss of quality on {folder.name}", MEASURES, remarks=(_REMARK,))
    mine = setup.peer(OURS)
    if mine:
        for one in (replace(mine, name=EXACT, arguments=("exact",)), mine):
            setup.tell(f"quality on {folder.name}: {one.name}")
            with setup.guarded(part.figures, one.name):
                _measure(setup, part.figures, one, folder, setup.work / f"loss-{place}-{len(part.figures.values)}")
    return part


_REMARK = "The same documents, queries and ranking; only what encodes differs, in the index and in the queries."


def _measure(setup: Setup, figures: Figures, one: Contestant, folder: Path, index: Path) -> None:
    corpus = folder / "corpus" if (folder / "corpus").is_dir() else folder
    task = {"model": setup.model, "corpus": corpus, "sections": folder / "queries.jsonl", "index": index}
    rows = judged(folder / "queries.jsonl")
    with Session(one, task, patience=setup.patience) as session:
        figures.versions[one.name] = session.versions
        session.ask("index")
        answers = session.ask("search", texts=[row["text"] for row in rows])["answers"]
    figures.add(one.name, 0, ndcg=ndcg(rows, answers))
