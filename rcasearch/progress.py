"""Progress of a long job on a stream: a bar where somebody looks on, a line a stage where it goes to a log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

Progress = Callable[[int, int, str], None]


@contextmanager
def progress(stream: TextIO) -> Iterator[Progress]:
    """A function (done, total, stage) to report to; a total of 0 means that it is not known."""
    if not stream.isatty():
        yield _lines(stream)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(file=stream)) as bars:
        tasks: dict[str, int] = {}

        def report(done: int, total: int, stage: str) -> None:
            if stage not in tasks:
                tasks[stage] = int(bars.add_task(stage, total=total or None))
            bars.update(tasks[stage], completed=done, total=total or None)  # type: ignore[arg-type]

        yield report


def _lines(stream: TextIO) -> Progress:
    seen: set[str] = set()

    def report(_done: int, total: int, stage: str) -> None:
        if stage not in seen:
            seen.add(stage)
            print(f"{stage} …" if total == 0 else f"{stage} ({total:,}) …", file=stream, flush=True)

    return report
