"""A server in a process of its own: started, ready, measured with all of its processes, and ended."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, cast

import psutil

from benchmarks.contestant import ROOT, Contestant, ContestantError, last_words
from benchmarks.setup import environment, ours

_URL = re.compile(r"http://\S+?(?=/? |/?$)")
_READY_S = 300.0
_STOP_S = 20.0


@dataclass(frozen=True, slots=True)
class Memory:
    """MiB of all processes of a server: ``resident`` counts a shared page in each of them, ``shared_once`` only once."""

    resident: float
    shared_once: float


class Server:
    """A running server that answers on ``url``."""

    def __init__(self, name: str, url: str, process: subprocess.Popen[str]) -> None:
        self.name, self.url, self.process = name, url, process

    def pids(self) -> list[int]:
        """All of its processes."""
        return [process.pid for process in self._processes()]

    def memory(self) -> Memory:
        """What all of its processes hold now; where the system does not tell of shared pages, both figures are the same."""
        found = [process.memory_full_info() for process in self._processes()]
        resident = sum(info.rss for info in found) / 2**20
        return Memory(resident, sum(getattr(info, "pss", info.rss) for info in found) / 2**20)

    def cpu(self) -> float:
        """CPU seconds of all of its processes since they began."""
        return sum(sum(process.cpu_times()[:2]) for process in self._processes())

    def press(self, texts: Sequence[str], clients: int, seconds: float | None = None, warm: int = 0) -> dict[str, Any]:
        """Ask it from another process, see `load`. Raises ContestantError where that fails."""
        task = {"url": self.url, "texts": texts, "clients": clients, "seconds": seconds, "warm": texts[:warm]}
        command = [sys.executable, "-m", "benchmarks.load"]
        done = subprocess.run(command, cwd=ROOT, input=json.dumps(task), capture_output=True, text=True, check=False)
        if done.returncode:
            raise ContestantError(f"Asking {self.name} failed. {last_words(done.stderr)}")
        return dict(json.loads(done.stdout))

    def ask(self, text: str) -> dict[str, Any]:
        """The answer to one search. Raises ContestantError."""
        body = json.dumps({"text": text}).encode()
        request = urllib.request.Request(f"{self.url}/api/v1/search", body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return dict(json.load(answer))
        except OSError as error:
            raise ContestantError(f"{self.name} does not answer: {error}") from None

    def _processes(self) -> list[psutil.Process]:
        first = psutil.Process(self.process.pid)
        return [first, *first.children(recursive=True)]


def of_ours(index: Path, **settings: object) -> tuple[list[str], dict[str, str]]:
    """Command and environment of this project's server, on a free port."""
    given = {"index": index, "port": 0, **settings}
    return ours("serve"), {f"RCASEARCH_{name.upper()}": str(value) for name, value in given.items()}


def of_peer(contestant: Contestant, task: Mapping[str, Path], threads: int) -> tuple[list[str], dict[str, str]]:
    """Command and environment of a peer's server."""
    paths = json.dumps({name: str(path) for name, path in task.items()})
    return [str(contestant.python), "-m", "benchmarks.peers.web", contestant.module, paths, str(threads)], {}


@contextmanager
def serving(name: str, command: Sequence[str], variables: Mapping[str, str], told: IO[str] | None = None) -> Iterator[Server]:
    """A server that is ready; ended at the end. ``told`` gets its log. Raises ContestantError where it does not get ready."""
    with nullcontext(told) if told else TemporaryFile("w+") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment(variables), stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            line = cast("Any", process.stdout).readline()
            found = _URL.search(line)
            if not found:
                log.seek(0)
                raise ContestantError(f"{name} does not serve. {last_words(log.read() + line)}")
            server = Server(name, found[0], process)
            _wait(server, process)
            yield server
        finally:
            _end(process)


def _wait(server: Server, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + _READY_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{server.url}/readyz", timeout=10):
                return
        except (urllib.error.HTTPError, OSError):
            time.sleep(0.05)
    raise ContestantError(f"{server.name} did not get ready in {_READY_S:g} s.")


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.communicate(timeout=_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
