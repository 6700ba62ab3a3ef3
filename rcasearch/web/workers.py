"""Processes that share one listening socket: started, started again when one dies, and ended together.

One process answers about as many searches a second as one core can do, however many threads it has, since Python runs one thread
at a time. The parent imports what all need and forks before any of it has threads or buffers of its own; what was imported is in
memory once. It answers nothing itself.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import FrameType

from rcasearch.encoders.cores import cores, share
from rcasearch.encoders.network import load_openvino
from rcasearch.errors import RcaSearchError
from rcasearch.settings import Settings
from rcasearch.web.metrics import process_ended

log = logging.getLogger("rcasearch.web")
# More than so many processes at once were not tried.
_MOST = 8
# A process holds about 150 MB of its own, and some more of a large index.
_MEMORY_EACH = 1 << 30
# So many may die within so many seconds before it is given up.
_DEATHS, _WITHIN_S = 5, 60.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_PRELOADED = ("rcasearch.search", "faiss", "tokenizers")


class WorkersError(RcaSearchError):
    """The processes that answer keep dying."""

    code = "workers_died"


def count(settings: Settings) -> int:
    """How many processes are to answer: as the settings say, else one a core and no more than the memory allows.

    Always 1 where a process cannot safely be forked.
    """
    if not hasattr(os, "fork") or sys.platform == "darwin":
        return 1
    return settings.workers or max(1, min(cores(), _MOST, memory() // _MEMORY_EACH))


def memory(root: Path = Path("/")) -> int:
    """Bytes that this process and its like may use: the machine's, and no more than a container's limit; 0 if not known."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = (root / "sys/fs/cgroup/memory.max", root / "sys/fs/cgroup/memory/memory.limit_in_bytes")
    return min([total, *(int(text) for text in map(_text, limits) if text.isdigit())])


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def supervise(number: int, work: Callable[[bool], None], patience: int, stop: Callable[[], None] = lambda: None) -> None:
    """Run ``work`` in ``number`` processes until SIGTERM or SIGINT, which ends them by SIGTERM; asked twice, at once.

    ``work`` is given whether it is the first, and ends by itself on SIGTERM; what has not ended after ``patience`` seconds is
    killed. ``stop`` is called in this process when it is told to stop. Raises WorkersError where they die again and again.
    """
    _preload()
    _Supervisor(number, work, patience, stop).run()


def _preload() -> None:
    for name in _PRELOADED:
        import_module(name)
    # Without it, each process runs the model by sentence-transformers.
    with suppress(ImportError):
        load_openvino()
    # Collections would write to the pages that are shared.
    gc.collect()
    gc.freeze()


class _Supervisor:
    def __init__(self, number: int, work: Callable[[bool], None], patience: int, stop: Callable[[], None]) -> None:
        self._number, self._work, self._patience, self._told_to_stop = number, work, patience, stop
        self._processes: set[int] = set()
        self._deaths: deque[float] = deque(maxlen=_DEATHS)
        self._stopping = self._given_up = False
        # Nothing is ever written to it: where its other end closes, this process is gone.
        self._watched, self._held = os.pipe()

    def run(self) -> None:
        handlers = {signal.SIGTERM: self._stop, signal.SIGINT: self._stop, signal.SIGALRM: self._kill}
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            for place in range(self._number):
                self._start(first=place == 0)
            while self._processes:
                self._ended(*os.waitpid(-1, 0))
        finally:
            signal.alarm(0)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(self._watched)
            os.close(self._held)
        if self._given_up:
            raise WorkersError(
                f"{_DEATHS} processes of the server died within {_WITHIN_S:g} seconds, and so it stopped.",
                "The log tells how each of them ended. Where the system killed them, there may be too little memory.",
            )

    def _start(self, *, first: bool = False) -> None:
        # A signal that came between the fork and the note of it would not reach the child.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        process = os.fork()
        if not process:
            self._be_worker(first)
        self._processes.add(process)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    def _be_worker(self, first: bool) -> None:
        """Work in the child, and end it whatever happens: what called the parent must not go on in two processes."""
        code = 1
        try:
            os.close(self._held)
            # Ctrl+C goes to every process of a terminal; the parent passes on what is to stop.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            threading.Thread(target=self._watch, name="watch-parent", daemon=True).start()
            share(self._number)
            self._work(first)
            code = 0
        except BaseException:
            log.exception("A process of the server failed.")
        finally:
            logging.shutdown()
            os._exit(code)

    def _watch(self) -> None:
        """End as on SIGTERM when the parent is gone, however it went."""
        os.read(self._watched, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    def _ended(self, process: int, status: int) -> None:
        if process not in self._processes:
            return  # a child that this program had before it became a server
        self._processes.remove(process)
        process_ended(process)
        if self._stopping:
            return
        self._deaths.append(time.monotonic())
        how = os.waitstatus_to_exitcode(status)
        told = f"was killed by signal {-how}" if how < 0 else f"ended with {how}"
        if len(self._deaths) == _DEATHS and self._deaths[-1] - self._deaths[0] < _WITHIN_S:
            log.error("Process %d of the server %s, the %dth in a short time: the server stops.", process, told, _DEATHS)
            self._given_up = True
            self._stop()
        else:
            log.warning("Process %d of the server %s; another is started.", process, told)
            self._start()

    def _stop(self, _: int = 0, __: FrameType | None = None) -> None:
        self._stopping = True
        self._told_to_stop()
        signal.alarm(self._patience)
        self._tell_all(signal.SIGTERM)

    def _kill(self, _: int, __: FrameType | None) -> None:
        self._tell_all(signal.SIGKILL)

    def _tell_all(self, number: int) -> None:
        for process in self._processes:
            with suppress(ProcessLookupError):
                os.kill(process, number)
