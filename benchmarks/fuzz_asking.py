"""What is asked, through every door by which a question comes: pastes, payloads, filters, tools of agents."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, cast

from benchmarks.fuzz_fit import DATA, SETTINGS, fit, named, text_of
from rcasearch.agents.tools import TOOLS
from rcasearch.alerts import understand, understand_document
from rcasearch.alerts.senders import parsed
from rcasearch.errors import NotFoundError, RcaSearchError
from rcasearch.model import Filters, Query
from rcasearch.pastes import condense, loudest
from rcasearch.query import parse_filters, parse_limit, parse_order, parse_payload, parse_query, per_symptom
from rcasearch.render_query import symptom_as_dict
from rcasearch.search import Searcher
from rcasearch.signatures import signatures_in
from rcasearch.web import hooks


def paste(data: bytes) -> None:
    understood(parse_query({"text": text_of(data)}, SETTINGS))


def understood(query: Query) -> None:
    for one in per_symptom(query):
        fit(one.text, condense(one.text), loudest(one.text))
        signatures_in(one.text)
    for symptom in query.understood.symptoms if query.understood else ():
        answerable(symptom_as_dict(symptom))


def answerable(value: Any) -> None:
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")


def payload(data: bytes) -> None:
    """JSON of any sender, over every door through which it may come."""
    text = data.decode("utf-8", "replace")
    document = parsed(text)
    if document is None:
        return
    understand_document(document)
    if (query := parse_payload(document, {}, SETTINGS)) is not None:
        understood(query)
    understand(text)
    for hook in ("pagerduty", "opsgenie", "generic"):
        hooks._nothing_new(hook, document)
    hooks._incident_of(document)


def shape(data: bytes) -> None:
    """A payload of a sender some of whose values are others: each three bytes choose one and what stands in its place."""
    payloads = _payloads()
    document = json.loads(payloads[data[0] % len(payloads)]) if data else {}
    for at in range(1, len(data) - 2, 3):
        _replace(document, data[at] * 256 + data[at + 1], _VALUES[data[at + 2] % len(_VALUES)])
    payload(json.dumps(document).encode())
    try:
        understood(parse_query({"text": json.dumps(document)}, SETTINGS))
    except RecursionError:
        raise AssertionError("a document that can be written cannot be read") from None


@cache
def _payloads() -> tuple[str, ...]:
    texts = (path.read_text(encoding="utf-8") for path in sorted(DATA.glob("payloads/*.json")))
    return tuple(text for text in texts if parsed(text) is not None)


def _replace(document: Any, number: int, value: Any) -> None:
    """Put a value in the place of the part of that number, counted through the document."""
    places: list[tuple[Any, Any]] = []
    waiting = [document]
    while waiting:
        node = waiting.pop()
        inner = list(node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ())
        places += [(node, key) for key, _ in inner]
        waiting += [one for _, one in inner]
    if places:
        holder, key = places[number % len(places)]
        holder[key] = json.loads(json.dumps(value))


_VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1e308, float("inf"), float("nan"), 10**30, "", " ", "\0", "\ud800", "x" * 5_000, "[FIRING] a", "closed",
    "{", "[]", '{"message": "disk is full"}', '["a"]', "```\nx\n```", "arn:aws:sns:eu-west-1:1:a/b", "http://[::1", "<http://a|b>",
    [], {}, [[]], [{}], [None], {"": ""}, {"a": {"b": {"c": "disk is full"}}}, ["disk", "is", "full"], [1, {}], "2024-13-45",
    "Labels:\n - a = b\nAnnotations:\n - c = d\n", "Name: a\nStatus: Failed\nEvents:\n  Warning  a  b  c  d\n", "%%%\n", "\u202e",
)  # fmt: skip


def filters(data: bytes) -> None:
    """Pairs set off by line breaks, as a mapping of texts and lists: what an address, a form or JSON can carry."""
    given: dict[str, Any] = {}
    for line in text_of(data).split("\n"):
        name, _, value = line.partition("=")
        given.setdefault(name, []).append(guessed(value))
    params = {name: values[0] if len(values) == 1 else values for name, values in given.items()}
    for parse in (parse_filters, lambda all_: parse_query(all_, SETTINGS)):
        try:
            answerable(str(parse(params)))
        except RcaSearchError as error:
            fit(error.message.encode("utf-8", "replace").decode())
    parse_limit(params.get("limit"), 10)
    parse_order(params.get("order"))


def guessed(value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


class _Nothing:
    """An index that has nothing: what is asked of it is checked, and not found."""

    def search(self, query: Query) -> Any:
        understood(query)
        raise NotFoundError("nothing")

    def incident(self, wanted: str) -> Any:
        raise NotFoundError(f"no {wanted[:40]!r}")

    def recurrences(self, filters: Filters) -> Any:
        answerable(str(filters))
        raise NotFoundError("nothing")


def tools(data: bytes) -> None:
    """The arguments of each tool of agents."""
    arguments = guessed(data.decode("utf-8", "replace"))
    if isinstance(arguments, dict):
        for tool in TOOLS:
            try:
                tool.answer(arguments, cast("Searcher", _Nothing()), SETTINGS)
            except RcaSearchError as error:
                named(error)
