"""Read from stdin by Python in a running container: is it as closed as it is said to be, and does it answer all the same?"""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SERVER = f"http://127.0.0.1:{os.environ.get('RCASEARCH_PORT', '8080')}"
_PATIENCE_S = 600


def ask(path: str) -> Any:
    """The JSON that the server answers."""
    with urllib.request.urlopen(SERVER + path, timeout=30) as answer:
        return json.load(answer)


def wait() -> None:
    """Until the server is ready; the first index is made before."""
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        try:
            ask("/readyz")
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.5)
    raise SystemExit("The server was not ready in ten minutes.")


def writable(folder: str) -> bool:
    """Whether a file can be made there."""
    try:
        path = Path(folder, "written-by-the-check")
        path.touch()
        path.unlink()
    except OSError:
        return False
    return True


def findings() -> dict[str, bool]:
    """What must be so, and whether it is."""
    lines = Path("/proc/1/status").read_text(encoding="utf-8").splitlines()
    status = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    answer = ask("/api/v1/search?q=certificate+has+expired&limit=3")
    listed = {entry["name"] for entry in json.loads(Path("/opt/sbom.cdx.json").read_text(encoding="utf-8"))["components"]}
    return {
        "the server is nobody special": set(status["Uid"]) == {"10001"},
        "it holds no capability": {status[name][0].strip("0") for name in ("CapEff", "CapPrm", "CapBnd")} == {""},
        "it can get no new privilege": status["NoNewPrivs"] == ["1"],
        "nothing but its own folders can be written": not any(map(writable, ("/", "/opt", "/opt/example", "/etc", "/documents"))),
        "its own folders can be written": all(map(writable, ("/tmp", "/indexes"))),
        "it has no torch and no pip": not any(map(find_spec, ("torch", "pip"))),
        "what is in the image is listed": {"all-MiniLM-L6-v2", "openvino", "CPython"} <= listed,
        "it answers": bool(answer["hits"]) and answer["hits"][0]["confidence"] > 0,
    }


if __name__ == "__main__":
    wait()
    found = findings()
    for what, holds in found.items():
        print("yes" if holds else "NO ", what)
    raise SystemExit(0 if all(found.values()) else 1)
