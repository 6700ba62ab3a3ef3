"""milvus-lite: the calls of Milvus in one Python process, for tests of what is asked and not of how fast or how well."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.engines.processes import Process, free_port, listens

START_SECONDS = 60


def missing() -> str:
    """Why it cannot run here; empty if it can."""
    absent = [name for name in ("pymilvus", "milvus_lite") if importlib.util.find_spec(name) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


@contextlib.contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[str]:
    """A server for many processes on this folder, on the loopback interface alone; gives its URI. Raises NotStarted."""
    port = port or free_port()
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "milvus_lite", "server", "--host", "127.0.0.1", "--port", str(port)]
    process = Process("milvus-lite", [*command, "--data-dir", str(folder / "data")], folder / "output.log", folder=folder)
    try:
        process.wait_until(lambda: listens(port), START_SECONDS)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
