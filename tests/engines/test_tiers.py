"""The tests that want a real Milvus server run here, in a network namespace of their own."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.engines import namespace

SECONDS = 900


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 60)
@pytest.mark.skipif(bool(namespace.tier_inside()), reason="is what runs in the namespace")
def test_the_real_server(tmp_path: Path) -> None:
    """Every test marked `milvus_server` passes; `python -m tests.engines.namespace server` shows them one by one."""
    if not os.environ.get("RCASEARCH_TEST_SERVER"):
        pytest.skip("takes minutes: `make test-server` runs it, and so does RCASEARCH_TEST_SERVER=1")
    if why := namespace.missing("server"):
        pytest.skip(why)
    command = namespace.command("server", ["-q", "--no-header"], tmp_path / "tests")
    with subprocess.Popen(
        command,
        cwd=namespace.PROJECT,
        env=namespace.environment("server"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as run:
        try:
            printed, _ = run.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            printed, _ = run.communicate()
            pytest.fail(f"not done within {SECONDS} seconds:\n{printed[-8000:]}")
    assert run.returncode == 0, printed[-20_000:]
