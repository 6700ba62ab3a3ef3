"""More than a server can do, and clients that mean it no good: it sheds and cuts off, and goes on answering the others."""

from __future__ import annotations

import errno
import logging
import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from rcasearch.model import Results
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.web import connections, create_app
from tests.web.running import SEARCH, Running, answer, closed, problem, running, until


class Held:
    """Searches that begin, and go on when they may."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.may_go_on = 0, threading.Event()
        search = Searcher.search

        def held(searcher: Searcher, *given: Any, **named: Any) -> Results:
            self.begun += 1
            assert self.may_go_on.wait(30)
            return search(searcher, *given, **named)

        monkeypatch.setattr(Searcher, "search", held)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    found = Held(monkeypatch)
    yield found
    found.may_go_on.set()


@pytest.fixture
def small(web_settings: Settings) -> Settings:
    """A server with one thread, in front of which two may wait."""
    return replace(web_settings, threads=1, max_waiting=2)


@pytest.fixture
def own_app(tiny_searcher: Searcher, small: Settings) -> Flask:
    return create_app(tiny_searcher, small)


def filled(server: Running, held: Held, stack: ExitStack, waiting: int = 2) -> list[socket.socket]:
    """Connections of which the first is being answered and the others wait."""
    first = stack.enter_context(server.connect(SEARCH))
    until(lambda: held.begun == 1)
    others = [stack.enter_context(server.connect(SEARCH)) for _ in range(waiting)]
    until(lambda: server.server.task_dispatcher.waiting == waiting)
    return [first, *others]


def test_who_comes_to_a_full_line_is_told_so_at_once_and_the_others_are_answered(
    own_app: Flask, small: Settings, held: Held
) -> None:
    with running(own_app, small) as server, ExitStack() as stack:
        line = filled(server, held, stack)
        request = SEARCH.replace(b"\r\n\r\n", b"\r\nX-Request-Id: mine-12345\r\n\r\n")
        status, code, headers = problem(stack.enter_context(server.connect(request)))
        assert (status, code, headers["retry-after"], headers["connection"]) == (503, "server_busy", "2", "close")
        assert headers["x-request-id"] == "mine-12345"
        status, headers, page = server.ask("/?q=disk")
        assert (status, headers["content-type"]) == (503, "text/html; charset=utf-8")
        assert b"more requests than it can answer" in page
        assert server.ask("/healthz")[0] == 200
        assert server.ask("/readyz")[0] == 200
        figures = server.ask("/metrics")[2]
        assert b'rcasearch_refused_total{code="server_busy"} 2.0' in figures
        held.may_go_on.set()
        assert [answer(connection)[0] for connection in line] == [200, 200, 200]
    assert held.begun == 3


def test_who_has_waited_too_long_is_not_searched_for(own_app: Flask, small: Settings, held: Held) -> None:
    with running(own_app, replace(small, timeout=1)) as server, ExitStack() as stack:
        line = filled(server, held, stack)
        time.sleep(0.5)
        held.may_go_on.set()
        assert answer(line[0])[0] == 200
        assert [problem(connection)[1] for connection in line[1:]] == ["server_busy"] * 2
    assert held.begun == 1


def test_who_has_gone_is_not_searched_for(own_app: Flask, small: Settings, held: Held) -> None:
    with running(own_app, small) as server, ExitStack() as stack:
        first, gone, last = filled(server, held, stack)
        gone.close()
        until(lambda: len(server.server.active_channels) == 2)
        held.may_go_on.set()
        assert answer(first)[0] == answer(last)[0] == 200
    assert held.begun == 2


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET /api/v1/search?q=x HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", b"\r\n"],
    ids=["nothing", "head", "blank line"],
)
def test_a_head_that_does_not_end_is_refused_however_many_bytes_come(
    own_app: Flask, small: Settings, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 0.3)
    monkeypatch.setattr(connections, "IDLE_S", 0.3)
    monkeypatch.setattr(connections, "_TEND_EVERY_S", 0.05)
    with running(own_app, small) as server, server.connect(sent) as slow:
        slow.settimeout(0.05)
        received = b""
        until(lambda: server.ask("/healthz")[0] == 200)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                if len(sent) > 2:
                    slow.sendall(b"x")
                piece = slow.recv(65_536)
            except TimeoutError:
                continue
            except OSError:
                break
            received += piece
            if not piece:
                break
        assert not server.server.active_channels
    if len(sent) > 2:
        assert received.startswith(b"HTTP/1.0 408 ")
        assert b"request_too_slow" in received


def test_a_body_that_does_not_end_is_refused(own_app: Flask, small: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BODY_S", 0.2)
    monkeypatch.setattr(connections, "_TEND_EVERY_S", 0.05)
    head = b"POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
    with running(own_app, small) as server, server.connect(head) as slow:
        assert problem(slow)[:2] == (408, "request_too_slow")
        assert closed(slow)


def test_at_the_limit_of_connections_the_idlest_makes_room(
    own_app: Flask, small: Settings, monkeypatch: pytest.MonkeyPatch, held: Held
) -> None:
    monkeypatch.setattr(connections, "_FRESH_S", 0.0)
    with running(own_app, replace(small, max_connections=8)) as server, ExitStack() as stack:
        line = filled(server, held, stack)
        silent = [stack.enter_context(server.connect(b"GET / HTTP/1.1\r\n")) for _ in range(20)]
        assert server.ask("/healthz")[0] == 200
        assert len(server.server.active_channels) <= 8
        assert all(closed(connection) for connection in silent[:12])
        held.may_go_on.set()
        assert [answer(connection)[0] for connection in line] == [200, 200, 200], "who waits for an answer is not in the way"


def large(app: Flask, endpoint: str) -> None:
    """Let a route answer with more than any buffer holds."""
    view: Any = app.view_functions[endpoint]

    def twenty_megabytes() -> str:
        return "x" * 20_000_000

    twenty_megabytes.__dict__.update(view.__dict__)
    app.view_functions[endpoint] = twenty_megabytes


def test_who_asks_for_more_and_more_and_takes_nothing_holds_no_thread(
    own_app: Flask, small: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    large(own_app, "api.incidents")
    monkeypatch.setattr(connections, "_TEND_EVERY_S", 0.05)
    with running(own_app, small) as server, ExitStack() as stack:
        asked = b"GET /api/v1/incidents HTTP/1.1\r\nHost: localhost\r\n\r\n"
        greedy = [stack.enter_context(server.connect(asked * 3, SO_RCVBUF=4096)) for _ in range(2)]
        assert server.ask("/api/v1/search?q=disk")[0] == 200
        until(lambda: not server.server.active_channels)
        assert len(greedy[0].recv(100)) == 100, "of the first answer, it got what the buffers held"


def test_an_answer_that_is_not_taken_is_thrown_away(own_app: Flask, small: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    large(own_app, "api.incidents")
    monkeypatch.setattr(connections, "_TEND_EVERY_S", 0.05)
    with running(own_app, small) as server, server.connect(SEARCH.replace(b"search?q=disk", b"incidents"), SO_RCVBUF=4096):
        until(lambda: any(one.total_outbufs_len for one in server.server.connections.all()))
        monkeypatch.setattr(connections, "ANSWER_S", 0.1)
        until(lambda: not server.server.active_channels)


def test_without_a_file_for_a_connection_the_others_go_on_and_the_loop_does_not_spin(
    own_app: Flask, small: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with running(own_app, small) as server, ExitStack() as stack:
        kept = stack.enter_context(server.connect(SEARCH))
        assert answer(kept)[0] == 200
        accept, fails = server.server.connections._accept, iter(range(6))

        def fails_at_first() -> Any:
            if next(fails, None) is not None:
                raise OSError(errno.EMFILE, "Too many open files")
            return accept()

        server.server.connections._accept = fails_at_first
        turns = server.turns
        assert server.ask("/healthz")[0] == 200
        assert server.turns - turns < 200
    assert caplog.text.count("No connection can be taken: Too many open files.") == 1


@pytest.mark.parametrize(
    ("limits", "wanted", "kept", "raised"),
    [
        ((1_024, 4_096), 500, 500, None),
        ((1_024, 4_096), 2_000, 2_000, 2_100),
        ((256, 256), 500, 156, 256),
        ((64, 64), 500, 8, 64),
        ((256, resource.RLIM_INFINITY), 500, 500, 600),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), 500, 500, None),
    ],
)
def test_there_are_as_many_connections_as_files_may_be_open(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], wanted: int, kept: int, raised: int | None
) -> None:
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _, new: told.append(new))
    assert connections.possible(wanted) == kept
    assert told == ([] if raised is None else [(raised, limits[1])])


def test_a_line_of_requests_is_no_line_of_the_log(
    own_app: Flask, small: Settings, held: Held, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), running(own_app, small) as server, ExitStack() as stack:
        filled(server, held, stack)
        held.may_go_on.set()
    assert "queue" not in caplog.text.lower()
