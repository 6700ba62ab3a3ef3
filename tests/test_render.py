"""Records as dicts and as text: golden files for whole answers, and single rules by name.

``RCASEARCH_UPDATE_GOLDEN=1 pytest tests/test_render.py`` writes the golden files anew; read the diff before you commit it.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcasearch import model, render, render_text, wording

GOLDEN = Path(__file__).parent / "data" / "golden"
TODAY = date(2026, 3, 1)
EVIL = "evil \x1b[31mred\x07 \x9b2J \u202edrowssap\x00 end"

SUMMARY = (
    "From 18:02 to 18:49 UTC four of ten checkout requests failed with HTTP 503. Every worker waited for a database\n"
    "connection that never came back."
)


def _span(text: str, word: str) -> tuple[int, int]:
    return text.index(word), text.index(word) + len(word)


CHECKOUT = model.Incident(
    id="2024-03-14-checkout",
    title="Checkout answered 503 after its database connection pool ran dry",
    path="2024/2024-03-14-checkout.md",
    date="2024-03-14",
    severity="sev-1",
    level="SEV1",
    services=("checkout", "orders-db"),
    tags=("rca", "database"),
    status="resolved",
    duration_minutes=47,
    author="Mira Castellan",
    aliases=("the pool outage",),
    sections=(
        model.Section("Summary", ("Summary",), ("summary",), (model.Block("paragraph", SUMMARY, 14),), 12),
        model.Section(
            "Resolution",
            ("Resolution",),
            ("resolution",),
            (
                model.Block("list_item", "Rolled checkout back to release 2024.10.", 40),
                model.Block("code", "kubectl rollout undo deploy/checkout\n  --to-revision 41", 43),
            ),
            38,
        ),
    ),
    links=(
        model.Link("2025-09-18-basket", "The basket leak", "wiki", 50, "2025-09-18-basket"),
        model.Link("runbook-orders-db", "orders-db runbook", "wiki", 51),
        model.Link("https://status.example.test/7?a=b", "status page", "url", 52),
        model.Link("javascript:alert(1)", "click", "url", 53),
        model.Link("http://[broken", "broken", "url", 54),
    ),
    action_items=(
        model.ActionItem("Alert when a pool is 90 % in use for a minute", 60, "P1", "Platform", "2024-03-28", "done", True),
        model.ActionItem("Forbid bare `pool.acquire()` by a lint rule", 61, "P2", "Checkout", "2024-04-11", "open", False),
        model.ActionItem("Write down what the pool dashboard shows", 62),
        model.ActionItem("Rehearse the rollback", 63, owner="SRE"),
    ),
    timeline=(
        model.TimelineEvent("18:02", "Release reaches all pods", 20, 0),
        model.TimelineEvent("later", "Nobody looked at a clock", 21),
    ),
    milestones=model.Milestones(first_action=7, cause_found=29, mitigated=36, resolved=47),
    root_cause=model.Answer(
        "The discount lookup returned early for an unknown voucher and never gave its connection back to\nthe pool. After about "
        "three minutes all 40 were gone:\n`TimeoutError: QueuePool limit of size 40 overflow 0 reached`.",
        "root_cause",
        "Root Cause",
        30,
    ),
    resolution=model.Answer(
        "1. Rolled back.\n2. Restarted.",
        "resolution",
        "Resolution",
        38,
        (
            "Rolled checkout back to release 2024.10.",
            "Restarted the pods one by one so that the database closed the leaked sessions.",
            "Wrapped the lookup in a context manager.",
        ),
    ),
)
GATEWAY = model.Incident(
    id="köln 1/2",
    title=EVIL,
    path="köln.md",
    date="2026-02-10",
    services=("a", "b", "c", "d", "e", "f"),
    status="open",
    duration_minutes=1564,
    root_cause=model.Answer(
        "1. Why could apps not connect? The\nhandshake failed.\n2. Why? The chain had expired.", "five_whys", "Five whys", 9
    ),
    resolution=model.Answer("Put the new chain in. Then reloaded the pods.", "resolution", "Recovery", 12),
)
BARE = model.Incident(id="bare", title="Something happened", path="bare.md")

CHUNK = model.Chunk("c1", CHECKOUT.id, "summary", "Summary", SUMMARY, 14, 15, "hash", ((0, len(SUMMARY)),))
MATCH = model.Match(
    "symptom",
    ("checkout",),
    ("HTTP 503", "SQLSTATE 53300"),
    ("connection pool used up",),
    None,
    (
        model.Difference("age", "3 years older than most here"),
        model.Difference("superseded", "happened again on 2025-09-18: The basket leak", "köln 1/2"),
    ),
)
OTHER = model.Match(
    cause="other",
    signatures=(EVIL,),
    differs=(
        model.Difference("service", f"other service: {EVIL}, not checkout"),
        model.Difference("cause", "other cause than 1", CHECKOUT.id),
    ),
)
EVIDENCE = model.Evidence(CHUNK, 0.71239, (_span(SUMMARY, "worker"), _span(SUMMARY, "connection")))
EVIL_EVIDENCE = replace(EVIDENCE, chunk=replace(CHUNK, text=EVIL, heading=""), highlights=())
RESULTS = model.Results(
    model.Query("checkout 503", 3, model.Filters(services=("checkout",), since="2024-01-01")),
    "strong",
    (
        model.Hit(CHECKOUT, 1, 2.123456, 0.931, "strong", (EVIDENCE,), {"late": 1.2, "bm25": 0.92345}, MATCH),
        model.Hit(GATEWAY, 2, 1.0, 0.6, "possible", (EVIL_EVIDENCE,), match=OTHER),
        model.Hit(BARE, 3, 0.1, 0.01, "none", ()),
    ),
    204,
    "20260301T000000-1",
    12.345,
    concepts=("connection pool used up", "lock contention"),
    services=("checkout", EVIL),
)
NOTHING = replace(
    RESULTS, concepts=(), services=(), verdict="none", hits=tuple(replace(hit, verdict="none") for hit in RESULTS.hits)
)
INFO = model.IndexInfo(
    "g1",
    "indexes/default",
    "2026-03-01T10:11:12Z",
    "all-MiniLM-L6-v2",
    384,
    256,
    1204,
    9876,
    9001,
    3,
    3_456_789,
    ("rcas", "wiki"),
    incident_search=model.VectorSearch("compressed", 0.9992, 0.9934),
)
PROBLEMS = (
    model.Problem("a.md", 3, "The date 'soon' is no date.", "Write it as YYYY-MM-DD."),
    model.Problem("old.md", None, "The file is binary.", "Convert it to text.", skipped=True),
    *(model.Problem(f"x{n}.md", n, "No root cause.", "Add a section “Root cause”.") for n in range(1, 8)),
)


def _check(name: str, actual: str) -> None:
    path = GOLDEN / name
    if os.environ.get("RCASEARCH_UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(actual, encoding="utf-8")
    assert actual == path.read_text(encoding="utf-8"), f"differs from {path}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("results.json", render.as_dict(RESULTS)),
        ("incident.json", render.incident_as_dict(CHECKOUT)),
        ("incident-bare.json", render.incident_as_dict(BARE)),
        ("info.json", render.info_as_dict(INFO)),
        ("page.json", render.page_as_dict(model.Page((CHECKOUT, BARE), 7, 5, 2, {"services": (("checkout", 4), ("a", 1))}))),
    ],
)
def test_dicts_equal_their_golden_files(name: str, value: Any) -> None:
    _check(name, _json(value))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("results-80.txt", render_text.as_text(RESULTS, 80, today=TODAY)),
        ("results-40.txt", render_text.as_text(RESULTS, 40, today=TODAY)),
        ("results-colour.txt", render_text.as_text(RESULTS, 80, color=True, today=TODAY)),
        ("results-nothing.txt", render_text.as_text(NOTHING, 80, today=TODAY)),
        ("incident-80.txt", render_text.incident_as_text(CHECKOUT, (GATEWAY,), 80, today=TODAY)),
        ("info-80.txt", render_text.info_as_text(INFO)),
        ("problems-80.txt", render_text.problems_as_text(PROBLEMS)),
    ],
)
def test_texts_equal_their_golden_files(name: str, text: str) -> None:
    _check(name, text)


def test_the_verdict_comes_first() -> None:
    assert render_text.as_text(RESULTS, today=TODAY).startswith("Strong precedent (204 incidents searched)\n")
    assert render_text.as_text(NOTHING, today=TODAY).startswith(
        "Nothing like this on record (204 incidents searched).\nThe closest"
    )


def test_an_empty_index_and_filters_that_let_nothing_pass_are_told_apart() -> None:
    empty = replace(RESULTS, verdict="none", hits=(), searched=0, concepts=())
    assert render_text.as_text(empty) == "No incident passes the filters: nothing was searched.\n"
    unfiltered = replace(empty, query=model.Query("x"))
    assert render_text.as_text(unfiltered) == "The index is empty: nothing was searched.\n"


@pytest.mark.parametrize("width", [20, 40, 59, 60, 80, 120])
@pytest.mark.parametrize("color", [False, True])
def test_no_line_is_wider_than_the_terminal(width: int, color: bool) -> None:
    from rich.cells import cell_len
    from rich.text import Text

    for text in (
        render_text.as_text(RESULTS, width, color, TODAY),
        render_text.incident_as_text(CHECKOUT, (), width, color, TODAY),
    ):
        for line in Text.from_ansi(text).plain.splitlines():
            assert cell_len(line) <= width
            assert line == line.rstrip()


def test_without_colour_no_document_gets_a_control_character_through() -> None:
    evil = replace(
        CHECKOUT,
        id=EVIL,
        title=EVIL,
        path=EVIL,
        date=EVIL,
        severity=EVIL,
        status=EVIL,
        services=(EVIL,),
        sections=(model.Section(EVIL, (EVIL,), ("other",), (model.Block("quote", EVIL, 1), model.Block("code", EVIL, 2)), 1),),
        root_cause=model.Answer(EVIL, "trigger", EVIL, 1),
        resolution=model.Answer(EVIL, "resolution", EVIL, 1, (EVIL,)),
        action_items=(model.ActionItem(EVIL, 1, EVIL, EVIL, EVIL, EVIL),),
        links=(model.Link(EVIL, EVIL, "wiki", 1, EVIL),),
    )
    chunk = replace(CHUNK, text=EVIL, heading=EVIL)
    results = replace(RESULTS, hits=(model.Hit(evil, 1, 1, 1, "strong", (model.Evidence(chunk, 1.0),)),))
    text = (
        render_text.as_text(results, today=TODAY)
        + render_text.incident_as_text(evil, (evil,), today=TODAY)
        + render_text.problems_as_text((model.Problem(EVIL, 1, EVIL, EVIL),))
        + render_text.info_as_text(replace(INFO, path=EVIL, model=EVIL, sources=(EVIL,)))
    )
    assert "\u241b[31mred" in text
    assert not [c for c in text if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 or c in "\u202e\u2066"]


def test_ids_are_quoted_in_addresses() -> None:
    assert render.incident_url("köln 1/2?#") == "/incidents/k%C3%B6ln%201%2F2%3F%23"


def test_links_lead_only_where_it_is_safe_to_go() -> None:
    urls = [render.link_as_dict(link)["url"] for link in CHECKOUT.links]
    assert urls == ["/incidents/2025-09-18-basket", None, "https://status.example.test/7?a=b", None, None]


def test_an_error_is_problem_details_with_a_hint() -> None:
    shape = render.error_as_dict("not_found", "No incident has the id x.", status=404, title="Not Found", hint="List them.")
    assert shape == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "No incident has the id x.",
        "code": "not_found",
        "field": None,
        "hint": "List them.",
    }


def test_every_value_survives_json() -> None:
    for value in (render.as_dict(RESULTS), render.incident_as_dict(CHECKOUT), render.problem_as_dict(PROBLEMS[0])):
        assert json.loads(json.dumps(value)) == value


def test_problems_beyond_the_limit_are_counted() -> None:
    many = [model.Problem(f"{n}.md", 1, f"Wrong in way {n}.", "Mend it.") for n in range(30)]
    text = render_text.problems_as_text(many, limit=12)
    assert text.endswith("… and 18 more problems; rcasearch info --problems lists them all\n")
    assert render_text.problems_as_text(many, limit=None).count("Wrong in way") == 30


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (None, ""),
        ("soon", ""),
        ("2026-03-01", "today"),
        ("2026-02-28", "yesterday"),
        ("2026-02-20", "9 days ago"),
        ("2026-02-14", "2 weeks ago"),
        ("2025-12-30", "2 months ago"),
        ("2025-06-28", "8 months ago"),
        ("2025-02-27", "12 months ago"),
        ("2024-02-27", "2 years ago"),
        ("2027-01-01", "in the future"),
    ],
)
def test_ages_in_words(day: str | None, words: str) -> None:
    assert wording.age(day, TODAY) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 min"), (47, "47 min"), (60, "1 h"), (104, "1 h 44 min"), (3065, "2 d 3 h"), (-47, "-47 min"), (-49750, "-34 d 13 h")],
)
def test_durations_in_words(count: int, words: str) -> None:
    assert wording.minutes(count) == words


@pytest.mark.parametrize(("count", "words"), [(0, "0 B"), (999, "999 B"), (3_456_789, "3.5 MB"), (5 * 10**12, "5000.0 GB")])
def test_sizes_in_words(count: int, words: str) -> None:
    assert wording.size(count) == words


def test_a_cut_comes_after_a_sentence_or_else_between_words() -> None:
    assert wording.cut("One two. Three four five.", 30) == "One two. Three four five."
    assert wording.cut("One two three. Four five six.", 20) == "One two three. …"
    assert wording.cut("One. Two three four five six seven", 25) == "One. Two three four five …"
    assert wording.cut("x" * 50, 20) == "x" * 20 + " …"


@given(st.text(max_size=300), st.integers(20, 120))
def test_a_cut_keeps_a_prefix_within_the_budget(text: str, budget: int) -> None:
    kept = wording.cut(text, budget)
    assert len(kept) <= budget + 2
    assert text.startswith(kept.removesuffix(" …"))


@given(st.text(max_size=400), st.lists(st.tuples(st.integers(-5, 400), st.integers(-5, 410)), max_size=8), st.integers(20, 200))
def test_a_passage_keeps_its_highlights_on_the_same_characters(text: str, spans: list[tuple[int, int]], budget: int) -> None:
    shown, kept = wording.passage(text, spans, budget)
    assert len(shown) <= budget + 4
    flat = wording.clean(text)
    valid = [flat[a:b].replace("\n", " ") for a, b in spans if 0 <= a < b <= len(flat)]
    assert all(shown[start:end].replace("\n", " ") in valid for start, end in kept)


def test_a_passage_keeps_rows_and_items_apart() -> None:
    rows = "12:00 | Report started\nby hand\n12:06 | Alert\n- one\ntwo"
    assert wording.passage(rows, (), 100)[0] == "12:00 | Report started by hand\n12:06 | Alert\n- one two"


def test_a_passage_shows_where_most_is_highlighted() -> None:
    text = "Nothing here. " * 40 + "The connection pool ran dry and the connection timed out. " + "Nothing there. " * 40
    spans = [(0, 7), *((m, m + 10) for m in (text.index("connection"), text.rindex("connection")))]
    shown, kept = wording.passage(text, spans, 160)
    assert "The connection pool ran dry" in shown
    assert [shown[a:b] for a, b in kept] == ["connection", "connection"]
    assert shown.startswith("… ")
    assert shown.endswith(" …")


def test_lines_are_joined_but_list_items_stay_apart() -> None:
    assert wording.paragraphs("One\ntwo.\n\nThree\n1. four\n   five\n- six") == ["One two.", "Three", "1. four five", "- six"]


def test_what_is_shared_and_what_differs_is_told_once_and_only_where_there_is_something() -> None:
    first, second, bare = render_text.as_text(RESULTS, 200, today=TODAY).split("\n\n")[1:]
    shared = "the symptoms more than the cause; service checkout; HTTP 503; SQLSTATE 53300; both read as connection pool used up"
    assert f"Shares       {shared}\n" in first
    assert "Differs      3 years older than most here; happened again on 2025-09-18: The basket leak\n" in first
    assert "; other cause than 1\n" in second
    assert "Shares" not in bare
    assert "Differs" not in bare


def test_one_cause_is_shared_with_the_first_hit() -> None:
    assert render_text.shares(model.Match(cause="same")) == ["its cause with 1"]
    assert render_text.shares(model.Match(cause="other")) == []
    assert render_text.shares(model.Match("cause")) == ["the cause more than the symptoms"]


def test_a_long_comparison_is_cut_and_counted() -> None:
    many = model.Match(signatures=tuple(f"ERR_{number}_FAILED" for number in range(30)), concepts=("x" * 500,))
    hit = replace(RESULTS.hits[2], match=many)
    text = render_text.as_text(replace(RESULTS, hits=(hit,)), 60, today=TODAY)
    assert "and 25 more" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 60


def test_a_difference_leads_to_the_incident_it_names() -> None:
    shape = render.match_as_dict(MATCH)
    assert shape["shared"] == {
        "services": ["checkout"],
        "signatures": ["HTTP 503", "SQLSTATE 53300"],
        "concepts": ["connection pool used up"],
    }
    assert [difference["url"] for difference in shape["differs"]] == [None, "/incidents/k%C3%B6ln%201%2F2"]
    read_as = render.as_dict(RESULTS)["read_as"]
    assert (read_as["concepts"], read_as["services"]) == (list(RESULTS.concepts), list(RESULTS.services))
