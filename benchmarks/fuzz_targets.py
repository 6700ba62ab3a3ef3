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

import httpx2
import msgspec

from benchmarks import fuzz_asking as asking
from benchmarks.fuzz_fit import DATA, check, clean, fit
from rcasearch import credentials, lexicon, wording
from rcasearch.client import Client
from rcasearch.errors import RcaSearchError
from rcasearch.judged import read_queries
from rcasearch.model import Document, Problem
from rcasearch.push.targets import targets_of
from rcasearch.readers.document import document_of
from rcasearch.readers.front_matter import read_front_matter
from rcasearch.render_text import incident_as_text
from rcasearch.settings import Settings
from rcasearch.tokens.file import TokenFile
from rcasearch.web import documents

_LARGE = 1 << 22
_TODAY = date(2026, 1, 1)


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
        check(error)
        return True
    return False


# --- what is indexed ---------------------------------------------------------------------------------------------------


def _document(data: bytes) -> None:
    read = document_of(data, "incident.md", _LARGE)
    for problem in [read] if isinstance(read, Problem) else read.problems if read else ():
        fit(problem.message, problem.hint)
    if isinstance(read, Document):
        # The copy of what was read, and what the terminal shows of it.
        msgspec.msgpack.encode(read)
        fit(incident_as_text(read.incident, today=_TODAY))


def _front_matter(data: bytes) -> None:
    found = read_front_matter(f"---\n{clean(data)}\n---\n")
    msgspec.json.encode((found.values, found.lines, found.fault))


def _page(data: bytes) -> None:
    documents.render.cache_clear()
    html = documents.render(clean(data), (), "Title", file="incident.md")
    lowered = html.lower()
    assert not any(never in lowered for never in ("<script", "<iframe", "<style", 'href="javascript', 'src="'))
    html.encode("utf-8")


def _secrets(data: bytes) -> None:
    text = clean(data)
    found = credentials.find(text)
    masked = credentials.masked(text, found)
    assert masked.count("\n") == text.count("\n")


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
    fit(str(loaded))
    targets_of(loaded)


def _environment(data: bytes) -> None:
    pairs = (line.partition("=") for line in clean(data).split("\n"))
    env = {f"RCASEARCH_{name.upper()}": value for name, _, value in pairs if not name.upper().endswith(("_FILE", "CONFIG"))}
    targets_of(Settings.load(env=env, config=_file(b"")))


def _lexicon(data: bytes) -> None:
    for concept in lexicon._read(_file(data)):
        fit(concept.name, concept.label, *concept.phrases, *concept.signatures)


def _judged(data: bytes) -> None:
    for query in read_queries(_file(data)):
        fit(query.id, query.text, query.kind, *query.relevant)


def _tokens(data: bytes) -> None:
    TokenFile(_file(data)).tokens()


# --- what is shown -----------------------------------------------------------------------------------------------------


def _shown(data: bytes) -> None:
    text = clean(data)
    fit(wording.one_line(text), "\n".join(wording.paragraphs(text)), wording.cut(text, 200))
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
                check(error)


def _questions(client: Client) -> Iterable[Callable[[], object]]:
    yield from (client.ready, client.health, lambda: client.search("x"), lambda: client.incident("x"))
    yield from (lambda: client.batch([{}]), lambda: list(islice(client.incidents(), 3)))


def _read(*patterns: str) -> Callable[[], Iterable[bytes]]:
    return lambda: [path.read_bytes() for pattern in patterns for path in sorted(DATA.glob(pattern)) if path.is_file()]


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
    Target("query", asking.paste, _read("pastes/*"), ("```json\n", "\n```", "Name: ", "Events:\n", "at a.b(c:1)", "level=")),
    Target("payload", asking.payload, _read("payloads/*.json"), ('{"alerts":[{', '"event":{', "null", "1e999", "\\ud800")),
    Target("shape", asking.shape, lambda: [bytes([number, 0, number, number]) for number in range(40)]),
    Target("filters", asking.filters, _told("service=a\nsince=90d", 'limit=1\nseverity=["a"]\ntext=x'), ("until=", "ignore=")),
    Target("tools", asking.tools, _told('{"text": "x", "limit": 3}', '{"id": "x"}', '{"order": "last"}')),
    Target("settings", _settings, _told('port = 80\n[[push]]\nname = "a"\nkind = "slack"\nurl = "https://a.example/x"'), _TOML),
    Target("environment", _environment, _told("port=80\nworkers=2", 'push=[{"name": "a", "kind": "slack"}]'), _TOML),
    Target("lexicon", _lexicon, _told("- concept: a\n  phrases: [c, d]\n  signatures: ['e']"), ("- concept: ", "*a", "&a")),
    Target("judged", _judged, _told('{"id": "q", "text": "x", "kind": "k", "relevant": {"a": 2}}'), ("null", "1e999", "\\ud800")),
    Target("tokens", _tokens, _told('{"format": 1, "tokens": [{"name": "a", "scopes": ["read"]}]}'), ("null", "1e999")),
    Target("shown", _shown, _read("pastes/*"), ("\x1b]8;;", "\u2066", "\r", " | ", "\n- ")),
    Target("client", _client, _answers, ('{"results":[', "null", "1e999", "\\ud800")),
)  # fmt: skip
BY_NAME = {target.name: target for target in TARGETS}
