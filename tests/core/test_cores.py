"""How many processors there are to use: affinity and a container's share, whichever is less."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rcasearch.encoders.cores import cores, multiplies_bf16, prefers_integers


@pytest.fixture(autouse=True)
def eight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


def system(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / "sys/fs/cgroup" / name.replace("__", "/").replace("_max", ".max").replace("cfs", "cpu.cfs")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
    return root


@pytest.mark.parametrize(
    ("quota", "expected"),
    [
        ("max 100000\n", 8),
        ("200000 100000\n", 2),
        ("150000 100000\n", 2),
        ("10000 100000\n", 1),
        ("6400000 100000\n", 8),
        ("100000 0", 8),
        ("", 8),
        ("what is this", 8),
        ("200000", 8),
    ],
)
def test_a_containers_share_of_time_is_kept_to(quota: str, expected: int, tmp_path: Path) -> None:
    assert cores(system(tmp_path, cpu_max=quota)) == expected


@pytest.mark.parametrize(("quota", "expected"), [("-1", 8), ("300000", 3), ("250000", 3), ("x", 8)])
def test_so_is_one_told_in_the_older_form(quota: str, expected: int, tmp_path: Path) -> None:
    assert cores(system(tmp_path, cpu__cfs_quota_us=quota, cpu__cfs_period_us="100000\n")) == expected


def test_without_any_limit_told_the_affinity_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cores(tmp_path) == 8
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores(tmp_path) == 1


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("flags\t\t: fpu avx512f avx512_bf16 rdpid\n", True),
        ("processor: 0\nflags : fpu amx_bf16\n", True),
        ("flags\t: fpu avx512f avx512_bf16x\n", False),
        ("Features\t: fp asimd\n", False),
        ("", False),
    ],
)
def test_bfloat16_is_used_where_the_processor_has_it(told: str, expected: bool, tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(told, encoding="ascii")
    assert multiplies_bf16(tmp_path / "cpuinfo") is expected
    assert multiplies_bf16(tmp_path / "absent") is False


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("flags : fpu avx512f avx512_vnni avx512_bf16\n", True),
        ("flags : fpu avx2 avx_vnni\n", True),
        ("flags : fpu avx512f avx512_vnni avx512_bf16 amx_bf16 amx_tile amx_int8\n", False),
        ("flags : fpu avx512f avx512_bf16\n", False),
        ("Features : fp asimd i8mm\n", False),
        ("", False),
    ],
)
def test_integers_are_used_where_they_are_quickest(told: str, expected: bool, tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(told, encoding="ascii")
    assert prefers_integers(tmp_path / "cpuinfo") is expected
