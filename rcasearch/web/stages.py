"""Where the time of a request goes: kept with the request, and told to metrics and traces when it is answered."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flask import g

from rcasearch.model import Results


@dataclass(slots=True)
class Work:
    """What was done for a request: (stage, began, ended) in seconds of ``time.perf_counter``, and the verdicts given."""

    stages: list[tuple[str, float, float]] = field(default_factory=list)
    verdicts: list[str] = field(default_factory=list)


def work() -> Work:
    """The work on the request that is being answered."""
    if "work" not in g:
        g.work = Work()
    found: Work = g.work
    return found


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Time a part of a request: "read" what was asked, "render" the answer."""
    began = time.perf_counter()
    try:
        yield
    finally:
        work().stages.append((name, began, time.perf_counter()))


def noted(results: Results) -> Results:
    """The results, their stages and verdict noted for the request. Every surface passes its answers through here."""
    done = work()
    done.stages += [(stage.name, stage.began, stage.ended) for stage in results.stages]
    done.verdicts.append(results.verdict)
    return results
