"""How many processors this process may use, and what they can do."""

from __future__ import annotations

import os
import re
from pathlib import Path

# Where Linux tells of the time that a group of processes may have, in its second and its first form.
_QUOTA_V2 = "sys/fs/cgroup/cpu.max"
_QUOTA_V1 = ("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "sys/fs/cgroup/cpu/cpu.cfs_period_us")
_CPUINFO = Path("/proc/cpuinfo")
_processes = 1
_BF16 = {"avx512_bf16", "amx_bf16"}
_INTEGERS, _AMX = {"avx512_vnni", "avx_vnni"}, "amx_bf16"


def cores(root: Path = Path("/")) -> int:
    """The processors that this process may use: its affinity, no more than a container's time, and its part of what is shared."""
    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(mine, _quota(root) or mine) // _processes)


def share(processes: int) -> None:
    """From now on, `cores` are a part of the processors, since so many processes like this one do the same work."""
    global _processes
    _processes = processes


def multiplies_bf16(cpuinfo: Path = _CPUINFO) -> bool:
    """Whether the processor multiplies bfloat16 itself; elsewhere that precision would be slower, not faster."""
    return bool(_BF16 & _flags(cpuinfo))


def prefers_integers(cpuinfo: Path = _CPUINFO) -> bool:
    """Whether the processor multiplies integers of 8 bits itself, and has no AMX, whose bfloat16 is quick enough."""
    flags = _flags(cpuinfo)
    return bool(_INTEGERS & flags) and _AMX not in flags


def _flags(cpuinfo: Path) -> set[str]:
    kind, _, flags = features(cpuinfo).partition(":")
    return set(flags.split()) if kind == "flags" else set()


def features(cpuinfo: Path = _CPUINFO) -> str:
    """What the processor says it can do, as Linux lists it: "flags: …" on x86, "Features: …" on Arm; empty elsewhere."""
    found = re.search(r"^(flags|Features)\s*:(.*)$", _text(cpuinfo), re.MULTILINE)
    return f"{found[1]}: {' '.join(found[2].split())}" if found else ""


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
