"""The plain recipe, as a script would have it: sections as chunks, cosine, best chunk an incident."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import frontmatter
import numpy as np

from rcasearch.models import locate

_HEADING = re.compile(r"^#{2,3} .*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Plain:
    """A built index of the plain recipe: the model, a flat FAISS index, and the file stem of each of its chunks."""

    model: Any
    index: Any
    stems: Sequence[str]

    def search(self, text: str, limit: int = 10) -> list[str]:
        """The file stems of the best incidents, best first."""
        vector = self.model.encode([text], normalize_embeddings=True)
        _, found = self.index.search(vector, min(len(self.stems), 10 * limit))
        return list(dict.fromkeys(self.stems[i] for i in found[0]))[:limit]


def load() -> Any:
    """The default model, loaded by sentence-transformers itself."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(locate("all-MiniLM-L6-v2")), device="cpu")


def build(model: Any, corpus: Path) -> Plain:
    """Index every markdown file of a folder."""
    import faiss

    stems, chunks = [], []
    for path in sorted(corpus.glob("*.md")):
        for section in _HEADING.split(frontmatter.loads(path.read_text(encoding="utf-8")).content):
            if section.strip():
                stems.append(path.stem)
                chunks.append(section.strip())
    vectors = np.asarray(model.encode(chunks, normalize_embeddings=True, show_progress_bar=False), np.float32)
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return Plain(model, index, stems)
