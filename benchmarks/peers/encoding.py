"""The same weights by another runtime: ``python -m benchmarks.peers.encoding TASK RUNTIME``. Speaks as `serving` does.

{"do": "passages", "out": path}   encode all texts of the task's sections, which go to a file (n, d); seconds, CPU seconds
{"do": "queries", "texts": [...]} one after the other; milliseconds and CPU seconds
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.peers.serving import Task, serve

Encode = Callable[[Sequence[str]], Any]


class Runtime:
    """The texts of a task, and what encodes them: texts -> unit vectors (n, d)."""

    def __init__(self, task: Task, encode: Encode) -> None:
        self.texts = [text for _, text in task.chunks()]
        self.encode = encode
        # Buffers and threads are made at the first calls.
        encode(self.texts[:32])
        encode(self.texts[:1])


def plain(task: Task) -> Encode:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(task.model), device="cpu")
    return lambda texts: model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)


def txtai(task: Task) -> Encode:
    from txtai import Embeddings

    embeddings = Embeddings(path=str(task.model), method="sentence-transformers", gpu=False)
    return lambda texts: np.array(embeddings.batchtransform(list(texts)), np.float32)


def ours(task: Task) -> Encode:
    from rcasearch.encoders import load_encoder

    encoder = load_encoder(str(task.model))
    return lambda texts: (encoder.encode_documents if len(texts) > 1 else encoder.encode_queries)(texts).vectors


def ours_f32(task: Task) -> Encode:
    """As on a processor that multiplies neither bfloat16 nor integers of 8 bits."""
    from rcasearch.encoders import choice

    for told in ("multiplies_bf16", "prefers_integers"):
        patch.object(choice, told, return_value=False).start()
    return ours(task)


RUNTIMES: dict[str, tuple[Callable[[Task], Encode], tuple[str, ...]]] = {
    "plain": (plain, ("sentence-transformers", "torch")),
    "txtai": (txtai, ("txtai", "sentence-transformers", "torch")),
    "rcasearch": (ours, ("openvino",)),
    "rcasearch-f32": (ours_f32, ("openvino",)),
}


def passages(runtime: Runtime, request: dict[str, Any]) -> dict[str, Any]:
    started, cpu = time.perf_counter(), time.process_time()
    vectors = runtime.encode(runtime.texts)
    spent = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}
    np.save(request["out"], vectors)
    return spent


def queries(runtime: Runtime, request: dict[str, Any]) -> dict[str, Any]:
    milliseconds = []
    cpu = time.process_time()
    for text in request["texts"]:
        started = time.perf_counter()
        runtime.encode([text])
        milliseconds.append(1000 * (time.perf_counter() - started))
    return {"ms": milliseconds, "cpu": time.process_time() - cpu}


if __name__ == "__main__":
    load, packages = RUNTIMES[sys.argv[2]]
    serve(lambda task: Runtime(task, load(task)), packages, {"passages": passages, "queries": queries})
