"""The peers' indexes of a large corpus, filled with vectors that are made once for all of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.contestant import Session
from benchmarks.figures import Figures
from benchmarks.indexing import Documents, texts
from benchmarks.setup import OURS, Setup, mebibytes
from rcasearch.encoders import load_encoder

# Its record of what it indexed alone takes minutes at ten thousand documents, and its search is that of plain.
NOT_FILLED = {"LangChain": "At this size its record keeping takes minutes, and its search is that of plain."}
_BATCH = 2_048


def fill(setup: Setup, figures: Figures, documents: Documents) -> None:
    """An index for every peer but those that are left out, with its size on disk."""
    peers = [one for one in setup.peers if one.name != OURS and one.name not in NOT_FILLED and one.python.exists()]
    figures.notes.update({one.name: NOT_FILLED[one.name] for one in setup.peers if one.name in NOT_FILLED})
    if not peers:
        return
    vectors = documents.work / "vectors.npy"
    setup.tell(f"vectors of {documents.count:,} sections for the peers")
    write_vectors(documents.sections, vectors, setup.model)
    for one in peers:
        setup.tell(f"{one.name} is filled")
        task = {**documents.task(setup, one.name), "vectors": vectors}
        with setup.guarded(figures, one.name), Session(one, task, patience=setup.patience) as session:
            figures.versions[one.name] = session.versions
            session.ask("index")
            figures.add(one.name, 0, disk=mebibytes(task["index"]))


def write_vectors(sections: Path, out: Path, model: Path) -> None:
    """A unit vector for each section, in their order (n, d); each distinct text is encoded once."""
    encoder = load_encoder(str(model))
    every = texts(sections)
    # Texts of like length share a batch.
    distinct = sorted(set(every), key=len)
    places = {text: place for place, text in enumerate(distinct)}
    vectors = np.empty((len(distinct), encoder.dimension), np.float32)
    for start in range(0, len(distinct), _BATCH):
        vectors[start : start + _BATCH] = encoder.encode_documents(distinct[start : start + _BATCH]).vectors
    np.save(out, vectors[[places[text] for text in every]])
