"""What every part of the benchmark is given: where to work, how much to measure, who takes part, whom to tell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contestant import ENVIRONMENT, ROOT, Contestant, ContestantError, last_words
from benchmarks.figures import Figures

OURS = "rcasearch"


def contestants(peers_python: Path) -> list[Contestant]:
    """Everybody, the baseline first; the peers by the interpreter of their own environment."""
    return [
        Contestant("plain", "benchmarks.peers.plain", rebuilds=True),
        Contestant("txtai", "benchmarks.peers.txtai_hybrid", peers_python),
        Contestant("Chroma", "benchmarks.peers.chroma", peers_python),
        Contestant("LangChain", "benchmarks.peers.langchain_faiss", peers_python),
        Contestant(OURS, "benchmarks.peers.ours"),
    ]


@dataclass(frozen=True, slots=True)
class Setup:
    """``work`` is an empty folder, ``model`` the weights that all have; ``patience`` is how many seconds an answer may take."""

    work: Path
    model: Path
    peers: tuple[Contestant, ...]
    tell: Callable[[str], None]
    rounds: int = 3
    patience: float = 3_600.0

    def peer(self, name: str) -> Contestant | None:
        """The contestant of that name, None where it does not take part."""
        return next((one for one in self.peers if one.name == name), None)

    @contextmanager
    def guarded(self, figures: Figures, name: str) -> Iterator[None]:
        """What goes wrong of one contestant is noted, and the others go on."""
        try:
            yield
        except ContestantError as error:
            self.tell(f"left out: {name}: {error}")
            figures.notes[name] = str(error)


@dataclass(frozen=True, slots=True)
class Spent:
    """What a process took from its start to its end: elapsed and CPU seconds; and what it printed."""

    seconds: float
    cpu: float
    output: str


def run(command: Sequence[str], variables: Mapping[str, str] | None = None, *, patience: float = 3_600.0) -> Spent:
    """A process from start to end. Raises ContestantError with its last words where it fails."""
    before, started = _children_cpu(), time.perf_counter()
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment(variables), capture_output=True, text=True, check=True, timeout=patience
        )
    except subprocess.CalledProcessError as error:
        raise ContestantError(f"{_named(command)} ended with {error.returncode}. {last_words(error.stderr)}") from None
    except subprocess.TimeoutExpired:
        raise ContestantError(f"{_named(command)} took more than {patience:g} s.") from None
    return Spent(time.perf_counter() - started, _children_cpu() - before, done.stdout)


def ours(*arguments: str) -> list[str]:
    """The command line of this project."""
    return [sys.executable, "-m", "rcasearch", *arguments]


def environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """What every process is started with."""
    return {**os.environ, **ENVIRONMENT, **(variables or {})}


def judged(path: Path) -> list[dict[str, object]]:
    """The queries of a file, a JSON object a line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def mebibytes(folder: Path) -> float:
    """The size of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


def _named(command: Sequence[str]) -> str:
    return " ".join(command[1:4])


def _children_cpu() -> float:
    times = os.times()
    return times.children_user + times.children_system
