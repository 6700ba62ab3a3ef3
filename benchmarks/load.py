"""Ask a server over HTTP from a process of its own, so that asking takes nothing of the harness: ``python -m benchmarks.load``.

Reads one JSON object on standard input and writes one to standard output. Only the standard library is used, and each client
keeps its connection: what the asking takes of the machine is told as ``cpu``.
"""

from __future__ import annotations

import http.client
import itertools
import json
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

PATH = "/api/v1/search"
_TIMEOUT_S = 60.0


@dataclass(slots=True)
class Tally:
    """What clients have had so far: milliseconds of each answer, and what went wrong."""

    milliseconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class Client:
    """One client with one connection, opened anew when it breaks."""

    def __init__(self, url: str) -> None:
        self._netloc = urlsplit(url).netloc
        self._connection = self._new()

    def _new(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._netloc, timeout=_TIMEOUT_S)

    def ask(self, text: str, tally: Tally) -> None:
        """One search; its time or its error goes into the tally."""
        started = time.perf_counter()
        try:
            status, body = self._post(text)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self._connection = self._new()
            tally.errors.append(f"{type(error).__name__}: {error}")
            return
        spent = 1000 * (time.perf_counter() - started)
        if status == 200 and b'"hits"' in body:
            tally.milliseconds.append(spent)
        else:
            tally.errors.append(f"{status}: {body[:200]!r}")

    def _post(self, text: str) -> tuple[int, bytes]:
        body = json.dumps({"text": text}).encode()
        self._connection.request("POST", PATH, body, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def close(self) -> None:
        self._connection.close()


def press(url: str, texts: Sequence[str], clients: int, seconds: float | None = None) -> Tally:
    """``clients`` ask by turns: every text once, or round and round for so many seconds."""
    tally, lock = Tally(), threading.Lock()
    source = iter(texts) if seconds is None else itertools.cycle(texts)
    end = float("inf") if seconds is None else time.perf_counter() + seconds
    threads = [threading.Thread(target=_work, args=(url, _until(end, source, lock), tally)) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tally


def _work(url: str, texts: Iterator[str], tally: Tally) -> None:
    client = Client(url)
    for text in texts:
        client.ask(text, tally)
    client.close()


def _until(end: float, texts: Iterator[str], lock: threading.Lock) -> Iterator[str]:
    while time.perf_counter() < end:
        with lock:
            text = next(texts, None)
        if text is None:
            return
        yield text


def main() -> None:
    task: dict[str, Any] = json.load(sys.stdin)
    # These do not count: connections, threads and caches of the server get warm by them.
    press(task["url"], task.get("warm", []), task["clients"])
    cpu, started = time.process_time(), time.perf_counter()
    tally = press(task["url"], task["texts"], task["clients"], task.get("seconds"))
    seconds = time.perf_counter() - started
    told = {"ms": tally.milliseconds, "errors": len(tally.errors), "first_error": tally.errors[:1]}
    json.dump({**told, "seconds": seconds, "cpu": time.process_time() - cpu}, sys.stdout)


if __name__ == "__main__":
    main()
