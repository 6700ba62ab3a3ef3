"""The peers' indexes of a large corpus, filled with vectors that are made once: encoding would take each of them half an hour."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from benchmarks.contestant import Session
from benchmarks.figures import Figures
from benchmarks.indexing import Documents, texts
from benchmarks.setup import OURS, Setup, mebibytes
from rcasearch.encoders import load_encoder

# Its record of what it indexed alone takes minutes at ten thousand documents, and its search is that of plain.
NOT_FILLED = {"LangChain": "At this size its record keeping takes minutes, and its search is that of plain."}
_LINE = re.compile(r"[0-9]+")
# How long the noise is, where a vector is 1.
_NOISE = 0.05


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
    """A unit vector for each section, in their order (n, d): near what the model would give, in seconds instead of many minutes.

    It is the mean of the vectors of the section's lines with their numbers masked, of which a templated corpus has few, and of a
    little noise, so that hardly two are the same. Good for the time that a search takes, and for nothing else.
    """
    lines = [_LINE.sub("0", text).splitlines() for text in texts(sections)]
    distinct = list(dict.fromkeys(line for own in lines for line in own))
    places = {line: place for place, line in enumerate(distinct)}
    encoder = load_encoder(str(model))
    vectors = encoder.encode_documents(distinct).vectors
    noise = np.random.default_rng(7).normal(0, _NOISE / encoder.dimension**0.5, (len(lines), encoder.dimension))
    found = np.stack([vectors[[places[line] for line in own]].mean(axis=0) for own in lines]) + noise
    np.save(out, (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32))
