"""Long pastes: of lines that differ only in numbers and ids the first stays, and nothing that says something else is lost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcasearch.pastes import condense

# Words that no hexadecimal id looks like.
_word = st.text(st.sampled_from("ghijklmnopqrstuvwxyzäß"), min_size=1, max_size=6)
_words = st.lists(_word, min_size=1, max_size=5)
KINDS = {
    "counter": st.integers(0, 10**9).map(str),
    "address": st.integers(0, 2**64).map(lambda n: f"0x{n:x}"),
    "hash": st.integers(2**28, 2**64).map(lambda n: f"{n:x}"),
    "uuid": st.uuids().map(str),
    "time": st.datetimes().map(lambda when: when.isoformat(timespec="milliseconds")),
    "host": st.integers(0, 300).map(lambda n: f"web-{n}.zone{n % 3}"),
}
_number = st.one_of(*KINDS.values())
_line = st.lists(st.one_of(_word, _word, _number), min_size=1, max_size=6).map(" ".join)


def _is_subsequence(some: list[str], all_: list[str]) -> bool:
    rest = iter(all_)
    return all(line in rest for line in some)


@given(st.lists(_line, max_size=30))
def test_lines_stay_in_order_and_as_they_were(lines: list[str]) -> None:
    kept = condense("\n".join(lines)).splitlines()
    assert _is_subsequence(kept, lines)
    assert kept[:1] == lines[:1]


@given(st.lists(_words, min_size=1, max_size=30))
def test_no_line_that_differs_in_a_word_is_lost(lines: list[list[str]]) -> None:
    kept = {tuple(line.split()) for line in condense("\n".join(map(" ".join, lines))).splitlines()}
    assert kept == set(map(tuple, lines))


@pytest.mark.parametrize("kind", KINDS)
@given(messages=st.lists(st.sampled_from(["disk full on", "retry of", "lost the lock"]), min_size=5, max_size=30), data=st.data())
def test_of_lines_that_differ_in_a_number_or_an_id_the_first_stays(kind: str, messages: list[str], data: st.DataObject) -> None:
    lines = [f"{message} node {data.draw(KINDS[kind])} again" for message in messages]
    assert condense("\n".join(lines)).splitlines() == [lines[messages.index(message)] for message in dict.fromkeys(messages)]


@given(st.lists(_words.map(" ".join), min_size=5, max_size=20), st.integers(2, 5))
def test_a_line_that_is_repeated_stays_once_where_it_first_stood(lines: list[str], times: int) -> None:
    assert condense("\n".join(lines * times)).splitlines() == list(dict.fromkeys(lines))


@given(st.text(max_size=300))
@settings(max_examples=300)
def test_condensing_again_changes_nothing(text: str) -> None:
    once = condense(text)
    assert condense(once).splitlines() == once.splitlines()
    assert len(once) <= len(text)


def test_what_varies_between_two_prints_of_a_line() -> None:
    paste = (
        "2024-03-01T10:00:00Z web-1 [0x7fff12ab] GET /cart 5f3a9bd took 12 ms\n"
        "2024-03-01T10:00:07Z web-2 [0x7fff99cd] GET /cart 0011aab took 9841 ms\n"
        "\n"
        "   2024-03-01T10:00:08Z  web-3 [0x1] get /cart 77aa00f took 3 ms\n"
        "2024-03-01T10:00:09Z web-1 [0x7fff12ab] GET /basket 5f3a9bd took 12 ms\n"
        "2024-03-01T10:00:09Z web-1 connection reset by peer\n"
    )
    kept = condense(paste).splitlines()
    assert kept == [paste.splitlines()[i] for i in (0, 4, 5)]


def test_a_text_of_a_few_lines_stays_as_it_is() -> None:
    for text in ("", "  ", "down\ndown\ndown\ndown", "node 1 is down\n\nnode 2 is down\n"):
        assert condense(text) == text


def test_a_line_of_one_character_that_is_repeated_stays_once() -> None:
    assert condense("{\nfirst\n}\n{\nsecond\n}\n").splitlines() == ["{", "first", "}", "second"]


ROUTINE = "user session order payment cache handler flush batch worker queue started loaded config token".split()


@pytest.mark.parametrize("count", [20, 60, 199])
@pytest.mark.parametrize("place", [0, 0.5, 1])
def test_the_one_line_of_trouble_stays_among_routine_ones_that_all_differ(count: int, place: float) -> None:
    lines = [
        f"03:{n % 60:02}:00 INFO {' '.join(ROUTINE[(n * k) % len(ROUTINE)] for k in (1, 3, 7))} {'x' * n}" for n in range(count)
    ]
    trouble = "03:11:09 ERROR FATAL: remaining connection slots are reserved"
    lines.insert(int(place * count), trouble)
    assert condense("\n".join(lines)) == trouble


def test_frames_go_and_what_they_belong_to_stays() -> None:
    frames = [f"    at com.shop.Checkout{chr(97 + n)}.pay(Checkout.java:{n})" for n in range(26)]
    text = "\n".join(
        ["java.lang.IllegalStateException: pool is exhausted", *frames, "Caused by: java.net.SocketTimeoutException: read"]
    )
    assert condense(text).splitlines() == [text.splitlines()[0], text.splitlines()[-1]]


def test_prose_without_trouble_is_kept_whole() -> None:
    lines = [f"the {chr(97 + n)} customers see an empty basket after the {chr(97 + n)} sale" for n in range(20)]
    assert condense("\n".join(lines)).splitlines() == lines
