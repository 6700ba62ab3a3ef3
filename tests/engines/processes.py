"""The processes of an engine: started, waited for without ever hanging, frozen, and ended as a crash ends them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

LINES = 25


class NotStarted(RuntimeError):
    """An engine did not come up, or ended while it did; the message ends with the last lines of its log."""


class Process:
    """One child with a log of its own, that the kernel ends when this process ends.

    It is ended by SIGKILL alone: Milvus takes minutes over SIGTERM.
    """

    def __init__(self, name: str, command: Sequence[str], log: Path, *, folder: Path, env: Mapping[str, str] | None = None):
        setpriv = shutil.which("setpriv")
        tied = [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                [*tied, *command],
                cwd=folder,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def running(self) -> bool:
        return self._popen.poll() is None

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until `ready` says so. Raises NotStarted when the process ends first, or after so many seconds."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.running:
                raise NotStarted(f"{self.name} ended with status {self._popen.returncode}.\n{self.last_lines()}")
            if time.monotonic() > deadline:
                raise NotStarted(f"{self.name} was not ready within {seconds:g} seconds.\n{self.last_lines()}")
            time.sleep(0.1)

    def last_lines(self) -> str:
        """The end of the log: of lines that tell of trouble, where there are any."""
        lines = self.log.read_text("utf-8", "replace").splitlines()
        trouble = [line for line in lines if any(word in line for word in ("[ERROR]", "[FATAL]", "panic:", "Error"))]
        return "\n".join((trouble or lines)[-LINES:])

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Not answering and not dead, as a machine without a free processor or behind a dead cable is."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, as kill -9 does; nothing happens to what has ended already."""
        self._popen.kill()
        self._popen.wait(timeout=30)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether a connection to the port is taken."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def healthy(port: int) -> bool:
    """Whether a part of Milvus says on this port that all of it works."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return b"OK" in answer.read()
    except (OSError, urllib.error.URLError):
        return False
