"""Chunks: nothing lost, nothing twice, nothing over the budget, and every passage stands where it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcasearch.chunking import chunk, content_hash, split_text
from rcasearch.encoders import Encoder
from rcasearch.model import Block, BlockKind, Chunk, Document, Incident, Section
from rcasearch.readers import read

Count = Callable[[Sequence[str]], list[int]]


def words(texts: Sequence[str]) -> list[int]:
    """A counter that adds up: the words."""
    return [len(text.split()) for text in texts]


def crowded(texts: Sequence[str]) -> list[int]:
    """A counter by which the whole is more than its parts."""
    return [len(text.split()) + len(text) // 12 + (len(text.split()) ** 2) // 8 for text in texts]


def framed(texts: Sequence[str]) -> list[int]:
    """A counter by which the whole is less than its parts, as where an encoder puts a mark before each text."""
    return [1 + (len(text) + 3) // 4 for text in texts]


COUNTERS: dict[str, Count] = {"words": words, "crowded": crowded, "framed": framed}

_line = st.one_of(
    st.lists(st.text("abcäß漢.:;!?-_`|[]", min_size=1, max_size=9), max_size=14).map(" ".join),
    st.text(max_size=40).map(lambda text: re.sub(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]", "", text)),
)
_block = st.lists(_line, min_size=1, max_size=5).map("\n".join)


@st.composite
def incidents(draw: st.DrawFn) -> Incident:
    """Sections as a reader leaves them: blocks at ascending lines, blank lines inside of blocks kept."""
    line, sections = 4, []
    for number in range(draw(st.integers(0, 4))):
        blocks = []
        for text in draw(st.lists(_block, max_size=4)):
            kind: BlockKind = draw(st.sampled_from(["paragraph", "list_item", "table_row", "code"]))
            blocks.append(Block(kind, text, line))
            line += text.count("\n") + 2
        sections.append(Section(f"Heading {number}", (f"Heading {number}",), ("summary",), tuple(blocks), line))
    return Incident("x", draw(_line), "x.md", sections=tuple(sections))


def content(incident: Incident) -> list[tuple[int, int, str]]:
    """(section, line, text) of every line that is not blank."""
    return [
        (number, block.line + offset, text)
        for number, section in enumerate(incident.sections)
        for block in section.blocks
        for offset, text in enumerate(block.text.split("\n"))
        if text.strip()
    ]


def body(chunks: Sequence[Chunk]) -> list[Chunk]:
    return [one for one in chunks if one.kind != "title"]


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("name", COUNTERS)
@given(incident=incidents(), budget=st.integers(3, 40))
@settings(max_examples=120, deadline=None)
def test_every_line_is_in_exactly_one_chunk_in_order(name: str, incident: Incident, budget: int) -> None:
    chunks = body(chunk(incident, COUNTERS[name], budget))
    # Every character of content, once and in its order, whatever was cut where.
    assert squeezed("".join(c.text for c in chunks)) == squeezed("".join(text for _, _, text in content(incident)))
    whole = {(f"Heading {n}", line): text.rstrip() for n, line, text in content(incident) if COUNTERS[name]([text])[0] <= budget}
    if name == "words":
        assert [key for c in chunks for key in keys(c, whole)] == sorted(whole, key=lambda key: key[1])


def keys(one: Chunk, lines: dict[tuple[str, int], str]) -> list[tuple[str, int]]:
    """The lines that this chunk holds whole."""
    held = one.text.split("\n")
    found = [key for key in lines if key[0] == one.heading and one.start_line <= key[1] <= one.end_line]
    return [key for key in sorted(found, key=lambda key: key[1]) if lines[key] in held]


@pytest.mark.parametrize("name", COUNTERS)
@given(incident=incidents(), budget=st.integers(3, 40))
@settings(max_examples=120, deadline=None)
def test_no_chunk_is_over_the_budget(name: str, incident: Incident, budget: int) -> None:
    count = COUNTERS[name]
    for one in chunk(incident, count, budget):
        assert count([one.text])[0] <= budget or len(one.text) == 1


def test_what_a_long_line_is_cut_into_is_counted_again() -> None:
    def squares(texts: Sequence[str]) -> list[int]:
        return [len(text.split()) ** 2 for text in texts]

    assert max(squares(split_text("a b c d e f g h", squares, 4))) <= 4
    assert max(squares(split_text("a b. c d. e f. g h.", squares, 4))) <= 4


@given(incident=incidents(), budget=st.integers(3, 40))
@settings(max_examples=120, deadline=None)
def test_lines_point_at_the_text(incident: Incident, budget: int) -> None:
    lines = {line: text for _, line, text in content(incident)}
    for one in body(chunk(incident, words, budget)):
        there = [line for line in lines if one.start_line <= line <= one.end_line]
        assert (min(there), max(there)) == (one.start_line, one.end_line)
        held = one.text.split("\n")
        assert len(held) == len(there)
        for text, line in zip(held, there, strict=True):
            assert text in lines[line]


@given(incident=incidents(), budget=st.integers(3, 40))
@settings(max_examples=80, deadline=None)
def test_ids_are_distinct_and_equal_text_has_an_equal_hash(incident: Incident, budget: int) -> None:
    chunks = chunk(incident, words, budget)
    assert len({one.id for one in chunks}) == len(chunks)
    assert {one.content_hash for one in chunks} == {content_hash(text) for text in {one.text for one in chunks}}
    assert len({one.content_hash for one in chunks}) == len({one.text for one in chunks})
    assert chunk(incident, words, budget) == chunks


def test_equal_text_in_two_incidents_has_one_hash_and_two_ids() -> None:
    section = Section("Summary", ("Summary",), ("summary",), (Block("paragraph", "The disk was full.", 5),), 3)
    one, two = (chunk(Incident(name, "", f"{name}.md", sections=(section,)), words, 10)[0] for name in ("a", "b"))
    assert one.content_hash == two.content_hash
    assert one.id != two.id
    assert (one.incident_id, two.incident_id) == ("a", "b")


def section_of(*blocks: str) -> Incident:
    line, made = 5, []
    for text in blocks:
        made.append(Block("paragraph", text, line))
        line += text.count("\n") + 2
    return Incident("x", "", "x.md", sections=(Section("Summary", ("Summary",), ("summary",), tuple(made), 3),))


@pytest.mark.parametrize(
    ("blocks", "budget", "expected"),
    [
        pytest.param(("a b", "c d"), 4, [("a b\nc d", 5, 7)], id="a section that fits is one chunk"),
        pytest.param(("a b", "c d", "e"), 4, [("a b\nc d", 5, 7), ("e", 9, 9)], id="split between blocks"),
        pytest.param(("a b c", "d e\nf g"), 4, [("a b c", 5, 5), ("d e\nf g", 7, 8)], id="a block is not parted to fill a gap"),
        pytest.param(("a b c\nd e f",), 4, [("a b c", 5, 5), ("d e f", 6, 6)], id="a long block is split between lines"),
        pytest.param(("a b. c d. e f",), 4, [("a b. c d.", 5, 5), ("e f", 5, 5)], id="a long line between sentences"),
        pytest.param(("a b c d e f",), 4, [("a b c d", 5, 5), ("e f", 5, 5)], id="a long sentence between words"),
        pytest.param(("a\n\n  b",), 4, [("a\n  b", 5, 7)], id="blank lines go, indents stay"),
        pytest.param(("",), 4, [], id="nothing is no chunk"),
    ],
)
def test_where_a_section_is_cut(blocks: tuple[str, ...], budget: int, expected: list[tuple[str, int, int]]) -> None:
    assert [(c.text, c.start_line, c.end_line) for c in chunk(section_of(*blocks), words, budget)] == expected


def test_a_word_over_the_budget_is_cut_between_characters() -> None:
    def letters(texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]

    chunks = chunk(section_of("abcdefghij kl"), letters, 4)
    assert all(len(one.text) <= 4 for one in chunks)
    assert "".join(one.text for one in chunks) == "abcdefghijkl"


def test_sections_never_share_a_chunk_and_keep_their_kind() -> None:
    sections = (
        Section("Impact", ("Impact",), ("impact",), (Block("paragraph", "Impact", 4),), 3),
        Section("Cause", ("Cause",), ("root_cause", "trigger"), (Block("paragraph", "Cause", 7),), 6),
    )
    chunks = chunk(Incident("x", "The title", "x.md", sections=sections), words, 100)
    assert [(c.kind, c.heading, c.text) for c in chunks] == [
        ("title", "The title", "The title"),
        ("impact", "Impact", "Impact"),
        ("root_cause", "Cause", "Cause"),
    ]


def test_a_budget_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="not 0"):
        chunk(section_of("a"), words, 0)


@given(text=st.text(max_size=300), budget=st.integers(2, 12))
@settings(max_examples=150, deadline=None)
def test_split_text_keeps_every_character_that_shows(text: str, budget: int) -> None:
    parts = split_text(text, words, budget)
    assert squeezed("".join(parts)) == squeezed(text)
    assert all(words([part])[0] <= budget for part in parts)


_WORDS = ["OperationalError:", "pool", "10.0.0.1:5432", "ndots:5", "故障", "x" * 130, "naïve", "0xdeadbeefcafe", "…", "q?"]
_prose = st.lists(st.sampled_from(_WORDS), min_size=1, max_size=400).map(" ".join)


@given(text=st.one_of(_prose, st.text(min_size=1, max_size=600)))
@settings(max_examples=40, deadline=None)
def test_the_real_tokenizer_never_has_to_cut(encoder: Encoder, text: str) -> None:
    parts = split_text(text, encoder.count_tokens, encoder.max_tokens)
    assert squeezed("".join(parts)) == squeezed(text)
    assert max(encoder.count_tokens(parts), default=0) <= encoder.max_tokens


def test_the_tiny_corpus_with_the_real_tokenizer(encoder: Encoder, tiny_corpus: Path) -> None:
    documents = [found for found in read([tiny_corpus]) if isinstance(found, Document)]
    assert len(documents) == 8
    for document in documents:
        chunks = body(chunk(document.incident, encoder.count_tokens, encoder.max_tokens))
        assert max(encoder.count_tokens([one.text for one in chunks])) <= encoder.max_tokens
        assert squeezed("".join(c.text for c in chunks)) == squeezed("".join(t for _, _, t in content(document.incident)))
        source = document.source.split("\n")
        for one in chunks:
            assert letters_only(one.text.split("\n")[0]) in letters_only(source[one.start_line - 1])
            assert letters_only(one.text.split("\n")[-1]) in letters_only(source[one.end_line - 1])


def letters_only(text: str) -> str:
    return "".join(character for character in text if character.isalnum())
