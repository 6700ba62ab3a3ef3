"""What makes the parser fast changes nothing: the same documents read by every rule, and front matter by PyYAML alone."""

from __future__ import annotations

import gc
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from rcasearch.readers import front_matter, syntax
from rcasearch.readers.document import parse_document
from rcasearch.readers.inline import rich
from rcasearch.readers.syntax import block_tokens, inline_tokens, is_plain

LINES = [
    "", " ", "text", "  text", "    text", "\ttext", "- item", "  - nested", "* * *", "-", "---", "===", "1. one", "7) seven",
    "12. twelve", "> quote", ">", "> - item", "# Heading", "#tag", "```", "~~~ python", "| a | b |", "|---|:-:|", "--|--",
    "[a]: https://x.y 'z'", "[a]", "<div>", "</div>", "<!-- no", "-->", "%%", "%% note %%", "+ plus", "_ _ _", "Setext",
    "\\# no heading", "a | b", ":-", "\u00a0",
]  # fmt: skip
WORDS = [
    "text", " ", "  ", "\n", "*", "**", "_", "`", "``", "~~", "==", "%%", "[", "]", "[[", "]]", "(", ")", "!", "<b>", "<",
    ">", "&amp;", "&", "\\", "\\*", ":", "-", "=", "#tag", "https://x.y/z", "<https://x.y>", "![[p.png|20]]", "[a](b)", "\t",
    "\u00e9", "|", "^", "{", "$", "@",
]  # fmt: skip


def _every_rule() -> MarkdownIt:
    """The parser without its shortcuts: each rule asked at each line, text stopped at every mark that markdown-it knows."""
    slow, fast = MarkdownIt("commonmark"), syntax._parser()
    md = MarkdownIt("commonmark", {"maxNesting": syntax.MAX_NESTING}).enable(["table", "strikethrough"])
    md.block.ruler = fast.block.ruler._ruler  # type: ignore[attr-defined]
    md.inline.ruler = fast.inline.ruler
    md.inline.terminator_re = slow.inline.terminator_re
    return md


EVERY_RULE = _every_rule()


def _plain(tokens: list[Token]) -> list[dict[str, Any]]:
    return [dict(token.as_dict()) for token in tokens]


@given(st.lists(st.sampled_from(LINES), max_size=14))
@example(["- [a]: https://x.y", "  | a | b |", "  |---|---|", "> # Heading", "text", "==="])
def test_rules_chosen_by_the_first_character_are_those_that_apply(lines: list[str]) -> None:
    text = "\n".join(lines)
    env: dict[str, Any] = {}
    md = _every_rule()
    md.core.ruler.enableOnly(["normalize", "block"])
    assert _plain(block_tokens(text).tokens) == _plain(md.parse(text, env))
    assert block_tokens(text).references == env.get("references", {})


@given(st.lists(st.sampled_from(WORDS), max_size=12).map("".join), st.booleans())
def test_inline_text_stops_only_where_a_rule_begins(text: str, defined: bool) -> None:
    env = {"references": {"TEXT": {"href": "https://x.y", "title": ""}}} if defined else {}
    (token,) = EVERY_RULE.parseInline(text, dict(env))
    assert _plain(inline_tokens(text, env.get("references", {}))) == _plain(token.children or [])


@given(st.lists(st.sampled_from([word for word in WORDS if is_plain(f"a{word}b")]), max_size=8).map("".join))
def test_plain_text_is_itself(text: str) -> None:
    text = text.strip()
    kinds = {token.type for token in inline_tokens(text, {})}
    assert kinds <= {"text", "softbreak"} or not is_plain(text)
    if is_plain(text):
        assert [line.text for line in rich(text, {}).lines] == text.split("\n")


def test_a_link_by_reference_is_not_remembered_for_another_document() -> None:
    defined = {"A": {"href": "https://x.y", "title": ""}}
    assert rich("[a]", {}).links == ()
    assert [link.target for link in rich("[a]", defined).links] == ["https://x.y"]
    assert rich("[a]", {}).links == ()


YAML = [
    "key", "a: b", "a: [b, c]", ": ", "\n", "\n  ", "- ", "'", '"', "[", "]", ", ", "#", " # note", "null", "~", "2025-01-02",
    "x|y", ">", "|", "@", "`", "...", "---", "<<: a", "\u00e9", "\u2028", "\x85", "\ufeff", "= ", "a:b", "http://x/y",
    "'it''s'", "a.b", "\x00", "\ud800",
]  # fmt: skip


def _tree(node: Any) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return node.value, not node.style
    if isinstance(node, yaml.MappingNode):
        return [(_tree(key), key.start_mark.line, _tree(value)) for key, value in node.value]
    return [_tree(item) for item in node.value] if isinstance(node, yaml.SequenceNode) else node


def _composed(load: Any, text: str) -> Any:
    try:
        return _tree(load(text))
    except (yaml.YAMLError, ValueError) as error:
        return str(error)


@given(st.lists(st.sampled_from([*YAML, "\t", "?", "&a ", "*a", "!x ", "%", "{", "}", "\\", "- - "]), max_size=14).map("".join))
def test_front_matter_reads_as_pyyaml_reads_it(text: str) -> None:
    slow = _composed(lambda block: yaml.compose(block, Loader=yaml.SafeLoader), text)
    assert _composed(front_matter._HANDLER.load, text) == slow


@pytest.mark.parametrize(
    "text", ["[" * 30_000, "- " * 30_000, "[a, " * 30_000, "a:\n" + "".join(f"{' ' * n}b:\n" for n in range(300))]
)
def test_deep_front_matter_takes_nothing_down(text: str) -> None:
    assert front_matter.read_front_matter(f"---\n{text}\n---\n").end > 0


def test_reading_leaves_no_cycles_and_the_collector_as_it_was() -> None:
    text = (
        "---\ntitle: A\n---\n# A\n\n| a | b |\n|---|---|\n| `c` | [[d]] |\n\n> 1. one **two**\n\n<p>x</p>\n\n[e]: https://x.y\n"
    )
    parse_document(text, "a.md")
    gc.collect()
    for running in (False, True):
        (gc.enable if running else gc.disable)()
        try:
            parse_document(text, "a.md")
            assert gc.isenabled() is running
            assert running or gc.collect() == 0
        finally:
            gc.enable()
