"""The plain recipe's search as a script for one query: ``python -m benchmarks.peers.plain_search MODEL INDEX TEXT``."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main() -> None:
    import faiss
    from sentence_transformers import SentenceTransformer

    from benchmarks.peers.serving import CHUNKS, incidents

    model, folder, text = sys.argv[1:]
    index = faiss.read_index(str(Path(folder) / "chunks.faiss"))
    ids = json.loads((Path(folder) / "ids.json").read_text(encoding="utf-8"))
    vector = SentenceTransformer(model, device="cpu").encode([text], normalize_embeddings=True, show_progress_bar=False)
    _, found = index.search(vector, min(CHUNKS, len(ids)))
    print(json.dumps({"hits": incidents(ids[place] for place in found[0])}))


if __name__ == "__main__":
    main()
