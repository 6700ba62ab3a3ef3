"""How many processors this process may use, and what they can do."""

from __future__ import annotations

import os
import re
from pathlib import Path

# Where Linux tells of the time that a group of processes may have, in its second and its first form.
_QUOTA_V2 = "sys/fs/cgroup/cpu.max"
_QUOTA_V1 = ("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "sys/fs/cgroup/cpu/cpu.cfs_period_us")
_BF16 = {"avx512_bf16", "amx_bf16"}


def cores(root: Path = Path("/")) -> int:
    """The processors that this process may use: its affinity, and no more than a container's share of time."""
    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(mine, _quota(root) or mine))


def multiplies_bf16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the processor multiplies bfloat16 itself; elsewhere that precision would be slower, not faster."""
    flags = re.search(r"^flags\s*:(.*)$", _text(cpuinfo), re.MULTILINE)
    return bool(flags and _BF16.intersection(flags[1].split()))


def _quota(root: Path) -> int | None:
    """Processors' worth of time, rounded up; None where there is no limit."""
    parts = _text(root / _QUOTA_V2).split() or [_text(root / path).strip() for path in _QUOTA_V1]
    quota, period = [int(part) if part.isdigit() else 0 for part in (*parts, "", "")[:2]]
    return -(-quota // period) if quota and period else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
