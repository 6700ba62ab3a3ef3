"""Several processes behind one socket, for real: one that dies is replaced, all end together, and none is left."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from rcasearch.settings import Settings
from rcasearch.web import workers
from tests.web.conftest import POOL, POOL_QUERY, Server, serving
from tests.web.slow_server import ROOT, serving_slowly

pytestmark = pytest.mark.skipif(not hasattr(os, "fork") or sys.platform == "darwin", reason="one process where none is forked")
# The package has a function of this name.
cores_module = sys.modules["rcasearch.encoders.cores"]


def until(happens: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def children(server: Server) -> list[psutil.Process]:
    return psutil.Process(server.process.pid).children()


def search(server: Server) -> dict[str, object]:
    """The answer over a connection of its own."""
    request = urllib.request.Request(
        server.url + "/api/v1/search", json.dumps({"text": POOL_QUERY}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return dict(json.load(answer))


def ready(server: Server) -> bool:
    try:
        with urllib.request.urlopen(server.url + "/readyz", timeout=30):
            return True
    except OSError:
        return False


def gone(processes: list[psutil.Process]) -> bool:
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


@pytest.mark.slow
def test_one_that_is_killed_is_replaced_and_requests_go_on(tiny_index: Path) -> None:
    with serving(tiny_index, workers=2) as server:
        until(lambda: ready(server) and len(children(server)) == 2)
        killed, other = children(server)
        killed.kill()
        until(lambda: len(children(server)) == 2 and killed not in children(server))
        assert other in children(server)
        hits = [search(server)["hits"] for _ in range(10)]
        assert all(isinstance(found, list) and found[0]["id"] == POOL for found in hits)
        last = children(server)
        code, errors = server.stop()
    assert code == 0
    assert gone([killed, *last])
    assert f"Process {killed.pid} of the server was killed by signal 9; another is started." in errors
    assert "Traceback" not in errors


@pytest.mark.slow
def test_a_newer_index_is_taken_by_all(tmp_path: Path, tiny_corpus: Path) -> None:
    from rcasearch.index import build

    corpus, settings = tmp_path / "corpus", Settings(index=str(tmp_path / "index"))
    corpus.mkdir()
    for path in sorted(tiny_corpus.glob("*.md"))[:3]:
        (corpus / path.name).write_bytes(path.read_bytes())
    first = build([corpus], settings).info.id
    with serving(tmp_path / "index", workers=2) as server:
        until(lambda: ready(server))
        assert {search(server)["index_id"] for _ in range(6)} == {first}
        (corpus / "2024-05-05-new.md").write_text(
            "# New\n\n## Summary\n\nThe tape robot dropped a cartridge.\n", encoding="utf-8"
        )
        second = build([corpus], settings).info.id
        until(lambda: {search(server)["index_id"] for _ in range(10)} == {second})
        assert server.stop()[0] == 0


@pytest.mark.slow
def test_none_is_left_when_the_first_process_is_killed(tmp_path: Path) -> None:
    with serving(tmp_path / "none", workers=2) as server:
        until(lambda: len(children(server)) == 2)
        left = children(server)
        server.process.kill()
        server.process.wait()
        until(lambda: gone(left), 30)


@pytest.mark.slow
def test_interrupting_the_whole_terminal_stops_it_once_and_cleanly(tmp_path: Path) -> None:
    """Ctrl+C sends SIGINT to every process of the group, the workers too."""
    with serving(tmp_path / "none", workers=2) as server:
        until(lambda: len(children(server)) == 2)
        left = children(server)
        for process in (*left, psutil.Process(server.process.pid)):
            process.send_signal(signal.SIGINT)
        _, errors = server.process.communicate(timeout=30)
    assert server.process.returncode == 0
    assert gone(left)
    assert "Traceback" not in errors
    assert "another is started" not in errors


def _script(code: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.slow
def test_requests_under_way_in_every_process_are_finished(tmp_path: Path) -> None:
    answers: list[int] = []

    def ask(url: str) -> None:
        with urllib.request.urlopen(url + "slow", timeout=30) as answer:
            answers.append(len(answer.read()))

    with serving_slowly(2, 1.5, 3_000_000) as (process, url):
        assert process.stdout
        asking = [threading.Thread(target=ask, args=(url,)) for _ in range(6)]
        for thread in asking:
            thread.start()
        for _ in asking:
            assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGTERM)
        for thread in asking:
            thread.join(30)
        assert process.wait(30) == 0
    assert answers == [3_000_000] * 6


_DYING = """
import logging, os
from rcasearch.web import workers

logging.basicConfig()
workers._preload = lambda: None
try:
    workers.supervise(2, lambda first: os._exit(3), 5)
except workers.WorkersError as error:
    print(error.code, error.message)
"""
_DEAF = """
import os, signal, time
from rcasearch.web import workers

def work(first):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.write(1, b"deaf\\n")
    time.sleep(60)

workers._preload = lambda: None
workers.supervise(2, work, 1)
print("ended")
"""


def test_it_is_given_up_when_they_die_again_and_again() -> None:
    with _script(_DYING) as process:
        printed, errors = process.communicate(timeout=60)
    assert printed == "workers_died 5 processes of the server died within 60 seconds, and so it stopped.\n"
    assert len(re.findall(r"ended with 3; another is started", errors)) == 4
    assert "the 5th in a short time: the server stops" in errors


def test_one_that_does_not_end_is_killed() -> None:
    with _script(_DEAF) as process:
        assert process.stdout
        assert [process.stdout.readline() for _ in range(2)] == ["deaf\n", "deaf\n"]
        process.send_signal(signal.SIGTERM)
        printed, _ = process.communicate(timeout=30)
    assert printed == "ended\n"
    assert process.returncode == 0


def test_openvino_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise ImportError("no openvino")

    monkeypatch.setattr(workers, "load_openvino", missing)
    monkeypatch.setattr("gc.freeze", lambda: None)
    workers._preload()
    assert set(workers._PRELOADED) <= sys.modules.keys()


def test_there_are_as_many_as_cores_and_memory_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, memory, wanted in ((1, 64, 1), (4, 64, 4), (4, 2, 2), (4, 0.25, 1), (64, 64, 8)):
        monkeypatch.setattr(workers, "cores", lambda cores=cores: cores)
        monkeypatch.setattr(workers, "memory", lambda memory=memory: int(memory * 2**30))
        assert workers.count(Settings()) == wanted
        assert workers.count(Settings(workers=3)) == 3
    monkeypatch.setattr(sys, "platform", "darwin")
    assert workers.count(Settings(workers=3)) == 1


@pytest.mark.parametrize(
    ("file", "text", "limited"),
    [
        ("sys/fs/cgroup/memory.max", "1048576\n", True),
        ("sys/fs/cgroup/memory.max", "max\n", False),
        ("sys/fs/cgroup/memory/memory.limit_in_bytes", "1048576\n", True),
        ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n", False),
        ("elsewhere", "1048576\n", False),
    ],
)
def test_memory_is_that_of_the_container(tmp_path: Path, file: str, text: str, limited: bool) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(text, encoding="ascii")
    assert workers.memory(tmp_path) == (1_048_576 if limited else psutil.virtual_memory().total)


def test_processes_that_share_the_cores_use_a_part_of_them_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores_module, "_processes", 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    cores_module.share(2)
    assert cores_module.cores(Path("nowhere")) == 4
    cores_module.share(16)
    assert cores_module.cores(Path("nowhere")) == 1
