"""The Milvus server that the package `milvus` holds: its binary unpacked once, and its configuration in a folder."""

from __future__ import annotations

import fcntl
import importlib
import importlib.util
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

UNPACKED = Path(__file__).parent.parent.parent / ".cache" / "milvus"


def missing() -> str:
    """Why no server can run here; empty if one can."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return (
            f"the package milvus has a server for Linux on x86-64 only, and this is {platform.system()} on {platform.machine()}"
        )
    absent = [name for name in ("pymilvus", "milvus") if importlib.util.find_spec(name) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


@dataclass(frozen=True, slots=True)
class Binary:
    """The unpacked program, and the environment that it finds its libraries by."""

    path: Path

    @property
    def env(self) -> dict[str, str]:
        return {"LD_LIBRARY_PATH": str(self.path.parent)}


def unpack() -> Binary:
    """The binary, unpacked (246 MB) when it is asked for the first time."""
    package = importlib.import_module("milvus")
    folder = UNPACKED / str(package.__version__)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        package._initialize_data_files(str(folder))
    return Binary(folder / "bin" / "milvus")


def configure(folder: Path, values: Mapping[str, bool | int | str]) -> Path:
    """Write `configs/milvus.yaml` for a server that keeps all it has in this folder. Returns the folder of that file.

    Values are named as in that file, by the path to them with dots, or by the short names of the package's template. A port
    that none of them names is a free one.
    """
    config = importlib.import_module("milvus").MilvusServerConfig(data_dir=str(folder))
    config.resolve()
    # Set after the free ports were looked for: a port of just now counts as taken there, and Milvus can listen on it anew.
    for name, value in values.items():
        config.set(name, value)
    config.write_config()
    return folder / "configs"
