"""Text -> the word pieces that sentence-transformers would give the model, by the tokenizers library alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding as Pieces
from tokenizers import Tokenizer

Ints = NDArray[np.int64]


class WordPieces:
    """A model's tokenizer. ``special`` are the ids of marks such as [CLS], which stand for no text."""

    def __init__(self, path: Path, max_length: int, special: Sequence[int], prompts: Mapping[str, str]) -> None:
        self._tokenizer = Tokenizer.from_file(str(path))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._special = np.array(sorted(special), dtype=np.int64)
        self._prompts = prompts
        marks = self._tokenizer.num_special_tokens_to_add(False)
        self._content = max_length - marks
        self._prompt_tokens = {task: self.count([prompt])[0] if prompt else 0 for task, prompt in prompts.items()}
        self.max_tokens = self._content - max(self._prompt_tokens.values(), default=0)

    def count(self, texts: Sequence[str]) -> list[int]:
        """How many pieces each text has, marks apart."""
        return [len(pieces) for pieces in self._read(texts)]

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """(start, end) character offsets of the pieces that are no marks."""
        [pieces] = self._read([text])
        return [place for place, kept in zip(pieces.offsets, self._kept(pieces.ids), strict=True) if kept]

    def ids(self, texts: Sequence[str], task: str) -> list[Ints]:
        """What the model is given for each text: prompt, pieces and marks, cut to its length."""
        read = self._read([self._prompts[task] + text for text in texts])
        for pieces in read:
            pieces.truncate(self._content)
        return [np.array(self._tokenizer.post_process(pieces).ids, dtype=np.int64) for pieces in read]

    def telling(self, ids: Ints, task: str) -> Ints:
        """The positions among ``ids`` of the text's own pieces: neither marks nor prompt."""
        return np.flatnonzero(self._kept(ids))[self._prompt_tokens[task] :]

    def _read(self, texts: Sequence[str]) -> list[Pieces]:
        return self._tokenizer.encode_batch(list(texts), add_special_tokens=False)

    def _kept(self, ids: Sequence[int] | Ints) -> NDArray[np.bool_]:
        return ~np.isin(np.asarray(ids, dtype=np.int64), self._special)
