"""Every block of docs/recipes.md runs as it stands, against the tiny corpus: addresses and the folder of the index apart."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from tests.agents.test_mcp import over_http
from tests.web.conftest import POOL, POOL_QUERY, Server, serving

RECIPES = (Path(__file__).parent.parent / "docs" / "recipes.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", RECIPES, re.MULTILINE | re.DOTALL)
LOG = "ERROR pool: timed out after 30s waiting for a database connection\nERROR every worker waits, checkout answers 503\n" * 3
DESCRIBED = """Name:         checkout-7d9f
Containers:
  checkout:
    Last State:   Terminated
      Reason:     OOMKilled
Events:
  Warning  BackOff  kubelet  Back-off restarting failed container checkout
"""

pytestmark = pytest.mark.slow


def blocks(kind: str) -> list[str]:
    return [text for found, text in BLOCKS if found == kind]


@pytest.fixture(scope="module")
def server(tiny_index: Path) -> Iterator[Server]:
    with serving(tiny_index, workers=1) as running:
        subprocess.run(["curl", "-fsS", "--retry", "9", "-o", "/dev/null", f"{running.url}/readyz"], check=True)
        yield running


@pytest.fixture
def desk(tmp_path: Path, tiny_index: Path, tiny_corpus: Path) -> Path:
    """A folder with what the recipes name, and commands of these names."""
    shutil.copytree(tiny_corpus, tmp_path / "docs" / "rcas")
    shutil.copytree(tiny_index, tmp_path / "indexes" / "default")
    (tmp_path / "checkout.log").write_text(LOG, encoding="utf-8")
    (tmp_path / "job.log").write_text(LOG, encoding="utf-8")
    (tmp_path / "alert.json").write_text(json.dumps({"message": POOL_QUERY, "service": "checkout"}), encoding="utf-8")
    command(tmp_path / "bin" / "rcasearch", f'exec {sys.executable} -m rcasearch "$@"')
    command(tmp_path / "bin" / "kubectl", f"case $1 in logs) cat checkout.log ;; *) cat <<'END'\n{DESCRIBED}END\n;; esac")
    return tmp_path


def command(path: Path, script: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def environment(desk: Path) -> dict[str, str]:
    return {**os.environ, "PATH": f"{desk / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(Path(__file__).parent.parent)}


def run(words: list[str], desk: Path) -> str:
    done = subprocess.run(words, cwd=desk, env=environment(desk), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def there(text: str, server: Server) -> str:
    """A recipe with the address of the server of this test."""
    return text.replace("http://127.0.0.1:8080", server.url)


@pytest.mark.parametrize("recipe", blocks("sh"))
def test_every_command_runs(recipe: str, desk: Path, server: Server) -> None:
    told = run(["bash", "-euo", "pipefail", "-c", there(recipe, server)], desk)
    if "readyz" in recipe:
        assert json.loads(told)["status"] == "ready"
    elif "batch" in recipe:
        assert [item["problem"] for item in json.loads(told)["results"]] == [None, None]
    elif "curl" in recipe:
        assert json.loads(told)["hits"][0]["id"] == POOL
    elif "describe" in recipe:
        assert "thumbnailer-oom-killed" in told
    elif "read" in recipe:
        assert "Symptom" in told
    else:
        assert POOL in told


def test_the_python_recipe_runs(desk: Path, server: Server) -> None:
    [recipe] = blocks("python")
    lines = run([sys.executable, "-c", there(recipe, server)], desk).splitlines()
    assert lines[0] == "strong"
    assert any(line.endswith("severe incidents") for line in lines)
    assert lines[-1].startswith("The query has no text.")


@pytest.mark.parametrize("recipe", blocks("json"))
def test_an_agent_finds_a_precedent_by_its_configuration(recipe: str, desk: Path, tiny_index: Path) -> None:
    [[servers]] = [list(json.loads(recipe).values())]
    [config] = servers.values()
    assert config.pop("type", "stdio") in ("stdio", "http")
    if "url" in config:
        assert config["url"] == "http://127.0.0.1:8081/mcp"
        with over_http(tiny_index) as url:
            assert precedent(url) == POOL
        return
    config = json.loads(json.dumps(config).replace("/srv/rca/indexes/default", str(desk / "indexes" / "default")))
    assert precedent(StdioServerParameters(**{**config, "env": environment(desk) | config.get("env", {})})) == POOL


def precedent(server: Any) -> str:
    async def ask() -> str:
        async with Client(server, read_timeout_seconds=120) as client:
            found = await client.call_tool("find_precedents", {"text": POOL_QUERY})
            return str(found.structured_content["hits"][0]["id"])

    return asyncio.run(ask())


@pytest.mark.parametrize("recipe", blocks("yaml"))
def test_every_step_in_ci_runs(recipe: str, desk: Path) -> None:
    [job] = yaml.safe_load(recipe).values()
    [step] = job["steps"]
    told = run(["bash", "-euo", "pipefail", "-c", step["run"]], desk)
    assert "Indexed 8 incidents" in told or POOL in told


def test_every_block_is_of_a_kind_that_is_run() -> None:
    assert {kind for kind, _ in BLOCKS} == {"sh", "python", "json", "yaml"}
