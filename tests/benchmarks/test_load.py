"""Asking over HTTP, against a server made up here that fails as it is told."""

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

import pytest

from benchmarks.contestant import ROOT
from benchmarks.load import press


class _Peer(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        self.connections = 0
        self.lock = Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Peer

    def setup(self) -> None:
        super().setup()
        with self.server.lock:
            self.server.connections += 1

    def do_POST(self) -> None:
        text = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"]
        with self.server.lock:
            self.server.asked.append(f"{self.path} {text}")
        if text == "hang up":
            self.close_connection = True
            return
        body = b"nothing" if text == "no hits" else b'{"hits": []}'
        self.send_response(503 if text == "busy" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def peer() -> Iterator[_Peer]:
    with _Peer() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_every_text_is_asked_once_and_a_client_keeps_its_connection(peer: _Peer) -> None:
    texts = [f"text {i}" for i in range(30)]
    tally = press(peer.url, texts, clients=3)
    assert sorted(peer.asked) == sorted(f"/api/v1/search {text}" for text in texts)
    assert len(tally.milliseconds) == 30
    assert min(tally.milliseconds) > 0
    assert tally.errors == []
    assert peer.connections == 3


def test_what_goes_wrong_is_counted_and_does_not_end_it(peer: _Peer) -> None:
    tally = press(peer.url, ["busy", "fine", "hang up", "fine", "no hits", "fine"], clients=1)
    assert len(tally.milliseconds) == 3
    assert len(tally.errors) == 3
    assert tally.errors[0].startswith("503: ")
    assert tally.errors[1].startswith("RemoteDisconnected: ")
    assert "nothing" in tally.errors[2]


def test_a_server_that_is_gone_is_an_error_for_each_text(peer: _Peer) -> None:
    peer.server_close()
    tally = press("http://127.0.0.1:9", ["a", "b"], clients=2)
    assert tally.milliseconds == []
    assert len(tally.errors) == 2


def test_the_command_goes_round_for_so_long_and_tells_what_asking_took(peer: _Peer) -> None:
    task = {"url": peer.url, "texts": ["a", "b"], "clients": 2, "seconds": 0.2, "warm": ["warm"]}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"], cwd=ROOT, input=json.dumps(task), capture_output=True, text=True, check=True
    )
    told = json.loads(done.stdout)
    assert len(told["ms"]) == len(peer.asked) - 1
    assert len(told["ms"]) > 2
    assert told["errors"] == 0
    assert told["seconds"] >= 0.2
    assert told["cpu"] > 0
