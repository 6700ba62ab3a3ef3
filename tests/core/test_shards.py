"""Which share an incident belongs to, and whether all shares are there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcasearch.errors import IndexMismatchError, SettingsError
from rcasearch.stores.shards import Missing, Share, ShareRecord, complete

TENANTS = st.sampled_from(["", "payments", "search"])


@given(st.text(), st.integers(1, 20))
def test_each_incident_belongs_to_one_share(key: str, count: int) -> None:
    assert sum(Share(number, count).holds(key) for number in range(1, count + 1)) == 1


def test_which_share_it_is_does_not_change() -> None:
    """Machines of other versions, and the index of last year, must decide alike."""
    keys = ("rca-001", "2026-02-11-thumbnailer-oom-killed", "Störung", "", "\udcff")
    shares = [next(number for number in range(1, 8) if Share(number, 7).holds(key)) for key in keys]
    assert shares == [6, 7, 1, 6, 4]


def test_shares_are_of_like_size() -> None:
    keys = [f"rca-{number:05}" for number in range(7_000)]
    sizes = [sum(Share(number, 7).holds(key) for key in keys) for number in range(1, 8)]
    assert sum(sizes) == 7_000
    assert all(850 < size < 1_150 for size in sizes)


@pytest.mark.parametrize(("text", "share"), [("2/5", Share(2, 5)), ("1/1", Share(1, 1)), ("00012/00012", Share(12, 12))])
def test_shares_are_named_by_two_numbers(text: str, share: Share) -> None:
    assert Share.parse(text) == share
    assert Share.parse(str(share)) == share


@pytest.mark.parametrize(
    "text", ["", "2", "2/", "/5", "0/5", "6/5", "1/0", "-1/5", "2/5 ", " 2/5", "2/5/7", "2 of 5", "٢/٥", "1/999999", "1.0/2"]
)
def test_what_names_no_share_is_told(text: str) -> None:
    with pytest.raises(SettingsError, match="share") as caught:
        Share.parse(text)
    assert "--shard 2/5" in caught.value.hint
    assert caught.value.field == "shard"


def told(count: int, tenant: str = "", each: int = 3) -> list[ShareRecord]:
    """All shares of a tenant."""
    return [ShareRecord(tenant, Share(number, count), each, each * count, "inputs", "basis") for number in range(1, count + 1)]


@given(st.dictionaries(TENANTS, st.integers(1, 6), min_size=1), st.data())
def test_what_is_not_told_of_is_missing(counts: dict[str, int], data: st.DataObject) -> None:
    made = [one for tenant, count in counts.items() for one in told(count, tenant)]
    there = data.draw(st.lists(st.sampled_from(made)))
    asked = {tenant for tenant in counts if any(one.tenant == tenant for one in there)}
    wanted = {Missing(one.tenant, one.share) for one in made if one.tenant in asked} - {
        Missing(one.tenant, one.share) for one in there
    }
    assert complete(there) == sorted(wanted)
    rest = {Missing(tenant, Share(1, 1)) for tenant in counts.keys() - asked}
    assert complete(there, counts) == sorted(wanted | rest)


def test_the_order_and_repeats_count_for_nothing() -> None:
    made = told(3)
    assert {tuple(complete(order[:2])) for order in permutations(made)} == {(Missing("", one.share),) for one in made}
    assert complete([*made, *made]) == []
    assert complete([]) == []


CHANGES: dict[str, Callable[[ShareRecord], ShareRecord]] = {
    "different numbers of shares": lambda one: replace(one, share=Share(3, 4)),
    "other documents, settings or versions": lambda one: replace(one, inputs="others"),
    "documents, settings": lambda one: replace(one, total=10),
    "other bases": lambda one: replace(one, basis="another"),
    "together hold 10 incidents, and their documents are 9": lambda one: replace(one, incidents=4),
}


@pytest.mark.parametrize("what", CHANGES)
def test_shares_of_different_corpora_are_told(what: str) -> None:
    made = told(3, "payments")
    with pytest.raises(IndexMismatchError, match=what) as caught:
        complete([*made[:2], CHANGES[what](made[2])])
    assert "of the tenant payments" in caught.value.message
    assert "--tenant payments --shard" in caught.value.hint
    assert complete([*told(2, "search"), *made]) == []


def test_a_share_that_is_told_of_in_two_ways_is_told() -> None:
    made = told(2)
    with pytest.raises(IndexMismatchError, match="different numbers of incidents"):
        complete([*made, replace(made[0], incidents=1)])
