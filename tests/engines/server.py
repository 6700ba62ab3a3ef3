"""A real Milvus server as one process: started on a folder, killed, and started again on what it kept."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.engines import binary
from tests.engines.processes import NotStarted, Process, free_port, healthy, listens

START_SECONDS = 90
ATTEMPTS = 3


class Server:
    """The server of the package `milvus`, with etcd, log broker and storage of its own inside.

    It listens on all interfaces whatever it is told: only for a network namespace of its own, and for one at a time, since
    the port of its etcd is fixed.
    """

    def __init__(self, folder: Path, *, users: bool = False, ttl: int = 10, port: int = 19530) -> None:
        """Name the folder to keep data in; `users` asks for names and passwords; `ttl` seconds it may be frozen for."""
        self.folder = folder
        self.token = "root:Milvus" if users else ""
        self.port = port
        self._values = {"common.session.ttl": ttl, "authorization_enabled": users, "proxy_port": self.port}
        self._process: Process | None = None

    @property
    def uri(self) -> str:
        """Where it listens, through every restart."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def process(self) -> Process:
        """The server as it runs now."""
        assert self._process, "the server was not started"
        return self._process

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.kill()
        shutil.rmtree(self.folder / "data", ignore_errors=True)

    def start(self) -> None:
        """Start it and wait until it says that it is healthy. Raises NotStarted."""
        program = binary.unpack()
        health = free_port()
        binary.configure(self.folder, self._values)
        self._process = Process(
            "the Milvus server",
            [str(program.path), "run", "standalone"],
            self.folder / "logs" / "output.log",
            folder=self.folder,
            env={**program.env, "DEPLOY_MODE": "STANDALONE", "METRICS_PORT": str(health)},
        )
        self._process.wait_until(lambda: healthy(health) and listens(self.port), START_SECONDS)

    def kill(self) -> None:
        """End it as kill -9 does."""
        if self._process:
            self._process.kill()

    def restart(self) -> None:
        """Kill it, and start it on what it kept. Raises NotStarted when it does not come up again and again.

        That takes half a minute: its parts look for each other where the sessions of its last life say, which etcd keeps for as
        long as a session lasts, from when it is itself up again. A part may find another one's port there, and end.
        """
        for _ in range(ATTEMPTS - 1):
            self.kill()
            with contextlib.suppress(NotStarted):
                return self.start()
        self.kill()
        return self.start()
