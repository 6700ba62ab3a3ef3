"""Nothing in a document can move the cursor of a terminal, colour it, or turn the reading direction round."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run

# All that a terminal obeys, but for tabs and line ends.
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# A title for the window, red, up a line, a link, the same by one character, and right to left.
RAW = "\x1b]0;owned\x07\x1b[31mred\x1b[1A\x1b]8;;http://evil.example\x1b\\here\x9b31m\u202egpj\u202c\u2066x\u2069"
YAML = r"\e]0;owned\a\e[31mred\x9b1A\u202egpj\u0085"
ENTITIES = "&#27;[31m &#x9b;1A &#x202e;gpj &#13;over"

DOCUMENT = f"""---
title: "Pool {YAML}"
id: pool
date: 2024-05-02
severity: "P1 {YAML}"
services: ["checkout {YAML}", "{YAML}"]
tags: ["tag {YAML}"]
status: "open {YAML}"
author: "{YAML}"
duration: "soon {YAML}"
aliases: ["{YAML}"]
related: ["other {YAML}"]
---

## Summary

The pool ran dry {RAW} {ENTITIES} and requests waited.

```
{RAW} poolError
```

## Timeline

- 10:00 {RAW} alert
- 10:20 mitigated {ENTITIES}

## Root cause

Too few connections {RAW} [link {RAW}](http://x/{RAW}) [[{RAW}]].

## Resolution

1. Raised it {RAW}
2. {ENTITIES}

## Action items

- [ ] {RAW} ({ENTITIES})
"""
COMMANDS = (
    ("search", "the pool ran dry and requests waited"),
    ("search", "the pool ran dry", "--json"),
    ("similar", "pool"),
    ("show", "pool"),
    ("show", "pool", "--markdown"),
    ("show", "pool", "--json"),
    ("recurrences",),
    ("recurrences", "--json"),
    ("insights",),
    ("insights", "--json"),
    ("info",),
    ("info", "--json"),
    ("info", "--problems"),
    ("info", "--problems", "--json"),
    ("search", "the pool ran dry", "--service", RAW.replace("\x9b", "")),
    ("show", f"nothing {RAW}"),
    ("read", f"{RAW} checkout returns 503"),
    ("read", f"{RAW} checkout returns 503", "--json"),
)


@pytest.fixture(scope="module")
def hostile_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from rcasearch.index import build
    from rcasearch.settings import Settings

    folder = tmp_path_factory.mktemp("hostile")
    documents = folder / "documents"
    documents.mkdir()
    (documents / "pool.md").write_text(DOCUMENT, encoding="utf-8")
    (documents / "again.md").write_text(DOCUMENT.replace("id: pool", "id: again").replace("2024", "2025"), encoding="utf-8")
    (documents / f"bad\n{RAW.replace('/', '')}.md").write_bytes(b"")
    build([documents], Settings(index=str(folder / "index")))
    return folder / "index"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command)[:30].encode("ascii", "ignore").decode())
def test_no_command_lets_it_through(
    hostile_index: Path, command: tuple[str, ...], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("PAGER", "")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    ran = run(*command, "--index", hostile_index)
    assert ran.out or ran.err
    assert OBEYED.findall(ran.out) == []
    assert OBEYED.findall(ran.err) == []


def test_indexing_tells_of_them_without_it(hostile_index: Path, run: Run, tmp_path: Path) -> None:
    ran = run("index", hostile_index.parent / "documents", "--index", hostile_index, "--strict")
    assert ran.code == 1
    assert "The document is empty" in ran.err
    assert OBEYED.findall(ran.out + ran.err) == []


def test_a_file_gets_what_was_written(hostile_index: Path, run: Run) -> None:
    assert "\x1b]0;owned" in run("show", "pool", "--markdown", "--index", hostile_index).out
