"""Runs the tests of a real server in a network namespace of their own, where nothing from outside reaches what it listens on.

`python -m tests.engines.namespace server` or `cluster`, with more arguments for pytest after it. No right of root is needed
where the kernel lets users make namespaces.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.engines import binary

TIERS = ("server", "cluster")
INSIDE = "RCASEARCH_TEST_NAMESPACE"
FOLDER = Path(__file__).parent
PROJECT = FOLDER.parent.parent

# Milvus writes to both folders, wherever it keeps its data: they are other ones in here, where that is allowed.
SCRIPT = """
ip link set lo up || exit 1
mount -t tmpfs tmpfs /run 2>/dev/null
mkdir -p /tmp/milvus 2>/dev/null && mount -t tmpfs tmpfs /tmp/milvus 2>/dev/null
exec "$@"
"""
# As any user whom the kernel lets be root in a namespace of users, or as root.
WAYS = ("-Urnm", "-nm")


def tier_inside() -> str:
    """The tier whose namespace this process is in; empty outside of one."""
    return os.environ.get(INSIDE, "")


def missing(tier: str) -> str:
    """Why the tests of a tier cannot run here; empty if they can."""
    return binary.missing() or (_missing_for_cluster() if tier == "cluster" else "") or _way()[1]


def command(tier: str, arguments: Sequence[str], temporary: Path) -> list[str]:
    """What runs the tests of a tier in a namespace; `temporary` is to be a folder of this user's that is not there yet."""
    pytest = [sys.executable, "-m", "pytest", str(FOLDER), "-m", f"milvus_{tier}", "-p", "no:cacheprovider", "-p", "no:xdist"]
    return [*_unshare(_way()[0]), *pytest, f"--basetemp={temporary}", *arguments]


def environment(tier: str) -> dict[str, str]:
    """What such a run needs in its environment: by this its tests know that they are in the namespace."""
    return {**os.environ, INSIDE: tier, "PYTEST_ADDOPTS": ""}


def _missing_for_cluster() -> str:
    if importlib.util.find_spec("confluent_kafka") is None:
        return "not installed: confluent-kafka, which has the log broker of the cluster"
    return "" if shutil.which("etcd") else "etcd is not installed (on Debian or Ubuntu: apt install etcd-server)"


def _unshare(way: str) -> list[str]:
    return ["unshare", way, "sh", "-c", SCRIPT, "sh"]


def _way() -> tuple[str, str]:
    """How a namespace can be made, or else why not."""
    if absent := [name for name in ("unshare", "ip") if shutil.which(name) is None]:
        return "", f"not installed: {', '.join(absent)}"
    why = ""
    for way in WAYS:
        tried = subprocess.run([*_unshare(way), "true"], capture_output=True, text=True, check=False)
        if tried.returncode == 0:
            return way, ""
        why = why or tried.stderr.strip()
    return "", f"no network namespace can be made here: {why}"


def main(tier: str, arguments: Sequence[str]) -> int:
    """Run the tests of a tier with their output shown. Returns the exit status: 77 where they cannot run here."""
    if why := missing(tier):
        print(f"The tests of the {tier} cannot run: {why}.", file=sys.stderr)
        return 77
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(command(tier, arguments, Path(folder) / "tests"), cwd=PROJECT, env=environment(tier), check=False)
    return ran.returncode


if __name__ == "__main__":
    if sys.argv[1:2] == [] or sys.argv[1] not in TIERS:
        sys.exit(f"usage: python -m tests.engines.namespace {'|'.join(TIERS)} [arguments of pytest]")
    sys.exit(main(sys.argv[1], sys.argv[2:]))
