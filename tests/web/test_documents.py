"""A document on a page: its text, its anchors, and nothing that could do harm."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcasearch.model import Link
from rcasearch.render import SAFE_SCHEMES
from rcasearch.search import Searcher
from rcasearch.web import documents
from rcasearch.web.bounds import DEEPEST, MOST_CODE_LINES, MOST_COLUMNS, MOST_LINES, MOST_ROWS, MOST_TEXT
from rcasearch.web.documents import render
from rcasearch.web.sanitising import ATTRIBUTES, TAGS


class Audit(HTMLParser):
    """Collects what a browser would get."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def attributes(self, name: str) -> list[str]:
        return [value or "" for _, attrs in self.tags for key, value in attrs.items() if key == name]


def assert_harmless(html: str) -> Audit:
    audit = Audit(html)
    for tag, attributes in audit.tags:
        assert tag in TAGS
        assert set(attributes) <= ATTRIBUTES["*"] | ATTRIBUTES.get(tag, frozenset()) | {"rel"}
    for href in audit.attributes("href"):
        assert href.split(":")[0].lower() in SAFE_SCHEMES or re.fullmatch(r"/incidents/[^/?#]+", href), href
    assert all(re.fullmatch(r"L\d+", value) for value in audit.attributes("id"))
    return audit


HOSTILE = {
    "script": "<script>alert(1)</script>",
    "script in a list": "- <script\n>alert(1)</script\n>",
    "onerror": '<img src=x onerror="alert(1)">',
    "onclick on an allowed tag": '<p onclick="alert(1)" onmouseover=alert(1)>alert</p>',
    "javascript link": "[go](javascript:alert(1)) [go](JaVaScRiPt:alert(1)) [go](&#106;avascript:alert(1)) <javascript:alert(1)>",
    "javascript href": '<a href="java\nscript:alert(1)">go</a><a href="&#1;javascript:alert(1)">x</a>',
    "data link": "[go](data:text/html;base64,PHNjcmlwdD4=) ![p](data:image/svg+xml;base64,AA) <a href='data:text/html,x'>x</a>",
    "vbscript": "[go](vbscript:msgbox(1)) <a href='vbscript:x'>x</a>",
    "file": "[go](file:///etc/passwd)",
    "style": '<style>body{display:none}</style><p style="position:fixed">x</p>',
    "svg": "<svg onload=alert(1)><script>alert(1)</script></svg><math><mi xlink:href='javascript:alert(1)'>x</mi></math>",
    "frames": "<iframe src=http://e.example></iframe><object data=x></object><embed src=x><base href=//e.example>",
    "forms": "<form action=/x><input name=q><button formaction=javascript:alert(1)>x</button></form>",
    "meta": '<meta http-equiv="refresh" content="0;url=http://e.example"><link rel=stylesheet href=http://e.example>',
    "ids that shadow": '<p id="main">x</p><a name="q">x</a><p id="L1 x" class="top hit skip">x</p>',
    "this server": '<a href="/api/v1/search?q=x">x</a> <a href="//e.example">x</a> <a href="/incidents/../about">x</a>',
    "wiki link": '[[a"onmouseover="alert(1)]] [[x|<img src=x onerror=alert(1)>]] [[<script>alert(1)</script>]]',
    "comment": "<!-- <script>alert(1)</script> --> <!--> <script>alert(1)</script>",
    "mutation": "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>x</p></noscript>",
    "half a tag": "<a href='x' <b onclick=alert(1) x",
    "code": "`<script>alert(1)</script>`\n\n```html\n<script>alert(1)</script>\n```\n",
    "title": '[x](http://e.example "\\" onmouseover=alert(1)")',
    "table": "| a | b |\n|---|---|\n| <script>alert(1)</script> | [x](javascript:alert(1)) |\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_is_harmless(name: str) -> None:
    assert_harmless(render(f"# Title\n\n{HOSTILE[name]}\n\nThe end.\n", (), "Other"))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from([*HOSTILE.values(), "> ", "- ", "    ", "```", "<b>", "</p>", "%%", "---\n", "[[", "|", "\n"]), max_size=8
    )
)
def test_hostile_pieces_are_harmless_in_any_company(pieces: list[str]) -> None:
    html = render("\n".join(pieces), (), "")
    audit = assert_harmless(html)
    ids = audit.attributes("id")
    assert len(ids) == len(set(ids))


def test_links_lead_to_incidents_or_out_or_are_marked_as_leading_nowhere() -> None:
    links = (
        Link("2025 old one", "old", "wiki", 1, "2025-old-one"),
        Link("./2024-other.md", "other", "url", 1, "2024-other"),
        Link("runbook", "runbook", "wiki", 1, None),
    )
    source = (
        "[[2025 old one|the old one]] [[2025 old one#Root Cause]] ![[2025 old one]] [[runbook]] [r](./2024-other.md)"
        " [n](./gone.md) [out](https://example.org/a?b=c) <mailto:a@example.org>\n"
        "\n| a |\n|---|\n| [[2025 old one\\|in a cell]] |\n"
    )
    html = render(source, links, "")
    audit = assert_harmless(html)
    internal = [href for href in audit.attributes("href") if href.startswith("/")]
    assert internal == ["/incidents/2025-old-one"] * 3 + ["/incidents/2024-other", "/incidents/2025-old-one"]
    assert 'class="dangling" title="runbook is not in this index">runbook' in html
    assert 'class="dangling" title="Leads to ./gone.md' in html
    assert "https://example.org/a?b=c" in audit.attributes("href")
    assert ">in a cell</a>" in html
    external = next(attributes for _, attributes in audit.tags if attributes.get("class") == "external")
    assert set((external["rel"] or "").split()) == {"noopener", "noreferrer", "nofollow"}


def test_pictures_are_named_and_not_loaded() -> None:
    html = render("![the graph](https://example.org/g.png) ![](local/p99.png)", (), "")
    assert "<img" not in html
    assert "Picture, not loaded: the graph" in html
    assert "Picture: p99.png" in html


def test_front_matter_comments_and_the_repeated_title_are_left_out() -> None:
    source = (
        "\ufeff---\ntitle: T\nsecret: 1\n---\r\n\r\n# The *Title*\r\n\r\nBody %%hidden\nstill hidden%% end\r\n<!-- gone -->\r\n"
    )
    html = render(source, (), "The Title")
    assert Audit(html).words.split() == ["Body", "end"]
    assert 'id="L8"' in html


def test_headings_sink_one_level_below_the_page_title() -> None:
    html = render("# One\n\n## Two\n\n### Three\n\n###### Six\n", (), "Other")
    assert re.findall(r"<h(\d)", html) == ["2", "2", "3", "6"]


def test_check_boxes_show_their_state() -> None:
    assert re.findall(r"[☐☑]", render("- [ ] a\n- [x] b\n- [X] c\n- [link](x)\n", (), "")) == ["☐", "☑", "☑"]


def test_wide_tables_scroll_inside_themselves() -> None:
    wide = "|" + "a|" * 30 + "\n|" + "-|" * 30 + "\n|" + "b|" * 30
    html = render(wide, (), "")
    assert html.startswith('<div class="scroll" role="region" tabindex="0" aria-label="Table">')
    assert html.count("<td>") == 30
    assert "not shown" not in html


def test_long_lines_of_code_scroll_by_keyboard_too() -> None:
    for source in ("```\nlong line\n```\n", "<pre tabindex='7'>long line</pre>\n"):
        assert [attributes for tag, attributes in Audit(render(source, (), "")).tags if tag == "pre"] == [{"tabindex": "0"}]


def table(columns: int, rows: int) -> str:
    lines = ["|" + "a|" * columns, "|" + "-|" * columns, *["|" + "b|" * columns] * rows]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("columns", "rows", "told"),
    [
        (10_000, 1, f"Of this table, {MOST_COLUMNS} of 10,000 columns are shown. The file a/b.md has the whole."),
        (2, 2_000, f"Of this table, {MOST_ROWS} of 2,001 rows are shown."),
        (50, 600, f"Of this table, {MOST_ROWS} of 601 rows and {MOST_COLUMNS} of 50 columns are shown."),
    ],
)
def test_a_table_no_screen_can_hold_is_cut_and_says_so(columns: int, rows: int, told: str) -> None:
    html = render(f"before\n\n{table(columns, rows)}\n\nafter [x](http://e.example)\n", (), "", None, "a/b.md")
    audit = assert_harmless(html)
    assert told in audit.words
    assert html.count("<th>") == min(columns, MOST_COLUMNS)
    assert html.count("<td>") == min(columns, MOST_COLUMNS) * min(rows, MOST_ROWS - 1)
    assert html.count("<tr") == html.count("</tr>") == min(rows + 1, MOST_ROWS)
    assert 'href="http://e.example"' in html
    assert f'id="L{rows + 6}"' in html


def test_two_tables_are_counted_apart() -> None:
    html = render(f"{table(3, 200)}\n\nand\n\n{table(3, 200)}\n", (), "")
    assert "are shown" not in html
    assert html.count("<td>") == 1_200


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("x" * 1_000_000, f"{MOST_TEXT:,} of 1,000,000 characters"),
        ("- " + "x " * 500_000, f"{MOST_TEXT:,} of 999,999 characters"),
        ("```\n" + "x" * 1_000_000 + "\n```", "of 1,000,001 characters are shown"),
        ("```\n" + "x\n" * (MOST_CODE_LINES + 9) + "```", "Cut here: "),
        ("<b>" + "x" * 1_000_000 + "</b>", "characters are shown"),
        ("<div>\n" + "x" * 1_000_000 + "\n</div>", "characters are shown"),
        ("> " * 5_000 + "deep", f"more than {DEEPEST} levels deep"),
        ("".join("  " * n + "- a\n" for n in range(100)), f"more than {DEEPEST} levels deep"),
        ("- a\n" * 5_900, ""),
        ("a\n\n" * MOST_LINES, f"{MOST_LINES + 1:,} lines below are not shown here."),
        ("> - " * 10 + "a\n" * 5_900, ""),
    ],
)
def test_what_is_too_long_or_too_deep_is_cut_and_says_so(source: str, told: str) -> None:
    html = render(f"{source}\n", (), "", None, "a/b.md")
    audit = assert_harmless(html)
    assert told in " ".join(audit.words.split())
    assert len(html) < 2_000_000
    assert ("The file a/b.md has the whole." in audit.words) == bool(told)


def test_more_parts_than_can_be_shown_are_cut_with_everything_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rcasearch.web.bounds.MOST_BLOCKS", 30)
    html = render("- a\n  - b\n  - c\n" * 20, (), "")
    assert html.count("<ul") == html.count("</ul>")
    assert html.count("<li") == html.count("</li>")
    assert re.search(r'</ul>\s*<p class="cut">The document has more parts than are shown here.</p>', html)


def test_a_passage_far_down_is_shown_with_what_stands_around_it() -> None:
    source = "".join(f"line {number}\n\n" for number in range(1, 20_001))
    html = render(source, (), "", (30_001, 30_003), "a/b.md")
    assert re.search(r'<p id="L30001" class="found">line 15001</p>', html)
    assert "29,800 lines above are not shown here." in html
    assert "lines below are not shown here." in html
    assert "line 14901<" in html
    assert "line 14900<" not in html
    assert 'id="L1"' in render(source, (), "", (90_000, 90_001))


def test_characters_that_hide_or_turn_the_text_round_are_made_visible() -> None:
    html = render("rm \u202egpj.exe\u202c `a\u2066b` \x1b[31m\n\n```\nrm -rf \u202e/\n```\n", (), "")
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x1b]", html)
    assert html.count("\ufffd") == 4
    assert "␛[31m" in html


def test_a_passage_is_marked() -> None:
    source = "# A\n\nfirst\nsecond\n\n- one\n- two\n\n```\nc1\nc2\n```\n\n| h |\n|---|\n| r1 |\n| r2 |\n"
    html = render(source, (), "", (7, 16))
    found = re.findall(r'<(\w+)[^>]*class="[^"]*found"[^>]*>([^<\n]*)', html)
    assert found == [("li", "two"), ("span", "c1"), ("span", "c2"), ("tr", ""), ("tr", "")]


def lines_of_content(source: str) -> set[int]:
    blanked = documents.blank(documents.COMMENT, documents.blank(documents.FRONT_MATTER, source))
    rule = re.compile(r"\s*(\|?[\s:|-]+\|?|```.*|~~~.*|=+|-+)")
    return {i for i, line in enumerate(blanked.split("\n"), 1) if line.strip() and not rule.fullmatch(line)}


def test_every_line_of_content_has_one_anchor(tiny_corpus: Path) -> None:
    for path in sorted(tiny_corpus.iterdir()):
        source = path.read_text(encoding="utf-8")
        anchors = [int(line) for line in re.findall(r'id="L(\d+)"', render(source, (), ""))]
        assert len(anchors) == len(set(anchors)), path.name
        assert lines_of_content(source) <= set(anchors), path.name


def test_every_passage_can_be_linked_to(tiny_searcher: Searcher) -> None:
    from rcasearch.model import Query

    results = tiny_searcher.search(Query("connection pool certificate queue disk memory", 8))
    assert len(results.hits) == 8
    for hit in results.hits:
        html = render(tiny_searcher.source(hit.incident.id), hit.incident.links, hit.incident.title)
        for evidence in hit.evidence:
            assert f'id="L{evidence.chunk.start_line}"' in html, (hit.incident.id, evidence.chunk.heading)


@pytest.mark.parametrize(
    "source",
    [
        "<b>" * 50_000,
        "<div>" * 50_000,
        ">" * 50_000,
        "[" * 30_000,
        "[[" * 30_000,
        "*a " * 30_000,
        "%%" * 30_000,
        "---\n" * 30_000,
    ],
    ids=["b", "div", "quote", "bracket", "wiki", "star", "comment", "front matter"],
)
def test_a_degenerate_document_takes_no_more_than_seconds(source: str) -> None:
    started = time.perf_counter()
    render(source, (), "")
    assert time.perf_counter() - started < 20
