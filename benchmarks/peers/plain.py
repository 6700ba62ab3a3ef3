"""The plain recipe, as a script of thirty lines has it: sections as chunks, a flat FAISS index, the best chunk an incident.

It keeps no record of what it encoded, so that indexing again is indexing.
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from benchmarks.peers.serving import CHUNKS, Engine, Task, incidents, serve


class Plain:
    """The model, and an index on disk with the ids of its chunks beside it."""

    def __init__(self, task: Task) -> None:
        from sentence_transformers import SentenceTransformer

        self._task = task
        self._model = SentenceTransformer(str(task.model), device="cpu")

    def index(self) -> int:
        import faiss

        chunks = self._task.chunks()
        vectors = self._encode([text for _, text in chunks])
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(vectors)
        self._task.index.mkdir(exist_ok=True)
        faiss.write_index(index, str(self._task.index / "chunks.faiss"))
        (self._task.index / "ids.json").write_text(json.dumps([chunk_id for chunk_id, _ in chunks]), encoding="utf-8")
        return len(chunks)

    @cached_property
    def _opened(self) -> tuple[Any, list[str]]:
        import faiss

        ids = json.loads((self._task.index / "ids.json").read_text(encoding="utf-8"))
        return faiss.read_index(str(self._task.index / "chunks.faiss")), ids

    def search(self, text: str) -> list[str]:
        index, ids = self._opened
        _, found = index.search(self._encode([text]), min(CHUNKS, len(ids)))
        return incidents(ids[place] for place in found[0])

    def _encode(self, texts: list[str]) -> Any:
        return self._model.encode(texts, normalize_embeddings=True, show_progress_bar=False)


def make(task: Task) -> Engine:
    return Plain(task)


if __name__ == "__main__":
    serve(make, ("sentence-transformers", "torch", "faiss-cpu"))
