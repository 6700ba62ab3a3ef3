"""Text -> the word pieces that sentence-transformers would give the model, by the tokenizers library alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding as Pieces
from tokenizers import Tokenizer
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

Ints = NDArray[np.int64]
# Words whose counts are remembered, and the characters of the longest: most words of a text have been in another.
_MOST_WORDS, _LONG_WORD = 65_536, 64


class WordPieces:
    """A model's tokenizer. ``special`` are the ids of marks such as [CLS], which stand for no text."""

    def __init__(self, path: Path, max_length: int, special: Sequence[int], prompts: Mapping[str, str]) -> None:
        self._tokenizer = Tokenizer.from_file(str(path))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._additive = _is_additive(self._tokenizer)
        self._known: dict[str, int] = {}
        self._special = np.array(sorted(special), dtype=np.int64)
        self._prompts = prompts
        marks = self._tokenizer.num_special_tokens_to_add(False)
        self._content = max_length - marks
        self._prompt_tokens = {task: self.count([prompt])[0] if prompt else 0 for task, prompt in prompts.items()}
        self.max_tokens = self._content - max(self._prompt_tokens.values(), default=0)

    def count(self, texts: Sequence[str]) -> list[int]:
        """How many pieces each text has, marks apart."""
        if not self._additive:
            return self._lengths(texts)
        words = [text.replace("\n", " ").split(" ") for text in texts]
        counts = self._counts({word for own in words for word in own})
        return [sum(map(counts.__getitem__, own)) for own in words]

    def _counts(self, words: set[str]) -> dict[str, int]:
        """How many pieces each word has; what many threads share is only added to and emptied."""
        known = self._known
        counts = {word: known.get(word, -1) for word in words}
        new = [word for word, count in counts.items() if count < 0]
        counts.update(zip(new, self._lengths(new), strict=True))
        if len(known) > _MOST_WORDS:
            known.clear()
        known.update((word, counts[word]) for word in new if len(word) <= _LONG_WORD)
        return counts

    def _lengths(self, texts: Sequence[str]) -> list[int]:
        return [len(pieces) for pieces in self._read(texts)] if texts else []

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """(start, end) character offsets of the pieces that are no marks."""
        [pieces] = self._tokenizer.encode_batch([text], add_special_tokens=False)
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
        """The pieces of each text, without their places in it."""
        return self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)

    def _kept(self, ids: Sequence[int] | Ints) -> NDArray[np.bool_]:
        return ~np.isin(np.asarray(ids, dtype=np.int64), self._special)


def _is_additive(tokenizer: Tokenizer) -> bool:
    """Whether a text has as many pieces as the words between its spaces and line ends have together.

    BERT's pre-tokenizer cuts there, its normalizer looks at single characters, and accents do not reach over a blank. Only a mark
    added to the vocabulary could.
    """
    cuts = isinstance(tokenizer.pre_tokenizer, BertPreTokenizer)
    by_character = tokenizer.normalizer is None or isinstance(tokenizer.normalizer, BertNormalizer)
    marks = [mark.content for mark in tokenizer.get_added_tokens_decoder().values()]
    return cuts and by_character and not any(blank in mark for mark in marks for blank in " \n")
