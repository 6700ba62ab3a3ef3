"""Texts -> unit vectors and token vectors. The only file that knows sentence-transformers.

Token vectors are the model's last hidden states from the same forward pass as the passage vector, used by late interaction
in the manner of ColBERT (Khattab & Zaharia, 2020) without further training.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from contextlib import redirect_stderr
from io import StringIO
from typing import Any

import numpy as np

from rcasearch.encoders.base import Encoding, Tokens, nothing, unit
from rcasearch.encoders.cores import cores
from rcasearch.errors import ModelError
from rcasearch.models import fingerprint, locate

_BATCH = 32
# The names under which a model may keep what is put before a text, by what the text is.
_PROMPTS = {"query": ("query",), "document": ("document", "passage", "corpus")}


class SentenceEncoder:
    """An Encoder over a sentence-transformers model; without a ``device``, on a GPU where PyTorch sees one.

    Raises ModelError where the model cannot be had.
    """

    def __init__(self, name: str, device: str | None = None) -> None:
        folder = locate(name)
        self.name = name
        self.fingerprint = fingerprint(folder)
        self.arithmetic = ""
        self.model = _load(name, str(folder), device)
        self._lock = threading.Lock()
        self._tokenizer: Any = self.model.tokenizer
        self._special = np.array(sorted(getattr(self._tokenizer, "all_special_ids", [])), dtype=np.int64)
        self.dimension = int(self.model.get_embedding_dimension())
        self.prompts = {task: _prompt(self.model, names) for task, names in _PROMPTS.items()}
        self._prompt_tokens = {task: self.count_tokens([prompt])[0] for task, prompt in self.prompts.items()}
        overhead = self._tokenizer.num_special_tokens_to_add() + max(self._prompt_tokens.values())
        self.max_tokens = int(self.model.max_seq_length) - overhead

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
        return self._encode(texts, self.model.encode_document, self._prompt_tokens["document"], cores())

    def encode_queries(self, texts: Sequence[str]) -> Encoding:
        # One thread: a query is too small to share, and threads that wait by spinning slow a busy machine down several times.
        return self._encode(texts, self.model.encode_query, self._prompt_tokens["query"], 1)

    def _encode(self, texts: Sequence[str], encode: Any, prompt_tokens: int, threads: int) -> Encoding:
        if not texts:
            return nothing(self.dimension)
        with self._lock:
            _use_threads(threads)
            rows = encode(list(texts), output_value=None, batch_size=_BATCH, show_progress_bar=False)
        vectors = np.stack([row["sentence_embedding"].float().cpu().numpy() for row in rows])
        return Encoding(unit(vectors), tuple(self._tokens(row, prompt_tokens) for row in rows))

    def _tokens(self, row: Any, prompt_tokens: int) -> Tokens:
        ids = row["input_ids"].cpu().numpy()
        kept = (row["attention_mask"].cpu().numpy() == 1) & ~np.isin(ids, self._special)
        position = np.flatnonzero(kept)[prompt_tokens:]
        vectors = row["token_embeddings"].float().cpu().numpy()[position]
        return Tokens(ids[position].astype(np.int32), unit(vectors))


def _prompt(model: Any, names: Sequence[str]) -> str:
    """What sentence-transformers puts before a text: the prompt of the first name that the model has, else its default."""
    prompts = model.prompts or {}
    name = next((name for name in names if name in prompts), model.default_prompt_name)
    return prompts.get(name) or ""


def _load(name: str, folder: str, device: str | None) -> Any:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    try:
        from sentence_transformers import SentenceTransformer

        # The loader draws a progress bar of its own, which says nothing to the user here.
        with redirect_stderr(StringIO()):
            model = SentenceTransformer(folder, device=device, local_files_only=True, trust_remote_code=False)
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


def _use_threads(count: int) -> None:
    import torch

    if torch.get_num_threads() != count:
        torch.set_num_threads(count)
