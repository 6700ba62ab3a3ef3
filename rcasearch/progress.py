"""Progress of a long job on a stream: a bar or a notice where somebody looks on, a line a stage where it goes to a log."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

Progress = Callable[[int, int, str], None]


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

    columns = (TextColumn("{task.description:<12}"), BarColumn(), TextColumn("{task.fields[count]}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=stream)) as bars:
        yield _bars(bars)
        _finish(bars)


def _bars(bars: Bars) -> Progress:
    stages: dict[str, int] = {}

    def report(done: int, total: int, stage: str) -> None:
        if stage not in stages:
            _finish(bars)
            stages[stage] = int(bars.add_task(stage, total=None, count=""))
        task = bars.tasks[stages[stage]]
        count = f"{done:,} of {total:,}" if total else f"{done:,}" if done else ""
        bars.update(task.id, completed=done, total=total or None, count=count)

    return report


def _finish(bars: Bars) -> None:
    """Stop the clocks of what has ended, so that each stage shows what it took."""
    for task in bars.tasks:
        if not task.finished:
            bars.update(task.id, total=task.completed or 1, completed=task.completed or 1)
            bars.stop_task(task.id)


def _lines(stream: TextIO) -> Progress:
    seen: set[str] = set()

    def report(_done: int, total: int, stage: str) -> None:
        if stage not in seen:
            seen.add(stage)
            print(f"{stage} …" if total == 0 else f"{stage} ({total:,}) …", file=stream, flush=True)

    return report
