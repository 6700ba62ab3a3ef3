"""A server that is slow to answer, in a process of its own: `python -m tests.web.slow_server PROCESSES SECONDS BYTES`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask

from rcasearch.settings import Settings
from rcasearch.web import server
from rcasearch.web.pushing import Pushing

ROOT = Path(__file__).parents[2]


class Unused:
    """In the place of an index that nobody asks for."""

    def warm(self) -> None:
        pass

    def open(self) -> None:
        pass

    def follow(self) -> None:
        pass

    def stop(self) -> None:
        pass


def slow_app(seconds: float, size: int) -> Flask:
    """Its /slow says "begun" on the standard output, and answers so much so much later."""
    app = Flask("slow")

    @app.get("/slow")
    def slow() -> str:
        os.write(1, b"begun\n")
        time.sleep(seconds)
        return "x" * size

    app.extensions["rcasearch"], app.extensions["push"] = Unused(), Pushing(Settings())
    return app


@contextmanager
def serving_slowly(workers: int, seconds: float, size: int) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process of such a server, and its URL."""
    command = [sys.executable, "-m", "tests.web.slow_server", *map(str, (workers, seconds, size))]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        yield process, process.stdout.readline().split()[3]


if __name__ == "__main__":
    processes, seconds, size = sys.argv[1:]
    vars(server)["create_app"] = lambda *_: slow_app(float(seconds), int(size))
    server.serve(Settings(port=0, workers=int(processes)))
