"""txtai with a dense and a BM25 index, fused by its own recipe. What is indexed already is known by its id."""

from __future__ import annotations

from threading import Lock
from typing import Any

from benchmarks.peers.serving import CHUNKS, Engine, Task, incidents, serve


class Txtai:
    """An embeddings database; ids alone are stored with it, as no text is asked for."""

    def __init__(self, task: Task) -> None:
        from txtai import Embeddings

        self._task = task
        self._lock = Lock()
        self._embeddings: Any = Embeddings(path=str(task.model), method="sentence-transformers", hybrid=True, gpu=False)
        self._embeddings.batchtransform(["ready"])
        self._opened = False

    def index(self) -> int:
        self._open()
        known = set(self._embeddings.ids.ids) if self._opened else set()
        chunks = [(chunk_id, text, None) for chunk_id, text in self._task.chunks() if chunk_id not in known]
        if chunks:
            self._embeddings.upsert(chunks)
            self._embeddings.save(str(self._task.index))
            self._opened = True
        return int(self._embeddings.count())

    def _open(self) -> None:
        if not self._opened and self._task.index.exists():
            self._embeddings.load(str(self._task.index))
            self._opened = True

    def search(self, text: str) -> list[str]:
        # Its terms lie in SQLite, of which one connection serves one thread at a time.
        with self._lock:
            self._open()
            return incidents(chunk_id for chunk_id, _ in self._embeddings.search(text, CHUNKS))


def make(task: Task) -> Engine:
    return Txtai(task)


if __name__ == "__main__":
    serve(make, ("txtai", "sentence-transformers", "torch", "faiss-cpu"))
