"""Filters as expressions: the same incidents pass as in a catalogue, and nothing that stands in a value breaks out of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rcasearch.model import Filters
from rcasearch.stores.milvus import filters, sdk
from rcasearch.texts import clean_text

PLAIN = (
    '"',
    "\\",
    '\\"',
    '" or id != "',
    "'",
    "a\nb",
    "a\r\nb",
    "\t",
    "%",
    "a%",
    "{x}",
    "{}",
    "[",
    '"]',
    "é",
    "ﬁ",
    "İ",
    "日本",
    "😀",
    "",
)
NASTY: tuple[str, ...] = (
    *PLAIN,
    'x"] or id != ""',
    "\x01",
    "\x1f",
    "\x7f",
    "\u2028",
    "and",
    "not",
    "null",
    "$meta",
    "1",
    "a b",
    "\\n",
    "\\u0041",
    "//",
)


@dataclass(frozen=True)
class Row:
    id: str
    tenant: str = ""
    access: str = ""
    services: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    severity: str = ""
    status: str = ""
    date: str = ""


# An evaluator of its own: of the forms that we write, by a grammar that knows texts only as the engine's does.
_TEXT = r'"(?:[^"\\\r\n]|\\[\\"nr])*"'
_LIST = rf"\[(?:{_TEXT})(?:, {_TEXT})*\]"
_TERM = re.compile(
    rf"(?P<any>array_contains_any\((?P<list>\w+), (?P<held>{_LIST})\))"
    rf"|(?P<field>\w+) (?P<op>in|==|!=|>=|<=) (?P<value>{_LIST}|{_TEXT})"
)
_UNESCAPED = {"\\\\": "\\", '\\"': '"', "\\n": "\n", "\\r": "\r"}


def read(text: str) -> str:
    return re.sub(r"\\.", lambda match: _UNESCAPED[match[0]], text[1:-1])


def holds(expression: str, row: Row) -> bool:
    """Whether a row passes; the whole expression must be terms with `and` between them."""
    position, every = 0, True
    while True:
        match = _TERM.match(expression, position)
        assert match, f"no term at {expression[position:]!r}"
        every &= _term(match, row)
        position = match.end()
        if position == len(expression):
            return every
        assert expression.startswith(" and ", position), expression[position:]
        position += len(" and ")


def _term(match: re.Match[str], row: Row) -> bool:
    if match["any"]:
        wanted = {read(text) for text in re.findall(_TEXT, match["held"])}
        return not wanted.isdisjoint(getattr(row, match["list"]))
    own, values = getattr(row, match["field"]), [read(text) for text in re.findall(_TEXT, match["value"])]
    if match["op"] == "in":
        return own in values
    found: bool = {"==": own == values[0], "!=": own != values[0], ">=": own >= values[0], "<=": own <= values[0]}[match["op"]]
    return found


def passes(chosen: Filters, tenant: str, access: Sequence[str] | None, row: Row) -> bool:
    """What is wanted, without any expression."""
    return (
        row.tenant == tenant
        and (access is None or row.access in access)
        and (not chosen.services or bool({value.casefold() for value in chosen.services} & set(row.services)))
        and (not chosen.tags or bool({value.casefold() for value in chosen.tags} & set(row.tags)))
        and (not chosen.severities or row.severity in {value.casefold() for value in chosen.severities})
        and (not chosen.statuses or row.status in {value.casefold() for value in chosen.statuses})
        and (not chosen.since or (row.date != "" and row.date >= chosen.since))
        and (not chosen.until or (row.date != "" and row.date <= chosen.until))
    )


texts = (st.sampled_from(NASTY) | st.text(max_size=6)).map(clean_text)
values = st.lists(texts, max_size=3, unique=True).map(tuple)
folded = st.lists(texts.map(str.casefold), max_size=3, unique=True).map(tuple)
days = st.sampled_from(["", "2023", "2024-01-31", "2024-02-01", "2024-02-01T10:00:00Z", "2025"])
rows = st.builds(
    Row,
    id=st.just("k"),
    tenant=st.sampled_from(["", "a", "b"]),
    access=st.sampled_from(["", "x", "x\x1fy"]),
    services=folded,
    tags=folded,
    severity=texts.map(str.casefold),
    status=texts.map(str.casefold),
    date=days,
)
bounds = days.map(lambda day: day or None)
chosen_filters = st.builds(Filters, values, values, values, values, bounds, bounds)
accesses = st.none() | st.lists(st.sampled_from(["", "x", "x\x1fy"]), max_size=3)


@given(chosen_filters, st.sampled_from(["", "a", "b"]), accesses, rows)
@settings(max_examples=500)
def test_the_same_incidents_pass_as_are_wanted(chosen: Filters, tenant: str, access: list[str] | None, row: Row) -> None:
    assert holds(filters.passing(chosen, tenant, access), row) == passes(chosen, tenant, access, row)


@given(st.text() | st.sampled_from(NASTY), st.text() | st.sampled_from(NASTY))
def test_no_value_breaks_out_of_its_literal(text: str, other: str) -> None:
    literal = filters.literal(text)
    assert re.fullmatch(_TEXT, literal)
    assert read(literal) == clean_text(text)
    assert holds(filters.is_in("status", [text]), Row("k", status=clean_text(text)))
    assert holds(filters.is_in("status", [text]), Row("k", status=other)) == (other == clean_text(text))


def test_nothing_is_in_no_values() -> None:
    assert filters.is_in("status", []) == filters.contains_any("tags", []) == filters.NOTHING
    assert not holds(filters.passing(Filters(), "", []), Row("k"))


def test_a_value_is_named_once() -> None:
    assert filters.is_in("status", ["open", "open"]) == 'status in ["open"]'


@pytest.fixture(scope="module")
def lite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    pytest.importorskip("milvus_lite")
    client = sdk.pymilvus().MilvusClient(uri=str(tmp_path_factory.mktemp("lite") / "x.db"))
    yield client
    client.close()


@pytest.fixture(scope="module")
def filled(lite: Any) -> list[Row]:
    """The collection `heads` of an engine, and its rows: one for each nasty value in each field."""
    kinds = sdk.pymilvus().DataType
    schema = lite.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", kinds.VARCHAR, is_primary=True, max_length=64)
    for field in ("tenant", "access", "severity", "status", "date"):
        schema.add_field(field, kinds.VARCHAR, max_length=256)
    for field in ("services", "tags"):
        schema.add_field(field, kinds.ARRAY, element_type=kinds.VARCHAR, max_capacity=8, max_length=256)
    schema.add_field("vector", kinds.FLOAT_VECTOR, dim=2)
    index = lite.prepare_index_params()
    index.add_index("vector", index_type="FLAT", metric_type="IP")
    lite.create_collection("heads", schema=schema, index_params=index)
    found = [
        Row(f"s{i}", status=value, services=(value, "x"), date="2024-02-01") for i, value in enumerate(map(str.casefold, NASTY))
    ]
    found += [Row(f"t{i}", "a", "x\x1fy", tags=(value,), severity=value) for i, value in enumerate(map(str.casefold, NASTY))]
    lite.insert(
        "heads", [{**{name: _plain(getattr(row, name)) for name in Row.__annotations__}, "vector": [0.0, 1.0]} for row in found]
    )
    return found


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


@given(chosen_filters, st.sampled_from(["", "a"]), accesses)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_engine_takes_them_as_they_are_meant(
    lite: Any, filled: list[Row], chosen: Filters, tenant: str, access: list[str] | None
) -> None:
    found = lite.query("heads", filter=filters.passing(chosen, tenant, access), output_fields=["id"])
    assert {one["id"] for one in found} == {row.id for row in filled if passes(chosen, tenant, access, row)}


@pytest.mark.parametrize("value", NASTY)
def test_an_engine_finds_each_nasty_value_and_nothing_else(lite: Any, filled: list[Row], value: str) -> None:
    own = value.casefold()
    for expression, field in ((filters.is_in("status", [own]), "status"), (filters.contains_any("tags", [own]), "tags")):
        found = lite.query("heads", filter=expression, output_fields=["id"])
        wanted = {row.id for row in filled if own == getattr(row, field) or (field == "tags" and own in row.tags)}
        assert {one["id"] for one in found} == wanted
