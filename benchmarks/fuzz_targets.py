"""Where bytes come in from outside, each as a function of bytes that may end only as the package promises.

A target returns, or raises an RcaSearchError: a sentence for whoever sent the bytes. Anything else is a crash. What is read must
also be fit to go on: text that every encoder takes, and messages that can be printed.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import httpx2
import msgspec

from benchmarks.contestant import ROOT
from rcasearch import credentials, lexicon, wording
from rcasearch.alerts import understand, understand_document
from rcasearch.alerts.senders import parsed
from rcasearch.client import Client
from rcasearch.errors import RcaSearchError
from rcasearch.judged import read_queries
from rcasearch.model import Document, Problem, Query
from rcasearch.pastes import condense, loudest
from rcasearch.push.targets import targets_of
from rcasearch.query import parse_filters, parse_limit, parse_order, parse_payload, parse_query, per_symptom
from rcasearch.readers.document import document_of
from rcasearch.readers.front_matter import read_front_matter
from rcasearch.render_query import symptom_as_dict
from rcasearch.render_text import incident_as_text
from rcasearch.settings import Settings
from rcasearch.signatures import signatures_in
from rcasearch.tokens.file import TokenFile
from rcasearch.web import documents, hooks

SETTINGS = Settings()
_LARGE = 1 << 22
_TODAY = date(2026, 1, 1)
_DATA = ROOT / "tests" / "data"


@dataclass(frozen=True, slots=True)
class Target:
    """``run`` takes any bytes, the seeds are such as it expects, and words that are worth a try."""

    name: str
    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    words: tuple[str, ...] = ()


def tried(target: Target, data: bytes) -> bool:
    """Run a target on the bytes; whether it refused them, by a sentence that can be printed. Raises whatever is a crash."""
    try:
        target.run(data)
    except RcaSearchError as error:
        _check(error)
        return True
    return False


def _check(error: RcaSearchError) -> None:
    assert error.message, "an error without a sentence"
    _fit(error.message, error.hint, error.field or "")


def _fit(*texts: str) -> None:
    for text in texts:
        text.encode("utf-8")


def _text(data: bytes) -> str:
    """The bytes as text that may hold anything, lone surrogates too."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "surrogateescape")


# --- what is indexed ---------------------------------------------------------------------------------------------------


def _document(data: bytes) -> None:
    read = document_of(data, "incident.md", _LARGE)
    for problem in [read] if isinstance(read, Problem) else read.problems if read else ():
        _fit(problem.message, problem.hint)
    if isinstance(read, Document):
        # The copy of what was read, and what the terminal shows of it.
        msgspec.msgpack.encode(read)
        _fit(incident_as_text(read.incident, today=_TODAY))


def _front_matter(data: bytes) -> None:
    found = read_front_matter(f"---\n{_clean(data)}\n---\n")
    msgspec.json.encode((found.values, found.lines, found.fault))


def _clean(data: bytes) -> str:
    """As the reader of files hands text on."""
    return data.decode("utf-8", "replace").replace("\0", " ").replace("\r", "\n")


def _page(data: bytes) -> None:
    documents.render.cache_clear()
    html = documents.render(_clean(data), (), "Title", file="incident.md")
    lowered = html.lower()
    assert not any(never in lowered for never in ("<script", "<iframe", "<style", 'href="javascript', 'src="'))
    html.encode("utf-8")


def _secrets(data: bytes) -> None:
    text = _clean(data)
    found = credentials.find(text)
    masked = credentials.masked(text, found)
    assert masked.count("\n") == text.count("\n")


# --- what is asked -----------------------------------------------------------------------------------------------------


def _query(data: bytes) -> None:
    _understood(parse_query({"text": _text(data)}, SETTINGS))


def _understood(query: Query) -> None:
    for one in per_symptom(query):
        _fit(one.text, condense(one.text), loudest(one.text))
        signatures_in(one.text)
    for symptom in query.understood.symptoms if query.understood else ():
        _answerable(symptom_as_dict(symptom))


def _answerable(value: Any) -> None:
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")


def _payload(data: bytes) -> None:
    """JSON of any sender, over every door through which it may come."""
    text = data.decode("utf-8", "replace")
    document = parsed(text)
    if document is None:
        return
    understand_document(document)
    if (query := parse_payload(document, {}, SETTINGS)) is not None:
        _understood(query)
    understand(text)
    for hook in ("pagerduty", "opsgenie", "generic"):
        hooks._nothing_new(hook, document)
    hooks._incident_of(document)


def _shape(data: bytes) -> None:
    """A payload of a sender some of whose values are others: each three bytes choose one and what stands in its place."""
    payloads = _payloads()
    document = json.loads(payloads[data[0] % len(payloads)]) if data else {}
    for at in range(1, len(data) - 2, 3):
        _replace(document, data[at] * 256 + data[at + 1], _VALUES[data[at + 2] % len(_VALUES)])
    _payload(json.dumps(document).encode())
    try:
        _understood(parse_query({"text": json.dumps(document)}, SETTINGS))
    except RecursionError:
        raise AssertionError("a document that can be written cannot be read") from None


@cache
def _payloads() -> tuple[str, ...]:
    texts = (path.read_text(encoding="utf-8") for path in sorted(_DATA.glob("payloads/*.json")))
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


def _filters(data: bytes) -> None:
    """Pairs set off by line breaks, as a mapping of texts and lists: what an address, a form or JSON can carry."""
    given: dict[str, Any] = {}
    for line in _text(data).split("\n"):
        name, _, value = line.partition("=")
        given.setdefault(name, []).append(_guessed(value))
    params = {name: values[0] if len(values) == 1 else values for name, values in given.items()}
    for parse in (parse_filters, lambda all_: parse_query(all_, SETTINGS)):
        try:
            _answerable(str(parse(params)))
        except RcaSearchError as error:
            _fit(error.message.encode("utf-8", "replace").decode())
    parse_limit(params.get("limit"), 10)
    parse_order(params.get("order"))


def _guessed(value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


# --- what is configured ------------------------------------------------------------------------------------------------


@cache
def _folder() -> Path:
    """A folder in memory, where there is one."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="fuzz-", dir=memory if os.access(memory, os.W_OK) else None))


def _file(data: bytes) -> Path:
    path = _folder() / "given"
    path.write_bytes(data)
    return path


def _settings(data: bytes) -> None:
    loaded = Settings.load(env={}, config=_file(data))
    _fit(str(loaded))
    targets_of(loaded)


def _environment(data: bytes) -> None:
    pairs = (line.partition("=") for line in _clean(data).split("\n"))
    env = {f"RCASEARCH_{name.upper()}": value for name, _, value in pairs if not name.upper().endswith(("_FILE", "CONFIG"))}
    targets_of(Settings.load(env=env, config=_file(b"")))


def _lexicon(data: bytes) -> None:
    for concept in lexicon._read(_file(data)):
        _fit(concept.name, concept.label, *concept.phrases, *concept.signatures)


def _judged(data: bytes) -> None:
    for query in read_queries(_file(data)):
        _fit(query.id, query.text, query.kind, *query.relevant)


def _tokens(data: bytes) -> None:
    TokenFile(_file(data)).tokens()


# --- what is shown -----------------------------------------------------------------------------------------------------


def _shown(data: bytes) -> None:
    text = _clean(data)
    _fit(wording.one_line(text), "\n".join(wording.paragraphs(text)), wording.cut(text, 200))
    ends = sorted(data[:4])
    spans = [(start, start + 3) for start in ends]
    shown, kept = wording.passage(text, spans, 120)
    assert all(0 <= start < end <= len(shown) for start, end in kept)
    assert not any(mark in wording.one_line(text) for mark in "\x1b\x9b\u202e\u2066\n")


# --- what a server answers to the client -------------------------------------------------------------------------------


def _client(data: bytes) -> None:
    status = 200 if data[:1] < b"\x80" else 400 + data[0] % 200
    headers = {"Retry-After": "0", "Content-Type": "application/json"}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(status, content=data[1:], headers=headers))
    with Client(transport=transport, retries=0) as client:
        for ask in _questions(client):
            try:
                ask()
            except RcaSearchError as error:
                _check(error)


def _questions(client: Client) -> Iterable[Callable[[], object]]:
    yield from (client.ready, client.health, lambda: client.search("x"), lambda: client.incident("x"))
    yield from (lambda: client.batch([{}]), lambda: list(islice(client.incidents(), 3)))


def _read(*patterns: str) -> Callable[[], Iterable[bytes]]:
    return lambda: [path.read_bytes() for pattern in patterns for path in sorted(_DATA.glob(pattern)) if path.is_file()]


def _told(*texts: str) -> Callable[[], Iterable[bytes]]:
    return lambda: [text.encode() for text in texts]


def _answers() -> Iterable[bytes]:
    page = {"total": 1, "offset": 0, "limit": 1, "incidents": []}
    told = ({"status": "ok"}, page, {"results": [], "took_ms": 1.0}, {"detail": "wrong", "status": 400})
    return [mark + json.dumps(one).encode() for one in told for mark in (b"\x00", b"\xff")]


_MARKDOWN = (
    "---\n", "```", "> ", "- [ ] ", "|a|b|\n|-|-|\n", "[[", "]]", "%%", "==", "**", "~~", "<!--", "-->", "<div>", "\n\n# ",
    "## Timeline\n", "10:00 UTC ", "Owner: ", "Severity: ", "title: ", "date: ", "access: ", "\u202e", "\u200b", "\ufeff", "&#0;",
    "![", "](", "javascript:", "<script>", "<svg", "\x1b[31m", "AKIA", "password=", "2024-01-01", "T+5m ", "related: [[",
)  # fmt: skip
_TOML = (
    "port = 1", "index = '", "[[push]]", 'kind = "slack"', 'url = "https://', "hooks = [", "limit = 0x", "access = ",
    "0xffffffff", "1e999", "nan", "2024-01-01", "'''", '"""', "\\ud800", "headers = {", "[push.headers]", "workers = true",
)  # fmt: skip
TARGETS = (
    Target("document", _document, _read("corpus/*.md", "corpus/*/*.md", "readers/*"), _MARKDOWN),
    Target("front-matter", _front_matter, _told("title: a\nservices: [a, b]", "a: &x [*x]\nb: {c: d}"), _MARKDOWN),
    Target("page", _page, _read("corpus/*.md"), _MARKDOWN),
    Target("secrets", _secrets, _told("AWS_SECRET=AKIAIOSFODNN7EXAMPLE password: hunter2hunter2"), _MARKDOWN),
    Target("query", _query, _read("pastes/*"), ("```json\n", "\n```", "Name: ", "Events:\n", "at a.b(c:1)", "level=error ")),
    Target("payload", _payload, _read("payloads/*.json"), ('{"alerts":[{', '"event":{', "null", "1e999", "\\ud800", "[[[[")),
    Target("shape", _shape, lambda: [bytes([number, 0, number, number]) for number in range(40)]),
    Target("filters", _filters, _told("service=a\nsince=90d", 'limit=1\nseverity=["a"]\ntext=x'), ("until=", "ignore=")),
    Target("settings", _settings, _told('port = 80\n[[push]]\nname = "a"\nkind = "slack"\nurl = "https://a.example/x"'), _TOML),
    Target("environment", _environment, _told("port=80\nworkers=2", 'push=[{"name": "a", "kind": "slack"}]'), _TOML),
    Target("lexicon", _lexicon, _told("- concept: a\n  phrases: [c, d]\n  signatures: ['e']"), ("- concept: ", "*a", "&a")),
    Target("judged", _judged, _told('{"id": "q", "text": "x", "kind": "k", "relevant": {"a": 2}}'), ("null", "1e999", "\\ud800")),
    Target("tokens", _tokens, _told('{"format": 1, "tokens": [{"name": "a", "scopes": ["read"]}]}'), ("null", "1e999")),
    Target("shown", _shown, _read("pastes/*"), ("\x1b]8;;", "\u2066", "\r", " | ", "\n- ")),
    Target("client", _client, _answers, ('{"results":[', "null", "1e999", "\\ud800", "[[[[")),
)  # fmt: skip
BY_NAME = {target.name: target for target in TARGETS}
