"""A small deterministic encoder, a seeded corpus of two hundred incidents, and builds with the one over the other."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rcasearch.encoders import Encoding, Tokens
from rcasearch.exemplars import concept_space
from rcasearch.index import BuildReport, build
from rcasearch.lexicon import Concept
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.stores.generations import current
from rcasearch.stores.local import LocalStore
from rcasearch.stores.shards import Share

Floats = NDArray[np.float32]
_WORD = re.compile(r"\w+")
DIMENSION = 24


def _number(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest(), "big")


@lru_cache(maxsize=10_000)
def _direction(word: str) -> Floats:
    return np.random.default_rng(_number(word)).standard_normal(DIMENSION).astype(np.float32)


def unit(vectors: NDArray[np.float32]) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9), dtype=np.float32)


class FakeEncoder:
    """Words are tokens, each with a direction of its own, bent a little by the words around it. It keeps what it was asked."""

    name = "fake"
    dimension = DIMENSION
    max_tokens = 16

    def __init__(self, fingerprint: str = "fake-1", before: Callable[[Sequence[str]], None] | None = None) -> None:
        self.fingerprint = fingerprint
        self.arithmetic = ""
        self.documents: list[str] = []
        self._before = before

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(_WORD.findall(text)) for text in texts]

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in _WORD.finditer(text)]

    def encode_documents(self, texts: Sequence[str]) -> Encoding:
        if self._before:
            self._before(texts)
        self.documents += texts
        return self._encode(texts)

    def encode_queries(self, texts: Sequence[str]) -> Encoding:
        return self._encode(texts)

    def _encode(self, texts: Sequence[str]) -> Encoding:
        words = [_WORD.findall(text.lower()) for text in texts]
        sums = [np.sum([_direction(word) for word in own] or [_direction("")], axis=0) for own in words]
        vectors = np.array(sums, np.float32).reshape(len(texts), DIMENSION)
        return Encoding(unit(vectors), tuple(map(_tokens, words, vectors)))


def _tokens(words: Sequence[str], passage: Floats) -> Tokens:
    ids = np.array([_number(word) % 5_000 for word in words], np.int32)
    vectors = np.array([_direction(word) + 0.2 * passage for word in words], np.float32).reshape(-1, DIMENSION)
    return Tokens(ids, unit(vectors))


SERVICES = ("checkout", "Basket", "search-api", "orders_db", "gateway")
TAGS = ("database", "dns", "Queue", "tls")
SEVERITIES = ("SEV1", "SEV2", "P3", "Major", "odd")
STATUSES = ("resolved", "open", "mitigated")
BOILERPLATE = "Please keep this review blameless and add nothing private."
SHARED = "Operators removed the second replica by hand."
_WORDS = [f"{start}{end}" for start in ("pool", "disk", "cert", "queue", "node", "cache", "lock", "route") for end in
          ("", "Limit", "_full", "-expired", "ing", "s", "Error", "42", "down", "slow", "reset", "leak")]  # fmt: skip

LEXICON = (
    Concept("pool", "pool used up", "database", ("poolError and pooldown", "poolLimit", "poolslow poolreset 42")),
    Concept("disk", "disk full", "storage", ("disk_full", "diskdown and diskError"), ("disk_full", "[Disk Error]")),
    Concept("only-signatures", "never takes part", "storage", (), ("nodeError",)),
    Concept("cert", "certificate expired", "tls", ("cert-expired on gateway",), ("cert-expired",)),
    Concept("cache", "cache down", "cache", ("cachedown", "cacheslow", "cacheleak cacheError", "routedown or lockdown")),
)


def write_corpus(folder: Path, count: int = 200, seed: int = 7) -> Path:
    """``count`` incidents of seeded words. The rarest tag stands on three; every fifth has boilerplate, a few share a cause."""
    chance = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"rca-{number:03}.md").write_text(_document(number, chance), encoding="utf-8")
    return folder


def _document(number: int, chance: random.Random) -> str:
    words = chance.choices(_WORDS, k=120)
    tags = sorted({*chance.sample(TAGS, chance.randrange(3)), *(["rare"] if number % 71 == 11 else [])})
    date = f"date: 202{number % 5}-{1 + number % 12:02}-{1 + number % 28:02}\n" if number % 9 else ""
    return (
        f"---\ntitle: Outage {number} of {words[0]}\n{date}severity: {SEVERITIES[number % 5]}\n"
        f"services: [{SERVICES[number % 5]}, {SERVICES[number % 3]}]\ntags: [{', '.join(tags)}]\n"
        f"status: {STATUSES[number % 3]}\n---\n\n"
        f"## Summary\n\n{' '.join(words[1:13])}.\n\n"
        f"## Symptoms\n\n{' '.join(words[13:25])}\n\n{' '.join(words[25:40])}.\n\n"
        f"## Root cause\n\n{SHARED if number % 50 in (0, 7) else ' '.join(words[40:48])}\n\n"
        f"## Resolution\n\n- {' '.join(words[48:54])}\n- {' '.join(words[54:60])}\n\n"
        f"{BOILERPLATE if number % 5 == 0 else ''}\n\n## Related\n\n- [[rca-{(number + 1) % 7:03}]]\n"
    )


def build_with(
    encoder: FakeEncoder,
    source: Path,
    index: Path,
    progress: Callable[[int, int, str], None] | None = None,
    secrets: str = "mask",
    *,
    share: Share | None = None,
    basis: bytes | None = None,
) -> BuildReport:
    """An index made by the fake encoder, with the small lexicon. What ``encoder`` is asked for are passages alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rcasearch.encoders.load_ahead", lambda name, at_once: None)
        patch.setattr("rcasearch.indexing.making.load_encoder", lambda name: encoder)
        patch.setattr("rcasearch.indexing.making.load_lexicon", lambda own: LEXICON)
        patch.setattr("rcasearch.indexing.making.concept_space", lambda lexicon, _: concept_space(lexicon, FakeEncoder()))
        return build([source], Settings(index=str(index), secrets=secrets), progress, share=share, basis=basis)


def searcher_with(encoder: FakeEncoder, index: Path) -> Searcher:
    """A searcher that asks with the fake encoder."""
    return Searcher(LocalStore(current(index)), Settings(index=str(index)), encoder)
