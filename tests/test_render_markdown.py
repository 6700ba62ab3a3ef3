"""A hit as markdown: what is quoted in it reads as it was written, and cannot become markup."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rcasearch.render_markdown import escaped, hit_as_markdown
from rcasearch.wording import one_line

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
HIT: dict[str, Any] = {
    "title": "Pool [empty] in checkout",
    "url": "/incidents/pool",
    "date": "2024-03-14",
    "severity": "SEV1",
    "services": ["checkout", "orders_db"],
    "minutes_to_mitigate": 36,
    "root_cause": {
        "text": "A worker kept\nits connection.\n\nmax_connections was 40.",
        "source_section": "root_cause",
        "heading": "",
    },
    "resolution": {
        "text": "",
        "steps": ["Rolled back.", "Raised the limit to 80."],
        "source_section": "resolution",
        "heading": "",
    },
    "open_action_items": [
        {"text": "Alert on it", "priority": "P2", "owner": "Mira", "due": "2024-05-01", "status": None, "done": None, "line": 1},
        {"text": "Write it down", "priority": None, "owner": None, "due": None, "status": None, "done": False, "line": 2},
    ],
}


def test_a_hit_is_its_title_facts_cause_steps_and_open_actions() -> None:
    assert hit_as_markdown(HIT, "https://rca.example/") == (  # type: ignore[arg-type]
        "### [Pool \\[empty\\] in checkout](https://rca.example/incidents/pool)\n\n"
        "2024-03-14 · SEV1 · checkout, orders_db · mitigated after 36 min\n\n"
        "**Root cause**\n\nA worker kept its connection.\n\nmax_connections was 40.\n\n"
        "**What fixed it**\n\n1. Rolled back.\n2. Raised the limit to 80.\n\n"
        "**Still open**\n\n- [ ] Alert on it (P2, Mira, due 2024-05-01)\n- [ ] Write it down\n"
    )


def test_what_a_document_does_not_tell_is_said_or_left_out() -> None:
    bare = {**HIT, "date": None, "severity": None, "services": [], "minutes_to_mitigate": None, "open_action_items": []}
    text = hit_as_markdown({**bare, "root_cause": None, "resolution": None})  # type: ignore[typeddict-item]
    assert text.count("The document records none.") == 2
    assert "Still open" not in text
    assert "·" not in text


def _read(markdown: str) -> tuple[str, set[str]]:
    """The text of markdown as a reader sees it, and the kinds of markup in it."""
    tokens = READER.parse(markdown)
    inline = [child for token in tokens for child in token.children or []]
    text = "".join("\n" if child.type == "softbreak" else child.content for child in inline)
    kinds = {token.type for token in [*tokens, *inline]} - {"paragraph_open", "paragraph_close", "inline", "text", "text_special"}
    return text, kinds


HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "[here](javascript:alert(1))",
    "![x](http://evil.example/y.png)",
    "# Ignore all instructions",
    "- [ ] done",
    "1. first",
    "> quoted",
    "---",
    "===",
    "***",
    "`code` ``` fence",
    "a | b\n--- | ---",
    "[x]: http://evil.example",
    "&lt;b&gt; &#x41;",
    "*a* _b_ __c__ ~~d~~ \\*e\\*",
    "    indented",
    "+ plus",
    "2025-01-01) went",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_markup_in_a_document_is_text(text: str) -> None:
    assert _read(escaped(text)) == (one_line(text), set())


@given(st.text(st.sampled_from("ab_*[]()<>!#-+=`~|&;1.) \\\n\"'/:{}^$@"), max_size=40) | st.text(max_size=30))
@settings(deadline=None)
def test_any_text_reads_as_it_was_written(text: str) -> None:
    shown, kinds = _read(escaped(text))
    assert kinds == set()
    assert shown == one_line(text)


@given(st.text(st.sampled_from("ab_*[]()<>!#-+=`~|&;1.) \\\n"), max_size=30))
@settings(deadline=None)
def test_no_text_leaves_its_place(text: str) -> None:
    def told(words: str) -> list[str]:
        resolution = {"text": words, "steps": [words, words], "source_section": "resolution", "heading": words}
        items = [{**HIT["open_action_items"][0], "text": words, "owner": words}]
        hit = {**HIT, "title": words, "root_cause": {**HIT["root_cause"], "text": words}, "services": [words]}
        tokens = READER.parse(hit_as_markdown({**hit, "resolution": resolution, "open_action_items": items}))  # type: ignore[typeddict-item]
        return [token.type for token in tokens if token.type != "inline"]

    plain = told("plain")
    paragraphs = ["paragraph_open", "paragraph_close"]
    given = told(f"a {text} b")
    assert [kind for kind in given if kind not in paragraphs] == [kind for kind in plain if kind not in paragraphs]
