"""The lexicon as vectors: those that are shipped are what the encoder gives, and what is not shipped is encoded."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from rcasearch import exemplars
from rcasearch.chunking import content_hash
from rcasearch.concepts import ConceptSpace
from rcasearch.encoders import Encoder, Encoding, SentenceEncoder
from rcasearch.exemplars import concept_space
from rcasearch.lexicon import Concept, load_lexicon
from tests.core.fakes import DIMENSION, LEXICON, FakeEncoder

REGENERATE = "Run python -m rcasearch.exemplars."


def _phrases() -> list[str]:
    return [phrase for concept in load_lexicon() for phrase in concept.phrases]


def test_the_shipped_vectors_are_of_the_shipped_phrases_under_the_default_model(encoder: Encoder) -> None:
    with np.load(exemplars.SHIPPED) as stored:
        assert str(stored["fingerprint"]) == encoder.fingerprint, REGENERATE
        keys, vectors = stored["keys"].tolist(), stored["vectors"]
    assert len(keys) == len(set(keys)) == len(vectors)
    assert set(keys) == {content_hash(phrase)[:16] for phrase in _phrases()}, REGENERATE
    assert vectors.shape[1] == encoder.dimension
    np.testing.assert_allclose(np.linalg.norm(vectors.astype(np.float32), axis=1), 1, atol=2e-3)


def test_the_shipped_vectors_are_what_the_model_gives_in_float32(encoder: Encoder) -> None:
    """They are the same on every machine; the encoder in use may be less precise."""
    phrases = _phrases()
    picked = sorted(random.Random(11).sample(range(len(phrases)), 200))
    space = concept_space(load_lexicon(), encoder)
    now = SentenceEncoder("all-MiniLM-L6-v2", device="cpu").encode_documents([phrases[i] for i in picked]).vectors
    assert len(space.vectors) == len(phrases)
    assert (space.vectors[picked] * now).sum(axis=1).min() > 0.999, REGENERATE


def test_nothing_shipped_is_encoded_again(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    encode = type(encoder).encode_documents

    def kept(self: Encoder, texts: Sequence[str]) -> Encoding:
        asked.extend(texts)
        return encode(self, texts)

    monkeypatch.setattr(type(encoder), "encode_documents", kept)
    own = Concept("tape", "tape robot stuck", "storage", ("the arm does not move", "no tape can be mounted"))
    space = concept_space((*load_lexicon(), own), encoder)
    assert asked == list(own.phrases)
    expected = encode(encoder, own.phrases).vectors
    np.testing.assert_allclose(space.vectors[-2:], expected, atol=1e-6)
    assert space.labels[-1] == "tape robot stuck"


def test_under_another_model_every_phrase_is_encoded_once() -> None:
    fake = FakeEncoder()
    again = Concept("again", "again", "", (LEXICON[0].phrases[0], "cachedown"))
    space = concept_space((*LEXICON, again), fake)
    assert fake.documents == list(dict.fromkeys(phrase for concept in LEXICON for phrase in concept.phrases))
    assert space.labels == ("pool used up", "disk full", "certificate expired", "cache down", "again")
    assert space.starts.tolist() == [0, 3, 5, 6, 10]
    given = [phrase for concept in (*LEXICON, again) for phrase in concept.phrases]
    np.testing.assert_allclose(space.vectors, fake.encode_queries(given).vectors, atol=1e-6)


def test_vectors_of_another_fingerprint_are_not_taken(encoder: Encoder) -> None:
    fake = FakeEncoder(encoder.fingerprint + "0")
    phrase = _phrases()[0]
    space = concept_space([Concept("one", "one", "", (phrase,))], fake)
    assert fake.documents == [phrase]
    assert space.vectors.shape == (1, DIMENSION)


def test_without_the_shipped_file_all_is_encoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exemplars, "SHIPPED", tmp_path / "missing.npz")
    fake = FakeEncoder("fake-without-a-file")
    assert concept_space(LEXICON, fake).labels == ("pool used up", "disk full", "certificate expired", "cache down")
    assert len(fake.documents) == 10


@pytest.mark.parametrize("lexicon", [(), (Concept("one", "one", "", (), ("ENOSPC",)),)])
def test_a_lexicon_without_phrases_is_an_empty_space(lexicon: tuple[Concept, ...]) -> None:
    space = concept_space(lexicon, FakeEncoder())
    assert isinstance(space, ConceptSpace)
    assert space.labels == ()


def test_the_file_is_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "vectors.npz"
    monkeypatch.setattr(exemplars, "SHIPPED", target)
    monkeypatch.setattr(exemplars, "SentenceEncoder", lambda name, device: FakeEncoder("fake-written"))
    monkeypatch.setattr(exemplars, "load_lexicon", lambda: LEXICON)
    exemplars.write_shipped()
    fake = FakeEncoder("fake-written")
    space = concept_space(LEXICON, fake)
    assert fake.documents == []
    given = [phrase for concept in LEXICON for phrase in concept.phrases]
    np.testing.assert_allclose(space.vectors, fake.encode_queries(given).vectors, atol=1e-3)
