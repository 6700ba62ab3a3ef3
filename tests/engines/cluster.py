"""A real Milvus of many processes: coordinators, a proxy, a data node, an index node and two query nodes.

Beside them etcd and a mock of Kafka. The mock keeps some 5 MB of a partition and nothing over a restart: what this cluster
shows of durability is nothing, and whoever writes much to it must write slowly and flush.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.engines import binary
from tests.engines.processes import Process, free_port, healthy, listens

START_SECONDS = 120
SESSION_SECONDS = 10
COORDINATORS = ("mixture", "-rootcoord", "-querycoord", "-datacoord", "-indexcoord")
NODES = {
    "datanode": "DATANODE_PORT",
    "indexnode": "INDEXNODE_PORT",
    "querynode-1": "QUERYNODE_PORT",
    "querynode-2": "QUERYNODE_PORT",
}
KAFKA = """
kafka:
  brokerList: {brokers}
  saslUsername:
  saslPassword:
  saslMechanisms:
  securityProtocol:
"""


class Cluster:
    """The cluster in a folder. Only for a network namespace of its own, as it listens on all interfaces."""

    def __init__(self, folder: Path, *, port: int = 19530) -> None:
        """Name the folder for data and logs, and the port of the proxy."""
        self.folder = folder
        self.uri = f"http://127.0.0.1:{port}"
        self.token = ""
        self.processes: dict[str, Process] = {}
        self._port = port
        self._logs = folder / "logs"

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def start(self) -> None:
        """Start all parts and wait until each says that it is healthy. Raises NotStarted."""
        self._logs.mkdir(parents=True, exist_ok=True)
        etcd = self._start_etcd()
        brokers = self._start_broker()
        settings: dict[str, bool | int | str] = {
            "etcd_port": etcd,
            "proxy_port": self._port,
            "etcd.use.embed": False,
            "mq.type": "kafka",
            "common.session.ttl": SESSION_SECONDS,
        }
        written = binary.configure(self.folder, settings) / "milvus.yaml"
        written.write_text(written.read_text("utf-8") + KAFKA.format(brokers=brokers), "utf-8")
        ports = {"coordinators": self._start_part("coordinators", *COORDINATORS), "proxy": self._start_part("proxy", "proxy")}
        ports |= {name: self._start_node(name) for name in NODES}
        for name, health in ports.items():
            self.processes[name].wait_until(lambda port=health: healthy(port), START_SECONDS)  # type: ignore[misc]
        self.processes["proxy"].wait_until(lambda: listens(self._port), START_SECONDS)

    def kill(self, name: str) -> None:
        """End one part as kill -9 does: `querynode-2`, `datanode`, `proxy`, ..."""
        self.processes[name].kill()

    def revive(self, name: str) -> None:
        """Start a node anew that was killed, and wait until it is healthy. Raises NotStarted."""
        health = self._start_node(name)
        self.processes[name].wait_until(lambda: healthy(health), START_SECONDS)

    def close(self) -> None:
        """End all of it and take its data away; the logs stay."""
        for process in reversed(self.processes.values()):
            process.kill()
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        shutil.rmtree(self.folder / "etcd", ignore_errors=True)

    def _start_etcd(self) -> int:
        port, peers = free_port(), free_port()
        urls = [f"--listen-client-urls=http://127.0.0.1:{port}", f"--advertise-client-urls=http://127.0.0.1:{port}"]
        peer = [f"--listen-peer-urls=http://127.0.0.1:{peers}", f"--data-dir={self.folder / 'etcd'}"]
        started = Process("etcd", ["etcd", *urls, *peer], self._logs / "etcd-output.log", folder=self.folder)
        self.processes["etcd"] = started
        started.wait_until(lambda: listens(port), START_SECONDS)
        return port

    def _start_broker(self) -> str:
        address = self.folder / "broker"
        script = Path(__file__).with_name("broker.py")
        command = [sys.executable, str(script), str(address)]
        started = Process("the mock of Kafka", command, self._logs / "broker.log", folder=self.folder)
        self.processes["broker"] = started
        started.wait_until(address.exists, START_SECONDS)
        return address.read_text("utf-8")

    def _start_node(self, name: str) -> int:
        return self._start_part(name, name.split("-", 1)[0], **{NODES[name]: str(free_port())})

    def _start_part(self, name: str, *roles: str, **env: str) -> int:
        program = binary.unpack()
        health = free_port()
        own = {"DEPLOY_MODE": "CLUSTER", "MILVUSCONF": str(self.folder / "configs"), "METRICS_PORT": str(health), **env}
        log = self._logs / f"{name}-output.log"
        command = [str(program.path), "run", *roles]
        self.processes[name] = Process(f"the {name} of the cluster", command, log, folder=self.folder, env={**program.env, **own})
        return health
