"""`rcasearch recurrences`: the table, one failure in full, filters, and what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rcasearch.model import Filters, Recurrence
from rcasearch.recurrences_text import recurrence_as_text, recurrences_as_text
from rcasearch.render_recurrences import page_of, recurrence_as_dict, recurrences_as_dicts
from rcasearch.search import Searcher
from tests.cli.conftest import Run
from tests.recurring import BASKET, DISK, LEAK, POOL, QUOTA, TODAY, incident, tiny_recurrences


@pytest.fixture
def asked(tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> list[Filters]:
    found, filters = tiny_recurrences(tiny_searcher), list[Filters]()

    def recurrences(self: Searcher, given: Filters) -> tuple[Recurrence, ...]:
        filters.append(given)
        return found

    monkeypatch.setattr(Searcher, "recurrences", recurrences)
    return filters


def table(width: int = 80) -> str:
    return recurrences_as_text(page_of(recurrences_as_dicts((LEAK, QUOTA), TODAY), "g1", 10), width)


def test_the_table_tells_how_often_when_how_long_and_which_fixes_held() -> None:
    assert table().splitlines() == [
        "2 failures happened again",
        "",
        "Times  Last        Lost         Failure",
        "",
        "3      2026-09-01  2 h 45 min   connections leak from the pool",
        "       checkout, orders-db, basket",
        "       1 of 2 fixes held · 3 actions open, 1 overdue",
        "       rcasearch recurrences pool/2024",
        "",
        "2      2023-02-01  10 h         quota exhausted while scaling",
        "       scaler",
        "       0 of 1 fix held",
        "       rcasearch recurrences quota-1",
    ]


@pytest.mark.parametrize("width", [100, 80, 60, 40, 24])
def test_nothing_is_wider_than_the_terminal(width: int) -> None:
    shown = table(width) + recurrence_as_text(recurrence_as_dict(LEAK, TODAY), LEAK.incidents, width, today=TODAY)
    assert max(map(len, shown.splitlines())) <= width
    assert "connections leak" in shown


def test_one_in_full_tells_each_time_with_cause_fix_and_outcome() -> None:
    shown = recurrence_as_text(recurrence_as_dict(LEAK, TODAY), LEAK.incidents, 100, today=TODAY)
    lines = shown.splitlines()
    assert lines[:4] == [
        "connections leak from the pool",
        "3 times · 2024-03-14 to 2026-09-01 (2 months ago) · 2 h 45 min in all, 1 h 22 min in the median (2",
        "of 3 have a duration)",
        "Services     checkout, orders-db, basket",
    ]
    assert [line for line in lines if line[:2] in ("1.", "2.", "3.")] == [
        "1. 2024-03-14 - Checkout ran out of connections",
        "2. Basket starved of sessions",
        "3. Checkout waits <again>",
    ]
    assert "An exporter never gave its connection back." in shown
    assert "The fix      came back after 553 days" in shown
    assert "The fix      held, 348 days so far" in shown
    assert shown.count("The fix") == 2
    assert "- Alert on pool waits (Ada, overdue since 2024-05-01)" in shown
    assert "- Close connections in a finally (due 2027-01-01)" in shown
    assert lines[-1] == "  - Review the pool sizes"


def test_control_characters_do_not_reach_the_terminal() -> None:
    evil = Recurrence("a\x1b[2J", "\x1b[31mred", ("\x07",), (incident("a", services=("\x1b]0;x",)), incident("b")))
    page = page_of(recurrences_as_dicts([evil], TODAY), "g1", 10)
    assert "\x1b" not in recurrences_as_text(page) + recurrence_as_text(page["recurrences"][0], evil.incidents, today=TODAY)


def test_nothing_and_nothing_left_are_said() -> None:
    assert recurrences_as_text(page_of((), "g1", 10)) == "No failure happened twice, as far as the documents tell.\n"
    filtered = recurrences_as_text(page_of((), "g1", 10), filtered=True)
    assert filtered == "No failure that happened again has an incident that passes the filters.\n"
    first = recurrences_as_text(page_of(recurrences_as_dicts((LEAK, QUOTA), TODAY), "g1", 1))
    assert first.splitlines()[-1] == "and 1 more: -k 2 lists them all"


def test_the_command_lists_them(run: Run, tiny_index: Path, asked: list[Filters]) -> None:
    shown = run("recurrences", "--index", tiny_index, "--service", "basket", "--since", "2020")
    assert shown.code == 0
    assert shown.out.startswith("2 failures happened again with these filters\n")
    assert asked == [Filters(services=("basket",), since="2020-01-01")]


def test_json_is_the_one_shape(run: Run, tiny_index: Path, asked: list[Filters]) -> None:
    page = json.loads(run("recurrences", "--json", "-k", "1", "--order", "count", "--index", tiny_index).out)
    assert (page["total"], page["limit"], page["order"]) == (2, 1, "count")
    assert [one["id"] for one in page["recurrences"]] == [POOL]


def test_one_by_its_id_or_by_one_of_its_incidents(run: Run, tiny_index: Path, asked: list[Filters]) -> None:
    shown = run("recurrences", BASKET, "--index", tiny_index)
    assert shown.code == 0
    assert shown.out == run("recurrences", POOL, "--index", tiny_index).out
    assert "never gave its connection back" in shown.out
    assert json.loads(run("recurrences", DISK, "--json", "--index", tiny_index).out)["name"] == "nobody <looked> in time"


@pytest.mark.parametrize(
    ("argv", "code", "told"),
    [
        (["no-such-id"], 1, "No failure that happened again has an incident with the id 'no-such-id'."),
        (["--order", "size"], 2, "order is 'size', which is none."),
        (["-k", "0"], 2, "limit is '0'; it must be a whole number"),
        (["--since", "soon"], 2, "since is 'soon', which is no date."),
    ],
)
def test_what_is_wrong_is_told(argv: list[str], code: int, told: str, run: Run, tiny_index: Path, asked: list[Filters]) -> None:
    failed = run("recurrences", *argv, "--index", tiny_index)
    assert (failed.code, failed.out) == (code, "")
    assert told in failed.err


def test_without_an_index_it_exits_with_3(run: Run, tmp_path: Path) -> None:
    failed = run("recurrences", "--index", tmp_path / "none")
    assert (failed.code, failed.out) == (3, "")
    assert "rcasearch index" in failed.err
