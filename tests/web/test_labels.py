"""What carries a label leaves no trace in any answer to who does not hold it: all that can be asked is asked, of two servers.

One has the index of everything, the other an index of just what the reader may see. Apart from what names the generation and the
moment, their answers must be the same, byte for byte. A new route is asked too, or the first test fails.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import unified_diff
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from rcasearch.agents.server import Desk
from rcasearch.agents.tools import TOOLS
from rcasearch.evaluation import measure
from rcasearch.index import build
from rcasearch.model import UNLABELLED, Clearance
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.tokens import ADMIN, INGEST, METRICS, READ, TokenFile
from rcasearch.tokens.upkeep import add
from rcasearch.web import create_app
from tests.web.conftest import POOL, POOL_QUERY

CANARY = "zanzibarvault"
SECRET = f"2025-01-02-{CANARY}-breach"
LABELS = {"security": ("security",), "legal": ("legal",), "both": ("legal", "security")}
# Whose token is used; an empty one is none, and `admin` sees all.
READERS = {"": (), "sales": ("sales",), **LABELS}
ENV = {"REMOTE_ADDR": "203.0.113.7"}
ALERT = {"version": "4", "status": "firing", "groupKey": "g", "receiver": "r", "alerts": [
    {"status": "firing", "labels": {"alertname": "PoolExhausted", "service": "checkout-api"},
     "annotations": {"description": POOL_QUERY}, "startsAt": "2025-01-01T00:00:00Z"}]}  # fmt: skip


@dataclass(frozen=True)
class Ask:
    """A request; the answer to it must not name the canary unless the request does."""

    path: str
    method: str = "GET"
    json: Any = None
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def asks() -> list[Ask]:
    """What is asked of the servers, at least once through each route, in ways in which something could come to light."""
    wanted = (POOL, SECRET, f"{CANARY}-id", "shared-id", "2024-03-14", "nothing-at-all")
    texts = (POOL_QUERY, "an attacker read customer records through a forgotten bucket", "503 on payments-vault")
    filters = (
        "",
        "?service=payments-vault",
        "?severity=SEV0",
        "?tag=breach",
        "?status=sealed",
        "?since=2025-01-01",
        "?service=checkout",
    )
    return [
        *(Ask(f"/api/v1/search?q={text}&limit=20") for text in texts),
        *(Ask(f"/?q={text}&limit=20") for text in texts),
        *(Ask(f"/?q={texts[1]}&{one[1:]}") for one in filters if one),
        *(Ask("/api/v1/search", "POST", {"text": text, "limit": 20}) for text in texts),
        Ask("/api/v1/search", "POST", {"text": texts[2], "ignore": ["service:payments-vault"]}),
        Ask("/api/v1/search", "POST", ALERT),
        Ask("/api/v1/search/batch", "POST", {"queries": [{"text": text} for text in texts]}),
        *(
            Ask(f"{path}{one}")
            for path in ("/api/v1/incidents", "/incidents", "/api/v1/insights", "/insights")
            for one in filters
        ),
        *(Ask(f"{path}{one}") for path in ("/api/v1/recurrences", "/recurrences") for one in filters[:3]),
        *(Ask(f"/api/v1/incidents?limit=1&offset={offset}") for offset in (0, 7, 8, 9, 12)),
        *(
            Ask(f"{path}/{one}")
            for path in ("/api/v1/incidents", "/incidents", "/api/v1/recurrences", "/recurrences")
            for one in wanted
        ),
        *(Ask(f"/api/v1/incidents/{one}/similar?limit=20") for one in wanted),
        *(
            Ask(path)
            for path in ("/", "/map", "/api/v1/map", "/about", "/docs", "/openapi.json", "/metrics", "/readyz", "/healthz")
        ),
        *(Ask(path) for path in (f"/map?q={texts[1]}", "/static/base.css", "/sign-in", "/no/such/page", "/api/v1/none")),
        Ask("/", "POST", form={"q": texts[1]}),
        Ask("/", "POST", form={"q": texts[1], "service": "payments-vault"}),
        Ask("/sign-in", "POST", form={"token": "rcas_none", "next": "/"}, headers={"Sec-Fetch-Site": "same-origin"}),
        Ask("/sign-out", "POST", form={}, headers={"Sec-Fetch-Site": "same-origin"}),
        Ask("/api/v1/hooks/alertmanager", "POST", ALERT),
        Ask("/api/v1/slack/command", "POST", form={"text": texts[1], "response_url": ""}),
    ]


def labelled(labels: tuple[str, ...], name: str, identifier: str) -> str:
    return (
        f"---\nid: {identifier}\ntitle: {CANARY} {name} breach\ndate: 2025-01-02\nseverity: SEV0\nstatus: sealed\n"
        f"access: [{', '.join(labels)}]\nservices: [payments-vault, checkout]\ntags: [breach, {CANARY}]\n"
        f"aliases: [{POOL}]\nduration: 90\n---\n\n"
        f"## Summary\n\nAn attacker read customer records through a forgotten bucket; {CANARY} {name} told us.\n\n"
        f"## Symptoms\n\nEvery worker waits for a database connection and checkout answers 503 to {CANARY}.\n\n"
        f"## Root cause\n\n{CANARY}: the bucket was public.\n\n## Resolution\n\n- Closed the bucket of payments-vault.\n\n"
        f"## Action items\n\n- [ ] Rotate the keys of {CANARY}\n\n## Related\n\n- [[{POOL}]]\n"
    )


@pytest.fixture(scope="module")
def corpus(tiny_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("labels") / "documents"
    shutil.copytree(tiny_corpus, folder)
    (folder / "open.md").write_text(
        "---\nid: shared-id\ntitle: Open\ndate: 2024-05-05\nservices: [checkout]\nduration: soon\n---\n\n"
        f"## Summary\n\nSee [[{SECRET}]].\n"
    )
    vault = folder / "aa-vault"
    vault.mkdir()
    for number, (name, own) in enumerate(LABELS.items()):
        (vault / f"{CANARY}-{name}.md").write_text(labelled(own, name, f"{CANARY}-{name}"))
        (vault / f"again-{number}.md").write_text(labelled(own, f"{name} again", f"{CANARY}-again-{number}"))
    (vault / f"{SECRET}.md").write_text(labelled(("security",), "first", "shared-id"))
    (vault / f"{CANARY}-broken.md").write_text(f"---\ntitle: {CANARY}\naccess: [{CANARY} team]\n---\n\n## Summary\n\n{CANARY}.\n")
    return folder


@pytest.fixture(scope="module")
def whole(corpus: Path) -> Iterator[Searcher]:
    settings = Settings(index=str(corpus.parent / "whole"))
    build([corpus], settings)
    with closing(Searcher.open(settings)) as searcher:
        measure(searcher, None)
        yield searcher


@pytest.fixture(scope="module")
def tokens(corpus: Path) -> dict[str, str]:
    file, now = TokenFile(corpus.parent / "tokens.json"), datetime.now(UTC)
    held = {name: add(file, name, (READ, INGEST, METRICS), labels, 1, now)[0] for name, labels in READERS.items() if name}
    return {"": "", **held, "admin": add(file, "admin", (ADMIN,), (), 1, now)[0]}


def serving(searcher: Searcher, corpus: Path) -> FlaskClient:
    settings = Settings(
        index=searcher.settings.index,
        tokens_file=str(corpus.parent / "tokens.json"),
        anonymous="read",
        rate_limit=0,
        hook_open="alertmanager",
        hook_memory=0,
        push_queue=str(Path(searcher.settings.index).with_suffix(".queue")),
        slack_signing_secret="",
    )
    return create_app(searcher, settings).test_client()


@pytest.fixture(scope="module", params=["", "security", "both"])
def servers(
    request: pytest.FixtureRequest, corpus: Path, whole: Searcher, tokens: dict[str, str]
) -> Iterator[tuple[str, FlaskClient, FlaskClient]]:
    """The token of a reader, a server over everything, and one over an index of what that reader may see."""
    clearance, own = Clearance.of(READERS[request.param]), corpus.parent / f"own-{request.param}" / "documents"
    shutil.copytree(corpus, own)
    for outline in whole.outlines():
        incident = whole.incident(outline.id)
        if not clearance.covers(incident.access):
            (own / incident.path).unlink()
    (own / "aa-vault" / f"{CANARY}-broken.md").unlink()
    settings = Settings(index=str(own.parent / "whole"))
    build([own], settings)
    with closing(Searcher.open(settings)) as alone:
        if clearance.covers(whole.labels):
            measure(alone, None)
        yield tokens[request.param], serving(whole, corpus), serving(alone, corpus)


def answered(client: FlaskClient, ask: Ask, token: str) -> TestResponse:
    headers = dict(ask.headers) | ({"Authorization": f"Bearer {token}"} if token else {})
    given = {"method": ask.method, "json": ask.json, "data": ask.form, "headers": headers}
    return client.open(ask.path, environ_overrides=ENV, base_url="http://localhost", buffered=True, **given)


_MOMENTS = (
    r'"took_ms": ?[\d.]+',
    r"[\d.]+ ?ms",
    r"20\d{6}T\d{6}\.\d{6}Z-[0-9a-f]+",
    r"\d{4}-\d\d-\d\d[T ][\d:]+(Z| UTC)",
    r"[0-9a-f]{32}",
    r"(?m)^#.*$",
    # What a server counts of itself.
    r"(?m)^(process|python|rcasearch_(index_age|index_info|http|stage|process|queue|verdicts|shed|waiting)).*$",
)


def plain(response: TestResponse) -> list[str]:
    """The lines of an answer without what names the generation and the moment."""
    text = response.get_data(as_text=True)
    for moment in _MOMENTS:
        text = re.sub(moment, "·", text)
    kept = sorted(
        (name, value) for name, value in response.headers if name in ("Location", "Content-Type", "Cache-Control", "Vary")
    )
    return [str(response.status_code), str(kept), *(line for line in text.splitlines() if line.strip(" ·"))]


def test_every_route_is_asked(whole: Searcher, corpus: Path) -> None:
    app = serving(whole, corpus).application
    adapter = app.url_map.bind("localhost")
    met = {adapter.match(ask.path.partition("?")[0], ask.method)[0] for ask in asks() if "/no" not in ask.path}
    assert met == {rule.endpoint for rule in app.url_map.iter_rules()}


def test_who_may_not_see_gets_what_an_index_without_it_answers(servers: tuple[str, FlaskClient, FlaskClient]) -> None:
    token, everything, alone = servers
    for client in (everything, alone):
        # A page tells of them what is known already.
        answered(client, Ask("/recurrences"), token)
    for ask in asks():
        ours, theirs = (answered(client, ask, token) for client in (everything, alone))
        differ = "\n".join(unified_diff(plain(theirs), plain(ours), n=0, lineterm=""))
        assert not differ, f"{ask}\n{differ}"


@pytest.mark.parametrize("reader", ["", "sales"])
def test_no_answer_and_no_header_names_the_canary(whole: Searcher, corpus: Path, tokens: dict[str, str], reader: str) -> None:
    client = serving(whole, corpus)
    for ask in asks():
        if CANARY not in ask.path:
            response = answered(client, ask, tokens[reader])
            told = response.get_data(as_text=True) + str(response.headers)
            # A document that everybody sees names it in a link.
            assert CANARY not in told.replace(SECRET, ""), ask
    assert CANARY in answered(client, Ask("/api/v1/incidents"), tokens["admin"]).get_data(as_text=True)


def test_hooks_answer_what_everybody_may_see_whoever_sends(whole: Searcher, corpus: Path, tokens: dict[str, str]) -> None:
    client, hook = serving(whole, corpus), Ask("/api/v1/hooks/alertmanager", "POST", ALERT)
    found = [answered(client, hook, tokens[name]).get_json() for name in ("", "both", "admin")]
    for answer in found:
        assert answer["symptoms"][0]["result"]["hits"]
        assert CANARY not in json.dumps(answer).replace(SECRET, "")


def test_nobody_is_told_that_an_answer_for_somebody_else_still_holds(
    whole: Searcher, corpus: Path, tokens: dict[str, str]
) -> None:
    client = serving(whole, corpus)
    for path in ("/api/v1/incidents", f"/api/v1/incidents/{POOL}", "/api/v1/insights", "/api/v1/map", "/api/v1/recurrences"):
        tags = {name: answered(client, Ask(path), tokens[name]).headers["ETag"] for name in ("", "security", "admin")}
        assert len(set(tags.values())) == 3
        for held in ("security", "admin"):
            asked = Ask(path, headers={"If-None-Match": tags[held]})
            assert answered(client, asked, "").status_code == 200
            assert answered(client, asked, tokens[held]).status_code == 304
        assert {"Authorization", "Cookie"} <= set(answered(client, Ask(path), "").vary)


def test_the_figures_of_an_evaluation_are_for_who_sees_all_that_was_measured(
    whole: Searcher, corpus: Path, tokens: dict[str, str]
) -> None:
    client = serving(whole, corpus)
    pages = {
        name: answered(client, Ask("/about"), tokens[name]).get_data(as_text=True) for name in ("", "security", "both", "admin")
    }
    assert pages["admin"] != pages["security"]
    assert [("nDCG" in page) for page in pages.values()] == [False, False, True, True]


def test_agents_get_what_their_token_may_see(whole: Searcher) -> None:
    desk = Desk(whole.settings, whole)
    tools = {tool.name: tool for tool in TOOLS}
    asked: list[tuple[str, dict[str, object]]] = [
        ("find_precedents", {"text": POOL_QUERY, "limit": 20}),
        ("find_precedents", {"text": "an attacker read customer records"}),
        ("list_recurrences", {"limit": 100}),
        ("get_incident", {"id": POOL}),
    ]
    assert {name for name, _ in asked} == set(tools)
    for name, arguments in asked:
        assert CANARY not in str(desk.answer(tools[name], arguments, UNLABELLED)).replace(SECRET, "")
        assert desk.answer(tools[name], arguments) == desk.answer(tools[name], arguments, UNLABELLED) or name == "find_precedents"
    hidden, unknown = (desk.answer(tools["get_incident"], {"id": one}, UNLABELLED) for one in (SECRET, "x" * len(SECRET)))
    assert str(hidden).replace(SECRET, "") == str(unknown).replace("x" * len(SECRET), "")
    assert CANARY in str(desk.answer(tools["get_incident"], {"id": SECRET}, Clearance.of(["security"])))


@pytest.mark.parametrize(
    ("access", "seen"), [("*", 16), ("", 9), ("security", 12), ("legal security", 16), ("legal, security", 16)]
)
def test_a_setting_says_what_commands_and_servers_answer_from(whole: Searcher, access: str, seen: int) -> None:
    with closing(Searcher.open(Settings(index=whole.settings.index, access=access))) as searcher:
        assert searcher.info.incidents == seen
        assert searcher.seen_by(Clearance.of(["*"])).info.incidents == seen
