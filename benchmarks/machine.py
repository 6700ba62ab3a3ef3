"""On which machine, and when: figures mean nothing without."""

from __future__ import annotations

import os
import platform
from datetime import date
from pathlib import Path

from rcasearch.encoders import cores

_TELLING = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "amx_int8", "sve", "bf16")


def describe() -> dict[str, object]:
    """The date, the processor and what of it matters to a network, memory, system, and how busy the machine is just now."""
    processor = _pairs("/proc/cpuinfo")
    flags = (processor.get("flags") or processor.get("Features") or "").split()
    memory = _pairs("/proc/meminfo").get("MemTotal", "0").split()[0]
    return {
        "date": f"{date.today()}",
        "processor": processor.get("model name") or platform.processor() or platform.machine(),
        "instructions": [flag for flag in _TELLING if flag in flags],
        "cores": cores(),
        "memory_gib": round(int(memory) / 2**20, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load_average": round(os.getloadavg()[0], 2),
    }


def _pairs(path: str) -> dict[str, str]:
    """The ``name: value`` lines of a file of /proc, the first of each name; empty where there is no such file."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.partition(":") for line in reversed(lines) if ":" in line)
    return {name.strip(): value.strip() for name, _, value in pairs}
