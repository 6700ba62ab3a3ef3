"""Texts made to take long, through every door: twice as long may take twice as long, and no more.

Each is of a size at which linear work takes a fraction of what is allowed, and at which what it once took was many times more.
"""

from __future__ import annotations

import pytest

from benchmarks.within import within
from rcasearch.chunking import chunk
from rcasearch.model import Document, Problem
from rcasearch.query import parse_query
from rcasearch.readers.document import document_of
from rcasearch.services import ServiceNames
from rcasearch.settings import Settings
from rcasearch.template import _masked
from rcasearch.web import documents

SIZE = 60_000
SECONDS = 20.0
HEAD = "# The queue is full\n\nConsumers died.\n\n"
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(20)
)


def times(unit: str, size: int = SIZE) -> str:
    return unit * (size // len(unit))


DOCUMENTS = {
    "comments that never close": times("%%a\n"),
    "comments in paragraphs": times("x\n%%a\n"),
    "quoted comments": times("> %%a\n"),
    "tags that never close": "<div>\n" + times('<div a="'),
    "attributes": times("<div a=b "),
    "html comments": "<div>\n" + times("<!--"),
    "instructions": "<div>\n" + times("<?"),
    "end tags": "<div>\n" + times("</"),
    "images": times("![" * 300 + "\n\n"),
    "links": times("[a](<b" * 290 + "\n\n"),
    "emphasis": times("*a **b " * 5_000 + "\n\n"),
    "highlights": times("==a " * 10_000 + "\n\n"),
    "bold fields": times("**Owner:** "),
    "items of the root cause": f"{HEAD}## Root cause\n\n" + times("- a\n", SIZE // 2),
    "details of one action": f"{HEAD}## Action items\n\n- [ ] a\n" + times("  - b\n", SIZE // 2),
    "signs behind an action": f"{HEAD}## Action items\n\n- [ ] a " + times(",") + "!\n",
    "a row of milestones": f"{HEAD}## Timeline\n\n| Time | Event |\n|---|---|\n| 10:00 | " + times("sev*") + " |\n",
    "a heading of articles": f"# {times('the ')}\n\ntext\n",
    "a heading of marks": f"# a{times(chr(0x0315) + chr(0x0327), SIZE // 4)}\n\ntext\n",
    "blanks in code": f"{HEAD}```\na{times(' ')}b\n```\n",
    "quotes": times("> ") + "deep",
    "lists": times("- ") + "deep",
    "brackets": times("["),
    "backticks": times("`"),
    "runs of backticks": "a".join("`" * number for number in range(400)),
    "headings": times("# h\n\ntext\n\n"),
    "link definitions": "".join(f"[{i}]: b\n" for i in range(6_000)) + "\n" + "".join(f"[{i}] " for i in range(6_000)),
    "a wide table": f"|{times('a|', 40_000)}\n|{times('-|', 40_000)}\n|b|\n",
    "yaml in yaml": f"---\na: {times('[', 60_000)}\n---\n{HEAD}",
    "yaml braces": f"---\na: {times('{', 60_000)}\n---\n{HEAD}",
    "a yaml bomb": f"---\n{BOMB}---\n{HEAD}",
    "yaml lists": f"---\n{times('- ', 60_000)}\n---\n{HEAD}",
    "digits": f"---\nduration: {times('3', 60_000)}\n---\n{HEAD}",
    "line separators": times("\u2028"),
    "mixed line ends": times("a\r\n\rb\n"),
    "from right to left": times("\u202ea\u200b"),
    "nul": HEAD + times("\0a" * 5 + "b" * 1_000),
}
QUERIES = {
    "a fence of line breaks": "```\n" + times("\n", 100_000) + "x",
    "a fence of blanks": "```\n" + times(" \n", 100_000) + "x",
    "addresses in addresses": times("http://a", 19_000),
    "states before a title": '{"title": "' + times("[p1]", 100_000) + '"}',
    "a name of capitals": '{"alerts":[{"labels":{"alertname":"a-' + times("aB", 100_000) + '\\u0000-b"}}]}',
    "labels": '{"Type":1,"TopicArn":2,"MessageId":3,"Message":"Annotations:\\nLabels:' + times("\\n", 100_000) + 'x"}',
    "json in json": '{"message":' + times("[", 100_000),
    "describe": "Name: a\nNamespace: b\nStatus: c\n" + times("Events:\n  a  b\n", 100_000),
    "a log": times("ERROR a=1 b=2 ", 100_000),
}
PAGES = [
    "tags that never close",
    "html comments",
    "images",
    "emphasis",
    "quotes",
    "lists",
    "headings",
    "blanks in code",
    "brackets",
]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_read_in_linear_time(name: str) -> None:
    with within(SECONDS):
        read = document_of(DOCUMENTS[name].encode(), "incident.md", 1 << 24)
        if isinstance(read, Document):
            assert chunk(read.incident, lambda texts: [len(text) // 4 for text in texts], 254)
    assert isinstance(read, Document | Problem)


@pytest.mark.parametrize("name", QUERIES)
def test_a_paste_is_understood_in_linear_time(name: str) -> None:
    with within(SECONDS):
        assert parse_query({"text": QUERIES[name]}, Settings()).understood


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_made_in_linear_time(name: str) -> None:
    with within(SECONDS):
        assert documents.render(DOCUMENTS[name], (), "Title").strip()


@pytest.mark.parametrize("text", [times("2024-01-01 "), times("B") + " 1", "a" + times(" ") + "| b", times("a1-2b ")])
def test_a_line_is_compared_with_others_in_linear_time(text: str) -> None:
    with within(SECONDS):
        assert _masked(text, ServiceNames((), frozenset()))
