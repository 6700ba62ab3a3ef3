"""Work on many documents, done by as many processes as there are processors; on few, by this one.

A process is started as a command and spoken to over its pipes, so that it needs nothing of the program that builds the index:
`multiprocessing` would import that program's main module once more.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self, TypeVar

from rcasearch.errors import RcaSearchError

Shared = TypeVar("Shared")
Item = TypeVar("Item")
Result = TypeVar("Result")
Work = Callable[[Shared, Item], Result]

# With fewer documents, starting the processes takes longer than they save.
FEWEST = 400
_BATCH = 32
# Batches that wait for each process.
_AHEAD = 2


class Workers:
    """Up to ``count`` processes, started when there is enough for them to do, and gone when the block ends."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._processes: list[_Process] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end()

    def map(self, work: Work[Shared, Item, Result], shared: Shared, items: Iterable[Item], total: int) -> Iterator[Result]:
        """``work(shared, item)`` of each of ``total`` items, in their order; what it needs and gives must be picklable.

        No more items are taken than the processes are busy with. Raises what ``work`` raises, and RcaSearchError where a process
        ends before its time.
        """
        if self._count < 2 or total < FEWEST:
            return (work(shared, item) for item in items)
        return self._spread(work, shared, items)

    def _spread(self, work: Work[Shared, Item, Result], shared: Shared, items: Iterable[Item]) -> Iterator[Result]:
        while len(self._processes) < self._count:
            self._processes.append(_Process())
        idle: SimpleQueue[_Process] = SimpleQueue()
        for process in self._processes:
            idle.put(process)
        batches = _batches(items)
        with ThreadPoolExecutor(self._count) as threads:
            try:
                jobs = (threads.submit(_ask, idle, work, shared, batch) for batch in batches)
                running = deque(islice(jobs, _AHEAD * self._count))
                while running:
                    yield from running.popleft().result()
                    running.extend(islice(jobs, 1))
            except BaseException:
                # Threads wait for answers, and this block for the threads.
                self._end()
                threads.shutdown(cancel_futures=True)
                raise

    def _end(self) -> None:
        for process in self._processes:
            process.end()
        self._processes.clear()


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def _ask(idle: SimpleQueue[_Process], work: Work[Any, Any, Any], shared: Any, batch: Sequence[Any]) -> list[Any]:
    process = idle.get()
    try:
        return process.ask(work, shared, batch)
    finally:
        idle.put(process)


class _Process:
    """One process that does what it is asked, a batch at a time."""

    def __init__(self) -> None:
        command = [sys.executable, "-c", "from rcasearch.indexing.workers import serve; serve()"]
        # Each process has a core: threads of a tokenizer would wait for those of the others.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TOKENIZERS_PARALLELISM": "false"}
        # In a session of its own, no key that interrupts this process is sent to it as well: it ends when its pipe does.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, start_new_session=True
        )
        self._told: Any = None

    def ask(self, work: Work[Any, Any, Any], shared: Any, batch: Sequence[Any]) -> list[Any]:
        """The results for a batch. What all batches share is sent once."""
        assert self._process.stdin
        assert self._process.stdout
        job = (work, batch) if self._told is shared else (work, batch, shared)
        try:
            pickle.dump(job, self._process.stdin, pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()
            self._told = shared
            results, error = pickle.load(self._process.stdout)  # noqa: S301
        except (EOFError, OSError, pickle.UnpicklingError):
            raise RcaSearchError(
                f"A process that reads documents ended before its time (exit code {self._process.wait()}).",
                "It may have run out of memory. Run the command again: what was read so far is kept.",
            ) from None
        if error is not None:
            raise error
        return list(results)

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


def serve() -> None:
    """Do what is asked on standard input, until that ends. What is printed goes to standard error."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    shared: Any = None
    while True:
        try:
            work, batch, *told = pickle.load(sys.stdin.buffer)  # noqa: S301
            shared = told[0] if told else shared
            pickle.dump(_done(work, shared, batch), answers, pickle.HIGHEST_PROTOCOL)
            answers.flush()
        except (EOFError, BrokenPipeError):
            # Who asked is gone.
            os._exit(0)


def _done(work: Work[Any, Any, Any], shared: Any, batch: Sequence[Any]) -> tuple[list[Any], Exception | None]:
    try:
        return [work(shared, item) for item in batch], None
    except Exception as error:  # noqa: BLE001
        return [], error
