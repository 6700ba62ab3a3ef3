"""The real encoder: unit vectors, the same in any company, and a vector for each word piece that a highlight may point to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest

from rcasearch.encoders import SentenceEncoder, load_encoder

TEXTS = [
    "TimeoutError: QueuePool limit of size 40 overflow 0 reached",
    "disk full",
    "The naïve café in Köln answered 503; ndots:5 was to blame.",
    "故障 x509 \U0001f600 kubectl describe pod",
    "a",
    "word " * 200,
]


def test_it_knows_its_sizes(encoder: SentenceEncoder) -> None:
    assert (encoder.name, encoder.dimension) == ("all-MiniLM-L6-v2", 384)
    # 256 word pieces, two of which are the marks at the ends.
    assert encoder.max_tokens == 254
    assert len(encoder.fingerprint) == 64
    assert load_encoder("all-MiniLM-L6-v2") is load_encoder("all-MiniLM-L6-v2")


@pytest.mark.parametrize("method", ["encode_documents", "encode_queries"])
def test_every_vector_has_length_1(encoder: SentenceEncoder, method: str) -> None:
    encoding = getattr(encoder, method)([*TEXTS, "", " ", "\n"])
    assert encoding.vectors.shape == (9, 384)
    assert encoding.vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(encoding.vectors, axis=1), 1, atol=1e-5)
    assert len(encoding.tokens) == 9
    for tokens in encoding.tokens:
        assert tokens.vectors.dtype == np.float32
        assert tokens.ids.dtype == np.int32
        assert tokens.vectors.shape == (len(tokens.ids), 384)
        np.testing.assert_allclose(np.linalg.norm(tokens.vectors, axis=1), 1, atol=1e-5)


def test_nothing_asked_nothing_given(encoder: SentenceEncoder) -> None:
    encoding = encoder.encode_documents([])
    assert encoding.vectors.shape == (0, 384)
    assert encoding.tokens == ()
    assert encoder.count_tokens([]) == []


def test_a_text_gives_the_same_vectors_alone_in_company_and_in_any_order(encoder: SentenceEncoder) -> None:
    together = encoder.encode_documents(TEXTS * 7)
    backwards = encoder.encode_documents(TEXTS[::-1])
    for number, text in enumerate(TEXTS):
        alone = encoder.encode_documents([text])
        for vectors, tokens in (
            (together.vectors[number], together.tokens[number]),
            (together.vectors[number + 6 * len(TEXTS)], together.tokens[number + 6 * len(TEXTS)]),
            (backwards.vectors[-1 - number], backwards.tokens[-1 - number]),
        ):
            np.testing.assert_allclose(vectors, alone.vectors[0], atol=2e-6)
            assert np.array_equal(tokens.ids, alone.tokens[0].ids)
            np.testing.assert_allclose(tokens.vectors, alone.tokens[0].vectors, atol=2e-5)


def test_queries_and_documents_share_a_space(encoder: SentenceEncoder) -> None:
    query = encoder.encode_queries(["the database ran out of connections"]).vectors[0]
    near, far = encoder.encode_documents(["the connection pool was exhausted", "the certificate had expired"]).vectors
    assert query @ near > query @ far + 0.2


@pytest.mark.parametrize("text", TEXTS)
def test_each_token_vector_has_its_place_in_the_text(encoder: SentenceEncoder, text: str) -> None:
    [tokens] = encoder.encode_documents([text]).tokens
    offsets = encoder.offsets(text)
    assert len(offsets) == len(tokens.ids)
    assert offsets == sorted(offsets)
    assert all(0 <= start < end <= len(text) for start, end in offsets)
    assert all(first[1] <= second[0] for first, second in pairwise(offsets))
    # Read back by the vocabulary, each piece stands where its offset says.
    for token, (start, end) in zip(tokens.ids, offsets, strict=True):
        piece = encoder._tokenizer.convert_ids_to_tokens(int(token)).removeprefix("##")
        assert piece == folded(text[start:end])


def folded(text: str) -> str:
    import unicodedata

    return "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))


def test_the_count_of_tokens_is_what_is_encoded(encoder: SentenceEncoder) -> None:
    plain = [text for text in TEXTS if text.isascii()]
    encoded = [len(tokens.ids) for tokens in encoder.encode_documents(plain).tokens]
    assert encoder.count_tokens(plain) == encoded
    assert encoder.count_tokens(["unbelievably", "a b", ""]) == [len(encoder.offsets("unbelievably")), 2, 0]


def test_a_text_of_the_full_length_loses_no_token_and_one_more_would(encoder: SentenceEncoder) -> None:
    """Chunks are cut to ``max_tokens``; past it the model is deaf, which is why they are."""
    full = " ".join(["disk"] * encoder.max_tokens)
    [tokens] = encoder.encode_documents([full]).tokens
    assert len(tokens.ids) == encoder.max_tokens == encoder.count_tokens([full])[0]
    longer = full + " certificate"
    assert encoder.count_tokens([longer]) == [encoder.max_tokens + 1]
    assert len(encoder.encode_documents([longer]).tokens[0].ids) == encoder.max_tokens
    changed = full.rsplit(" ", 1)[0] + " certificate"
    assert not np.allclose(encoder.encode_documents([changed]).vectors, encoder.encode_documents([full]).vectors, atol=1e-4)


def test_two_threads_get_what_one_gets(encoder: SentenceEncoder) -> None:
    texts = [f"incident {n} of the queue with some words more or less {'x ' * (n % 9)}" for n in range(24)]
    expected = encoder.encode_queries(texts).vectors
    counts = encoder.count_tokens(texts)

    def ask(text: str) -> tuple[np.ndarray, int, int]:
        return encoder.encode_queries([text]).vectors[0], len(encoder.offsets(text)), encoder.count_tokens([text])[0]

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(ask, texts))
    for (vector, offsets, count), wanted, number in zip(found, expected, counts, strict=True):
        np.testing.assert_allclose(vector, wanted, atol=2e-6)
        assert offsets == count == number
