"""Whom nobody reaches is left alone for a while; then one tries."""

from __future__ import annotations

import pytest

from rcasearch.stores.milvus.breaker import Breaker


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(most=3, rest=5.0, clock=clock)


def failed(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        assert breaker.waits() == 0
        breaker.failed()


def test_it_opens_after_failures_in_a_row_only(breaker: Breaker) -> None:
    failed(breaker, 2)
    breaker.worked()
    failed(breaker, 2)
    assert breaker.waits() == 0
    failed(breaker, 1)
    assert breaker.waits() == 5.0


def test_after_its_rest_one_tries_and_the_others_go_on_waiting(breaker: Breaker, clock: Clock) -> None:
    failed(breaker, 3)
    clock.now += 4.5
    assert breaker.waits() == 1.0
    clock.now += 0.5
    assert breaker.waits() == 0
    assert breaker.waits() == 1.0


@pytest.mark.parametrize("times", [1, 3])
def test_who_tries_in_vain_opens_it_for_another_rest(breaker: Breaker, clock: Clock, times: int) -> None:
    failed(breaker, 3)
    for _ in range(times):
        clock.now += 5.0
        failed(breaker, 1)
        assert breaker.waits() == 5.0


def test_who_gets_through_closes_it_for_all(breaker: Breaker, clock: Clock) -> None:
    failed(breaker, 3)
    clock.now += 5.0
    assert breaker.waits() == 0
    breaker.worked()
    assert breaker.waits() == breaker.waits() == 0


def test_who_leaves_off_lets_the_next_one_try(breaker: Breaker, clock: Clock) -> None:
    failed(breaker, 3)
    clock.now += 5.0
    assert breaker.waits() == 0
    breaker.left_off()
    assert breaker.waits() == 0
