"""This project, asked as its server asks it: the full ranking with evidence and comparison.

With the argument ``exact``, sentence-transformers encodes, in float32.
"""

from __future__ import annotations

import sys
from functools import cached_property
from unittest.mock import patch

from benchmarks.peers.serving import Engine, Task, serve
from rcasearch.encoders import choice, exports, load_encoder
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
    if sys.argv[2:] == ["exact"]:
        _encode_by_torch()
    return Ours(task)


def _encode_by_torch() -> None:
    """What is done where there is no export of the model."""
    none = exports.ExportError("the loss of exporting is measured")
    patch.object(choice, "_exported", side_effect=none).start()


if __name__ == "__main__":
    serve(make, ("openvino", "faiss-cpu"))
