"""What an engine needs for so many incidents, by what was measured of one node: docs/scale-out.md tells what is assumed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from benchmarks.measured import Fetch, Measured, Point, Search
from benchmarks.queueing import Samples, Service, Wait, in_turn, slowest, wait

GIB = 2**30
HOURS_A_MONTH = 730
# Of a row of the engine that is read by its key, the most: what is longer takes several.
_PIECE = 49_000


@dataclass(frozen=True)
class Assumed:
    """What is asked of the engine, the machines it runs on, and what these cost; prices are in one currency, whichever."""

    queries: float = 20.0
    replicas: int = 2
    # While an index is made anew, the old one and the new one are there.
    generations: int = 2
    cores: int = 16
    memory_gib: float = 64.0
    disk_gib: float = 1_000.0
    full: float = 0.7
    busy: float = 0.5
    segment_gib: float = 1.0
    server_cores: int = 8
    machines: int = 8
    machine_cores: int = 16
    build_cores: int = 64
    core_hour: float = 0.04
    memory_gib_hour: float = 0.005
    disk_gib_month: float = 0.08
    object_gib_month: float = 0.025
    budget_ms: float = 1_000.0
    budget_hours: float = 24.0
    # `rcasearch.stores.milvus.view.MOST`.
    looked_at: int = 200_000


@dataclass(frozen=True)
class Stage:
    """One thing that a query asks of every node, ``times`` over, and the ``cpu_ms`` that each node spends on it."""

    of: str
    service: Service
    cpu_ms: float
    times: float


@dataclass(frozen=True)
class Plan:
    """What ``incidents`` of the measured kind come to."""

    measured: Measured
    assumed: Assumed
    incidents: int

    @property
    def passages(self) -> float:
        return self.incidents * self.measured.corpus.passages / self.measured.corpus.incidents

    @property
    def encoded(self) -> float:
        """Passages that differ from all others."""
        return self.incidents * self.measured.corpus.distinct / self.measured.corpus.incidents

    @property
    def memory_gib(self) -> float:
        """What is searched, once: vectors, their indexes, and what is filtered by."""
        sizes = self.measured.bytes
        return (self.incidents * (sizes.head + sizes.profile) + self.passages * sizes.passage) / GIB

    @property
    def disk_gib(self) -> float:
        """What is read by its key, once."""
        sizes = self.measured.bytes
        return (self.incidents * (sizes.sketch + sizes.record) + self.encoded * sizes.tokens) / GIB

    @property
    def fan_out(self) -> int:
        """The query nodes that hold the whole index once, and that every query asks."""
        held, full = self.assumed.generations, self.assumed.full
        memory = self.memory_gib * held / (self.assumed.memory_gib * full)
        return max(1, math.ceil(memory), math.ceil(self.disk_gib * held / (self.assumed.disk_gib * full)))

    @property
    def replicas(self) -> int:
        """How often the index is held: as often as is wanted, or as the load needs."""
        needed = self.assumed.queries * self.cpu_ms / 1_000 / (self.assumed.cores * self.assumed.busy)
        return max(self.assumed.replicas, math.ceil(needed))

    @property
    def nodes(self) -> int:
        return self.fan_out * self.replicas

    @property
    def servers(self) -> int:
        """rcasearch servers; two at least, so that one may go."""
        busy = self.assumed.queries * self.measured.server.cpu_ms / 1_000 / (self.assumed.server_cores * self.assumed.busy)
        return max(2, math.ceil(busy))

    @property
    def cpu_ms(self) -> float:
        """Processor time of a query on each of the nodes that it asks."""
        return sum(stage.cpu_ms * stage.times for stage in self.stages)

    @cached_property
    def stages(self) -> list[Stage]:
        """What a query asks of the engine, one after the other."""
        searches = [self._search(search) for search in self.measured.searches]
        return [*searches, *(self._fetch(fetch) for fetch in self.measured.fetches)]

    def _search(self, search: Search) -> Stage:
        rows = (self.passages if search.of == "passages" else self.incidents) / self.fan_out
        row = {"heads": "head", "passages": "passage", "profiles": "profile"}[search.of]
        held = max(1.0, self.assumed.segment_gib * GIB / getattr(self.measured.bytes, row))
        segments = max(1, math.ceil(rows / held))
        point = between(search.at, max(1.0, rows / segments))
        # Segments are searched side by side, as far as there are cores, and then by turns.
        turns = segments / min(segments, self.assumed.cores)
        service = Service(point.p50_ms, point.p95_ms).longer(point.cpu_ms * (turns - 1))
        return Stage(search.of, service, point.cpu_ms * segments, search.times)

    def _fetch(self, fetch: Fetch) -> Stage:
        return Stage(fetch.of, Service(fetch.p50_ms, fetch.p95_ms), fetch.cpu_ms / self.fan_out, fetch.times)

    @property
    def node_wait(self) -> Wait:
        """How long a request waits at a node, all of whose cores work on one request after the other (M/G/1)."""
        times = sum(stage.times for stage in self.stages)
        means = [stage.cpu_ms / self.assumed.cores for stage in self.stages]
        mean = sum(one * stage.times for one, stage in zip(means, self.stages, strict=True)) / times
        squares = sum(
            one**2 * (1 + stage.service.variability) * stage.times for one, stage in zip(means, self.stages, strict=True)
        )
        return wait(self.assumed.queries / self.replicas * times, mean, squares / times / mean**2 - 1, 1)

    @cached_property
    def latency(self) -> Samples:
        """Times of a search from its arrival at a server to its answer, ascending, each as likely as the others."""
        own = Service(self.measured.server.p50_ms, self.measured.server.p95_ms)
        cpu, cores = self.measured.server.cpu_ms, self.assumed.server_cores
        at_server = slowest(own, wait(self.assumed.queries / self.servers, cpu, own.variability, cores), 1)
        waiting = self.node_wait
        asked = [stage.times * slowest(stage.service, waiting, self.fan_out) for stage in self.stages]
        return in_turn([at_server, *asked])

    def percentile(self, share: float) -> float:
        """The time (ms) within which this ``share`` of the searches is answered."""
        return float(np.quantile(self.latency, share))

    @property
    def rows(self) -> float:
        """Rows that are written: of each incident, of each passage, and the pieces of what is read by its key."""
        sizes = self.measured.bytes
        of_incident = 2 + math.ceil(sizes.sketch / _PIECE) + math.ceil(sizes.record / _PIECE)
        return self.incidents * of_incident + self.passages + self.encoded * math.ceil(sizes.tokens / _PIECE)

    @property
    def hours(self) -> dict[str, float]:
        """Hours of a full index by what they go into; documents are read and encoded while rows are written."""
        rates, cores = self.measured.indexing, self.assumed.machines * self.assumed.machine_cores
        seconds = {
            "read and encode": (self.incidents / rates.read + self.encoded / rates.encode) / cores,
            "write": self.rows / rates.upsert,
            "build": (self.passages + 2 * self.incidents) / rates.build / self.assumed.build_cores,
        }
        return {what: value / 3_600 for what, value in seconds.items()}

    @property
    def index_hours(self) -> float:
        """Hours of a full index."""
        hours = self.hours
        return max(hours["read and encode"], hours["write"]) + hours["build"]

    @property
    def costs(self) -> dict[str, float]:
        """What it costs a month, by what for: one full index a month is in it."""
        told = self.assumed
        node = told.cores * told.core_hour + told.memory_gib * told.memory_gib_hour
        server = told.server_cores * (told.core_hour + 2 * told.memory_gib_hour)
        builders = (told.machines * told.machine_cores + told.build_cores) * (told.core_hour + 2 * told.memory_gib_hour)
        return {
            "query nodes": self.nodes * (node * HOURS_A_MONTH + told.disk_gib * told.disk_gib_month),
            "servers": self.servers * server * HOURS_A_MONTH,
            "object store": (self.memory_gib + self.disk_gib) * told.generations * told.object_gib_month,
            "indexing": self.index_hours * builders,
        }

    @property
    def binding(self) -> str:
        """What the number of query nodes follows from."""
        if self.replicas > self.assumed.replicas:
            return "processors"
        if self.fan_out == 1:
            return "replicas"
        memory, disk = self.memory_gib / self.assumed.memory_gib, self.disk_gib / self.assumed.disk_gib
        return "memory" if memory >= disk else "disk"


def between(points: tuple[Point, ...], rows: float) -> Point:
    """What a search among so many rows takes, by what lies around it: a graph grows with the logarithm of its size.

    What lies beyond the last point goes on as the last two tell, and never falls.
    """
    if len(points) == 1 or rows <= points[0].rows:
        return points[0]
    upper = next((number for number, point in enumerate(points) if point.rows >= rows), len(points) - 1)
    low, high = points[upper - 1], points[upper]
    share = math.log(rows / low.rows) / math.log(high.rows / low.rows)

    def at(one: float, other: float) -> float:
        return max(one + share * (other - one), min(one, other) if share <= 1 else other)

    times = (at(getattr(low, name), getattr(high, name)) for name in ("p50_ms", "p95_ms", "cpu_ms"))
    return Point(max(1, round(rows)), *times)


def first_over(limit: Callable[[int], bool], most: int = 10**10) -> int | None:
    """The fewest incidents for which ``limit`` is passed, where more of them pass it as well; None where not even ``most`` do."""
    low, high = 0, most
    if not limit(high):
        return None
    while high - low > 1:
        # As many steps for the thousands as for the millions.
        middle = min(high - 1, max(low + 1, math.isqrt(low * high)))
        low, high = (low, middle) if limit(middle) else (middle, high)
    return high


def breaks(measured: Measured, assumed: Assumed) -> list[tuple[str, int | None]]:
    """What is no longer enough from how many incidents on, the first first. Of a limit that is never reached, None."""

    def at(incidents: int) -> Plan:
        return Plan(measured, assumed, incidents)

    kept = assumed.generations / assumed.full
    limits: dict[str, Callable[[int], bool]] = {
        "pages that look at every incident at once": lambda n: n > assumed.looked_at,
        "memory of one query node": lambda n: at(n).memory_gib * kept > assumed.memory_gib,
        "disk of one query node": lambda n: at(n).disk_gib * kept > assumed.disk_gib,
        f"processors of {assumed.replicas} replicas": lambda n: at(n).replicas > assumed.replicas,
        f"{assumed.budget_ms:,.0f} ms for 95 of 100 searches": lambda n: at(n).percentile(0.95) > assumed.budget_ms,
        f"{assumed.budget_hours:,.0f} hours for a full index": lambda n: at(n).index_hours > assumed.budget_hours,
    }
    found = [(what, first_over(limit)) for what, limit in limits.items()]
    return sorted(found, key=lambda pair: (pair[1] is None, pair[1] or 0))
