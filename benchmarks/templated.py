"""A templated RCA corpus of any size with judged queries: `python -m benchmarks.templated --documents 600 --seed 7 --out DIR`.

Most companies write their RCAs into a template: most lines stand in hundreds of documents, the failure is named tersely, and the
services are the same few. Forty failure types over thirty services make such a corpus, spread over three years; numbers, times,
users and owners are drawn by a seeded generator, and the same arguments give the same bytes. A longer corpus of a seed begins
with the documents of a shorter one.

Queries, by kind:

* ``alert`` names the service of one document and describes the failure as a metric, a log line or plain words would, never by
  name. Grade 2: the same failure in the same service; grade 1: the same failure elsewhere.
* ``cross`` describes a failure in a service that never had it: it is neither the service of such a document nor listed in one,
  and it has other failures on record, so that whoever matches the service loses. Grade 2: every document of the failure.
* ``plain`` names the failure and no service. Grade 2: every document of it.
* ``none`` is a failure that is not among the forty; half of them name a known service. Nothing is relevant.

A failure type has N/40 documents on average, so nDCG@10 asks to fill the first ten places: its ideal order is cut at ten as well,
and a large set of relevant documents makes no query unanswerable. With grades 2 and 1 an alert query gets most of its value for
the right failure and all of it only with the right service first. From N = 600 on, nearly every type has ten documents.

The descriptions of a type are parted between ``alert`` and ``cross`` at random, so no text is asked twice.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.templated_documents import incidents, render
from benchmarks.templated_queries import TemplatedQuery, make_queries

__all__ = ["Generated", "TemplatedQuery", "generate", "write"]


@dataclass(frozen=True, slots=True)
class Generated:
    """A corpus in memory, file stem -> markdown, and its queries."""

    documents: dict[str, str]
    queries: list[TemplatedQuery]


def generate(documents: int, seed: int) -> Generated:
    """``documents`` documents and the queries about them, the same for the same arguments. Raises ValueError below 1."""
    corpus = list(incidents(_positive(documents), seed))
    return Generated({incident.stem: render(incident, seed) for incident in corpus}, make_queries(corpus, seed))


def write(out: Path, documents: int, seed: int) -> int:
    """Write the documents to ``out/corpus`` and the queries to ``out/queries.jsonl``; gives the number of queries.

    Holds no more than one text at a time. Raises ValueError for fewer than one document, and FileExistsError where
    ``out/corpus`` has documents already: those of another run would answer along.
    """
    folder = out / "corpus"
    corpus = list(incidents(_positive(documents), seed))
    folder.mkdir(parents=True, exist_ok=True)
    if next(folder.iterdir(), None) is not None:
        raise FileExistsError(f"{folder} is not empty: choose another folder with --out, or empty this one.")
    for incident in corpus:
        (folder / f"{incident.stem}.md").write_text(render(incident, seed), encoding="utf-8", newline="\n")
    queries = make_queries(corpus, seed)
    _write_queries(out / "queries.jsonl", queries)
    return len(queries)


def _positive(documents: int) -> int:
    if documents < 1:
        raise ValueError(f"A corpus has at least one document, not {documents}.")
    return documents


def _write_queries(path: Path, queries: Iterable[TemplatedQuery]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for query in queries:
            file.write(json.dumps(asdict(query), ensure_ascii=False) + "\n")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.templated", description="Write a templated corpus with judged queries."
    )
    parser.add_argument("--documents", type=int, default=600, help="how many documents (600)")
    parser.add_argument("--seed", type=int, default=7, help="the seed; the same seed gives the same corpus (7)")
    parser.add_argument("--out", type=Path, required=True, help="the folder that gets corpus/ and queries.jsonl")
    options = parser.parse_args(arguments)
    try:
        queries = write(options.out, options.documents, options.seed)
    except (ValueError, OSError) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    print(f"{options.documents} documents and {queries} queries in {options.out}")


if __name__ == "__main__":
    main()
