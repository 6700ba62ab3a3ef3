"""LangChain's FAISS store with its indexing API, which keeps a record of what it indexed and skips that."""

from __future__ import annotations

from typing import Any

from benchmarks.peers.serving import CHUNKS, Engine, Task, incidents, serve

_BATCH = 1_000


class LangChain:
    """A FAISS store, saved as LangChain saves it, beside a record manager in SQLite."""

    def __init__(self, task: Task) -> None:
        from langchain_huggingface import HuggingFaceEmbeddings

        self._task = task
        self._embeddings = HuggingFaceEmbeddings(
            model_name=str(task.model), model_kwargs={"device": "cpu"}, encode_kwargs={"normalize_embeddings": True}
        )
        self._store: Any = None

    def index(self) -> int:
        from langchain_classic.indexes import SQLRecordManager
        from langchain_core.documents import Document
        from langchain_core.indexing import index

        self._task.index.mkdir(exist_ok=True)
        records = SQLRecordManager("sections", db_url=f"sqlite:///{self._task.index / 'records.sqlite'}")
        records.create_schema()
        store = self._opened()
        documents = [Document(page_content=text, metadata={"id": chunk_id}) for chunk_id, text in self._task.chunks()]
        done = index(documents, records, store, batch_size=_BATCH, key_encoder="sha256")
        if done["num_added"]:
            store.save_local(str(self._task.index))
        return int(store.index.ntotal)

    def _opened(self) -> Any:
        if self._store is None:
            self._store = self._load() if (self._task.index / "index.faiss").exists() else self._empty()
        return self._store

    def _load(self) -> Any:
        from langchain_community.vectorstores import FAISS

        # The pickle was written by this very script.
        return FAISS.load_local(str(self._task.index), self._embeddings, allow_dangerous_deserialization=True)

    def _empty(self) -> Any:
        import faiss
        from langchain_community.docstore.in_memory import InMemoryDocstore
        from langchain_community.vectorstores import FAISS

        width = len(self._embeddings.embed_query("width"))
        return FAISS(self._embeddings, faiss.IndexFlatL2(width), InMemoryDocstore(), {})

    def search(self, text: str) -> list[str]:
        return incidents(found.metadata["id"] for found in self._opened().similarity_search(text, k=CHUNKS))


def make(task: Task) -> Engine:
    return LangChain(task)


if __name__ == "__main__":
    serve(make, ("langchain-community", "langchain-huggingface", "sentence-transformers", "torch", "faiss-cpu"))
