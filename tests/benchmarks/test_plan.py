"""The plan past one machine: against cases reckoned by hand, a simulation, and what more of something can only do."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import plan
from benchmarks.measured import Measured, Point, read
from benchmarks.plan_model import GIB, Assumed, Plan, between, breaks, first_over
from benchmarks.queueing import POINTS, Service, Wait, erlang_c, in_turn, slowest, wait

# Round numbers: an incident has ten passages, half of them its own, and takes 1,000 bytes in memory and 20,000 on the disk.
FILE: dict[str, Any] = {
    "machine": "2 cores",
    "engine": "an engine",
    "corpus": {"name": "round", "incidents": 100, "passages": 1_000, "distinct": 500},
    "bytes": {"head": 300, "passage": 50, "profile": 200, "sketch": 3_000, "record": 2_000, "tokens": 3_000},
    "searches": [
        {
            "of": "passages",
            "at": [
                {"rows": 1_000, "p50_ms": 2.0, "p95_ms": 4.0, "cpu_ms": 1.0},
                {"rows": 100_000, "p50_ms": 4.0, "p95_ms": 8.0, "cpu_ms": 3.0},
            ],
        },
        {"of": "heads", "at": [{"rows": 1_000, "p50_ms": 2.0, "p95_ms": 4.0, "cpu_ms": 1.0}]},
    ],
    "fetches": [{"of": "sketch", "keys": 400, "p50_ms": 20.0, "p95_ms": 30.0, "cpu_ms": 8.0, "times": 0.5}],
    "server": {"p50_ms": 25.0, "p95_ms": 40.0, "cpu_ms": 20.0},
    "indexing": {"read": 100.0, "encode": 50.0, "upsert": 10_000.0, "build": 1_000.0},
}
MEASURED = msgspec.convert(FILE, Measured)
NOBODY_WAITS = Wait(0.0, 1.0)


def planned(incidents: int, **assumed: Any) -> Plan:
    return Plan(MEASURED, replace(Assumed(), **assumed), incidents)


def test_erlangs_chance_of_waiting() -> None:
    assert erlang_c(1, 0.3) == pytest.approx(0.3)
    assert erlang_c(2, 1.0) == pytest.approx(1 / 3)
    # By the sum that defines it: ten servers, of which seven are busy on average.
    terms = [7.0**n / math.factorial(n) for n in range(10)]
    last = 7.0**10 / math.factorial(10) * 10 / 3
    assert erlang_c(10, 7.0) == pytest.approx(last / (sum(terms) + last))
    assert erlang_c(3, 3.0) == 1.0
    assert erlang_c(500, 1.0) == pytest.approx(0.0, abs=1e-12)


def test_waits_of_one_server_are_those_of_the_textbook() -> None:
    # M/M/1, 8 of 10 ms busy: 0.8 / (1 - 0.8) * 10 ms. M/D/1: half of it.
    assert wait(80, 10.0, 1.0, 1).mean == pytest.approx(40.0)
    assert wait(80, 10.0, 0.0, 1).mean == pytest.approx(20.0)
    assert wait(80, 10.0, 1.0, 1).within(np.array([-1.0, 0.0])).tolist() == pytest.approx([0.0, 0.2])
    with pytest.raises(ValueError, match="would be busy"):
        wait(101, 10.0, 1.0, 1)


def test_the_wait_is_that_of_a_simulated_queue() -> None:
    service, chance = Service(6.0, 18.0), np.random.default_rng(7)
    times = chance.lognormal(math.log(6.0), service.sigma, 400_000)
    arrivals = chance.exponential(1_000 / 90, 400_000)
    # Lindley: who comes waits for what is left of the wait and the work of who came before.
    steps = np.concatenate([[0.0], np.cumsum(times[:-1] - arrivals[1:])])
    waited = steps - np.minimum.accumulate(steps)
    found = wait(90, service.mean, service.variability, 1)
    assert found.mean == pytest.approx(waited.mean(), rel=0.1)
    assert found.chance == pytest.approx((waited > 0).mean(), abs=0.02)


def test_a_service_time_has_the_percentiles_that_it_is_told_by() -> None:
    service = Service(10.0, 30.0)
    assert np.quantile(service.samples, [0.5, 0.95]) == pytest.approx([10.0, 30.0], rel=0.02)
    assert service.mean == pytest.approx(service.samples.mean(), rel=0.02)
    assert Service(10.0, 10.0).variability == 0
    assert np.ptp(Service(10.0, 10.0).samples) == 0


def test_the_slowest_of_many_is_slower() -> None:
    service = Service(10.0, 20.0)
    assert slowest(service, NOBODY_WAITS, 1) == pytest.approx(service.samples, rel=0.01)
    # Of 14 that all must answer, half of the time the slowest is beyond what 0.5 ** (1 / 14) = 95.2 % of them are.
    assert np.median(slowest(service, NOBODY_WAITS, 14)) == pytest.approx(20.0, rel=0.03)
    busy = wait(60, service.mean, service.variability, 1)
    assert (slowest(service, busy, 4) >= slowest(service, NOBODY_WAITS, 4)).all()
    assert slowest(service, busy, 1).mean() == pytest.approx(service.mean + busy.mean, rel=0.03)


def test_stages_add_up() -> None:
    total = in_turn([Service(10.0, 20.0).samples, Service(5.0, 5.0).samples])
    assert len(total) == POINTS
    assert total.mean() == pytest.approx(Service(10.0, 20.0).samples.mean() + 5)


def test_what_lies_between_what_was_measured() -> None:
    points = MEASURED.searches[0].at
    assert between(points, 10) == points[0]
    # Half way, counted in powers.
    assert between(points, 10_000) == Point(10_000, 3.0, 6.0, 2.0)
    assert between(points, 10_000_000) == Point(10_000_000, 6.0, 12.0, 5.0)
    falling = (Point(10, 2.0, 4.0, 1.0), Point(100, 1.0, 2.0, 0.5))
    assert between(falling, 10_000).p50_ms == 1.0


def test_a_plan_that_was_reckoned_by_hand() -> None:
    found = planned(100_000_000)
    assert found.memory_gib == pytest.approx(1e8 * 1_000 / GIB)
    assert found.disk_gib == pytest.approx(1e8 * 20_000 / GIB)
    # Two generations of 93.1 GiB on nodes of 64 GiB of which 70 % may be full; and of 1,863 GiB on disks of 1,000.
    assert math.ceil(2 * 93.13 / 44.8) == 5
    assert found.fan_out == math.ceil(2 * 1_862.6 / 700) == 6
    assert (found.replicas, found.nodes, found.binding) == (2, 12, "disk")
    # A search of 167 million passages at 50 bytes: eight segments, side by side on 16 cores.
    stage = found.stages[0]
    assert stage.service.p50 == pytest.approx(between(MEASURED.searches[0].at, 1e9 / 6 / 8).p50_ms)
    assert stage.cpu_ms == pytest.approx(8 * between(MEASURED.searches[0].at, 1e9 / 6 / 8).cpu_ms)
    assert found.stages[2].cpu_ms == pytest.approx(8 / 6)
    # 5 rows of an incident and of its five passages, ten passages of which none is stored twice.
    assert found.rows == 1e8 * (4 + 10 + 5)
    assert found.hours["write"] == pytest.approx(1.9e9 / 10_000 / 3_600)
    assert found.hours["read and encode"] == pytest.approx((1e6 + 1e7) / 128 / 3_600)
    assert found.hours["build"] == pytest.approx(1.2e9 / 1_000 / 64 / 3_600)
    assert found.index_hours == found.hours["write"] + found.hours["build"]


def test_segments_beyond_the_cores_are_searched_by_turns() -> None:
    one = planned(100_000_000, cores=1, disk_gib=1e6, memory_gib=1e6, queries=0.01).stages[0]
    held = GIB / 50
    segments = math.ceil(1e9 / held)
    point = between(MEASURED.searches[0].at, 1e9 / segments)
    assert one.service.p50 == pytest.approx(point.p50_ms + point.cpu_ms * (segments - 1))


def test_load_needs_replicas_and_servers() -> None:
    idle, busy = planned(1_000, queries=1), planned(1_000, queries=5_000)
    assert (idle.replicas, idle.servers, idle.nodes, idle.binding) == (2, 2, 2, "replicas")
    # Each query takes the node 1 + 1 + 8 / 2 ms; of 16 cores, half may be busy.
    assert idle.cpu_ms == pytest.approx(between(MEASURED.searches[0].at, 10_000).cpu_ms + 1 + 4)
    assert busy.replicas == math.ceil(5_000 * busy.cpu_ms / 1_000 / 8)
    assert busy.servers == math.ceil(5_000 * 0.020 / 4)
    assert busy.binding == "processors"


def test_what_it_costs_a_month() -> None:
    found = planned(1_000, core_hour=1.0, memory_gib_hour=0.0, disk_gib_month=0.0, object_gib_month=0.0)
    assert found.costs["query nodes"] == 2 * 16 * 730
    assert found.costs["servers"] == 2 * 8 * 730
    assert found.costs["indexing"] == pytest.approx(found.index_hours * (8 * 16 + 64))
    assert planned(1_000, core_hour=0.0, memory_gib_hour=0.0, object_gib_month=0.0).costs["query nodes"] == 2 * 80.0


def test_the_first_that_is_too_many() -> None:
    assert first_over(lambda count: count > 200_000) == 200_001
    assert first_over(lambda count: count >= 1) == 1
    assert first_over(lambda count: False) is None


def test_what_breaks_first_comes_first() -> None:
    found = breaks(MEASURED, Assumed())
    assert found[0] == ("pages that look at every incident at once", 200_001)
    counts = [count for _, count in found if count]
    assert counts == sorted(counts)
    memory = dict(found)["memory of one query node"]
    assert memory == math.floor(64 * 0.7 / 2 * GIB / 1_000) + 1
    assert breaks(MEASURED, replace(Assumed(), budget_ms=1.0))[0] == ("1 ms for 95 of 100 searches", 1)


@given(st.integers(1, 10**9), st.integers(2, 1_000), st.floats(0.1, 500))
@settings(max_examples=25, deadline=None)
def test_more_incidents_never_need_less(incidents: int, times: int, queries: float) -> None:
    few, many = planned(incidents, queries=queries), planned(incidents * times, queries=queries)
    for name in ("passages", "memory_gib", "disk_gib", "fan_out", "servers", "rows", "index_hours"):
        assert getattr(few, name) <= getattr(many, name), name
    assert 0 < few.percentile(0.5) <= few.percentile(0.95)


@given(st.floats(0.5, 50), st.floats(1, 5), st.floats(0.01, 0.9), st.floats(1, 1.1), st.integers(1, 64), st.integers(1, 64))
@settings(max_examples=100, deadline=None)
def test_more_load_and_more_nodes_are_never_faster(
    p50: float, spread: float, load: float, more: float, one: int, other: int
) -> None:
    service = Service(p50, p50 * spread)
    few = wait(1_000 * load / service.mean, service.mean, service.variability, 1)
    many = wait(1_000 * load * more / service.mean, service.mean, service.variability, 1)
    assert few.mean <= many.mean
    low, high = sorted((one, other))
    assert (slowest(service, few, low) <= slowest(service, few, high) + 1e-6).all()


def test_the_report_is_a_table_of_every_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "engine.json"
    path.write_text(json.dumps({**FILE, "notes": ["rates of the disk"]}), encoding="utf-8")
    assert read(path).notes == ("rates of the disk",)
    assert plan.main([str(path), "--incidents", "1000", "2000000", "--replicas", "3"]) == 0
    shown = capsys.readouterr().out
    assert "| incidents | 1,000 | 2,000,000 |" in shown
    assert "| replicas | 3 | 3 |" in shown
    assert "Not measured there: rates of the disk." in shown
    assert all(len(re.findall(r"\|", line)) in (3, 4) for line in shown.splitlines() if line.startswith("|"))


def test_a_file_that_cannot_be_used_is_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "engine.json"
    path.write_text(json.dumps({**FILE, "server": {"p50_ms": -1, "p95_ms": 2, "cpu_ms": 1}}), encoding="utf-8")
    assert plan.main([str(path)]) == 2
    assert "$.server.p50_ms" in capsys.readouterr().err
    assert plan.main([str(tmp_path / "none.json")]) == 2
