"""The time that an answer may take: asked for between two steps, and while one waits in turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextvars import copy_context
from typing import Any

import pytest

from rcasearch import patience, retrieval
from rcasearch.errors import GoneError, OverviewPendingError, TimedOutError
from rcasearch.model import Query
from rcasearch.search import Searcher


@pytest.fixture(autouse=True)
def no_limit_is_left() -> Iterator[None]:
    yield
    patience.set_limit(None)


def limit(seconds: float, gone: bool = False) -> patience.Limit:
    return patience.Limit(time.monotonic() + seconds, 7.0, lambda: gone)


def test_without_a_limit_all_goes_on() -> None:
    patience.check()
    with patience.in_turn(threading.Semaphore(1)):
        patience.check()


def test_when_the_time_is_up_the_sentence_tells_how_long_it_was() -> None:
    patience.set_limit(limit(60))
    patience.check()
    patience.set_limit(limit(-1))
    with pytest.raises(TimedOutError) as caught:
        patience.check()
    assert "within 7 seconds" in caught.value.message
    assert "try again" in caught.value.hint


def test_nothing_is_done_for_who_has_gone() -> None:
    patience.set_limit(limit(60, gone=True))
    with pytest.raises(GoneError):
        patience.check()


@pytest.mark.parametrize("slots", [0, 1])
def test_waiting_in_turn_ends_with_the_time_and_takes_no_slot_away(slots: int) -> None:
    taken = threading.BoundedSemaphore(1)
    if not slots:
        taken.acquire()
    patience.set_limit(limit(0.05 if not slots else -1))
    with pytest.raises(TimedOutError), patience.in_turn(taken):
        pytest.fail("there was no time for it")
    assert taken.acquire(blocking=False) == bool(slots)


def test_who_goes_while_waiting_in_turn_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_LOOK_S", 0.01)
    gone = iter([False, False, True])
    patience.set_limit(patience.Limit(time.monotonic() + 60, 60.0, lambda: next(gone)))
    with pytest.raises(GoneError), patience.in_turn(threading.Semaphore(0)):
        pytest.fail("nobody waited for it")


def test_what_another_thread_works_out_is_waited_for_no_longer_than_there_is_time() -> None:
    lock = threading.Lock()
    patience.set_limit(limit(0.01))
    with lock, pytest.raises(OverviewPendingError), patience.held(lock):
        pytest.fail("another holds it")


def test_the_limit_is_that_of_the_context() -> None:
    context = copy_context()
    context.run(patience.set_limit, limit(-1))
    patience.check()
    with pytest.raises(TimedOutError):
        context.run(patience.check)


def test_a_search_gives_up_between_its_stages_and_leaves_its_slot_free(
    tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("read_signals", "rank"):
        with monkeypatch.context() as patched:
            does = getattr(retrieval, name)

            def until_the_time_is_up(*given: Any, does: Callable[..., Any] = does) -> Any:
                found = does(*given)
                patience.set_limit(limit(-1))
                return found

            patched.setattr(retrieval, name, until_the_time_is_up)
            patience.set_limit(limit(60))
            with pytest.raises(TimedOutError):
                tiny_searcher.search(Query("disk full"))
        patience.set_limit(None)
    assert tiny_searcher.search(Query("disk full")).hits
    incident = tiny_searcher.incidents().incidents[0].id
    patience.set_limit(limit(-1))
    with pytest.raises(TimedOutError):
        tiny_searcher.similar(incident)
