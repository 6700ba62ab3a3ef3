"""What may be typed, what the help teaches, and what each failure says and exits with. No model is loaded here."""

from __future__ import annotations

import io
import re
import resource
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

from rcasearch import __version__, errors
from rcasearch.commands import COMMANDS
from rcasearch.model import Filters, Query, Results
from rcasearch.search import Searcher
from tests.cli.conftest import Run, run_process


class Recorder:
    """Stands where a Searcher would and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def search(self, query: Query) -> Results:
        self.asked.append(query)
        return Results(query, "none", (), 8, "g1", 1.0)

    def similar(self, incident_id: str, limit: int, filters: Filters) -> Results:
        self.asked.append((incident_id, limit, filters))
        return Results(Query(incident_id, limit, filters), "none", (), 8, "g1", 1.0)

    def close(self) -> None:
        pass


@pytest.fixture
def searcher(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setattr(Searcher, "open", lambda settings: recorder)
    return recorder


def _raising(error: BaseException) -> Any:
    def fail(*_: object) -> NoReturn:
        raise error

    return fail


def test_help_lists_every_command_with_examples_and_exit_codes(run: Run) -> None:
    shown = run("--help")
    assert shown.code == 0
    for name in COMMANDS:
        assert re.search(rf"\n    {name}\s", shown.out)
    assert "examples:" in shown.out
    assert "exit codes:" in shown.out


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself(name: str, run: Run) -> None:
    shown = run(name, "--help")
    assert shown.code == 0
    assert f"usage: rcasearch {name}" in shown.out
    assert "RCASEARCH_<NAME>" in shown.out
    assert all(len(line) <= 100 for line in shown.out.splitlines())


@pytest.mark.parametrize("argv", [["--help"], ["search", "--help"], ["--version"]])
def test_help_answers_at_once(argv: list[str]) -> None:
    def taken() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert run_process(argv).code == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # Processor time, and the best of a few: a busy machine must not fail the test, a heavy import must.
    assert min(taken() for _ in range(3)) < 0.3


def test_version(run: Run) -> None:
    assert run("--version").out == f"rcasearch {__version__}\n"


def test_no_command_shows_the_help_on_stderr(run: Run) -> None:
    shown = run()
    assert (shown.code, shown.out) == (2, "")
    assert "usage: rcasearch" in shown.err


@pytest.mark.parametrize("argv", [["find", "x"], ["search", "--sevice", "a", "x"], ["show"], ["similar", "a", "b"], ["index"]])
def test_wrong_usage_exits_with_2(argv: list[str], run: Run) -> None:
    failed = run(*argv)
    assert (failed.code, failed.out) == (2, "")
    assert "usage: rcasearch" in failed.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.NotFoundError, 1),
        (errors.InvalidQueryError, 2),
        (errors.SettingsError, 2),
        (errors.SourceError, 2),
        (errors.ModelError, 2),
        (errors.IndexMissingError, 3),
        (errors.IndexMismatchError, 3),
        (errors.IndexLockedError, 3),
    ],
)
def test_a_failure_is_a_message_a_hint_and_an_exit_code(
    error: type[errors.RcaSearchError], code: int, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Searcher, "open", _raising(error("This went wrong.", "Do that.")))
    failed = run("search", "x")
    assert (failed.code, failed.out, failed.err) == (code, "", "rcasearch: This went wrong.\n  Do that.\n")


def test_control_characters_in_a_failure_do_not_reach_the_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Searcher, "open", _raising(errors.NotFoundError("No incident \x1b[2J.", "\x07")))
    assert run("search", "x").err == "rcasearch: No incident ␛[2J.\n  ␇\n"


def test_every_error_class_has_an_exit_code() -> None:
    from rcasearch.cli import exit_code

    for error in errors.RcaSearchError.__subclasses__():
        # Some are made from more than a message.
        assert exit_code(error.__new__(error)) in (1, 2, 3)


def test_an_interruption_leaves_no_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Searcher, "open", _raising(KeyboardInterrupt()))
    stopped = run("search", "x")
    assert (stopped.code, stopped.out) == (130, "")
    assert "Traceback" not in stopped.err


def test_a_full_disk_is_told_in_a_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Searcher, "open", _raising(OSError(28, "No space left on device", "indexes/x")))
    failed = run("search", "x")
    assert (failed.code, failed.err.splitlines()[0]) == (2, "rcasearch: No space left on device (indexes/x).")


def test_words_need_no_quotes_and_may_stand_around_options(run: Run, searcher: Recorder) -> None:
    assert run("search", "pool", "timeout", "--service", "checkout", "in", "-k", "3", "production").code == 0
    assert searcher.asked == [Query("pool timeout in production", 3, Filters(services=("checkout",)))]


def test_every_filter_reaches_the_query(run: Run, searcher: Recorder) -> None:
    words = "--service a --service b --severity SEV1 --tag t --status open --since 2024-01-02 --until 2025-01-02"
    assert run("search", "x", *words.split()).code == 0
    expected = Filters(("a", "b"), ("SEV1",), ("t",), ("open",), "2024-01-02", "2025-01-02")
    assert searcher.asked == [Query("x", 10, expected)]


def test_similar_takes_the_same_filters(run: Run, searcher: Recorder) -> None:
    assert run("similar", "some-id", "-k", "4", "--tag", "t").code == 0
    assert searcher.asked == [("some-id", 4, Filters(tags=("t",)))]


@pytest.mark.parametrize("argv", [["-"], []])
def test_a_pasted_alert_comes_from_stdin(argv: list[str], run: Run, searcher: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("Ünicode\n\xff broken".encode("latin-1"))))
    assert run("search", *argv).code == 0
    assert searcher.asked[0].text.startswith("\ufffdnicode\n")


def test_an_empty_paste_is_told(run: Run, searcher: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b" \n")))
    failed = run("search", "-")
    assert failed.code == 2
    assert "no text" in failed.err
    assert not searcher.asked


@pytest.mark.parametrize(
    "argv", [["-k", "0"], ["-k", "many"], ["--since", "soon"], ["--since", "2025-02-01", "--until", "2025-01-01"]]
)
def test_a_wrong_value_is_named(argv: list[str], run: Run, searcher: Recorder) -> None:
    failed = run("search", "x", *argv)
    assert (failed.code, failed.out) == (2, "")
    assert argv[0].removeprefix("--").replace("-k", "limit") in failed.err


def test_a_wrong_setting_names_its_flag(run: Run) -> None:
    failed = run("serve", "--port", "http")
    assert failed.code == 2
    assert "port, from --port, is 'http'" in failed.err


def test_a_settings_file_can_be_named(run: Run, searcher: Recorder, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("limit = 2\n", encoding="utf-8")
    assert run("search", "x", "--config", path).code == 0
    assert searcher.asked[0].limit == 2


def test_no_index_exits_with_3_and_says_how_to_make_one(tmp_path: Path) -> None:
    failed = run_process(["search", "x", "--index", tmp_path / "none"])
    assert (failed.code, failed.out) == (3, "")
    assert "rcasearch index" in failed.err
    assert len(failed.err.splitlines()) <= 3
