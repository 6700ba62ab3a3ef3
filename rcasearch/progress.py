"""Progress of a long job on a stream: a bar or a notice where somebody looks on, a line now and then where it goes to a log."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

Progress = Callable[[int, int, str], None]

# The pace is told once a stage has gone on for so long, and in a log only so often.
_SETTLED_S = 2.0
_LOG_EVERY_S = 60.0
_FAST = 10
_MINUTE_S = 60


@contextmanager
def notice(stream: TextIO, text: str, after: float = 1.0) -> Iterator[None]:
    """Tell who looks on what they wait for, once it takes longer than ``after`` seconds; a log is told nothing."""
    timer = threading.Timer(after, print, (text,), {"file": stream, "flush": True})
    if stream.isatty():
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def progress(stream: TextIO) -> Iterator[Progress]:
    """A function (done, total, stage) to report to; a total of 0 means that it is not known."""
    if not stream.isatty():
        yield _lines(stream)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    texts = (TextColumn("{task.fields[count]}"), TextColumn("{task.fields[pace]}"))
    columns = (TextColumn("{task.description:<12}"), BarColumn(), *texts, TimeElapsedColumn())
    with Progress(*columns, console=Console(file=stream)) as bars:
        yield _bars(bars)
        _finish(bars)


class Pace:
    """How fast a stage goes, by the time since it was first reported."""

    def __init__(self) -> None:
        self._began: dict[str, tuple[int, float]] = {}

    def told(self, done: int, total: int, stage: str) -> str:
        """What there is to tell of it: how many a second, and how long it will go on like that; nothing at its beginning."""
        first, began = self._began.setdefault(stage, (done, time.monotonic()))
        seconds = time.monotonic() - began
        if not total or done <= first or seconds < _SETTLED_S:
            return ""
        rate = (done - first) / seconds
        return f"{rate:,.{0 if rate >= _FAST else 1}f}/s, {_lasting((total - done) / rate)} left"


def _lasting(seconds: float) -> str:
    if seconds < _MINUTE_S:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE_S:.0f} min" if seconds < _MINUTE_S * _MINUTE_S else f"{seconds / _MINUTE_S / _MINUTE_S:.1f} h"


def _bars(bars: Bars) -> Progress:
    stages: dict[str, int] = {}
    pace = Pace()

    def report(done: int, total: int, stage: str) -> None:
        if stage not in stages:
            _finish(bars)
            stages[stage] = int(bars.add_task(stage, total=None, count="", pace=""))
        task = bars.tasks[stages[stage]]
        count = f"{done:,} of {total:,}" if total else f"{done:,}" if done else ""
        bars.update(task.id, completed=done, total=total or None, count=count, pace=pace.told(done, total, stage))

    return report


def _finish(bars: Bars) -> None:
    """Stop the clocks of what has ended, so that each stage shows what it took."""
    for task in bars.tasks:
        bars.update(task.id, pace="")
        if not task.finished:
            bars.update(task.id, total=task.completed or 1, completed=task.completed or 1)
            bars.stop_task(task.id)


def _lines(stream: TextIO) -> Progress:
    told: dict[str, float] = {}
    pace = Pace()

    def report(done: int, total: int, stage: str) -> None:
        text, now = pace.told(done, total, stage), time.monotonic()
        if stage not in told:
            told[stage] = now
            print(f"{stage} …" if total == 0 else f"{stage} ({total:,}) …", file=stream, flush=True)
        elif text and now - told[stage] >= _LOG_EVERY_S:
            told[stage] = now
            print(f"{stage}: {done:,} of {total:,}, {text}", file=stream, flush=True)

    return report
