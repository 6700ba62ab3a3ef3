"""Front matter: what is between the opening ``---`` lines, key by key, with the line of each key.

python-frontmatter finds and splits it. Its YAML is composed to nodes and read here without resolving types: every scalar stays
the text that was written ("1.10", "2025-02-30", "no", "01:30"), and shared or nested structures cost nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any

import yaml
from frontmatter.default_handlers import YAMLHandler

from rcasearch.texts import clean_text

MAX_CHARS = 65_536
_MAX_DEPTH = 2
_MAX_ITEMS = 200
_KEY_LINE = re.compile(r"^([A-Za-z_][\w .\-/]{0,60}?)\s*:(?:\s+(.*))?$")
_HEADING = re.compile(r"^#{1,6}\s+\S")
# libyaml reads YAML ten times as fast as PyYAML does, but it takes tabs and some marks that PyYAML refuses, and lists within
# lists without end take it down.
_HARD = re.compile(r"[\t?&*!%{}\\\ufeff]|- +-")
_MOST_LISTS = 64
# PyYAML takes quadratic time for lists within lists; nobody means as many.
_MOST_DEPTH = 64
_BRACKETS = re.compile(r"[\[\]{}]")
_FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class FrontMatter:
    """``values`` and ``lines`` by normalised key; ``end`` is the number of file lines it takes; ``fault`` is (line, what)."""

    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    end: int = 0
    fault: tuple[int, str] | None = None


class _Composer(YAMLHandler):
    """python-frontmatter's YAML handler, loading to a node tree instead of to Python objects."""

    def load(self, fm: str, **kwargs: object) -> Any:
        if _depth(fm) > _MOST_DEPTH:
            raise RecursionError
        if not _HARD.search(fm) and fm.count("[") <= _MOST_LISTS:
            # What is wrong is told by PyYAML, which knows it better.
            with suppress(yaml.YAMLError, ValueError):
                return yaml.compose(fm, Loader=_FAST)
        return yaml.compose(fm, Loader=yaml.SafeLoader)


_HANDLER = _Composer()


def _depth(block: str) -> int:
    """How deep brackets and braces are nested at most; those within quotes count as well."""
    steps = accumulate(1 if found[0] in "[{" else -1 for found in _BRACKETS.finditer(block))
    return max(steps, default=0)


def read_front_matter(text: str) -> FrontMatter:
    """The front matter of ``text``; empty where there is none. What is wrong with it is in ``fault``, the rest is still read."""
    lead = len(text) - len(text.lstrip("\n \t"))
    start = text.count("\n", 0, lead)
    stripped = text[lead:]
    if not _HANDLER.detect(stripped):
        return FrontMatter()
    lines = stripped.split("\n")
    end = next((number for number, line in enumerate(lines[1:], start=1) if _is_boundary(line)), None)
    if end is None or _swallows_headings(lines[1:end]):
        return _unclosed(lines, start)
    block = _HANDLER.split(stripped)[0]
    if not block.strip():
        return FrontMatter(end=start + end + 1)
    return _loaded("\n".join(lines[1:end]), start + 1, start + end + 1)


def _is_boundary(line: str) -> bool:
    return _HANDLER.FM_BOUNDARY is not None and _HANDLER.FM_BOUNDARY.match(line) is not None


def _swallows_headings(block: list[str]) -> bool:
    """A heading after a blank line means that the closing ``---`` was forgotten and a later rule was taken for it."""
    return any(_HEADING.match(line) and not before.strip() for before, line in pairwise(block))


def _unclosed(lines: list[str], start: int) -> FrontMatter:
    """Front matter without its end: the key lines down to the first blank or other line. No key lines: it was only a rule."""
    count = 0
    for line in lines[1:200]:
        if not (_KEY_LINE.match(line) or (count and re.match(r"^(\s+\S|-\s)", line))):
            break
        count += 1
    if not count:
        return FrontMatter()
    found = _loaded("\n".join(lines[1 : count + 1]), start + 1, start + count + 1)
    found.fault = (start + 1, "The front matter is never closed")
    return found


def _loaded(block: str, offset: int, end: int) -> FrontMatter:
    """``offset`` is the number of file lines before the block."""
    result = FrontMatter(end=end)
    if len(block) > MAX_CHARS:
        result.fault = (offset + 1, f"The front matter is longer than {MAX_CHARS} characters")
        return result
    try:
        node = _HANDLER.load(block)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        result.fault = (offset + 1 + _error_line(error), f"The front matter is not valid YAML ({_reason(error)})")
        _salvage(block, offset, result)
        return result
    if isinstance(node, yaml.MappingNode):
        _take_mapping(node, offset, result)
        if len(node.value) > _MAX_ITEMS:
            result.fault = (offset + 1, f"The front matter has more than {_MAX_ITEMS} keys")
    elif node is not None:
        found = "a list" if isinstance(node, yaml.SequenceNode) else "plain text"
        result.fault = (offset + 1, f"The front matter is {found}, not `key: value` lines")
    return result


def _error_line(error: Exception) -> int:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return int(mark.line) if mark is not None else 0


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deep"
    return str(getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable").strip().rstrip(".")


def _salvage(block: str, offset: int, result: FrontMatter) -> None:
    """Each top-level ``key: value`` line on its own, so that one bad line does not cost the others."""
    for number, line in enumerate(block.split("\n")):
        if not (match := _KEY_LINE.match(line)) or not (match[2] or "").strip():
            continue
        try:
            node = _HANDLER.load(line)
            value = _plain(node.value[0][1]) if isinstance(node, yaml.MappingNode) else match[2]
        except (yaml.YAMLError, RecursionError, ValueError):
            value = match[2].strip().strip("\"'")
        _put(result, match[1], value, offset + number + 1)


def _take_mapping(node: yaml.MappingNode, offset: int, result: FrontMatter) -> None:
    for key, value in node.value[:_MAX_ITEMS]:
        if isinstance(key, yaml.ScalarNode):
            _put(result, str(key.value), _plain(value), offset + key.start_mark.line + 1)


def _put(result: FrontMatter, key: str, value: Any, line: int) -> None:
    name = normal_key(key)
    result.values[name] = value
    result.lines[name] = line


@lru_cache(maxsize=4096)
def normal_key(key: str) -> str:
    """``startTime``, ``Start Time`` and ``start-time`` are all ``start_time``."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key.strip())
    return re.sub(r"[^a-z0-9]+", "_", snake.lower()).strip("_")


def _plain(node: yaml.Node | None, depth: int = 0) -> Any:
    """A node as str, list, dict or None; what lies deeper than any field of ours is left out."""
    if isinstance(node, yaml.ScalarNode):
        empty = not node.style and node.value in ("", "~", "null", "Null", "NULL")
        return None if empty else clean_text(str(node.value))
    if depth >= _MAX_DEPTH:
        return None
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, depth + 1) for item in node.value[:_MAX_ITEMS]]
    if isinstance(node, yaml.MappingNode):
        return dict(_pairs(node, depth))
    return None


def _pairs(node: yaml.MappingNode, depth: int) -> Iterator[tuple[str, Any]]:
    for key, value in node.value[:_MAX_ITEMS]:
        if isinstance(key, yaml.ScalarNode):
            yield str(key.value), _plain(value, depth + 1)
