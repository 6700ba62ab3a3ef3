"""How often somebody asks: compared with an account that remembers every event, and counted together by processes."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcasearch.web.gate import network
from rcasearch.web.rates import Rate


def test_so_many_at_once_and_then_at_an_even_pace() -> None:
    rate = Rate(10)
    assert [rate.wait_s("ana", 100.0) for _ in range(10)] == [0.0] * 10
    assert rate.wait_s("ana", 100.0) == pytest.approx(6.0)
    assert rate.wait_s("ben", 100.0) == 0.0
    assert rate.wait_s("ana", 106.01) == 0.0
    assert rate.wait_s("ana", 106.02) > 5.9
    assert [rate.wait_s("ana", 200.0) for _ in range(10)] == [0.0] * 10


def test_who_waits_as_long_as_told_is_answered() -> None:
    rate, now = Rate(7), 5.0
    for _ in range(100):
        wait = rate.wait_s("ana", now)
        now += wait + 1e-4 if wait else 0.0
        assert not wait or rate.wait_s("ana", now) == 0.0


@given(st.integers(1, 30), st.lists(st.floats(0, 30), max_size=150))
def test_it_agrees_with_a_bucket_that_drips(per_minute: int, gaps: list[float]) -> None:
    """A bucket of ``per_minute`` that loses as much a minute: full is refused. Where they differ, it is by rounding."""
    rate, now, level, before = Rate(per_minute), 1_000.0, 0.0, 1_000.0
    for gap in gaps:
        now += gap
        level = max(0.0, level - (now - before) * per_minute / 60)
        before = now
        close = abs(level - (per_minute - 1)) < 1e-3
        refused = rate.wait_s("ana", now) > 0
        assert close or refused == (level > per_minute - 1)
        level += 0 if refused else 1


def test_no_limit_counts_nobody() -> None:
    assert not any(Rate(0).wait_s("ana", 1.0) for _ in range(1_000))


def test_processes_count_together() -> None:
    rate = Rate(20)
    for _ in range(3):
        if not (child := os.fork()):
            found = [rate.wait_s("ana", 1.0) for _ in range(5)]
            os._exit(int(any(found)))
        assert os.waitpid(child, 0)[1] == 0
    assert [rate.wait_s("ana", 1.0) > 0 for _ in range(6)] == [False] * 5 + [True]


@pytest.mark.parametrize(
    ("address", "whom"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("nonsense", "nonsense"),
        ("", ""),
    ],
)
def test_an_address_stands_for_whom_it_belongs_to(address: str, whom: str) -> None:
    assert network(address) == whom
