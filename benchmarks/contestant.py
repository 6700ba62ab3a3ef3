"""A contestant's process: started, asked a JSON object a line, and ended, whatever it does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from threading import Timer
from typing import Any, Self

ROOT = Path(__file__).parent.parent
# Nobody asks a hub or tells anyone; Hugging Face's progress bars and warnings only fill the log.
ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "ANONYMIZED_TELEMETRY": "False",
    "LANGSMITH_TRACING": "false",
    "TQDM_DISABLE": "1",
    "PYTHONWARNINGS": "ignore",
}


class ContestantError(Exception):
    """A contestant did not answer, or answered with an error; the message is a sentence."""


class NotInstalled(ContestantError):
    """A contestant's packages are not there."""


@dataclass(frozen=True)
class Contestant:
    """A name, the module that speaks `peers.serving`, and the interpreter that has its packages.

    ``rebuilds`` where it cannot tell what is indexed already, so that indexing again is indexing. ``arguments`` follow the task.
    """

    name: str
    module: str
    python: Path = field(default=Path(sys.executable))
    rebuilds: bool = False
    arguments: tuple[str, ...] = ()


def last_words(said: str) -> str:
    """A sentence with the last line of what a process said on standard error."""
    lines = said.strip().splitlines()
    return f"Its last words: {lines[-1][:300]}" if lines else "It said nothing."


class Session:
    """One process of a contestant. Raises NotInstalled or ContestantError where it does not get ready."""

    def __init__(self, contestant: Contestant, task: Mapping[str, Path], *, patience: float) -> None:
        """``task`` holds the paths of `serving.Task`; ``patience`` is how many seconds an answer may take."""
        if not contestant.python.exists():
            raise NotInstalled("Its environment is not there: make bench-peers makes it.")
        self._name, self._patience = contestant.name, patience
        self._log = TemporaryFile()  # noqa: SIM115  closed by `close`
        self._process = subprocess.Popen(
            [
                str(contestant.python),
                "-m",
                contestant.module,
                json.dumps({name: str(path) for name, path in task.items()}),
                *contestant.arguments,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=ROOT,
            env={**os.environ, **ENVIRONMENT},
        )
        try:
            self.versions: dict[str, str] = self._ready(self._read())
        except ContestantError:
            self.close()
            raise

    def _ready(self, first: dict[str, Any]) -> dict[str, str]:
        if "missing" in first:
            raise NotInstalled(f"{first['missing']}: make bench-peers installs it.")
        return dict(first["ready"])

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        """The answer to one request. Raises ContestantError."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise ContestantError(f"{self._name} is gone: {error}. {self._last_words()}") from None
        answer = self._read()
        if "error" in answer:
            raise ContestantError(f"{self._name} failed to {do}: {answer['error']}")
        return answer

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        timer = Timer(self._patience, self._process.kill)
        timer.start()
        line = self._process.stdout.readline()
        timer.cancel()
        try:
            return dict(json.loads(line))
        except ValueError:
            reason = f"ended with {self._process.wait()}" if not line else f"answered {line[:80]!r}"
            raise ContestantError(f"{self._name} {reason} (patience: {self._patience:g} s). {self._last_words()}") from None

    def _last_words(self) -> str:
        self._log.seek(0)
        return last_words(self._log.read().decode(errors="replace"))

    def close(self) -> None:
        """End the process, by force where it does not end by itself."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.close()
            self._process.wait(timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
