"""Delivery: tried again with longer pauses, given up in the end, by one process at a time."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rcasearch.push import Deliverer, PushQueue, Target
from rcasearch.push import delivery as module
from rcasearch.push.sending import Outcome, Request
from tests.push.conftest import put, target
from tests.push.receiver import receiving


@pytest.fixture
def live(tmp_path: Path) -> PushQueue:
    """A queue by the clock of the machine."""
    return PushQueue(tmp_path / "live.sqlite")


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def tried(queue: PushQueue, to: Target, *outcomes: Outcome, keep_s: float = 3600) -> list[Request]:
    """Deliver the message that waits once for each outcome, without waiting for its time."""
    sent: list[Request] = []
    given = iter(outcomes)

    def sender(request: Request) -> Outcome:
        sent.append(request)
        return next(given)

    deliverer = Deliverer(queue, [to], keep_s=keep_s, sender=sender)
    for _ in outcomes:
        [message] = queue.messages()
        deliverer.deliver(to, message)
    return sent


LATER = Outcome("it answered 503", again=True)


def test_it_is_tried_again_later_and_later_with_the_same_key(
    live: PushQueue, result: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(random, "uniform", lambda _, high: high)
    put(live, result, target())
    pauses = []
    keys = set()
    for _ in range(11):
        keys |= {request.headers["Idempotency-Key"] for request in tried(live, target(), LATER, keep_s=1e9)}
        [message] = live.messages()
        pauses.append(round(message.due - time.time()))
    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]
    assert len(keys) == 1


def test_pauses_differ_so_that_not_all_come_back_at_once() -> None:
    pauses = {module._pause(5) for _ in range(50)}
    assert len(pauses) > 40
    assert all(32 <= pause <= 64 for pause in pauses)


@pytest.mark.parametrize(("after", "wait"), [("120", 120), ("999999", 3600)])
def test_a_receiver_may_name_the_time(live: PushQueue, result: Any, after: str, wait: int) -> None:
    put(live, result, target())
    tried(live, target(), Outcome("it answered 429", again=True, after=after), keep_s=1e6)
    [message] = live.messages()
    assert message.due - time.time() == pytest.approx(wait, abs=5)


def test_a_refusal_and_too_old_a_message_are_given_up_and_delivered_after_all(live: PushQueue, result: Any) -> None:
    put(live, result, target())
    tried(live, target(), Outcome("it answered 404: no_service"))
    [message] = live.messages()
    assert (message.state, message.error, message.attempts) == ("dead", "it answered 404: no_service", 1)
    live.retry([message.id])
    tried(live, target(), LATER, keep_s=0.5)
    assert live.count("dead") == 1
    live.retry([message.id])
    tried(live, target(), Outcome())
    assert live.messages() == []


def test_secrets_are_neither_logged_nor_listed(live: PushQueue, result: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    to = target(kind="webhook", token="tok-123", headers=(("Authorization", "Bearer hdr-456"),))
    put(live, result, to)
    echo = f"it answered 500: POST {to.url} tok-123 Bearer hdr-456"
    tried(live, to, Outcome(echo, again=True), Outcome(echo))
    told = caplog.text + repr(live.messages())
    assert "[secret]" in told
    assert not any(secret in told for secret in ("verysecret", "tok-123", "hdr-456"))


def test_a_receiver_that_names_a_part_of_a_secret_does_not_bring_it_into_the_log(
    live: PushQueue, result: Any, caplog: pytest.LogCaptureFixture
) -> None:
    to = target(kind="webhook", url="https://x.example/in/verysecret?key=alsosecret", headers=(("X-A", "Bearer headersecret"),))
    put(live, result, to)
    tried(live, to, Outcome("it answered 404: no hook verysecret, no key alsosecret, no headersecret"))
    assert live.messages()[0].error == "it answered 404: no hook [secret], no key [secret], no [secret]"
    assert not any(secret in caplog.text for secret in ("verysecret", "alsosecret", "headersecret"))


def test_what_cannot_be_written_is_given_up_and_does_not_hold_up_the_others(live: PushQueue, result: Any) -> None:
    to = target(kind="webhook", template="{{ nobody }}")
    put(live, result, to)
    deliverer = Deliverer(live, [to], sender=lambda _: pytest.fail("it was sent"))
    deliverer.deliver(to, live.messages()[0])
    assert "cannot be filled in" in live.messages()[0].error


def test_one_delivers_and_another_takes_over(live: PushQueue, result: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PACE_S", 0.01)
    sent: dict[str, list[Request]] = {"first": [], "second": []}

    def deliverer(name: str) -> Deliverer:
        def sender(request: Request) -> Outcome:
            sent[name].append(request)
            return Outcome()

        return Deliverer(PushQueue(live.path), [target()], sender=sender, look_every_s=0.01)

    first, second = deliverer("first"), deliverer("second")
    first.start()
    until(lambda: len(first._threads) > 1)  # it has the lease
    second.start()
    for number in range(5):
        put(live, result, target(), str(number))
    until(lambda: live.count("waiting") == 0)
    first.stop()
    assert (len(sent["first"]), len(sent["second"])) == (5, 0)
    put(live, result, target(), "later")
    until(lambda: live.count("waiting") == 0)
    second.stop()
    assert (len(sent["first"]), len(sent["second"])) == (5, 1)


def test_a_target_that_is_down_does_not_hold_up_another(live: PushQueue, result: Any) -> None:
    with receiving() as receiver:
        up, down = target(name="up", url=receiver.url), target(name="down", url="http://127.0.0.1:1/x")
        put(live, result, down, "a")
        put(live, result, up, "b")
        deliverer = Deliverer(live, [up, down], look_every_s=0.01)
        deliverer.start()
        assert receiver.arrived.wait(30)
        until(lambda: [(m.target, m.attempts) for m in live.messages()] == [("down", 1)])
        deliverer.stop()
    assert receiver.received[0].json["blocks"][0]["type"] == "header"


def test_messages_of_a_target_that_is_gone_are_dead(live: PushQueue, result: Any) -> None:
    put(live, result, target(name="gone"))
    deliverer = Deliverer(live, [target()], look_every_s=0.01)
    deliverer.start()
    until(lambda: live.count("dead") == 1)
    deliverer.stop()
    assert "no target of the settings has this name" in live.messages()[0].error
