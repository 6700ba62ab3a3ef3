"""The threat model names tests that are there, and every page that it leads to."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "threat-model.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
CASE = re.compile(r"^\| (\d+) \| (.+) \|$", re.MULTILINE)


@cache
def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_test_that_it_names_exists() -> None:
    named = NAMED.findall(PAGE.read_text(encoding="utf-8"))
    missing = [f"{path}::{name}" for path, name in named if not (ROOT / path).is_file() or name not in functions(ROOT / path)]
    assert len(named) >= 42
    assert not missing


def test_every_abuse_case_has_an_answer_and_a_test() -> None:
    cases = CASE.findall(PAGE.read_text(encoding="utf-8"))
    assert [int(number) for number, _ in cases] == list(range(1, len(cases) + 1))
    for number, rest in cases:
        who, answer, shown = (cell.strip() for cell in rest.split(" | "))
        assert all((who, answer)), number
        assert NAMED.search(shown), f"case {number} names no test"


def test_the_pages_for_operators_name_files_that_are_there() -> None:
    for page in (PAGE, ROOT / "docs" / "operations.md", ROOT / "SECURITY.md"):
        text = page.read_text(encoding="utf-8")
        for path, name in NAMED.findall(text):
            assert (ROOT / path).is_file(), f"{page.name} names {path}"
            assert not name or name in functions(ROOT / path), f"{page.name} names {path}::{name}"
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
            assert (page.parent / target).exists(), f"{page.name} leads to {target}"
