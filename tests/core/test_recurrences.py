"""Failures that happened again: linked and of the same cause, or told alike; in groups, whatever the order of the documents."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcasearch.linkage import joined
from rcasearch.model import Filters, Recurrence
from rcasearch.search import Searcher
from tests.core.fakes import FakeEncoder, build_with, searcher_with

CAUSE = "poolLimit poolslow poolreset 42"
OTHER = "disk_full diskdown diskError"
# Name: date, service, cause, the incidents that it links to.
DOCUMENTS = {
    "first": ("2020-01-01", "checkout", CAUSE, ""),
    "again": ("2023-06-01", "basket", CAUSE, "As in [[first]]."),
    "third": ("2024-07-01", "checkout", CAUSE, "As in [[again]]."),
    "alike": ("2024-08-01", "gateway", "poolreset 42 poolslow poolLimit", ""),
    "unlike": ("2024-09-01", "gateway", "nodeleak routeslow lockdown certs", "Not as in [[alike]]."),
    "disk": ("2021-01-01", "search", OTHER, "Not as in [[first]]."),
    "full": ("", "search", OTHER, "As in [[disk]] and [[full]], and [[nowhere]]."),
}


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    folder = tmp_path_factory.mktemp("again")
    for name, (date, service, cause, links) in DOCUMENTS.items():
        (folder / f"{name}.md").write_text(
            f"---\ntitle: Outage {name}\n{f'date: {date}' if date else ''}\nservices: [{service}]\n---\n\n"
            f"## Root cause\n\n{cause}\n\n## Trigger\n\n{cause}\n\n## Lessons\n\n{links}\n",
            encoding="utf-8",
        )
    index = tmp_path_factory.mktemp("again-index") / "index"
    build_with(FakeEncoder(), folder, index)
    with_them = searcher_with(FakeEncoder(), index)
    yield with_them
    with_them.close()


def ids(found: tuple[Recurrence, ...]) -> list[list[str]]:
    return [[incident.id for incident in one.incidents] for one in found]


def test_what_was_linked_and_has_the_same_cause_is_one_failure(searcher: Searcher) -> None:
    found = searcher.recurrences()
    assert ids(found) == [["first", "again", "third", "alike"], ["disk", "full"]]
    assert found[0].services == ("checkout", "basket", "gateway")
    assert found[0].dates == ("2020-01-01", "2023-06-01", "2024-07-01", "2024-08-01")
    assert [one.linked for one in found] == [(("again", "first"), ("again", "third")), (("disk", "full"),)]
    assert found[1].dates == ("2021-01-01",)


def test_a_filter_keeps_the_failures_of_which_one_incident_passes_and_keeps_them_whole(searcher: Searcher) -> None:
    assert ids(searcher.recurrences(Filters(services=("basket",)))) == [["first", "again", "third", "alike"]]
    assert ids(searcher.recurrences(Filters(since="2024-09-01"))) == []
    assert ids(searcher.recurrences(Filters(until="2021-12-31"))) == [["first", "again", "third", "alike"], ["disk", "full"]]


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12))))
def test_a_group_is_all_that_pairs_lead_to(pairs: list[tuple[int, int]]) -> None:
    groups = joined(pairs)
    assert sorted(row for group in groups for row in group) == sorted({row for pair in pairs for row in pair})
    assert {frozenset(group) for group in groups} == {frozenset(reached(row, pairs)) for group in groups for row in group}


def reached(row: int, pairs: list[tuple[int, int]]) -> set[int]:
    """All that can be reached from a row, by walking until nothing is new."""
    found, before = {row}, set[int]()
    while found != before:
        before = set(found)
        found |= {end for pair in pairs if found & set(pair) for end in pair}
    return found
