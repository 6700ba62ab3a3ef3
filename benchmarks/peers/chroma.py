"""Chroma on disk, embedding by sentence-transformers, cosine. What is indexed already is known by its id."""

from __future__ import annotations

from typing import Any

from benchmarks.peers.serving import CHUNKS, Engine, Task, incidents, serve


class Chroma:
    """A persistent client with one collection."""

    def __init__(self, task: Task) -> None:
        import chromadb
        from chromadb.config import Settings
        from chromadb.utils.embedding_functions import SentenceTransformerEmbeddingFunction

        self._task = task
        embed = SentenceTransformerEmbeddingFunction(model_name=str(task.model), device="cpu", normalize_embeddings=True)
        self._client: Any = chromadb.PersistentClient(str(task.index), Settings(anonymized_telemetry=False))
        self._sections: Any = self._client.get_or_create_collection(
            "sections", embedding_function=embed, metadata={"hnsw:space": "cosine"}
        )

    def index(self) -> int:
        chunks, size = self._task.chunks(), self._client.get_max_batch_size()
        for start in range(0, len(chunks), size):
            batch = dict(chunks[start : start + size])
            known = set(self._sections.get(ids=list(batch), include=[])["ids"])
            new = [chunk_id for chunk_id in batch if chunk_id not in known]
            if new:
                self._sections.add(ids=new, documents=[batch[chunk_id] for chunk_id in new])
        return int(self._sections.count())

    def search(self, text: str) -> list[str]:
        return incidents(self._sections.query(query_texts=[text], n_results=CHUNKS, include=[])["ids"][0])


def make(task: Task) -> Engine:
    return Chroma(task)


if __name__ == "__main__":
    serve(make, ("chromadb", "sentence-transformers", "torch"))
