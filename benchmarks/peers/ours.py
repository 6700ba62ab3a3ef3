"""This project, asked as its server asks it: the full ranking with evidence and comparison."""

from __future__ import annotations

from functools import cached_property

from benchmarks.peers.serving import Engine, Task, serve
from rcasearch.encoders import load_encoder
from rcasearch.index import build
from rcasearch.model import Query
from rcasearch.search import Searcher
from rcasearch.settings import Settings


class Ours:
    """Documents in, incidents out; sections are its own affair, so that the peers' chunks are not used."""

    def __init__(self, task: Task) -> None:
        self._corpus = task.corpus
        self._settings = Settings(index=str(task.index), model=str(task.model))
        load_encoder(self._settings.model)

    def index(self) -> int:
        return build([self._corpus], self._settings).info.passages

    @cached_property
    def _searcher(self) -> Searcher:
        return Searcher.open(self._settings)

    def search(self, text: str) -> list[str]:
        return [hit.incident.stem for hit in self._searcher.search(Query(text)).hits]


def make(task: Task) -> Engine:
    return Ours(task)


if __name__ == "__main__":
    serve(make, ("openvino", "faiss-cpu"))
