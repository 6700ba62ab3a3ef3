"""Terms: words by their stems, identifiers whole and in parts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcasearch.lexical import terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("... -- !!", []),
        ("The connections were timing out", ["connect", "time", "out"]),
        ("OperationalError", ["operationalerror", "oper", "error"]),
        ("conn_pool.max", ["conn_pool.max", "conn", "pool", "max"]),
        ("ORA-00060", ["ora-00060", "ora", "00060"]),
        ("OOMKilled", ["oomkilled", "oom", "kill"]),
        ("HTTPServer2", ["httpserver2", "http", "server"]),
        ("10.0.0.1:5432", ["10.0.0.1:5432", "10", "5432"]),
        ("dns DNS", ["dns", "dns"]),
        ("Störung", ["störung"]),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize(
    "pair", [("OperationalError", "operational errors"), ("conn-pool", "conn pool"), ("maxRetries", "max retry")]
)
def test_an_identifier_is_found_by_its_words(pair: tuple[str, str]) -> None:
    identifier, said = pair
    assert set(terms(said)) <= set(terms(identifier))


@pytest.mark.parametrize("word", ["down", "not", "out", "off", "up", "no"])
def test_words_that_tell_something_stay(word: str) -> None:
    assert terms(word)


def test_no_term_is_longer_than_64_characters() -> None:
    assert all(len(term) <= 64 for term in terms(f"{'x' * 500} {'ab-' * 200}cd"))


@given(st.text(max_size=200), st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_terms_are_lower_case_never_empty_and_independent_of_neighbours(one: str, other: str) -> None:
    found = terms(one)
    assert all(term and not term.isspace() for term in found)
    assert all(term == term.lower() for term in found)
    assert terms(f"{one} \n {other}") == found + terms(other)


def test_threads_stem_alike() -> None:
    text = " ".join(f"retries{n} connecting timeouts" for n in range(300))
    with ThreadPoolExecutor(8) as pool:
        assert all(found == terms(text) for found in pool.map(terms, [text] * 32))
