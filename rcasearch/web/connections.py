"""The connections of a process: what each may take of its time and memory, and who makes room when there are too many.

A client that sends slowly, reads slowly or says nothing holds a connection, never a thread. Each state of a connection may last
so long and no longer, however busily it is kept alive a byte at a time.
"""

from __future__ import annotations

import errno
import logging
import resource
import time
from typing import Any

from flask import Flask
from waitress.channel import HTTPChannel
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import Error

from rcasearch.web.app import ARRIVED, finish
from rcasearch.web.failures import Failure, respond

log = logging.getLogger("rcasearch.web")
# Seconds: a head and a body to arrive, an answer to be taken, a connection to say nothing.
HEAD_S, BODY_S, ANSWER_S, IDLE_S = 10.0, 60.0, 120.0, 60.0
# A connection that was just made is about to be used.
_FRESH_S = 0.5
# Open files besides connections: the index, the queue, the log, and what is opened for a moment.
_OTHER_FILES = 100
_FEWEST = 8
_TEND_EVERY_S = 1.0
_SLOW = Failure(
    408,
    "request_too_slow",
    "The request did not arrive in time.",
    f"Its head must arrive within {HEAD_S:g} seconds, all of it within {BODY_S:g}.",
)


class Refused(Error):
    """Why a request is not handed to the application."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.detail)
        self.code, self.reason, self.failure = failure.status, failure.title, failure


class _Answer(WSGITask):
    """An answer of the application, told when the request was there; while the server stops, the last on its connection."""

    channel: Any
    request: Any

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ[ARRIVED] = self.channel.arrived
        return environ

    def build_response_header(self) -> bytes:
        if self.channel.server.draining:
            self.request.headers["CONNECTION"] = "close"
        return bytes(super().build_response_header())


class _Channel(HTTPChannel):
    """A connection that knows since when it is in its state, and that no thread ever waits for."""

    task_class = _Answer
    server: Any
    requests: list[Any]
    requests_lock: Any
    # When the request that is next was there, and whether there was any yet.
    arrived = 0.0
    asked = False

    def __init__(self, *given: Any, **named: Any) -> None:
        self.since = time.monotonic()
        super().__init__(*given, **named)

    def received(self, data: bytes) -> bool:
        if self.request is None and not self.requests:
            self.since, self.asked = time.monotonic(), True
        return bool(super().received(data))

    def service(self) -> None:
        if self.requests[0].error is None and self.server.task_dispatcher.too_late(self):
            self.refuse(self.server.busy)
        super().service()
        self.since = time.monotonic()

    def refuse(self, failure: Failure) -> None:
        """Answer the request that is next with a failure."""
        self.requests[0].error = Refused(failure)

    def give_up_reading(self) -> None:
        """Answer what has arrived of a request as one that took too long."""
        with self.requests_lock:
            request = self.request
            if request is None or self.requests:
                return
            self.request = None
            if not request.headers_finished:
                request.parse_header(b"GET /api/ HTTP/1.0\r\n")
            request.error = Refused(_SLOW)
            self.requests.append(request)
            self.server.add_task(self)

    def _flush_outbufs_below_high_watermark(self) -> None:
        """Cut off who asks for more and more and takes nothing: else a thread would wait for him."""
        if self.total_outbufs_len > self.adj.outbuf_high_watermark:
            self._flush_exception(self._flush_some, do_close=False)  # type: ignore[attr-defined]
        if self.total_outbufs_len > self.adj.outbuf_high_watermark:
            self.connected, self.will_close = False, True
            self.server.pull_trigger()

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return not (self.requests or self.total_outbufs_len or self.request is not None)

    def overdue(self, now: float) -> bool:
        """Whether it is to be ended, or has been in its state for too long."""
        lasted = now - self.since
        if self.will_close:
            return True  # it would not be, before the other side takes something
        if self.total_outbufs_len:
            return lasted > ANSWER_S
        if self.requests:
            return False  # the application has limits of its own
        if self.request is None:
            return lasted > IDLE_S
        return lasted > (BODY_S if self.request.headers_finished else HEAD_S)


def channel_class(app: Flask) -> type[HTTPChannel]:
    """The connections of a server of ``app``: its refusals take the same exit as every other error."""

    class Refusal(ErrorTask):
        request: Any
        response_headers: Any

        def execute(self) -> None:
            failure, path = _failure(self.request.error), str(self.request.path)
            told = path.startswith("/") and failure.status != 431  # of a head too long waitress keeps no path
            names = {"X-Request-Id": self.request.headers.get("X_REQUEST_ID", "")}
            method = str(self.request.command or "GET")
            with app.test_request_context(path if told else "/api/", method=method, headers=names):
                response = finish(respond(failure))
                body = response.get_data()
            self.status = response.status
            self.response_headers.extend(response.headers.items())
            self.set_close_on_finish()
            self.content_length = len(body)
            self.write(b"" if method == "HEAD" else body)

    class Channel(_Channel):
        error_task_class = Refusal

    return Channel


def _failure(error: Any) -> Failure:
    if isinstance(error, Refused):
        return error.failure
    code = error.reason.lower().replace(" ", "_")
    return Failure(error.code, code, f"{error.body}.", "Check how the request was sent.")


class Connections:
    """All connections of a server; asked by its loop alone."""

    def __init__(self, server: Any, most: int) -> None:
        self._server, self._most, self._tended, self._told = server, most, 0.0, float("-inf")
        self._accept = server.accept
        server.accept = self._accepted

    def tend(self) -> None:
        """End what has lasted too long, and keep room for one more."""
        now = time.monotonic()
        if now - self._tended >= _TEND_EVERY_S:
            self._tended = now
            for channel in self.all():
                if channel.overdue(now):
                    self._end(channel)
        if len(self.all()) >= self._most:
            self.make_room(now)

    def all(self) -> list[_Channel]:
        """The connections, from the oldest to the newest."""
        return list(self._server.active_channels.values())

    def make_room(self, now: float) -> bool:
        """Close the connection that has been waited for longest; False where each is being answered or is new."""
        waited_for = [one for one in self.all() if not (one.requests or one.total_outbufs_len) and now - one.since > _FRESH_S]
        if waited_for:
            min(waited_for, key=lambda one: one.since).handle_close()
        return bool(waited_for)

    def _end(self, channel: _Channel) -> None:
        if channel.request is not None and not (channel.requests or channel.total_outbufs_len):
            channel.give_up_reading()
        else:
            channel.handle_close()

    def _accepted(self) -> Any:
        """A new connection, or None; without a file for it the others go on, and the loop does not spin."""
        try:
            return self._accept()
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE):
                raise
            now = time.monotonic()
            if now - self._told > 60:
                self._told = now
                log.error("No connection can be taken: %s. Raise the limit of open files (ulimit -n).", error.strerror)
            if not self.make_room(now):
                time.sleep(0.05)
            return None


def possible(wanted: int) -> int:
    """How many connections this process can keep: ``wanted``, if its limit of open files allows it or can be raised."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted + _OTHER_FILES:
        soft = wanted + _OTHER_FILES if hard == resource.RLIM_INFINITY else min(hard, wanted + _OTHER_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    room = wanted if soft == resource.RLIM_INFINITY else soft - _OTHER_FILES
    if room < wanted:
        log.warning("Only %d files may be open: no more than %d connections are kept.", soft, max(room, _FEWEST))
    return max(_FEWEST, min(wanted, room))
