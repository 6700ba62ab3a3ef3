"""Progress as a person at a terminal sees it, and as a log keeps it."""

from __future__ import annotations

import io
import time

import pytest
from rich.progress import Progress
from rich.text import Text

from rcasearch import progress as progressing
from rcasearch.progress import notice, progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _work(stream: io.StringIO) -> str:
    with progress(stream) as report:
        for done in (1, 2):
            report(done, 0, "reading")
        for done in (500, 1000):
            report(done, 1000, "encoding")
        report(0, 0, "writing")
    return stream.getvalue()


def test_a_log_gets_one_line_a_stage() -> None:
    assert _work(io.StringIO()) == "reading …\nencoding (1,000) …\nwriting …\n"


class Clock:
    """Time that goes on when it is told to."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progressing, "time", clock)
    return clock


def test_a_log_is_told_of_a_long_stage_once_a_minute(clock: Clock) -> None:
    stream = io.StringIO()
    with progress(stream) as report:
        for done in range(0, 10_001, 20):
            report(done, 10_000, "reading")
            clock.now += 0.5
        for done in range(3):
            report(done, 10_000, "encoding")
            clock.now += 100
    assert stream.getvalue().splitlines() == [
        "reading (10,000) …",
        "reading: 2,400 of 10,000, 40/s, 3 min left",
        "reading: 4,800 of 10,000, 40/s, 2 min left",
        "reading: 7,200 of 10,000, 40/s, 1 min left",
        "reading: 9,600 of 10,000, 40/s, 10 s left",
        "encoding (10,000) …",
        "encoding: 1 of 10,000, 0.0/s, 277.8 h left",
        "encoding: 2 of 10,000, 0.0/s, 277.7 h left",
    ]


def test_what_was_done_before_is_no_pace(clock: Clock) -> None:
    pace = progressing.Pace()
    assert pace.told(9_000, 10_000, "reading") == ""
    clock.now += 1
    assert pace.told(9_100, 10_000, "reading") == ""
    clock.now += 9
    assert pace.told(9_500, 10_000, "reading") == "50/s, 10 s left"
    assert pace.told(9_500, 0, "reading") == ""


def test_a_terminal_is_told_the_pace(clock: Clock) -> None:
    bars = Progress(disable=True)
    report = progressing._bars(bars)
    for done in (0, 400):
        report(done, 1000, "reading")
        clock.now += 10
    report(500, 1000, "reading")
    assert bars.tasks[0].fields == {"count": "500 of 1,000", "pace": "25/s, 20 s left"}
    report(0, 0, "writing")
    assert bars.tasks[0].fields["pace"] == ""


def test_a_terminal_gets_bars_that_end_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("COLUMNS", raising=False)
    last = Text.from_ansi(_work(Terminal())).plain.splitlines()[-3:]
    assert [line.split()[0] for line in last] == ["reading", "encoding", "writing"]
    assert " 2 " in last[0]
    assert " 1,000 of 1,000 " in last[1]


@pytest.mark.parametrize(
    ("stream", "pause", "told"), [(Terminal(), 0.3, "Wait …\n"), (Terminal(), 0, ""), (io.StringIO(), 0.3, "")]
)
def test_a_notice_is_for_who_waits_long(stream: io.StringIO, pause: float, told: str) -> None:
    with notice(stream, "Wait …", after=0.1):
        time.sleep(pause)
    time.sleep(0.2)
    assert stream.getvalue() == told


def test_a_failure_goes_through() -> None:
    def fail() -> None:
        with progress(Terminal()) as report:
            report(1, 2, "encoding")
            raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        fail()
