"""Fill an index without encoding: texts whose vectors are given are answered from them.

At ten thousand incidents, encoding alone would take each peer half an hour, and what is measured there is searching. All
peers encode by the same call of sentence-transformers, which is replaced in the process that fills the index, and there alone; in
the process that searches, everybody's model is the real one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np


def answer_from(texts: Sequence[str], vectors: Path) -> None:
    """Let every SentenceTransformer of this process answer ``texts`` with the rows of a file of unit vectors (n, d)."""
    from sentence_transformers import SentenceTransformer

    rows = np.load(vectors, mmap_mode="r")
    places = {text: row for row, text in enumerate(texts)}
    encode = SentenceTransformer.encode

    def answered(self: Any, *arguments: Any, **options: Any) -> Any:
        asked: Any = arguments[0] if arguments else options.get("sentences", options.get("inputs"))
        if isinstance(asked, str) or not all(text in places for text in asked):
            return encode(self, *arguments, **options)
        return np.array(rows[[places[text] for text in asked]])

    SentenceTransformer.encode = answered  # type: ignore[method-assign]
