"""Work in several processes: the same results in the same order, plain errors, and nothing left running or lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rcasearch.errors import RcaSearchError
from rcasearch.indexing import making, work, workers
from rcasearch.indexing.workers import Workers
from rcasearch.stores.generations import current
from tests.core.fakes import FakeEncoder, build_with, write_corpus

ROOT = Path(__file__).parents[2]


def double(shared: int, item: int) -> tuple[int, int]:
    return shared * item, os.getpid()


def pause(shared: float, item: int) -> int:
    time.sleep(shared * (item % 3))
    return item


def refuse(shared: int, item: int) -> int:
    if item == shared:
        raise ValueError(f"not {item}")
    return item


def die(shared: int, item: int) -> int:
    if item == shared:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def print_much(_shared: None, item: int) -> int:
    print("printed", item)
    return item


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "FEWEST", 2)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_results_come_in_order_from_several_processes() -> None:
    with Workers(3) as pool:
        found = list(pool.map(double, 7, range(500), 500))
        again = list(pool.map(double, 2, range(100), 100))
    assert [value for value, _ in found] == [7 * item for item in range(500)]
    assert [value for value, _ in again] == [2 * item for item in range(100)]
    pids = {pid for _, pid in found}
    assert len(pids) == 3
    assert os.getpid() not in pids
    assert {pid for _, pid in again} <= pids
    assert all(gone(pid) for pid in pids)


def test_who_is_slow_does_not_change_the_order() -> None:
    with Workers(2) as pool:
        assert list(pool.map(pause, 0.002, range(200), 200)) == list(range(200))


@pytest.mark.parametrize(("count", "total"), [(1, 500), (4, 1)])
def test_little_is_done_here(count: int, total: int) -> None:
    with Workers(count) as pool:
        assert {pid for _, pid in pool.map(double, 1, range(total), total)} == {os.getpid()}


def test_no_more_is_taken_than_is_worked_on() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(10_000):
            taken.append(item)
            yield item

    with Workers(2) as pool:
        results = pool.map(double, 1, items(), 10_000)
        assert next(results)[0] == 0
        assert len(taken) < 500


def test_an_error_is_the_one_that_was_raised() -> None:
    with Workers(2) as pool, pytest.raises(ValueError, match="not 77"):
        list(pool.map(refuse, 77, range(500), 500))


def test_a_process_that_dies_is_an_error_that_tells_what_to_do() -> None:
    with Workers(2) as pool, pytest.raises(RcaSearchError, match=r"ended before its time \(exit code -9\)") as caught:
        list(pool.map(die, 77, range(500), 500))
    assert "Run the command again" in caught.value.hint


def test_what_is_printed_does_not_come_between() -> None:
    with Workers(2) as pool:
        assert list(pool.map(print_much, None, range(200), 200)) == list(range(200))


def test_who_stops_in_the_middle_leaves_nothing_running() -> None:
    pids: list[int] = []

    def interrupted() -> None:
        with Workers(2) as pool:
            pids.append(next(pool.map(double, 1, range(500), 500))[1])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert gone(pids[0])


def test_an_index_made_by_several_processes_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_corpus(tmp_path / "documents", 150)
    (source / "bad.md").write_bytes(b"\x00\x01" * 500)
    build_with(FakeEncoder(), source, tmp_path / "one")
    monkeypatch.setattr(making, "portable", lambda _encoder: True)
    monkeypatch.setattr(making, "cores", lambda: 3)
    report = build_with(FakeEncoder(), source, tmp_path / "many")
    assert [problem.path for problem in report.problems if problem.skipped] == ["bad.md"]
    one, many = (
        {path.name: path.read_bytes() for path in current(tmp_path / name).iterdir() if path.name != "manifest.json"}
        for name in ("one", "many")
    )
    assert one.keys() == many.keys()
    assert {name for name in one if one[name] != many[name]} == set()


# A process that indexes and reads slowly: it tells of each document, and of each batch that it encodes.
SLOW = """
import sys, time
from pathlib import Path
from rcasearch.indexing import work
from tests.core.fakes import FakeEncoder, build_with

def slow(name, pause):
    real = getattr(work, name)
    def run(*args):
        print(name, flush=True)
        time.sleep(pause)
        return real(*args)
    setattr(work, name, run)

slow(sys.argv[3], 0.005)
build_with(FakeEncoder(), Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.mark.parametrize("stage", ["read", "masked", "finished"])
def test_what_was_done_before_a_kill_is_not_done_again(tmp_path: Path, stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 400 documents, killed after 300."""
    source = write_corpus(tmp_path / "documents", 400)
    command = [sys.executable, "-c", SLOW, str(source), str(tmp_path / "index"), stage]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(300):
            assert process.stdout.readline() == f"{stage}\n"
        process.send_signal(signal.SIGKILL)
    counts = dict.fromkeys(("read", "masked", "finished"), 0)
    for name in counts:
        real = getattr(work, name)
        monkeypatch.setattr(
            work, name, lambda *args, real=real, name=name: (counts.update({name: counts[name] + 1}), real(*args))[1]
        )
    build_with(FakeEncoder(), source, tmp_path / "index")
    expected = {"read": (400 - 256, 400, 400), "masked": (0, 400 - 256, 400), "finished": (0, 0, 400)}[stage]
    assert (counts["read"], counts["masked"], counts["finished"]) == expected
