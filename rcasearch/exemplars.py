"""The lexicon's phrases as vectors. Those of the shipped phrases under the default model are shipped: encoding takes seconds.

``python -m rcasearch.exemplars`` writes that file anew after a change of ``lexicon.yaml``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from rcasearch import concepts
from rcasearch.chunking import content_hash
from rcasearch.concepts import ConceptSpace
from rcasearch.encoders import Encoder, Floats, SentenceEncoder
from rcasearch.lexicon import Concept, load_lexicon
from rcasearch.models import DEFAULT_MODEL

SHIPPED = Path(__file__).with_name("lexicon_vectors.npz")
_HASH_CHARS = 16


def concept_space(lexicon: Sequence[Concept], encoder: Encoder) -> ConceptSpace:
    """The space of a lexicon's concepts under an encoder; what is not shipped is encoded. Concepts need a phrase to take part."""
    phrases = [phrase for concept in lexicon for phrase in concept.phrases]
    vectors = _vectors(phrases, encoder)
    ends = np.cumsum([len(concept.phrases) for concept in lexicon]).tolist()
    own = [vectors[end - len(concept.phrases) : end] for concept, end in zip(lexicon, ends, strict=True)]
    return concepts.space([c.label for c in lexicon], [c.signatures for c in lexicon], own)


def _vectors(phrases: Sequence[str], encoder: Encoder) -> Floats:
    known = _shipped(encoder.fingerprint)
    missing = [phrase for phrase in dict.fromkeys(phrases) if _key(phrase) not in known]
    encoded = dict(zip(map(_key, missing), encoder.encode_documents(missing).vectors, strict=True))
    rows = [encoded[key] if key in encoded else known[key] for key in map(_key, phrases)]
    return np.stack(rows).astype(np.float32) if rows else np.zeros((0, encoder.dimension), np.float32)


def _key(phrase: str) -> str:
    return content_hash(phrase)[:_HASH_CHARS]


@lru_cache(maxsize=2)
def _shipped(fingerprint: str) -> dict[str, Floats]:
    if not SHIPPED.is_file():
        return {}
    with SHIPPED.open("rb") as file, np.load(file) as stored:
        if str(stored["fingerprint"]) != fingerprint:
            return {}
        return dict(zip(stored["keys"].tolist(), stored["vectors"].astype(np.float32), strict=True))


def write_shipped() -> None:
    """Encode the shipped phrases with the default model, in float32 whatever the machine, and write the file beside this one."""
    encoder = SentenceEncoder(DEFAULT_MODEL, device="cpu")
    phrases = list(dict.fromkeys(phrase for concept in load_lexicon() for phrase in concept.phrases))
    vectors = encoder.encode_documents(phrases).vectors.astype(np.float16)
    np.savez_compressed(SHIPPED, fingerprint=encoder.fingerprint, keys=[_key(phrase) for phrase in phrases], vectors=vectors)


if __name__ == "__main__":
    write_shipped()
