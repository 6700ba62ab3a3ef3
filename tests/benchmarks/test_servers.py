"""Servers in processes of their own: a peer made up here behind Flask and waitress, and what does not start."""

import sys
from pathlib import Path

import pytest

from benchmarks.contestant import Contestant, ContestantError
from benchmarks.servers import of_peer, serving

_PEER = """
class Peer:
    def search(self, text):
        if text == "broken":
            raise KeyError(text)
        return [text.upper()]

def make(task):
    assert task.model.name == "model"
    return Peer()
"""


@pytest.fixture
def peer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], dict[str, str]]:
    (tmp_path / "peer.py").write_text(_PEER, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    task = {name: tmp_path / name for name in ("model", "corpus", "sections", "index")}
    return of_peer(Contestant("made up", "peer"), task, 2)


def test_a_peer_answers_over_http_and_is_measured(peer: tuple[list[str], dict[str, str]]) -> None:
    with serving("made up", *peer) as server:
        assert server.ask("pool") == {"hits": ["POOL"]}
        before = server.cpu()
        done = server.press(["a", "b", "broken"] * 10, clients=2, warm=1)
        assert len(done["ms"]) == 20
        assert done["errors"] == 10
        assert done["first_error"][0].startswith("500: ")
        assert server.cpu() > before
        memory = server.memory()
        assert 1 < memory.shared_once <= memory.resident
    with pytest.raises(ContestantError, match="made up does not answer"):
        server.ask("pool")


def test_all_processes_of_a_server_are_measured(tmp_path: Path) -> None:
    """One that only passes requests on, so that there are two."""
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'x = bytearray(80_000_000); x[::4096] = bytes(len(x[::4096])); "
        'import time; print("up", flush=True); time.sleep(60)\'], stdout=subprocess.PIPE)\n'
        "child.stdout.readline()\n"
        "from flask import Flask\n"
        "from waitress import serve\n"
        "import socket\n"
        "app = Flask('x')\n"
        "app.add_url_rule('/readyz', view_func=lambda: 'ok')\n"
        "listener = socket.create_server(('127.0.0.1', 0))\n"
        "print(f'http://127.0.0.1:{listener.getsockname()[1]}/', flush=True)\n"
        "try:\n    serve(app, sockets=[listener])\nfinally:\n    child.kill()\n"
    )
    with serving("two", [sys.executable, "-c", code], {}) as server:
        assert server.memory().resident > 100
        assert len(server._processes()) == 2


def test_what_does_not_start_is_told_with_its_last_words() -> None:
    with (
        pytest.raises(ContestantError, match=r"dead does not serve\. Its last words: ValueError: no index"),
        serving("dead", [sys.executable, "-c", "raise ValueError('no index')"], {}),
    ):
        pass
