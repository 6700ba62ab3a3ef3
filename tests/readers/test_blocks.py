"""Blocks: plain text on its lines, everything in exactly one of them, nothing interpreted inside code."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rcasearch.model import Block, Document, Incident
from rcasearch.readers.document import parse_document
from tests.readers.reading import document, incident


def _blocks(found: Incident) -> list[Block]:
    return [block for section in found.sections for block in section.blocks]


def _texts(markdown: str) -> list[str]:
    return [block.text for block in _blocks(incident(markdown))]


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("**bold** *em* ~~gone~~ ==lit==", "bold em gone lit"),
        ("`a == b` and `[[no]]`", "a == b and [[no]]"),
        ("[text](https://x.example/a_b) <https://y.example>", "text https://y.example"),
        ("[[Page]] [[Page|shown]] [[Page#Part]] [[Page#^id]]", "Page shown Page > Part Page > id"),
        ("before %%hidden%% after", "before  after"),
        ("before <!-- hidden --> after", "before  after"),
        ("a<br>b <b>c</b> and List<String>", "a b c and List<String>"),
        ("a &amp; b \\*c\\*", "a & b *c*"),
        ("![shot](a.png) ![[b.png]] end", "shot  end"),
        ("1 == 2 and 3 == 4", "1 == 2 and 3 == 4"),
        ("restart <service> now", "restart <service> now"),
        ("end of it ^block-1", "end of it"),
    ],
)
def test_inline_markup(markdown: str, text: str) -> None:
    assert _texts(markdown) == [text]


def test_kinds_and_lines() -> None:
    found = incident(
        "---\ntitle: A\n---\n\nOne\ntwo\n\n- item\n  more\n\n> quoted\n\n"
        "```\ncode\n\n  more\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    assert [(block.kind, block.line, block.text) for block in _blocks(found)] == [
        ("paragraph", 5, "One\ntwo"),
        ("list_item", 8, "item\nmore"),
        ("quote", 11, "quoted"),
        ("code", 14, "code\n\n  more"),
        ("table_row", 21, "1 | 2"),
    ]


def test_a_comment_in_the_middle_moves_no_line() -> None:
    (block,) = _blocks(incident("One <!-- a\nb --> two\n`x\ny` three\n"))
    assert block.text.split("\n") == ["One", " two", "x", "y three"]


def test_a_link_over_two_lines_moves_no_line() -> None:
    (block,) = _blocks(incident("see [the\nplan](\nplan.md) and\nlast\n"))
    assert block.text.split("\n")[3] == "last"


def test_comments_over_blank_lines() -> None:
    assert _texts("a\n\n%%\nhidden\n\nhidden too\n%%\n\nb\n\n<!--\nc\n\nd\n-->\n\ne\n") == ["a", "b", "e"]


def test_the_header_row_is_content_only_when_it_is_all_there_is() -> None:
    assert _texts("| a | b |\n|---|---|\n") == ["a | b"]


def test_a_sentence_underlined_by_accident_is_a_sentence() -> None:
    assert _texts("This is how it ended for everyone.\n---\n") == ["This is how it ended for everyone."]


def test_an_unclosed_fence_is_reported_and_kept() -> None:
    found = document("# A\n\n```\ncode\n\n## Not a heading\n")
    assert [block.kind for block in _blocks(found.incident)] == ["code"]
    assert [(problem.line, problem.skipped) for problem in found.problems] == [(3, False)]


def test_a_closed_fence_in_a_quote_is_not_reported() -> None:
    assert document("> ```\n> code\n> ```\n\ntext\n").problems == ()


def test_an_unclosed_comment_is_reported() -> None:
    assert [problem.line for problem in document("text\n\n<!-- lost\n\nmore\n").problems] == [3]


def test_callouts_keep_their_text() -> None:
    assert _texts("> [!note]- A title\n> and text\n") == ["A title\nand text"]
    (block,) = _blocks(incident("> [!note]\n> text\n"))
    assert (block.text, block.line) == ("text", 2)


def test_depth_beyond_the_parser_is_kept() -> None:
    assert _texts(">" * 10_000 + " deep\n") == ["deep"]


def test_inline_tags_outside_code() -> None:
    found = incident("#kafka and `#not` #a/b, PR #12, colour #ffaa00, posted in #incidents, x#y\n\n```\n#nor\n```\n")
    assert found.tags == ("kafka", "a/b")


WORDS = st.text(alphabet="abcxyz01", min_size=1, max_size=6)
LINES = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "- ", "1. ", "> ", "## ", "  ", "    ", "| ", "- [ ] ", "**", "a: ", "> > - "]),
    WORDS,
    st.sampled_from(["", " ", "**", "`", " [[", "]] ", " | ", "<!--", "-->", "%%", "==", " `x` ", "~~", "\\", "]("]),
    WORDS,
)
FREE = st.text(alphabet=st.characters(codec="utf-8"), max_size=30).map(
    lambda text: re.sub(r"[\r\n\x00-\x1f\x7f-\x9f]", " ", text)
)
MARKDOWN = st.lists(st.one_of(LINES, st.just(""), st.just("```"), st.just("---"), st.just("|---|---|"), FREE), max_size=25).map(
    "\n".join
)


def _is_part(text: str, source: str) -> bool:
    """Whether the letters of ``text`` all stand in ``source``, in this order."""
    rest = iter(source)
    return all(letter in rest for letter in re.findall(r"[abcxyz01]", text)) or "&" in source


@given(MARKDOWN)
@settings(max_examples=300, deadline=None)
@example("a `b\nc` d\ne")
@example("**Impact:** a\nb\n**Fix:** c")
def test_every_block_stands_on_its_lines(markdown: str) -> None:
    found = parse_document(markdown, "a.md")
    if not isinstance(found, Document):
        return
    source = markdown.split("\n")
    last = 0
    for block in _blocks(found.incident):
        assert block.line > last
        for number, line in enumerate(block.text.split("\n")):
            assert _is_part(line, source[block.line - 1 + number])
        last = block.line + block.text.count("\n")


PLAIN = st.builds("{}{} {}".format, st.sampled_from(["", "- ", "1. ", "> ", "> - ", "  ", "    ", "* [x] ", "\t"]), WORDS, WORDS)


@given(st.lists(st.one_of(PLAIN, st.just("")), min_size=1, max_size=30))
@settings(max_examples=300, deadline=None)
def test_nothing_is_lost_and_nothing_comes_twice(lines: list[str]) -> None:
    found = parse_document("\n".join(lines), "a.md")
    if not isinstance(found, Document):
        assert not any(line.strip() for line in lines)
        return
    kept = {
        block.line + n: text for block in _blocks(found.incident) for n, text in enumerate(block.text.split("\n")) if text.strip()
    }
    written = {number: line for number, line in enumerate(lines, start=1) if line.strip()}
    assert kept.keys() == written.keys()
    for number, line in written.items():
        assert re.findall(r"[a-z01]{2,}", kept[number])[-1:] == re.findall(r"[a-z01]{2,}", line)[-1:]


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_or_told_of(data: bytes) -> None:
    parse_document(data.decode("latin-1").replace("\r", "\n"), "a.md")


def test_a_link_keeps_its_line_when_the_line_before_it_is_blanked() -> None:
    assert [link.line for link in incident("> [!note]\n> see [[a]]\n\nand\n[[b]]\n").links] == [2, 5]
