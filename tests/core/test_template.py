"""Boilerplate is what stands in many incidents that have nothing else in common; what is left is what is matched."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcasearch.chunking import chunk, content_hash
from rcasearch.model import Block, Chunk, Incident, Section
from rcasearch.services import ServiceNames
from rcasearch.template import ONE_FAILURE, SHARE, Template, learn, line_hash, recurring, without_names

SERVICES = ServiceNames(("cart-api", "mail-worker"), frozenset({"cart-api", "mail-worker"}))


def incident(number: int, title: str, *lines: str) -> Incident:
    blocks = tuple(Block("list_item", line, 3 + n) for n, line in enumerate(lines))
    return Incident(f"rca-{number}", title, f"{number}.md", sections=(Section("Notes", ("Notes",), ("other",), blocks, 2),))


def matched(template: Template, one: Incident) -> list[str]:
    chunks = chunk(one, lambda texts: [len(text.split()) for text in texts], 100)
    return [own.matched.strip() for own in template.marked(chunks)]


def words(number: int) -> str:
    return " ".join("abcdefghij"[int(digit)] * 3 for digit in str(number))


def corpus(count: int, *lines: str) -> list[Incident]:
    return [incident(n, f"Failure {words(n)}", f"Only {words(n)} did it", *lines) for n in range(count)]


def test_a_line_of_many_incidents_does_not_count() -> None:
    incidents = corpus(20, "The alert fired within 2 minutes")
    template = learn(incidents, SERVICES)
    assert matched(template, incidents[3]) == ["Failure ddd", "Only ddd did it"]


@pytest.mark.parametrize(
    "lines",
    [
        ["Runbook of cart-api was old", "Runbook of mail-worker was old"],
        ["Took 4 minutes", "Took 11.5 minutes"],
        ["Closed on 2025-11-16 by the team", "Closed on 2026-01-02T11:00:00Z by the team"],
        ["Ticket A-4711: closed", "ticket B-12  closed."],
    ],
)
def test_services_numbers_dates_and_ids_make_no_difference(lines: list[str]) -> None:
    incidents = [incident(n, f"Failure {words(n)}", lines[n % 2]) for n in range(20)]
    assert matched(learn(incidents, SERVICES), incidents[0]) == ["Failure aaa"]


def test_a_failure_that_recurs_is_no_boilerplate() -> None:
    many = [incident(n, f"2025-01-{n + 10} - Stale cache in cart-api", "A stale cache was served") for n in range(10)]
    template = learn([*many, *corpus(10)], SERVICES)
    assert matched(template, many[0]) == ["- Stale cache in", "A stale cache was served"]


def test_few_incidents_make_no_template() -> None:
    incidents = corpus(3, "The alert fired")
    assert learn(incidents, SERVICES).lines == frozenset()
    assert learn([], SERVICES).lines == frozenset()


def test_a_small_share_of_a_large_corpus_is_no_template() -> None:
    incidents = [*corpus(7, "The alert fired"), *(incident(n, f"Failure {words(n)}", f"Own {words(n)}") for n in range(7, 200))]
    assert learn(incidents, SERVICES).lines == frozenset()


def test_sentences_and_cells_are_parted() -> None:
    line = "The disk of {} was full. The on-call engineer was paged. | Backend Team"
    incidents = [incident(n, f"Failure {words(n)}", line.format(words(n))) for n in range(20)]
    assert matched(learn(incidents, SERVICES), incidents[7]) == ["Failure hhh", "The disk of hhh was full."]


def test_a_title_always_counts() -> None:
    incidents = [incident(n, "2025-11-16 cart-api", "Same") for n in range(20)]
    assert matched(learn(incidents, SERVICES), incidents[0])[0] == "2025-11-16 cart-api"


def test_passages_that_tell_the_same_share_a_hash() -> None:
    template = Template(SERVICES)
    texts = ["cart-api lost its lease", "mail-worker lost its lease"]
    chunks = [
        Chunk(f"i#{n}", "i", "summary", "", text, 1, 1, content_hash(text), ((0, len(text)),)) for n, text in enumerate(texts)
    ]
    one, other = template.marked(chunks)
    assert one.content_hash == other.content_hash == content_hash(" lost its lease")


@given(
    st.text("ab .|\n-1", max_size=40), st.lists(st.sampled_from(["cart-api", "2025-11-16", "The alert fired.", "x"]), max_size=4)
)
def test_every_part_that_counts_is_found_in_the_text(start: str, more: list[str]) -> None:
    text = "\n".join([start, *more, "y"])
    template = Template(SERVICES, frozenset({line_hash("the alert fired")}))
    (own,) = template.marked([Chunk("i#0", "i", "summary", "", text, 1, 1, content_hash(text), ((0, len(text)),))])
    assert all(name not in own.matched for name in ("cart-api", "2025-11-16", "alert"))
    for position in range(len(own.matched)):
        first, end = own.shown(position, position + 1)
        assert (end - first, text[first:end]) == (1, own.matched[position])


def test_a_query_is_matched_without_names_unless_nothing_else_is_in_it() -> None:
    assert without_names("cart-api refuses logins since 2025-11-16", SERVICES) == " refuses logins since "
    assert without_names("cart-api", SERVICES) == "cart-api"
    assert without_names("cart-api!", SERVICES) == "cart-api!"


@given(st.lists(st.tuples(st.sets(st.integers(0, 12)), st.integers(0, 5)), max_size=60))
def test_what_recurs_is_counted_exactly(corpus: list[tuple[set[int], int]]) -> None:
    """Compared with a plain count, line by line."""
    expected = set()
    for line in range(13):
        titles = [title for lines, title in corpus if line in lines]
        if len(titles) >= max(4, SHARE * len(corpus)) and max(map(titles.count, titles)) <= ONE_FAILURE * len(titles):
            expected.add(line)
    lines = np.array([line for lines, _ in corpus for line in lines], np.int64)
    sizes = np.array([len(lines) for lines, _ in corpus], np.int64)
    assert recurring(lines, sizes, np.array([title for _, title in corpus], np.int64)).tolist() == sorted(expected)
