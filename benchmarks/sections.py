"""The chunks that every peer is given: the sections of each document, as a script would cut them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import frontmatter

_HEADING = re.compile(r"^#{2,3} .*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Section:
    """A section's text; its ``id`` is that of its document's file stem, its place and its content."""

    id: str
    text: str


def sections(corpus: Path) -> Iterator[Section]:
    """Every section with a text of every markdown file of a folder but its README, headings and front matter apart."""
    for path in sorted(path for path in corpus.rglob("*.md") if path.name != "README.md"):
        texts = _HEADING.split(frontmatter.loads(path.read_text(encoding="utf-8")).content)
        for place, text in enumerate(filter(None, map(str.strip, texts))):
            yield Section(f"{path.stem}#{place}#{hashlib.sha256(text.encode()).hexdigest()[:16]}", text)


def write_sections(corpus: Path, out: Path) -> int:
    """Write them to a file, a JSON object a line; gives how many."""
    count = 0
    with out.open("w", encoding="utf-8", newline="\n") as file:
        for section in sections(corpus):
            file.write(json.dumps({"id": section.id, "text": section.text}, ensure_ascii=False) + "\n")
            count += 1
    return count
