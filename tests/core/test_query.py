"""Parameters -> Query: what is accepted, and that everything else is refused with the name of the field."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcasearch.errors import InvalidQueryError
from rcasearch.model import Filters, Query
from rcasearch.query import parse_filters, parse_limit, parse_query
from rcasearch.settings import Settings

SETTINGS = Settings(max_query_chars=100, limit=7)


def parse(**params: object) -> Query:
    return parse_query({"text": "disk full", **params}, SETTINGS)


def test_text_alone_takes_the_defaults() -> None:
    assert parse_query({"text": "disk full"}, SETTINGS) == Query("disk full", 7, Filters())


def test_short_names_mean_the_same() -> None:
    assert parse_query({"q": "disk full", "k": "3"}, SETTINGS) == parse_query({"text": "disk full", "limit": 3}, SETTINGS)


def test_every_filter_arrives_where_it_belongs() -> None:
    lists = {"service": "a", "severity": ["SEV1", "odd"], "tag": ("x", " y ", "x", ""), "status": "open"}
    query = parse(**lists, since="2025-01-02", until="2025-03-04")
    assert query.filters == Filters(("a",), ("SEV1", "odd"), ("x", "y"), ("open",), "2025-01-02", "2025-03-04")


@pytest.mark.parametrize(("given_as", "meant"), [("P1", "SEV1"), ("sev-2", "SEV2"), ("critical", "SEV1"), ("SEV3", "SEV3")])
def test_a_severity_in_any_spelling_is_its_level(given_as: str, meant: str) -> None:
    assert parse(severity=given_as).filters.severities == (meant,)


@pytest.mark.parametrize(
    ("field", "value", "day"),
    [
        ("since", "2025-11-16", "2025-11-16"),
        ("since", "2025-11", "2025-11-01"),
        ("since", "2025", "2025-01-01"),
        ("since", "2025-1-2", "2025-01-02"),
        ("until", "2025-11-16", "2025-11-16"),
        ("until", "2025-11", "2025-11-30"),
        ("until", "2024-02", "2024-02-29"),
        ("until", "2025", "2025-12-31"),
        ("until", "2025-12", "2025-12-31"),
        ("until", "9999", "9999-12-31"),
        ("since", " 2025-11-16 ", "2025-11-16"),
        ("since", None, None),
        ("since", "", None),
    ],
)
def test_dates(field: str, value: str | None, day: str | None) -> None:
    assert getattr(parse(**{field: value}).filters, field) == day


@pytest.mark.parametrize(("age", "days"), [("0d", 0), ("90d", 90), ("2w", 14), ("6m", 180), ("2Y", 730)])
def test_ages_count_back_from_today(age: str, days: int) -> None:
    around = {(date.today() - timedelta(days=days + slip)).isoformat() for slip in (-1, 0, 1)}
    assert parse(since=age).filters.since in around
    assert parse(until=age).filters.until in around


NO_DATES = [
    "2025-02-30",
    "2025-13",
    "0000",
    "yesterday",
    "20251116",
    "-1d",
    "1.5y",
    "d",
    "2025-11-16T10:00",
    " ",
    "9999y",
    "2100y",
    "२०२५",
    "2025-00",
    "2025-01-32",
]


@pytest.mark.parametrize("value", [*NO_DATES, 2025, ["2025"], True])
@pytest.mark.parametrize("field", ["since", "until"])
def test_no_date_names_the_field_and_shows_how(field: str, value: object) -> None:
    with pytest.raises(InvalidQueryError, match=rf"{field} is") as caught:
        parse(**{field: value})
    assert caught.value.field == field
    assert "2025-11-16" in caught.value.hint


def test_dates_the_wrong_way_round() -> None:
    with pytest.raises(InvalidQueryError, match=r"since \(2025-06-01\) is after until \(2025-05-31\)") as caught:
        parse(since="2025-06", until="2025-05")
    assert caught.value.field == "since"
    assert parse(since="2025-05-31", until="2025-05").filters.since == "2025-05-31"


@pytest.mark.parametrize(
    "value", [0, -1, 101, "0", "101", "ten", "1.0", 1.5, float("inf"), True, [1], "１０", "1 0", "+5", 10**20]
)
@pytest.mark.parametrize("name", ["limit", "k"])
def test_a_limit_out_of_range_is_refused(name: str, value: object) -> None:
    with pytest.raises(InvalidQueryError, match="must be a whole number from 1 to 100") as caught:
        parse(**{name: value})
    assert caught.value.field == "limit"


def test_a_number_of_five_thousand_digits_is_refused_like_any_other() -> None:
    with pytest.raises(InvalidQueryError) as caught:
        parse(limit=10**5000)
    assert caught.value.field == "limit"
    assert len(caught.value.message) < 300


@pytest.mark.parametrize(("value", "number"), [(1, 1), ("100", 100), (5.0, 5), (" 5 ", 5), (None, 7), ("", 7)])
def test_limits(value: object, number: int) -> None:
    assert parse(limit=value).limit == number


def test_other_bounds_and_another_name() -> None:
    assert parse_limit("0", 3, field="offset", low=0, high=5) == 0
    with pytest.raises(InvalidQueryError, match="offset is '6'") as caught:
        parse_limit("6", 3, field="offset", low=0, high=5)
    assert caught.value.field == "offset"


@pytest.mark.parametrize("value", [None, "", "  \n", "\0", "\0 \0"])
def test_a_query_needs_text(value: object) -> None:
    with pytest.raises(InvalidQueryError, match="no text") as caught:
        parse_query({"text": value}, SETTINGS)
    assert caught.value.field == "text"


@pytest.mark.parametrize("value", [7, ["disk"], b"disk", {}, []])
def test_a_text_is_a_string(value: object) -> None:
    with pytest.raises(InvalidQueryError, match="text must be a string") as caught:
        parse_query({"text": value}, SETTINGS)
    assert caught.value.field == "text"


@pytest.mark.parametrize("field", ["text", "limit", "since", "until"])
def test_what_has_one_value_is_told_when_it_is_given_again(field: str) -> None:
    with pytest.raises(InvalidQueryError, match=f"{field} is given twice") as caught:
        parse_query({"text": "x", field: ["1", "2"]}, SETTINGS)
    assert (caught.value.field, caught.value.hint) == (field, "Give it once.")
    with pytest.raises(InvalidQueryError, match="is given 3 times"):
        parse_query({"text": "x", field: ["1", "2", "3"]}, SETTINGS)


def test_text_too_long_tells_both_lengths() -> None:
    assert parse_query({"q": "x" * 100}, SETTINGS).text == "x" * 100
    with pytest.raises(InvalidQueryError, match="101 characters; 100 are allowed") as caught:
        parse_query({"q": "x" * 101}, SETTINGS)
    assert caught.value.field == "text"
    assert "RCASEARCH_MAX_QUERY_CHARS" in caught.value.hint


def test_text_is_kept_as_it_is_but_for_what_no_encoder_can_read() -> None:
    assert parse_query({"q": " a\n\tb  "}, SETTINGS).text == " a\n\tb  "
    assert parse_query({"q": "a\0b\ud800c"}, SETTINGS).text == "a b?c"


@pytest.mark.parametrize("field", ["service", "severity", "tag", "status"])
@pytest.mark.parametrize("value", [7, {"a": 1}, ["a", 7], [["a"]], b"a", True])
def test_values_that_are_no_text_name_the_field(field: str, value: object) -> None:
    with pytest.raises(InvalidQueryError, match=f"{field} must be a string or a list of strings") as caught:
        parse(**{field: value})
    assert caught.value.field == field


@pytest.mark.parametrize("field", ["service", "severity", "tag", "status"])
def test_too_many_values_name_the_field(field: str) -> None:
    assert parse(**{field: [f"v{n}" for n in range(50)]})
    with pytest.raises(InvalidQueryError, match="51 values; 50 are allowed") as caught:
        parse(**{field: [f"v{n}" for n in range(51)]})
    assert caught.value.field == field


@pytest.mark.parametrize("field", ["service", "severity", "tag", "status"])
def test_a_value_can_always_be_written_as_utf_8(field: str) -> None:
    filters = parse(**{field: "a\ud800b\0"}).filters
    values = [*filters.services, *filters.severities, *filters.tags, *filters.statuses]
    assert len(values) == 1
    assert "".join(values).encode().startswith(b"a")


def test_unknown_parameters_are_named_and_the_known_ones_listed() -> None:
    with pytest.raises(InvalidQueryError, match="Unknown parameters: colour, servce") as caught:
        parse(servce="x", colour="red")
    assert caught.value.field == "colour"
    for known in ("text", "limit", "service", "severity", "tag", "status", "since", "until"):
        assert known in caught.value.hint


def test_one_parameter_by_two_names_is_refused() -> None:
    with pytest.raises(InvalidQueryError, match="two names"):
        parse_query({"q": "a", "text": "b"}, SETTINGS)


@pytest.mark.parametrize("name", ["text", "q", "limit", "k"])
def test_filters_alone_know_neither_text_nor_limit(name: str) -> None:
    with pytest.raises(InvalidQueryError, match="Unknown parameter"):
        parse_filters({name: "1"})


_value: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.from_regex(r"\A\d{1,4}[dwmy]?\Z")
    | st.text(st.characters(categories=["Cs", "Nd", "Cc"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
_NAMES = ["text", "q", "limit", "k", "service", "severity", "tag", "status", "since", "until", "other"]


@given(st.dictionaries(st.sampled_from(_NAMES), _value, max_size=6))
@settings(max_examples=400, deadline=None)
def test_whatever_comes_is_a_query_or_an_error_with_a_field(params: dict[str, object]) -> None:
    answer = answered(params)
    if isinstance(answer, InvalidQueryError):
        assert answer.field in _NAMES
        assert answer.message
        assert answer.hint
        return
    assert answer.text.strip()
    assert 1 <= answer.limit <= 100
    answer.text.encode()
    for day in (answer.filters.since, answer.filters.until):
        assert day is None or date.fromisoformat(day)


def answered(params: dict[str, object]) -> Query | InvalidQueryError:
    try:
        return parse_query(params, SETTINGS)
    except InvalidQueryError as error:
        return error
