"""Vectors in a file, and the nearest of them: the one place that knows FAISS."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from rcasearch.stores.base import Floats, Rows


def write(path: Path, vectors: Floats) -> None:
    """Write vectors (n, d) of length 1; their ids are 0 to n - 1."""
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    faiss.write_index(index, str(path))


class Vectors:
    """The vectors of one file, memory-mapped."""

    def __init__(self, path: Path) -> None:
        """Open what `write` wrote. Raises RuntimeError where the file is damaged."""
        import faiss

        self._index: Any = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)

    @property
    def count(self) -> int:
        return int(self._index.ntotal)

    def search(self, vectors: Floats, k: int, allowed: NDArray[Any] | None = None) -> Sequence[Rows]:
        """The k nearest ids by inner product for each vector, best first; only ids in ``allowed`` (ascending) where given."""
        if k < 1:
            return [np.zeros(0, np.int64) for _ in vectors]
        parameters = None if allowed is None else self._only(allowed)
        _, found = self._index.search(np.ascontiguousarray(vectors), k, params=parameters)
        return [row[row >= 0] for row in found]

    def _only(self, allowed: NDArray[Any]) -> Any:
        import faiss

        mask = np.zeros(self.count, bool)
        mask[allowed] = True
        selector: Any = faiss.IDSelectorBitmap
        return cast("Any", faiss.SearchParameters)(sel=selector(np.packbits(mask, bitorder="little")))

    def stored(self, ids: NDArray[Any]) -> Floats:
        """The vectors (n, d) under these ids."""
        if not len(ids):
            return np.zeros((0, self._index.d), np.float32)
        return np.asarray(self._index.reconstruct_batch(np.ascontiguousarray(ids, np.int64)), dtype=np.float32)
