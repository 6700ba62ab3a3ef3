"""Progress as a person at a terminal sees it, and as a log keeps it."""

from __future__ import annotations

import io
import time

import pytest
from rich.text import Text

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
