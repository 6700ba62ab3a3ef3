"""A contestant behind the simplest server that is fair: Flask under waitress, with as many threads as ours has.

``python -m benchmarks.peers.web MODULE TASK THREADS``, where MODULE has `make` and TASK is as `serving` takes it.
"""

from __future__ import annotations

import importlib
import json
import socket
import sys
from pathlib import Path

from flask import Flask, Response, jsonify, request
from waitress import serve

from benchmarks.peers.serving import Engine, Task


def application(engine: Engine) -> Flask:
    """Searches by POST, as this project's server takes them; ready from the start, as the index is open by then."""
    app = Flask("peer")

    @app.get("/readyz")
    def readyz() -> Response:
        return jsonify(status="ok")

    @app.post("/api/v1/search")
    def search() -> Response:
        return jsonify(hits=engine.search(request.get_json()["text"]))

    return app


def main() -> None:
    module, task, threads = sys.argv[1:]
    engine: Engine = importlib.import_module(module).make(Task(**{name: Path(path) for name, path in json.loads(task).items()}))
    engine.search("ready")
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(f"listens on http://127.0.0.1:{listener.getsockname()[1]}/", flush=True)
    serve(application(engine), sockets=[listener], threads=int(threads))


if __name__ == "__main__":
    main()
