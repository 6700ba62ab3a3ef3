"""How the tests of the command line run it: in this process for speed, as a process of its own where that is the point."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from rcasearch.cli import main

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command in this process, in an empty folder with no settings from outside."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)

    def run_here(*argv: object) -> Ran:
        try:
            code = main([str(word) for word in argv])
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run_here


def run_process(argv: Sequence[object], stdin: bytes = b"", cwd: Path = ROOT) -> Ran:
    """Run a command as a process of its own."""
    words = [sys.executable, "-m", "rcasearch", *(str(word) for word in argv)]
    done = subprocess.run(words, input=stdin, capture_output=True, cwd=cwd, check=False)
    return Ran(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))
