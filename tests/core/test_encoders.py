"""What every encoder keeps to, the exported model and sentence-transformers itself: unit vectors, the same in any company, and
a vector for each word piece that a highlight may point to. And the two agree, on any text."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rcasearch.encoders import Encoder, Encoding, SentenceEncoder, choice, exports, load_encoder
from rcasearch.encoders.exported import ExportedEncoder
from rcasearch.encoders.network import FULL, HALF, INTEGERS
from rcasearch.encoders.probes import INTEGER_FLOOR
from rcasearch.encoders.probes import TEXTS as PROBES
from rcasearch.models import locate

TEXTS = [
    "TimeoutError: QueuePool limit of size 40 overflow 0 reached",
    "disk full",
    "The naïve café in Köln answered 503; ndots:5 was to blame.",
    "故障 x509 \U0001f600 kubectl describe pod",
    "a",
    "word " * 200,
]


@pytest.fixture(scope="session")
def exported(encoder: Encoder) -> ExportedEncoder:
    """The one in use, which the model that comes with the installation can be exported for."""
    assert isinstance(encoder, ExportedEncoder)
    return encoder


@pytest.fixture(scope="session")
def floats(exported: ExportedEncoder) -> Encoder:
    """The same export at the quickest of the precisions that are no integers, which this machine may not choose."""
    found = exports.find(choice._export_name("all-MiniLM-L6-v2"))
    assert found
    encoder = choice._opened("all-MiniLM-L6-v2", *found, [one for one in choice._precisions() if one != INTEGERS])
    assert encoder.precision in (FULL, HALF)
    return encoder


@pytest.fixture(scope="session")
def integers(exported: ExportedEncoder) -> Encoder:
    """The export in integers, where they serve; elsewhere they need not be what they are here."""
    if exported.precision != INTEGERS:
        pytest.skip("This machine is not served in integers.")
    return exported


@pytest.fixture(scope="session")
def plain() -> Encoder:
    """The same model, by sentence-transformers."""
    return SentenceEncoder("all-MiniLM-L6-v2", device="cpu")


@pytest.fixture(params=["exported", "floats", "plain"])
def either(request: pytest.FixtureRequest) -> Encoder:
    found: Encoder = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def vocabulary() -> dict[int, str]:
    """Id -> piece, from the model's own files."""
    read = json.loads((locate("all-MiniLM-L6-v2") / "tokenizer.json").read_text(encoding="utf-8"))
    return {number: piece for piece, number in read["model"]["vocab"].items()}


def test_it_knows_its_sizes(either: Encoder) -> None:
    assert (either.name, either.dimension) == ("all-MiniLM-L6-v2", 384)
    # 256 word pieces, two of which are the marks at the ends.
    assert either.max_tokens == 254
    assert len(either.fingerprint) == 64
    assert load_encoder("all-MiniLM-L6-v2") is load_encoder("all-MiniLM-L6-v2")


@pytest.mark.parametrize("method", ["encode_documents", "encode_queries"])
def test_every_vector_has_length_1(either: Encoder, method: str) -> None:
    encoding = getattr(either, method)([*TEXTS, "", " ", "\n"])
    assert encoding.vectors.shape == (9, 384)
    assert encoding.vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(encoding.vectors, axis=1), 1, atol=1e-5)
    assert len(encoding.tokens) == 9
    for tokens in encoding.tokens:
        assert tokens.vectors.dtype == np.float32
        assert tokens.ids.dtype == np.int32
        assert tokens.vectors.shape == (len(tokens.ids), 384)
        np.testing.assert_allclose(np.linalg.norm(tokens.vectors, axis=1), 1, atol=1e-5)


def test_nothing_asked_nothing_given(either: Encoder) -> None:
    encoding = either.encode_documents([])
    assert encoding.vectors.shape == (0, 384)
    assert encoding.tokens == ()
    assert either.count_tokens([]) == []


def test_a_text_gives_the_same_vectors_alone_in_company_and_in_any_order(either: Encoder) -> None:
    together = either.encode_documents(TEXTS * 7)
    backwards = either.encode_documents(TEXTS[::-1])
    for number, text in enumerate(TEXTS):
        alone = either.encode_documents([text])
        for vectors, tokens in (
            (together.vectors[number], together.tokens[number]),
            (together.vectors[number + 6 * len(TEXTS)], together.tokens[number + 6 * len(TEXTS)]),
            (backwards.vectors[-1 - number], backwards.tokens[-1 - number]),
        ):
            np.testing.assert_allclose(vectors, alone.vectors[0], atol=2e-6)
            assert np.array_equal(tokens.ids, alone.tokens[0].ids)
            np.testing.assert_allclose(tokens.vectors, alone.tokens[0].vectors, atol=2e-5)


def test_queries_and_documents_share_a_space(either: Encoder) -> None:
    query = either.encode_queries(["the database ran out of connections"]).vectors[0]
    near, far = either.encode_documents(["the connection pool was exhausted", "the certificate had expired"]).vectors
    assert query @ near > query @ far + 0.2


@pytest.mark.parametrize("text", TEXTS)
def test_each_token_vector_has_its_place_in_the_text(either: Encoder, vocabulary: dict[int, str], text: str) -> None:
    [tokens] = either.encode_documents([text]).tokens
    offsets = either.offsets(text)
    assert len(offsets) == len(tokens.ids)
    assert offsets == sorted(offsets)
    assert all(0 <= start < end <= len(text) for start, end in offsets)
    assert all(first[1] <= second[0] for first, second in pairwise(offsets))
    # Read back by the vocabulary, each piece stands where its offset says.
    for token, (start, end) in zip(tokens.ids, offsets, strict=True):
        assert vocabulary[int(token)].removeprefix("##") == folded(text[start:end])


def folded(text: str) -> str:
    import unicodedata

    return "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))


def test_the_count_of_tokens_is_what_is_encoded(either: Encoder) -> None:
    plain = [text for text in TEXTS if text.isascii()]
    encoded = [len(tokens.ids) for tokens in either.encode_documents(plain).tokens]
    assert either.count_tokens(plain) == encoded
    assert either.count_tokens(["unbelievably", "a b", ""]) == [len(either.offsets("unbelievably")), 2, 0]


def test_a_text_of_the_full_length_loses_no_token_and_one_more_would(either: Encoder) -> None:
    """Chunks are cut to ``max_tokens``; past it the model is deaf, which is why they are."""
    full = " ".join(["disk"] * either.max_tokens)
    [tokens] = either.encode_documents([full]).tokens
    assert len(tokens.ids) == either.max_tokens == either.count_tokens([full])[0]
    longer = full + " certificate"
    assert either.count_tokens([longer]) == [either.max_tokens + 1]
    assert len(either.encode_documents([longer]).tokens[0].ids) == either.max_tokens
    changed = full.rsplit(" ", 1)[0] + " certificate"
    assert not np.allclose(either.encode_documents([changed]).vectors, either.encode_documents([full]).vectors, atol=1e-4)


def test_two_threads_get_what_one_gets(either: Encoder) -> None:
    texts = [f"incident {n} of the queue with some words more or less {'x ' * (n % 9)}" for n in range(24)]
    expected = either.encode_queries(texts).vectors
    counts = either.count_tokens(texts)

    def ask(text: str) -> tuple[np.ndarray, int, int]:
        return either.encode_queries([text]).vectors[0], len(either.offsets(text)), either.count_tokens([text])[0]

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(ask, texts))
    for (vector, offsets, count), wanted, number in zip(found, expected, counts, strict=True):
        np.testing.assert_allclose(vector, wanted, atol=2e-6)
        assert offsets == count == number


PASSAGE_FLOOR, TOKEN_FLOOR = 0.9998, 0.999
LENGTHS = ["disk " * length for length in (1, 13, 14, 15, 29, 30, 31, 127, 252, 253, 254, 255, 256, 300)]


def read_alike(one: Encoder, other: Encoder, texts: list[str]) -> tuple[Encoding, Encoding]:
    """What both make of the texts: the same tokens in the same places."""
    assert one.count_tokens(texts) == other.count_tokens(texts)
    assert [one.offsets(text) for text in texts] == [other.offsets(text) for text in texts]
    mine, others = one.encode_documents(texts), other.encode_documents(texts)
    for tokens, wanted in zip(mine.tokens, others.tokens, strict=True):
        assert np.array_equal(tokens.ids, wanted.ids)
    return mine, others


def agree(one: Encoder, other: Encoder, texts: list[str], passage: float = PASSAGE_FLOOR, token: float = TOKEN_FLOOR) -> None:
    """The same tokens in the same places, and vectors that differ by rounding alone."""
    mine, others = read_alike(one, other, texts)
    assert (mine.vectors * others.vectors).sum(axis=1).min() > passage
    for tokens, wanted in zip(mine.tokens, others.tokens, strict=True):
        if len(tokens.ids):
            assert (tokens.vectors * wanted.vectors).sum(axis=1).mean() > token


def test_both_are_the_same_model(floats: Encoder, exported: Encoder, plain: Encoder) -> None:
    for name in ("name", "fingerprint", "dimension", "max_tokens"):
        assert getattr(floats, name) == getattr(exported, name) == getattr(plain, name)
    agree(floats, plain, [*TEXTS, *PROBES])
    queries = [one.encode_queries(TEXTS).vectors for one in (floats, plain)]
    assert (queries[0] * queries[1]).sum(axis=1).min() > PASSAGE_FLOOR


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=100), min_size=1, max_size=4))
@example(["[SEP] [CLS] [MASK][PAD] ##ing [UNK]", "\x00\x01\ufffd\u2028", "ＦＵＬＬ ｗｉｄｔｈ", "İ ß ﬃ Å"])
@example(["a\u0300" * 300, "\U0001f469\u200d\U0001f692" * 90, "漢" * 400])
def test_both_agree_on_any_text(floats: Encoder, exported: Encoder, plain: Encoder, texts: list[str]) -> None:
    agree(floats, plain, texts)
    # In integers, no bound holds for noise: of 1500 such strings, the vectors of 20 had cosines of .96 to .98.
    read_alike(exported, plain, texts)


def test_the_exported_model_takes_texts_of_every_length(floats: Encoder, plain: Encoder) -> None:
    agree(floats, plain, LENGTHS)


def test_integers_are_as_near_as_they_must_be_to_serve(integers: Encoder, plain: Encoder) -> None:
    agree(integers, plain, [*TEXTS, *PROBES, *LENGTHS], INTEGER_FLOOR, INTEGER_FLOOR)
    queries = [one.encode_queries(TEXTS).vectors for one in (integers, plain)]
    assert (queries[0] * queries[1]).sum(axis=1).min() > INTEGER_FLOOR
