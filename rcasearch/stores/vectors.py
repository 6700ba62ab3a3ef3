"""Vectors in a file, and the nearest of them: the one place that knows FAISS.

A few vectors are compared one by one. Many are compared by 4 bits for every two dimensions first, from tables that stay in the
processor's registers (André, Kermarrec and Le Scouarnec, "Quicker ADC"; FAISS's fast scan), and the best of these again by the
vectors themselves, in half precision. Every vector takes part in every search and nothing is clustered, so that no growth of a
corpus makes the search worse, and a filter leaves nothing out.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from rcasearch.encoders.cores import cores
from rcasearch.model import VectorSearch
from rcasearch.stores.base import Floats, Rows

# Up to so many, 1 ms of one core, vectors are compared one by one.
EXACT = 20_000
# The share of the nearest 200 that must be found, and how many times as many are compared again until they are.
RECALL = 0.99
_EFFORTS = (2, 4, 8, 16)
# The codes are fitted to so many vectors, in so many rounds; more of either changed no recall by more than .001.
_FITTED, _ROUNDS = 4_096, 5
# The queries of each kind that recall is measured with, and what they ask for; fewer are found best among no fewer.
_ASKED = 64
_LEAST = 200
# Cosines are equal within float32's rounding.
_ROUNDING = 1e-6
# Comparing a vector again, wherever it lies, costs as much as comparing so many one after the other.
_AGAIN = 4


def write(path: Path, vectors: Floats, exact: int = EXACT) -> VectorSearch:
    """Write vectors (n, d) of length 1, with the ids 0 to n - 1, and tell how they will be searched.

    More than ``exact`` are compressed, where that gives a recall of ``RECALL``. The same vectors give the same bytes.
    """
    import faiss

    faiss.omp_set_num_threads(cores())
    count, dimension = vectors.shape
    if count > exact and dimension % 2 == 0:
        index = _compressed(vectors)
        found = _tuned(index, vectors)
        if found:
            _save(index, path)
            return found
    whole = faiss.index_factory(dimension, "Flat" if count <= exact else "SQfp16", faiss.METRIC_INNER_PRODUCT)
    whole.add(vectors)
    _save(whole, path)
    return VectorSearch("exact")


def _save(index: Any, path: Path) -> None:
    """Write an index of vectors. Raises OSError."""
    import faiss

    # A file that FAISS itself opens is closed without a look at whether its last bytes found room.
    with path.open("wb") as file:
        faiss.write_index(index, cast("Any", faiss).PyCallbackIOWriter(file.write))


def neighbours(vectors: Floats, k: int, others: Floats | None = None) -> Rows:
    """For each of the vectors (n, d) the k (n, k) with the largest products with it, it mostly among them; all, if fewer.

    They are sought among the ``others`` (m, d) where these are given.
    """
    import faiss

    faiss.omp_set_num_threads(cores())
    among = vectors if others is None else others
    found: Rows = faiss.knn(vectors, among, min(k, len(among)), metric=faiss.METRIC_INNER_PRODUCT)[1]
    return found


def _compressed(vectors: Floats) -> Any:
    import faiss

    recipe = f"PQ{vectors.shape[1] // 2}x4fs,Refine(SQfp16)"
    index: Any = faiss.index_factory(vectors.shape[1], recipe, faiss.METRIC_INNER_PRODUCT)
    codes: Any = faiss.downcast_index(index.base_index)
    codes.pq.cp.niter = _ROUNDS
    # Alone: the fits are many and small, and threads would spend their time on waiting for each other.
    faiss.omp_set_num_threads(1)
    index.train(vectors[_spread(len(vectors), _FITTED)])
    faiss.omp_set_num_threads(cores())
    index.add(vectors)
    return index


def _tuned(index: Any, vectors: Floats) -> VectorSearch | None:
    """How the index finds the nearest of these vectors by the least effort that is enough; None where none is."""
    import faiss

    queries = _queries(vectors)
    best, _ = faiss.knn(queries, vectors, min(_LEAST, len(vectors)), metric=faiss.METRIC_INNER_PRODUCT)
    for effort in _EFFORTS:
        index.k_factor = effort
        _, found = index.search(queries, best.shape[1])
        at_10, at_200 = (_recall(vectors, queries, found, best, k) for k in (10, _LEAST))
        if at_200 >= RECALL:
            return VectorSearch("compressed", at_10, at_200)
    return None


def _queries(vectors: Floats) -> Floats:
    """Vectors (q, d) to ask with: some that are stored, and means of three of them, which lie as far from all as queries do."""
    picked = vectors[_spread(len(vectors), 3 * _ASKED)].reshape(3, -1, vectors.shape[1])
    means = picked.mean(axis=0)
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), np.float32(1e-12))
    return np.concatenate([picked[0], means])


def _recall(vectors: Floats, queries: Floats, found: Rows, best: Floats, k: int) -> float:
    """The share of the k best that was found; any that is as near as the k-th best counts as one of them."""
    last = min(k, best.shape[1])
    products = np.stack([vectors[ids[:last]] @ query for ids, query in zip(found, queries, strict=True)])
    return float((products >= best[:, last - 1 : last] - _ROUNDING).mean())


def _spread(count: int, wanted: int) -> Rows:
    """``wanted`` ids, or a few repeated, evenly over ``count``."""
    return np.linspace(0, count - 1, wanted).astype(np.int64)


class Vectors:
    """The vectors of one file, memory-mapped; searched by one thread a query, from any thread."""

    def __init__(self, path: Path) -> None:
        """Open what `write` wrote. Raises ValueError where the file is damaged, OSError where it cannot be read."""
        index, whole = _read(path)
        self.count, self.dimension = int(index.ntotal), int(index.d)
        self._whole, self._codes = whole, index if index is not whole else None
        self._rows = _rows(whole)

    def search(self, vectors: Floats, k: int, chosen: NDArray[np.bool_] | None = None) -> list[Rows]:
        """The k nearest ids by inner product for each vector (q, d), best first; only of those ``chosen`` (n,), where given.

        There are always k, or all.
        """
        import faiss

        available = self.count if chosen is None else int(np.count_nonzero(chosen))
        k = min(k, available)
        if not k:
            return [np.zeros(0, np.int64) for _ in vectors]
        faiss.omp_set_num_threads(1)
        queries = np.ascontiguousarray(vectors, np.float32)
        found = self._by_codes(queries, k, available, chosen)
        return found if found and all(len(ids) == k for ids in found) else self._one_by_one(queries, k, chosen)

    def _by_codes(self, queries: Floats, k: int, available: int, chosen: NDArray[np.bool_] | None) -> list[Rows]:
        """What is found by the codes, fewer than k where too many of it are not chosen; empty where that does not pay."""
        asked = max(_LEAST, k if chosen is None else 3 * k * self.count // (2 * available))
        if self._codes is None or asked * self._codes.k_factor * _AGAIN > available:
            return []
        _, found = self._codes.search(queries, asked)
        return [(ids if chosen is None else ids[chosen[ids]])[:k] for ids in found]

    def _one_by_one(self, queries: Floats, k: int, chosen: NDArray[np.bool_] | None) -> list[Rows]:
        import faiss

        parameters: Any = None
        if chosen is not None:
            bits = cast("Any", faiss.IDSelectorBitmap)(np.packbits(chosen, bitorder="little"))
            parameters = cast("Any", faiss.SearchParameters)(sel=bits)
        return list(self._whole.search(queries, k, params=parameters)[1])

    def stored(self, ids: NDArray[Any]) -> Floats:
        """The vectors (n, d) under these ids."""
        rows = self._rows[ids]
        return rows.view(np.float32) if rows.shape[1] == 4 * self.dimension else _widened(rows.view(np.int16))


def _read(path: Path) -> tuple[Any, Any]:
    """What to search, and the part of it, or all of it, that has the vectors themselves."""
    import faiss

    with path.open("rb") as file:
        if hasattr(os, "posix_fadvise"):
            # FAISS maps for random access, which reads page by page what is not in memory yet.
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)
    try:
        index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    except (RuntimeError, MemoryError):
        raise ValueError(f"{path.name} holds no vectors that can be read") from None
    parts: list[Any] = [index]
    if isinstance(index, faiss.IndexRefine):
        parts += [faiss.downcast_index(index.base_index), faiss.downcast_index(index.refine_index)]
    whole = parts[-1]
    alike = len({(part.ntotal, part.d) for part in parts}) == 1 and isinstance(whole, faiss.IndexFlatCodes)
    if not alike or whole.codes.size() != whole.ntotal * whole.code_size:
        raise ValueError(f"{path.name} does not hold the vectors that it counts")
    return index, whole


def _rows(index: Any) -> NDArray[np.uint8]:
    """The bytes (n, b) of each vector, as they lie in the file: no more of them is read than is asked for."""
    import faiss

    if not index.ntotal:
        return np.zeros((0, index.code_size), np.uint8)
    return faiss.rev_swig_ptr(index.codes.data(), index.ntotal * index.code_size).reshape(index.ntotal, index.code_size)


def _widened(halves: NDArray[np.int16]) -> Floats:
    """The bits of finite half-precision numbers as float32: three times as fast as numpy's own conversion.

    Sign, exponent and fraction keep their order and take wider fields; what is left is the difference of the exponents' biases.
    """
    bits = halves.astype(np.int32)
    bits <<= 13
    bits &= np.int32(-0x70000001)
    numbers = bits.view(np.float32)
    numbers *= np.float32(2.0**112)
    return numbers
