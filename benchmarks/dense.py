"""What dense search costs and finds, by the number of vectors: ``python -m benchmarks.dense INDEX QUERIES``.

The vectors are made of the passages of an index: a place between a passage and a near one, moved by the difference of two others
and by a little of a stranger, so that they lie as passages do. They are asked for by the queries of a file of judged queries.
``--also`` compares with any index that FAISS can make, named as its factory does, with its search parameters after a colon.
"""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rcasearch.encoders import load_encoder
from rcasearch.encoders.cores import cores
from rcasearch.judged import read_queries
from rcasearch.settings import Settings
from rcasearch.stores.generations import current
from rcasearch.stores.vectors import Vectors, write
from rcasearch.stores.writer import PASSAGES

Floats = NDArray[np.float32]
Found = list[NDArray[np.int64]]
_NEAR = 16
_BLOCK = 50_000
_ASKED = 200
COLUMNS = ("vectors", "searched", "made, s (CPU)", "MB", "opened, ms", "query, CPU ms", "of 10 %", "recall@10", "recall@200")


@dataclass(frozen=True, slots=True)
class Searched:
    """What a process of its own met: the median CPU milliseconds of a query, of one with a filter, and the ids found."""

    opened_ms: float
    query_ms: float
    chosen_ms: float
    found: Found


def spread(base: Floats, count: int, seed: int = 0) -> Floats:
    """``count`` vectors (count, d) of length 1 that lie as those of ``base`` (n, d) do."""
    import faiss

    chance = np.random.default_rng(seed)
    _, near = faiss.knn(base, base, min(_NEAR, len(base)), metric=faiss.METRIC_INNER_PRODUCT)
    blocks = [_moved(base, near, min(_BLOCK, count - start), chance) for start in range(0, count, _BLOCK)]
    return np.concatenate(blocks)


def _moved(base: Floats, near: NDArray[np.int64], count: int, chance: np.random.Generator) -> Floats:
    def picked() -> tuple[Floats, Floats]:
        ids = chance.integers(len(base), size=count)
        return base[ids], base[near[ids, chance.integers(near.shape[1], size=count)]]

    def shares(most: float) -> Floats:
        return chance.uniform(0, most, (count, 1)).astype(np.float32)

    (one, other), (start, end), (stranger, _) = picked(), picked(), picked()
    moved = one + shares(0.7) * (other - one) + shares(0.6) * (end - start) + shares(0.25) * stranger
    return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True), np.float32)


def recall(vectors: Floats, queries: Floats, found: Found, k: int) -> float:
    """The share of the k nearest that was found."""
    import faiss

    best, _ = faiss.knn(queries, vectors, min(k, len(vectors)), metric=faiss.METRIC_INNER_PRODUCT)
    hits = [vectors[ids[:k]] @ query >= own[-1] - 1e-6 for ids, query, own in zip(found, queries, best, strict=True)]
    return float(np.mean(hits))


def _searched(path: Path, queries: Floats, effort: str | None) -> Searched:
    """Open and search in this process; ``effort`` is None for a file of this project."""
    importlib.import_module("faiss")
    started = time.perf_counter()
    ask = _ours(path) if effort is None else _theirs(path, effort)
    opened = 1e3 * (time.perf_counter() - started)
    ask(queries[:1], False)
    plain, chosen = ([_clocked(ask, query[None], chosen) for query in queries] for chosen in (False, True))
    return Searched(opened, _median(plain), _median(chosen), [ids for _, ids in plain])


def _clocked(ask: Callable[[Floats, bool], Found], query: Floats, chosen: bool) -> tuple[float, NDArray[np.int64]]:
    started = time.thread_time()
    ids = ask(query, chosen)[0]
    return 1e3 * (time.thread_time() - started), ids


def _median(calls: Sequence[tuple[float, NDArray[np.int64]]]) -> float:
    return statistics.median(spent for spent, _ in calls)


def _ours(path: Path) -> Callable[[Floats, bool], Found]:
    store = Vectors(path)
    tenth = np.random.default_rng(1).random(store.count) < 0.1
    return lambda queries, chosen: store.search(queries, _ASKED, tenth if chosen else None)


def _theirs(path: Path, effort: str) -> Callable[[Floats, bool], Found]:
    import faiss

    index: Any = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
    faiss.omp_set_num_threads(1)
    if effort:
        parameters: Any = faiss.ParameterSpace()
        parameters.set_index_parameters(index, effort)
    return lambda queries, _: list(index.search(queries, _ASKED)[1])


def _write_theirs(path: Path, vectors: Floats, recipe: str) -> None:
    import faiss

    faiss.omp_set_num_threads(cores())
    index: Any = faiss.index_factory(vectors.shape[1], recipe, faiss.METRIC_INNER_PRODUCT)
    index.train(vectors[:: max(1, len(vectors) // 100_000)])
    index.add(vectors)
    faiss.write_index(index, str(path))


def row(folder: Path, vectors: Floats, queries: Floats, also: str | None = None) -> str:
    """A row of the table: this project's file, or ``also``, an index of FAISS and its parameters."""
    path = folder / "vectors"
    recipe, _, effort = (also or "").partition(":")
    started, spent = time.perf_counter(), time.process_time()
    name = recipe or write(path, vectors).method
    if recipe:
        _write_theirs(path, vectors, recipe)
    made, cpu = time.perf_counter() - started, time.process_time() - spent
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        told = pool.apply(_searched, (path, queries, effort if recipe else None))
    recalls = " | ".join(f"{recall(vectors, queries, told.found, k):.4f}" for k in (10, _ASKED))
    chosen = "" if recipe else f"{told.chosen_ms:.2f}"
    cells = (f"{len(vectors):,}", " ".join((name, effort)).strip(), f"{made:.1f} ({cpu:.1f})", f"{path.stat().st_size / 1e6:.0f}")
    return f"| {' | '.join(cells)} | {told.opened_ms:.0f} | {told.query_ms:.2f} | {chosen} | {recalls} |"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dense", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("index", type=Path, help="an index with some thousand passages")
    parser.add_argument("queries", type=Path, help="a file of judged queries")
    parser.add_argument("--counts", type=int, nargs="+", default=[10_000, 100_000, 1_000_000], help="how many vectors")
    parser.add_argument("--also", nargs="*", default=[], help="other indexes, such as IVF2048,SQfp16:nprobe=256")
    args = parser.parse_args(argv)
    store = Vectors(current(args.index) / PASSAGES)
    base = store.stored(np.arange(store.count))
    queries = load_encoder(Settings().model).encode_queries([query.text for query in read_queries(args.queries)]).vectors
    print(f"| {' | '.join(COLUMNS)} |", "| --- " * len(COLUMNS) + "|", sep="\n")
    with tempfile.TemporaryDirectory() as folder:
        for count in args.counts:
            vectors = spread(base, count)
            for also in (None, *args.also):
                print(row(Path(folder), vectors, queries, also), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
