"""How long each stage of an answer took."""

from __future__ import annotations

import time
from dataclasses import replace

from rcasearch.model import Results, Stage, StageName


class Watch:
    """A stopwatch, which runs from when it is made."""

    def __init__(self) -> None:
        self._stages: list[Stage] = []
        self._began = self._at = time.perf_counter()

    def lap(self, name: StageName) -> None:
        """Note that a stage ended now."""
        now = time.perf_counter()
        self._stages.append(Stage(name, self._at, now))
        self._at = now

    def timed(self, results: Results) -> Results:
        """The results with what was timed until now, the last of it the explaining."""
        self.lap("explain")
        return replace(results, took_ms=(self._at - self._began) * 1000, stages=tuple(self._stages))
