"""Everybody within a process of its own, from the documents to answers: the seeds, or a templated corpus."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import late
from benchmarks.contestant import ROOT
from benchmarks.figures import Part
from benchmarks.measuring import MEASURES, Corpus, Plan
from benchmarks.measuring import measure as measure_all
from benchmarks.setup import OURS, Setup
from benchmarks.templated import write
from rcasearch.index import build
from rcasearch.settings import Settings

_LATE_QUERIES = 100


def measure(setup: Setup, size: int) -> Iterator[Part]:
    """The seeds (size 0) or a templated corpus: everybody, and then what late interaction costs."""
    name = f"templated-{size}" if size else "seeds"
    corpus = _corpus(setup, size)
    title = f"Templated, {size:,} incidents" if size else "Seeds"
    figures = measure_all(setup.peers, corpus, Plan(setup.rounds), setup.tell)
    yield Part(f"all-{name}", f"{title}, within a process", MEASURES, figures)
    if setup.peer(OURS):
        settings = Settings(index=str(corpus.work / "late"))
        build([corpus.documents], settings)
        asked = [row["text"] for row in corpus.judged()][:_LATE_QUERIES]
        yield late.measure(settings, asked).part(name)


def _corpus(setup: Setup, size: int) -> Corpus:
    work = setup.work / f"all-{size}"
    work.mkdir()
    if not size:
        return Corpus(ROOT / "seeds", ROOT / "seeds" / "queries.jsonl", work, setup.model)
    write(work / "templated", size, 7)
    return Corpus(work / "templated" / "corpus", work / "templated" / "queries.jsonl", work, setup.model)
