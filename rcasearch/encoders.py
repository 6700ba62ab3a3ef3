"""Texts -> unit vectors and token vectors. The only file that knows sentence-transformers.

Token vectors are the model's last hidden states from the same forward pass as the passage vector, used by late interaction
in the manner of ColBERT (Khattab & Zaharia, 2020) without further training.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from functools import lru_cache
from io import StringIO
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rcasearch.errors import ModelError
from rcasearch.models import fingerprint, locate

Floats = NDArray[np.float32]
BATCH = 32


@dataclass(frozen=True, slots=True)
class Tokens:
    """The word pieces of one text: ``ids`` (t,) int32 in the model's vocabulary, ``vectors`` (t, d) float32 of length 1."""

    ids: NDArray[np.int32]
    vectors: Floats


@dataclass(frozen=True, slots=True)
class Encoding:
    """Texts as vectors: ``vectors`` (n, d) float32 of length 1, and n ``tokens``; none where the model has no token states."""

    vectors: Floats
    tokens: tuple[Tokens, ...]


class Encoder(Protocol):
    """What indexing and search need of a model. One object serves many threads."""

    name: str
    fingerprint: str
    dimension: int
    max_tokens: int

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many of the ``max_tokens`` each text takes."""

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """(start, end) character offsets of the tokens that `encode_documents` gives vectors for."""

    def encode_documents(self, texts: Sequence[str]) -> Encoding:
        """Vectors of passages."""

    def encode_queries(self, texts: Sequence[str]) -> Encoding:
        """Vectors of queries, in the same space."""


class SentenceEncoder:
    """An Encoder over a sentence-transformers model, on the CPU or on a GPU where PyTorch sees one."""

    def __init__(self, name: str) -> None:
        folder = locate(name)
        self.name = name
        self.fingerprint = fingerprint(folder)
        self._model = _load(name, str(folder))
        self._lock = threading.Lock()
        self._tokenizer: Any = self._model.tokenizer
        self._special = np.array(sorted(getattr(self._tokenizer, "all_special_ids", [])), dtype=np.int64)
        self.dimension = int(self._model.get_embedding_dimension())
        prompts = self._model.prompts or {}
        self._prompt_tokens = {task: self._prompt_length(prompts.get(task)) for task in ("query", "document")}
        overhead = self._tokenizer.num_special_tokens_to_add() + max(self._prompt_tokens.values())
        self.max_tokens = int(self._model.max_seq_length) - overhead

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        if not texts:
            return []
        with self._lock:
            ids = self._tokenizer(list(texts), add_special_tokens=False, truncation=False, verbose=False)["input_ids"]
        return [len(row) for row in ids]

    def offsets(self, text: str) -> list[tuple[int, int]]:
        with self._lock:
            read = self._tokenizer(text, add_special_tokens=False, truncation=False, verbose=False, return_offsets_mapping=True)
        kept = ~np.isin(np.array(read["input_ids"], dtype=np.int64), self._special)
        return [(int(start), int(end)) for (start, end), keep in zip(read["offset_mapping"], kept, strict=True) if keep]

    def encode_documents(self, texts: Sequence[str]) -> Encoding:
        return self._encode(texts, self._model.encode_document, self._prompt_tokens["document"], cores())

    def encode_queries(self, texts: Sequence[str]) -> Encoding:
        # One thread: a query is too small to share, and threads that wait by spinning slow a busy machine down several times.
        return self._encode(texts, self._model.encode_query, self._prompt_tokens["query"], 1)

    def _encode(self, texts: Sequence[str], encode: Any, prompt_tokens: int, threads: int) -> Encoding:
        if not texts:
            return Encoding(np.zeros((0, self.dimension), np.float32), ())
        with self._lock:
            _use_threads(threads)
            rows = encode(list(texts), output_value=None, batch_size=BATCH, show_progress_bar=False)
        vectors = np.stack([row["sentence_embedding"].float().cpu().numpy() for row in rows])
        return Encoding(_unit(vectors), tuple(self._tokens(row, prompt_tokens) for row in rows))

    def _tokens(self, row: Any, prompt_tokens: int) -> Tokens:
        ids = row["input_ids"].cpu().numpy()
        kept = (row["attention_mask"].cpu().numpy() == 1) & ~np.isin(ids, self._special)
        position = np.flatnonzero(kept)[prompt_tokens:]
        vectors = row["token_embeddings"].float().cpu().numpy()[position]
        return Tokens(ids[position].astype(np.int32), _unit(vectors))

    def _prompt_length(self, prompt: str | None) -> int:
        return len(self._tokenizer(prompt, add_special_tokens=False)["input_ids"]) if prompt else 0


@lru_cache(maxsize=2)
def load_encoder(name: str) -> SentenceEncoder:
    """The encoder called ``name``, loaded once a process. Raises ModelError where the model cannot be had."""
    return SentenceEncoder(name)


def _load(name: str, folder: str) -> Any:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    try:
        from sentence_transformers import SentenceTransformer

        # The loader draws a progress bar of its own, which says nothing to the user here.
        with redirect_stderr(StringIO()):
            model = SentenceTransformer(folder, local_files_only=True)
    except ImportError as error:
        raise ModelError(
            f"sentence-transformers is not installed properly: {error}.", "Run `pip install sentence-transformers`."
        ) from None
    except Exception as error:
        raise ModelError(
            f"The model {name!r} in {folder} cannot be loaded: {type(error).__name__}: {error}.",
            "Point RCASEARCH_MODEL at the folder of a complete sentence-transformers model.",
        ) from error
    model.eval()
    return model


def cores() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _use_threads(count: int) -> None:
    import torch

    if torch.get_num_threads() != count:
        torch.set_num_threads(count)


def _unit(vectors: NDArray[Any]) -> Floats:
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)
