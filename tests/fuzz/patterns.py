"""Every regular expression of the package, how it is asked, and texts made from its own parts that might make it slow.

A search is slow where one pass is not enough: where each of many places could begin a match that fails only far behind it
(``\\s+$`` on blanks), or where a run can be divided among repeats in many ways. So every repeat of a pattern is pumped: what may
stand before it, many times what it repeats, and an end that does not fit.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from re import _constants as codes
from re import _parser as parser
from typing import Any

import rcasearch

PACKAGE = Path(rcasearch.__file__).parent
_ANCHORED = frozenset({"match", "fullmatch"})
_LETTERS = " \t\na0A-=.:*_[]<>`|\"'/,;#@(){}\\~!?+%&$^\xe9\u2013\u2028\x1b" + "bcxyzBXZ19"
_ONE = (codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN)
_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)
_MANY = 50
_ENDS = ("\x00!", "\nx")
_CATEGORIES = {
    codes.CATEGORY_DIGIT: r"\d", codes.CATEGORY_NOT_DIGIT: r"\D", codes.CATEGORY_SPACE: r"\s",
    codes.CATEGORY_NOT_SPACE: r"\S", codes.CATEGORY_WORD: r"\w", codes.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """A pattern, where it stands, and by what methods it is asked."""

    where: str
    pattern: re.Pattern[str]
    methods: frozenset[str]

    def ask(self, text: str) -> None:
        """What the package asks of it, at its most."""
        for method in sorted(self.methods & _ANCHORED):
            getattr(self.pattern, method)(text)
        if not self.methods <= _ANCHORED:
            for _ in self.pattern.finditer(text):
                pass


def patterns() -> list[Asked]:
    """All of them: those that modules hold by name, alone or in tables, and those that are written where they are asked."""
    held = [one for module in _modules() for one in _held(module)]
    return [*held, *(one for path in sorted(PACKAGE.rglob("*.py")) for one in _inline(path))]


def _modules() -> Iterator[Any]:
    for found in pkgutil.walk_packages(rcasearch.__path__, "rcasearch."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def _held(module: Any) -> Iterator[Asked]:
    for name, value in vars(module).items():
        for number, pattern in enumerate(_within(value)):
            where = f"{module.__name__.removeprefix('rcasearch.')}.{name}"
            table = not isinstance(value, re.Pattern)
            methods = _methods(Path(module.__file__)).get(name, set())
            yield Asked(
                f"{where}[{number}]" if table else where, pattern, frozenset({"search"} if table or not methods else methods)
            )


def _within(value: object) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
        yield value
    elif isinstance(value, dict):
        yield from _within(tuple(value.values()))
    elif isinstance(value, tuple | list) and len(value) < 1_000:
        for one in value:
            yield from _within(one)


@cache
def _methods(path: Path) -> dict[str, set[str]]:
    """What a module calls on each of its names; one that is used otherwise, such as handed on, counts as searched."""
    found: dict[str, set[str]] = {}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    owned = {id(node.value): node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.setdefault(node.id, set()).add(owned.get(id(node), "search"))
    return found


def _inline(path: Path) -> Iterator[Asked]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (found := _called(node)) and found[0] != "compile":
            where = f"{path.relative_to(PACKAGE).with_suffix('')}:{getattr(node, 'lineno', 0)}".replace("/", ".")
            yield Asked(where, re.compile(found[1], found[2]), frozenset({found[0]}))


def _called(node: ast.AST) -> tuple[str, str, int] | None:
    """(function, pattern, flags) of a call such as ``re.sub("...", ...)``."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
        return None
    pattern, module = node.args[0], node.func.value
    if not (isinstance(module, ast.Name) and module.id == "re" and isinstance(pattern, ast.Constant)):
        return None
    named = [flag.attr for one in (*node.args, *(key.value for key in node.keywords)) for flag in ast.walk(one)
             if isinstance(flag, ast.Attribute) and hasattr(re.RegexFlag, flag.attr)]  # fmt: skip
    flags = 0
    for name in named:
        flags |= re.RegexFlag[name].value
    return node.func.attr, str(pattern.value), flags


# --- texts that might make it slow -----------------------------------------------------------------------------------


def attacks(pattern: re.Pattern[str], length: int) -> Iterator[str]:
    """Texts of about that length."""
    tree = parser.parse(pattern.pattern, pattern.flags)
    for before, unit, end in dict.fromkeys(_pumps(tree, tree.state.flags)):
        yield before + unit * (length // len(unit)) + end


def _pumps(tree: Any, flags: int) -> Iterator[tuple[str, str, str]]:
    for before, repeated in _repeats(tree, flags, ""):
        units = {_example(repeated, flags, turn) for turn in range(3)} | _single(repeated, flags)
        for unit in sorted(filter(None, units)):
            yield from ((before, unit, end) for end in _ENDS)
            yield from (("", both, _ENDS[0]) for both in ({before + unit, unit} if before else {unit}))
    for turn in range(3):
        whole = _example(tree, flags, turn)
        yield from (("", whole[:length], _ENDS[0]) for length in range(1, min(len(whole), 8) + 1))


def _single(repeated: Any, flags: int) -> set[str]:
    if len(repeated) != 1 or repeated[0][0] not in _ONE:
        return set()
    (code, value) = repeated[0]
    return set(_choices(code, value, flags)[:5])


def _repeats(items: Iterable[Any], flags: int, before: str) -> Iterator[tuple[str, Any]]:
    """(what may stand before it, what is repeated) of every repeat that has no small bound."""
    for code, value in items:
        if code in _REPEATS:
            least, most, inside = value
            if most >= _MANY:
                yield before, inside
            yield from _repeats(inside, flags, before)
            before += _example(inside, flags, 0) * least
            continue
        for inside in _parts(code, value):
            yield from _repeats(inside, flags, before)
        before += _example([(code, value)], flags, 0)


def _parts(code: Any, value: Any) -> list[Any]:
    if code is codes.SUBPATTERN:
        return [value[-1]]
    if code is codes.BRANCH:
        return list(value[1])
    if code in (codes.ASSERT, codes.ASSERT_NOT):
        return [value[1]]
    return [value] if code is codes.ATOMIC_GROUP else []


def _example(items: Iterable[Any], flags: int, turn: int) -> str:
    """A text that fits, another one each turn."""
    found = ""
    for code, value in items:
        if code in _ONE:
            choices = _choices(code, value, flags)
            found += choices[turn % len(choices)] if choices else ""
        elif code in _REPEATS:
            found += _example(value[2], flags, turn) * max(value[0], min(turn, 1))
        elif code is codes.BRANCH:
            found += _example(value[1][turn % len(value[1])], flags, turn)
        elif code in (codes.SUBPATTERN, codes.ATOMIC_GROUP):
            found += _example(_parts(code, value)[0], flags, turn)
    return found


def _choices(code: Any, value: Any, flags: int) -> list[str]:
    found = [letter for letter in _LETTERS if _fits(code, value, letter, flags)]
    return found or ([chr(value)] if code is codes.LITERAL else [])


def _fits(code: Any, value: Any, letter: str, flags: int) -> bool:
    if code is codes.ANY:
        return letter != "\n" or bool(flags & re.DOTALL)
    if code in (codes.LITERAL, codes.NOT_LITERAL):
        return (chr(value) == letter) == (code is codes.LITERAL)
    if value[0][0] is codes.NEGATE:
        return not _in(value[1:], letter)
    return _in(value, letter)


def _in(members: Iterable[Any], letter: str) -> bool:
    for code, value in members:
        if code is codes.LITERAL and value == ord(letter):
            return True
        if code is codes.RANGE and value[0] <= ord(letter) <= value[1]:
            return True
        if code is codes.CATEGORY and re.match(_CATEGORIES[value], letter):
            return True
    return False
