"""Delivers what is queued, in the background: each target by a thread of its own, in one process of all that serve."""

from __future__ import annotations

import fcntl
import logging
import random
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TextIO
from urllib.parse import unquote

from rcasearch.push.outgoing import request_for
from rcasearch.push.queue import LONGEST_WAIT_S, Message, PushQueue, QueueError
from rcasearch.push.sending import Outcome, Request, seconds, send
from rcasearch.push.targets import SLASH_COMMAND, Target
from rcasearch.push.template import TemplateProblem

log = logging.getLogger("rcasearch.push")
LOOK_EVERY_S = 0.5
# Slack takes about one message a second from an incoming webhook.
PACE_S = 1.0
FIRST_S, LONGEST_S = 2.0, 600.0
# A receiver that names a later time is not believed.
LONGEST_AFTER_S = LONGEST_WAIT_S
# Slack takes answers to a command for half an hour.
SLASH_COMMAND_S = 1_800.0
_PARTS = re.compile(r"[/?&=;, ]")
# What is shorter in an address or header is an ordinary word.
_SHORTEST = 8
SLASH_COMMAND_TARGET = Target(SLASH_COMMAND, "slack", "")


class Deliverer:
    """Takes the lease on a queue as soon as nobody has it, and delivers until it is stopped. The lease goes with the process."""

    def __init__(
        self,
        queue: PushQueue,
        targets: Sequence[Target],
        *,
        public_url: str = "",
        keep_s: float = 21_600.0,
        sender: Callable[[Request], Outcome] = send,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        """``keep_s`` is how long a message that cannot be delivered is tried."""
        self._queue, self._targets, self._public_url, self._keep_s = queue, targets, public_url, keep_s
        self._sender, self._look_every_s = sender, look_every_s
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin, in threads that do not keep the process alive."""
        self._run("push-lease", self._lead)

    def stop(self, wait_s: float = 5.0) -> None:
        """Begin nothing new, and give what is under way so many seconds. What was not delivered stays queued."""
        self._stopping.set()
        deadline = time.monotonic() + wait_s
        for thread in list(self._threads):
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self, name: str, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _lead(self) -> None:
        lease = None
        while lease is None and not self._stopping.is_set():
            lease = _lease(self._queue.path)
            if lease is None:
                self._stopping.wait(self._look_every_s)
        if lease is None:
            return
        with lease:
            self._bury_the_forsaken()
            for target in (*self._targets, SLASH_COMMAND_TARGET):
                self._run(f"push-{target.name}", lambda target=target: self._deliver(target))  # type: ignore[misc]
            self._stopping.wait()
            for thread in self._threads[1:]:
                thread.join()

    def _bury_the_forsaken(self) -> None:
        """Put messages with the dead that nobody would deliver."""
        names = {SLASH_COMMAND, *(target.name for target in self._targets)}
        try:
            for message in self._queue.messages("waiting"):
                if message.target not in names:
                    self._queue.failed(message, "no target of the settings has this name any more", None)
        except QueueError as error:
            log.warning("%s", error.message)

    def _deliver(self, target: Target) -> None:
        while not self._stopping.is_set():
            try:
                message = self._queue.due(target.name)
                if message:
                    self.deliver(target, message)
            except QueueError as error:
                log.warning("%s", error.message)
                message = None
            self._stopping.wait(PACE_S if message else self._look_every_s)

    def deliver(self, target: Target, message: Message) -> None:
        """Try one message, and note in the queue what became of it."""
        try:
            request = request_for(target, message, self._public_url)
        except TemplateProblem as problem:
            self._bury(target, message, str(problem))
            return
        except Exception as error:
            # Whatever it is, the messages after it must not wait for ever.
            log.exception("Message %d cannot be written.", message.id)
            self._bury(target, message, f"it cannot be written ({type(error).__name__})")
            return
        outcome = self._sender(request)
        outcome = replace(outcome, error=_discreet(outcome.error, target, message))
        now = time.time()
        wait_s = max(_pause(message.attempts), min(seconds(outcome.after, now), LONGEST_AFTER_S))
        keep_s = SLASH_COMMAND_S if target.name == SLASH_COMMAND else self._keep_s
        if not outcome.error:
            self._queue.delivered(message)
            log.info("Message %d was delivered to %s.", message.id, target.name)
        elif outcome.again and now + wait_s < message.created + keep_s:
            self._queue.failed(message, outcome.error, wait_s)
            log.warning("Message %d to %s waits %.0f s: %s.", message.id, target.name, wait_s, outcome.error)
        else:
            self._bury(target, message, outcome.error)

    def _bury(self, target: Target, message: Message, error: str) -> None:
        self._queue.failed(message, error, None)
        told = "Message %d to %s is given up: %s. `rcasearch push list` lists it, `rcasearch push retry` tries it again."
        log.error(told, message.id, target.name, error)


def _lease(queue: Path) -> TextIO | None:
    """The lock that one process at a time may hold, open; None where another holds it."""
    try:
        queue.parent.mkdir(parents=True, exist_ok=True)
        handle = queue.with_name(f"{queue.name}.lease").open("a")
    except OSError as error:
        log.warning("Nothing can be delivered from %s: %s", queue, error.strerror)
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        return None
    return handle


def _pause(attempts: int) -> float:
    """Seconds before another attempt: twice as long each time, between half of that and all of it."""
    longest = min(LONGEST_S, FIRST_S * 2.0 ** min(attempts, 16))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - so that not all come back at once


def _discreet(error: str, target: Target, message: Message) -> str:
    """An error without what is secret, though the receiver may repeat it."""
    whole = (target.url, target.token, message.address, *(value for _, value in target.headers))
    # A receiver may name the part of an address, or of a header, by which it knows us.
    parts = (part for secret in whole for part in _PARTS.split(unquote(secret)) if len(part) >= _SHORTEST)
    for secret in (*sorted(whole, key=len, reverse=True), *sorted(parts, key=len, reverse=True)):
        if len(secret) > 3:
            error = error.replace(secret, "[secret]")
    return error
