"""Prometheus metrics: what was asked, how long each stage took, what the answers were, and the index that gave them.

Several processes that answer for one server share their counts through files (prometheus-client's multiprocess mode). What any of
them can see for itself, such as the index, is read when Prometheus asks.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rcasearch.errors import RcaSearchError
from rcasearch.model import IndexInfo
from rcasearch.web.live import Live
from rcasearch.web.stages import Work

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

log = logging.getLogger("rcasearch.web")
# The library looks for it when it is first imported.
SHARED = "PROMETHEUS_MULTIPROC_DIR"
STAGES = ("read", "wait", "encode", "rank", "explain", "render")
VERDICTS = ("strong", "possible", "none")
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@contextmanager
def shared() -> Iterator[None]:
    """Let processes that are forked within, and import prometheus_client only then, count together."""
    try:
        folder = tempfile.mkdtemp(prefix="rcasearch-metrics-")
    except OSError as error:
        log.warning("There is no folder for temporary files (%s): /metrics tells of one process only.", error.strerror)
        yield
        return
    os.environ[SHARED] = folder
    try:
        yield
    finally:
        os.environ.pop(SHARED, None)
        shutil.rmtree(folder, ignore_errors=True)


def process_ended(process: int) -> None:
    """Count what a process had at the moment no longer; what it has counted stays."""
    if folder := os.environ.get(SHARED):
        for file in Path(folder).glob(f"gauge_live*_{process}.db"):
            file.unlink(missing_ok=True)


class Metrics:
    """The metrics of one application. Thread-safe."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._folder = os.environ.get(SHARED)
        counted = CollectorRegistry()
        self._requests = Counter("rcasearch_http_requests", "Requests answered.", ["method", "route", "status"], registry=counted)
        seconds = Histogram(
            "rcasearch_http_request_seconds", "Time to an answer, by route.", ["route"], registry=counted, buckets=BUCKETS
        )
        stages = Histogram(
            "rcasearch_stage_seconds", "Time of each stage of an answer.", ["stage"], registry=counted, buckets=BUCKETS
        )
        verdicts = Counter("rcasearch_verdicts", "Searches answered, by verdict.", ["verdict"], registry=counted)
        self._refused = Counter("rcasearch_refused", "Requests refused or given up, by why.", ["code"], registry=counted)
        self._waited = Histogram(
            "rcasearch_waited_seconds", "Time that requests waited for a thread.", registry=counted, buckets=BUCKETS
        )
        self._connections = Gauge("rcasearch_connections", "Open connections.", registry=counted, multiprocess_mode="livesum")
        self._waiting = Gauge(
            "rcasearch_waiting_requests", "Requests that wait for a thread.", registry=counted, multiprocess_mode="livesum"
        )
        self._seconds, self._registry = seconds, self._shown(counted)
        self._stages = {name: stages.labels(name) for name in STAGES}
        self._verdicts = {name: verdicts.labels(name) for name in VERDICTS}
        self._queues: dict[str, Callable[[], int]] = {}
        self._registry.register(_Queues(self._queues))
        self._registry.register(_Processes(self._folder))

    def watch_queue(self, name: str, depth: Callable[[], int]) -> None:
        """Show how much waits in a queue; ``depth`` is called when Prometheus asks."""
        self._queues[name] = depth

    def watch_load(self, connections: int, waiting: int) -> None:
        """Tell how many connections this process has, and how many requests wait in it."""
        self._connections.set(connections)
        self._waiting.set(waiting)

    def refused(self, code: str) -> None:
        """Count a request that was not answered for a reason other than what it asked."""
        self._refused.labels(code).inc()

    def waited(self, seconds: float) -> None:
        """Note how long a request waited for a thread."""
        self._waited.observe(seconds)

    def count(self, method: str, route: str, status: int, seconds: float, work: Work) -> None:
        """Count a request that was answered. ``route`` is a rule of the application, so that callers cannot invent more."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        for name, began, ended in work.stages:
            self._stages[name].observe(ended - began)
        for verdict in work.verdicts:
            self._verdicts[verdict].inc()

    def text(self, live: Live, *, whole: bool = True) -> bytes:
        """All of it in Prometheus' text format, or not the ``whole``: only what the index is that is served."""
        from prometheus_client import CollectorRegistry
        from prometheus_client.exposition import generate_latest

        index = CollectorRegistry()
        index.register(_Index(live))
        return (generate_latest(self._registry) if whole else b"") + generate_latest(index)

    def _shown(self, counted: CollectorRegistry) -> CollectorRegistry:
        """What is shown: the counts of this process, or of all that share a folder."""
        if not self._folder:
            return counted
        from prometheus_client import CollectorRegistry
        from prometheus_client.multiprocess import MultiProcessCollector

        every = CollectorRegistry()
        MultiProcessCollector(every, self._folder)  # type: ignore[no-untyped-call]
        return every


class _Index:
    def __init__(self, live: Live) -> None:
        self._live = live

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily

        info = self._info()
        yield GaugeMetricFamily("rcasearch_index_loaded", "Whether an index can be searched.", value=info is not None)
        if info is None:
            return
        age = time.time() - datetime.fromisoformat(info.created).timestamp()
        yield GaugeMetricFamily("rcasearch_index_age_seconds", "Time since the index was made.", value=age)
        yield GaugeMetricFamily("rcasearch_index_incidents", "Incidents in the index.", value=info.incidents)
        yield GaugeMetricFamily("rcasearch_index_passages", "Distinct passages in the index.", value=info.passages)
        yield GaugeMetricFamily("rcasearch_index_problems", "Problems in the documents.", value=info.problems)
        if info.bytes:  # who sees a part of the index is not told how large all of it is
            yield GaugeMetricFamily("rcasearch_index_bytes", "Size of the index on disk.", value=info.bytes)
        generation = {"id": info.id, "model": info.model, "created": info.created}
        yield InfoMetricFamily("rcasearch_index", "The generation that is served.", value=generation)

    def _info(self) -> IndexInfo | None:
        try:
            return self._live.searcher().info
        except RcaSearchError:
            return None


class _Queues:
    def __init__(self, queues: dict[str, Callable[[], int]]) -> None:
        self._queues = queues

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.metrics_core import GaugeMetricFamily

        family = GaugeMetricFamily("rcasearch_queue_depth", "Entries that wait, by queue.", labels=["queue"])
        for name, depth in self._queues.items():
            try:
                family.add_metric([name], depth())
            except Exception as error:  # noqa: BLE001 - a queue in trouble must not hide everything else
                log.warning("The depth of the queue %s cannot be told: %s", name, error)
        yield family


class _Processes:
    """What the system tells of this process, or of each that shares its counts: processor time, memory, open files."""

    def __init__(self, folder: str | None) -> None:
        self._folder = folder

    def collect(self) -> Iterator[Metric]:
        from prometheus_client import ProcessCollector

        families: dict[str, Metric] = {}
        for pid in self._pids():
            for metric in ProcessCollector(pid=partial(int, pid), registry=None).collect():
                family = families.setdefault(metric.name, metric)
                samples = [sample._replace(labels={"pid": str(pid)}) for sample in metric.samples]
                family.samples = [*(family.samples if family is not metric else ()), *samples]
        yield from families.values()

    def _pids(self) -> list[int]:
        if self._folder is None:
            return [os.getpid()]
        # One file of each kind and process: counter_123.db.
        named = {path.stem.rpartition("_")[2] for path in Path(self._folder).glob("counter_*.db")}
        return sorted(int(pid) for pid in named if pid.isdigit() and Path("/proc", pid).exists())
