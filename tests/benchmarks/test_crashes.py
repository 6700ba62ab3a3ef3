"""Small versions of the measurements that break off the writing of an index: kills, and calls that fail."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def measured(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    out = tmp_path / "found.json"
    command = [sys.executable, "-m", *arguments, "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return found


def test_no_kill_costs_an_index_or_a_document(tmp_path: Path) -> None:
    found = measured(tmp_path, "benchmarks.kills", "--kills", "6", "--documents", "6", "--quick")
    assert found["wrong"] == []
    assert sum(found["kills"].values()) >= 6
    assert set(found["kills"]) <= {"index", "update", "swap"}
    assert found["generations read by the one that never stopped"] >= 1


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
def test_no_call_that_fails_no_limit_and_no_full_disk_costs_the_index(tmp_path: Path) -> None:
    found = measured(tmp_path, "benchmarks.faults", "--share", "0.01")
    assert found["wrong"] == []
    for way in ("write ENOSPC+", "open EMFILE+", "files at once"):
        assert found["ways"][way]["kept the old"] > 0
    assert found["trials"] > 15
