"""What every contestant's process speaks: a JSON object a line on standard input, one a line back on standard output.

The first line back is ``{"ready": versions}`` once the model is loaded, or ``{"missing": what}`` where a package is not
installed. Then each request gets one answer, ``{"error": text}`` where it failed:

    {"do": "index"}                               index the sections, or bring the index up to date; seconds and CPU seconds
    {"do": "search", "texts": [...]}              one after the other; the incidents, milliseconds and CPU seconds
    {"do": "load", "texts": [...], "threads": n, "seconds": s}   all the time from many threads; searches and errors
    {"do": "memory"}                              MiB resident now and at most, and CPU seconds since the start

Only the standard library is used here, so that every peer's environment can run it.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

INCIDENTS = 10
# So many chunks are asked for, so that ten incidents are among them.
CHUNKS = 100
# A request's name -> what answers it, of the engine and the request.
Requests = Mapping[str, Callable[[Any, dict[str, Any]], dict[str, Any]]]


@dataclass(frozen=True)
class Task:
    """Where everything lies: the model's folder, the documents, their sections as JSON lines, and the index to write or read.

    ``vectors`` are those of the sections, a row each, where the index is to be filled without encoding.
    """

    model: Path
    corpus: Path
    sections: Path
    index: Path
    vectors: Path | None = None

    def chunks(self) -> list[tuple[str, str]]:
        """(id, text) of every section."""
        with self.sections.open(encoding="utf-8") as file:
            return [(row["id"], row["text"]) for row in map(json.loads, file)]


class Engine(Protocol):
    """A contestant with its model loaded."""

    def index(self) -> int:
        """Index everything, or what is new where it can tell; how many passages the index holds. On disk when it returns."""

    def search(self, text: str) -> list[str]:
        """The file stems of the best incidents, best first. Opens the index on disk when it is first called."""


def incidents(chunk_ids: Iterable[str]) -> list[str]:
    """The incidents of ranked chunks: each at the place of its best one."""
    return list(dict.fromkeys(chunk_id.partition("#")[0] for chunk_id in chunk_ids))[:INCIDENTS]


def serve(make: Callable[[Task], Any], packages: Sequence[str], do: Requests | None = None) -> None:
    """Answer requests until standard input ends. ``make`` loads the model; ``packages`` are those whose versions matter.

    ``do`` are the requests, by name, that are answered; those above, if not given.
    """
    answers = _own_output()
    task = Task(**{name: Path(path) for name, path in json.loads(sys.argv[1]).items()})
    try:
        engine = _made(make, task)
    except ImportError as error:
        _say(answers, {"missing": str(error)})
        return
    _say(answers, {"ready": {name: version(name) for name in packages}})
    for line in sys.stdin:
        _say(answers, _answer(engine, json.loads(line), do or _DO))


def _made(make: Callable[[Task], Any], task: Task) -> Any:
    if task.vectors:
        from benchmarks.peers.given import answer_from

        answer_from([text for _, text in task.chunks()], task.vectors)
    return make(task)


def _own_output() -> Any:
    """The real standard output; whatever libraries print goes to standard error from now on."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _say(answers: Any, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def _answer(engine: Any, request: dict[str, Any], do: Requests) -> dict[str, Any]:
    try:
        return dict(do[request["do"]](engine, request))
    except Exception as error:  # noqa: BLE001  the process must answer, whatever its libraries raise
        return {"error": f"{type(error).__name__}: {error}"}


def _index(engine: Engine, _request: dict[str, Any]) -> dict[str, Any]:
    started, cpu = time.perf_counter(), time.process_time()
    passages = engine.index()
    return {"passages": passages, "seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}


def _search(engine: Engine, request: dict[str, Any]) -> dict[str, Any]:
    answers, milliseconds = [], []
    cpu = time.process_time()
    for text in request["texts"]:
        started = time.perf_counter()
        answers.append(engine.search(text))
        milliseconds.append(1000 * (time.perf_counter() - started))
    return {"answers": answers, "ms": milliseconds, "cpu": time.process_time() - cpu}


def _load(engine: Engine, request: dict[str, Any]) -> dict[str, Any]:
    started = time.perf_counter()
    texts, lock = itertools.cycle(request["texts"]), threading.Lock()
    done: list[int] = []
    errors: list[str] = []

    def client() -> None:
        for text in _until(started + request["seconds"], texts, lock):
            try:
                engine.search(text)
                done.append(1)
            except Exception as error:  # noqa: BLE001  counted, and the load goes on
                errors.append(f"{type(error).__name__}: {error}")

    clients = [threading.Thread(target=client) for _ in range(request["threads"])]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    return {"searches": len(done), "seconds": time.perf_counter() - started, "errors": len(errors), "first_error": errors[:1]}


def _until(end: float, texts: Iterator[str], lock: threading.Lock) -> Iterator[str]:
    while time.perf_counter() < end:
        with lock:
            text = next(texts)
        yield text


def _memory(_engine: Engine, _request: dict[str, Any]) -> dict[str, Any]:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    status = dict(line.split(":", 1) for line in lines)
    now, most = (int(status[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    return {"now": now, "most": most, "cpu": time.process_time()}


_DO: Requests = {
    "index": _index,
    "search": _search,
    "load": _load,
    "memory": _memory,
}
