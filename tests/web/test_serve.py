"""A real server in a process of its own: it listens, answers, refuses what is malformed, and stops without dropping a request."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import threading
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask

from rcasearch.errors import SettingsError
from rcasearch.settings import Settings
from rcasearch.web import server as server_module
from rcasearch.web.app import HEADERS
from rcasearch.web.pushing import Pushing
from rcasearch.web.server import HEADER_MAX, address_of, serve
from tests.web.conftest import POOL, POOL_QUERY, Server, serving
from tests.web.slow_server import Unused


def get(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def wait_until_ready(server: Server) -> None:
    """Until every process is ready: one of several answers, whichever comes first."""
    deadline, ready = time.monotonic() + 120, 0
    while ready < 20:
        assert time.monotonic() < deadline
        ready = ready + 1 if get(server.url + "/readyz")[0] == 200 else 0
        time.sleep(0 if ready else 0.2)


def raw(server: Server, request: bytes) -> tuple[bytes, bytes]:
    """Head and body of the answer to bytes."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_it_listens_answers_and_stops_on_sigterm(tiny_index: Path, workers: int) -> None:
    with serving(tiny_index, max_body_bytes=65_536, workers=workers) as server:
        assert get(server.url + "/healthz") == (200, b'{"status":"ok"}\n')
        wait_until_ready(server)
        body = json.dumps({"text": POOL_QUERY}).encode()
        request = urllib.request.Request(server.url + "/api/v1/search", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert json.load(answer)["hits"][0]["id"] == POOL
            assert {name: answer.headers[name] for name in HEADERS} == HEADERS
            assert answer.headers["Server"] is None
        check_malformed(server)
        check_port_in_use(server, tiny_index)
        code, errors = server.stop()
    assert code == 0
    assert "Traceback" not in errors
    check_log(errors, workers)


def check_log(errors: str, workers: int) -> None:
    """Every line has a time and a level; requests, refusals and the index are told of, what was asked is not."""
    lines = errors.splitlines()
    form = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (INFO|WARNING|ERROR) " + (r"\[\d+\] " if workers > 1 else r"\w")
    assert all(re.match(form, line) for line in lines), errors
    assert 1 <= sum("Serving index " in line for line in lines) <= workers
    assert re.search(r"INFO .*\w{12} POST '/api/v1/search' 200 \d+ ms$", errors, re.MULTILINE)
    assert re.search(r"INFO .*\w{12} POST '/' 413 \d+ ms$", errors, re.MULTILINE)
    assert POOL_QUERY not in errors


def check_malformed(server: Server) -> None:
    """What the server itself refuses takes the same shape as what the application refuses."""
    cases = {
        b"GET /api/v1/search HTTP/1.1\r\nHost: localhost\r\nX-Long: ".ljust(HEADER_MAX, b"x"): 431,
        b"POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n": 400,
        b"POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: rubbish\r\n\r\n": 501,
        b"POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n": 413,
    }
    for request, status in cases.items():
        head, body = raw(server, request)
        assert re.match(rb"HTTP/1\.\d %d " % status, head), head
        assert re.search(rb"X-Request-Id: \w{12}", head)
        assert b"application/problem+json" in head
        assert b"X-Content-Type-Options: nosniff" in head
        assert json.loads(body)["status"] == status
    head, body = raw(server, b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n")
    assert re.match(rb"HTTP/1\.\d 413 ", head)
    assert b"<!doctype html>" in body


def check_port_in_use(server: Server, index: Path) -> None:
    port = urlsplit(server.url).port
    assert port
    with pytest.raises(SettingsError) as caught:
        serve(Settings(index=str(index), port=port))
    assert f"Port {port} on 127.0.0.1 is in use" in caught.value.message
    assert f"--port {port + 1}" in caught.value.hint


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_it_starts_without_an_index_and_says_which_command_to_run(tmp_path: Path, workers: int) -> None:
    with serving(tmp_path / "none", workers=workers) as server:
        status, body = get(server.url + "/readyz")
        while json.loads(body)["code"] == "index_loading":
            status, body = get(server.url + "/readyz")
        assert status == 503
        assert "rcasearch index" in json.loads(body)["hint"] + json.loads(body)["detail"]
        assert server.stop(signal.SIGINT)[0] == 0


def test_requests_under_way_are_finished_before_it_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()
    url: list[str] = []
    answers: list[tuple[int, bytes]] = []
    app = Flask("slow")

    @app.get("/slow")
    def slow() -> str:
        begun.set()
        time.sleep(1.0)
        return "x" * 3_000_000

    app.extensions["rcasearch"], app.extensions["push"] = Unused(), Pushing(Settings())
    monkeypatch.setattr(server_module, "create_app", lambda *_: app)

    def ask() -> None:
        answers.append(get(url[0] + "slow"))

    def stop_when_begun() -> None:
        assert begun.wait(20)
        signal.raise_signal(signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)

    def say(line: str) -> None:
        url.append(line.split()[3])
        threading.Thread(target=ask).start()
        threading.Thread(target=stop_when_begun).start()

    serve(Settings(port=0, workers=1), say=say)
    deadline = time.monotonic() + 20
    while not answers and time.monotonic() < deadline:
        time.sleep(0.02)
    assert answers == [(200, b"x" * 3_000_000)]
    assert signal.getsignal(signal.SIGTERM) is before
    with pytest.raises(OSError, match="refused"):
        http.client.HTTPConnection("127.0.0.1", urlsplit(url[0]).port or 0, timeout=5).connect()


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.7"])
def test_an_address_that_is_not_ours_is_a_settings_error(host: str) -> None:
    with pytest.raises(SettingsError) as caught:
        serve(Settings(host=host, port=0))
    assert host in caught.value.message
    assert "127.0.0.1" in caught.value.hint


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]")])
def test_the_address_it_names_can_be_opened(host: str, shown: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip(f"this machine has no {host}")
    with listener:
        assert address_of(listener) == f"http://{shown}:{listener.getsockname()[1]}/"
