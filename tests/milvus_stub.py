"""What stands where an engine should: one that tells its version and no more, and a socket that says nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc

from rcasearch.stores.milvus import sdk

sdk.pymilvus()
from pymilvus.grpc_gen import milvus_pb2, milvus_pb2_grpc  # noqa: E402 - importing pymilvus by itself reads a file .env


class Stub(milvus_pb2_grpc.MilvusServiceServicer):  # type: ignore[misc]
    """An engine at ``port``, which can be stopped and begun again there. While it ``hangs``, nobody is answered."""

    def __init__(self, version: str = "v2.6.4", password: str = "") -> None:
        self.version, self.password = version, password
        self.hangs = threading.Event()
        self.asked, self.arrived = 0, threading.Event()
        self.port = 0
        self._server: Any = None
        self._ended = threading.Event()
        self.start()

    def start(self) -> None:
        self._ended.clear()
        self._server = grpc.server(ThreadPoolExecutor(32), options=[("grpc.so_reuseport", 0)])
        milvus_pb2_grpc.add_MilvusServiceServicer_to_server(self, self._server)
        self.port = self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        self._server.start()

    def stop(self) -> None:
        """End at once, also what is being answered."""
        self._server.stop(0).wait(10)
        self._ended.set()

    def Connect(self, request: Any, context: Any) -> Any:  # noqa: N802 - the service calls it so
        self._admit(context)
        return milvus_pb2.ConnectResponse(identifier=1)

    def GetVersion(self, request: Any, context: Any) -> Any:  # noqa: N802 - the service calls it so
        self._admit(context)
        return milvus_pb2.GetVersionResponse(version=self.version)

    def _admit(self, context: Any) -> None:
        self.asked += 1
        self.arrived.set()
        while self.hangs.is_set() and context.is_active() and not self._ended.wait(0.01):
            pass
        if self.password and f"root:{self.password}" != _token(context):
            context.abort(grpc.StatusCode.UNAUTHENTICATED, f"auth check failure, please check {_token(context)}")


def _token(context: Any) -> str:
    import base64

    told = dict(context.invocation_metadata()).get("authorization", "")
    return base64.b64decode(told).decode()


@contextmanager
def stub(**settings: str) -> Iterator[Stub]:
    found = Stub(**settings)
    try:
        yield found
    finally:
        found.stop()


@contextmanager
def silent() -> Iterator[int]:
    """The port of a socket that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield int(listening.getsockname()[1])


def closed_port() -> int:
    """A port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
