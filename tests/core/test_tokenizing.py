"""Counts of word pieces: a text's is the sum of its words', and the same as when the tokenizer reads the whole."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel

from rcasearch.encoders import tokenizing
from rcasearch.encoders.tokenizing import WordPieces
from rcasearch.models import locate

PARTS = [
    " ", "  ", "\n", "\t", "\r\n", "\u00a0", "\u2028", "\x1c", "\x85", "\u200b", "\u0301", "e\u0301", "\u03a3", "\u0130",
    "ORA-00060", "5,000", "unbelievably", "checkout-service", "[MASK]", "[SEP", "]", "\u6545\u969c", "\U0001f600", "x" * 120,
    "-", "_", "...", "\ufffd", "\x00",
]  # fmt: skip


@pytest.fixture(scope="module")
def whole() -> Tokenizer:
    return _bare(Tokenizer.from_file(str(locate("all-MiniLM-L6-v2") / "tokenizer.json")))


@pytest.fixture(scope="module")
def pieces() -> WordPieces:
    return WordPieces(locate("all-MiniLM-L6-v2") / "tokenizer.json", 256, (0, 100, 101, 102, 103), {"query": "", "document": ""})


def _bare(tokenizer: Tokenizer) -> Tokenizer:
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(st.lists(st.lists(st.sampled_from(PARTS) | st.text(max_size=6), max_size=8).map("".join), max_size=4))
@example(["a\x1cb", "a \u0301b\n\u0301c", "[MASK] [SEP\n]"])
def test_a_text_has_as_many_pieces_as_when_read_whole(pieces: WordPieces, whole: Tokenizer, texts: list[str]) -> None:
    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    assert pieces.count(texts) == [len(whole.encode(text, add_special_tokens=False)) for text in texts]
    assert pieces.count(["\n".join(texts)]) == [sum(pieces.count(texts))]


def test_more_words_than_are_remembered(pieces: WordPieces, whole: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizing, "_MOST_WORDS", 50)
    texts = [" ".join(f"{number * step}th error" for number in range(40)) for step in range(12)]
    expected = [len(whole.encode(text, add_special_tokens=False)) for text in texts]
    assert [pieces.count([text])[0] for text in texts] == expected
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda text: pieces.count([text])[0], texts * 5)) == expected * 5


def test_pieces_that_reach_over_blanks_are_counted_in_the_whole_text(tmp_path: Path) -> None:
    byte_pairs = Tokenizer(BPE({"\u0120": 0, "a": 1, "b": 2, "a\u0120": 3}, [("a", "\u0120")]))
    byte_pairs.pre_tokenizer = ByteLevel(add_prefix_space=False, use_regex=False)
    marked = Tokenizer.from_file(str(locate("all-MiniLM-L6-v2") / "tokenizer.json"))
    marked.add_tokens([AddedToken("disk full")])
    for number, (tokenizer, text, count) in enumerate([(byte_pairs, "a b", 2), (_bare(marked), "the disk full", 2)]):
        tokenizer.save(str(tmp_path / f"{number}.json"))
        assert WordPieces(tmp_path / f"{number}.json", 64, (), {"document": ""}).count([text]) == [count]
